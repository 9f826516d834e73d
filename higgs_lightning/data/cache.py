"""From a HIGGS file to the cache: streamed once, in bounded memory, complete or absent.

A cache is one folder beside others, ``<stem>-<key>/``: ``events.npy``, float32 (rows, 22), the columns
:data:`higgs_lightning.schema.CACHED_COLUMNS` of every row, which anyone can open with
``numpy.load(mmap_mode="r")``; and ``meta.json``, which says what it was made from and its checksum. It is
written under another name and renamed whole.
"""

import hashlib
import json
import logging
import os
import shutil
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from filelock import FileLock
from isal import isal_zlib
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from higgs_lightning import schema
from higgs_lightning.data.higgs_csv import read_events
from higgs_lightning.errors import UserError

log = logging.getLogger(__name__)

CACHE_VERSION = 1
_BTAGS = [1 + column for column in schema.columns("btag")]
_BTAG_SCALES = np.array([schema.LOW_LEVEL[column].scale for column in schema.columns("btag")], np.float32)


def open_events(source: str | Path, cache_dir: str | Path, skip_rows: int = 0) -> np.ndarray:
    """The events of a file as a read-only memory map, from the cache, which is built first where need be.

    Processes that want the same cache at once build it once; the others wait. A cache that is not of this
    very file (path, size, time of change), of another version, or damaged is built anew.

    Args:
        source: .csv, .csv.gz or a .zip of one of them, in HIGGS format: 29 columns, no header; what is
            accepted is said in :mod:`higgs_lightning.data.higgs_csv`.
        cache_dir: folder of the caches.
        skip_rows: lines to skip at the top.

    Returns:
        (rows, 22) float32: label, then the 21 low-level features in HIGGS units.

    Raises:
        UserError: the file can't be read, or the cache not written; nothing is left behind.
    """
    source = Path(source).absolute()
    if not os.path.isfile(source):  # unlike Path.is_file also where a folder above may not be entered
        raise UserError(f"{source} is not a file: give data.csv=PATH, or data=sample for the embedded sample")
    key = hashlib.sha256(f"{source} {skip_rows}".encode()).hexdigest()[:12]
    folder = Path(cache_dir) / f"{source.name.split('.')[0]}-{key}"
    events = load(folder, identity(source, skip_rows))
    if events is None:
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(folder.with_suffix(".lock")):
                events = load(folder, identity(source, skip_rows))
                if events is None:
                    build(source, folder, skip_rows)
                    events = np.load(folder / "events.npy", mmap_mode="r", allow_pickle=False)
        except OSError as error:
            raise UserError(
                f"{folder}: {error.strerror or error}; choose another folder with data.dir=PATH"
            ) from error
    return events


def identity(source: Path, skip_rows: int) -> dict[str, Any]:
    """What a cache must have been made from, and how."""
    status = source.stat()
    return {
        "version": CACHE_VERSION,
        "columns": list(schema.CACHED_COLUMNS),
        "source": str(source),
        "size": status.st_size,
        "mtime_ns": status.st_mtime_ns,
        "skip_rows": skip_rows,
    }


def load(folder: Path, identity: dict[str, Any]) -> np.ndarray | None:
    """The events of a cache, if it is there, was made from ``identity``, and has its bytes intact."""
    try:
        meta = json.loads((folder / "meta.json").read_text())
        events = np.load(folder / "events.npy", mmap_mode="r", allow_pickle=False)
    except Exception:  # whatever a damaged file makes numpy and json raise, another with each version of them
        return None
    is_intact = (
        isinstance(meta, dict)
        and {name: meta.get(name) for name in identity} == identity
        and events.shape == (meta.get("rows"), len(schema.CACHED_COLUMNS))
        and events.dtype == np.float32
        and isal_zlib.crc32(events.data) == meta.get("crc32")
    )
    return events if is_intact else None


def build(source: Path, folder: Path, skip_rows: int) -> None:
    """Write the cache of ``source`` into ``folder``. The caller holds the cache's lock.

    Nothing waits for the disk: what a power cut leaves of the bytes fails its checksum.
    """
    made_from = identity(source, skip_rows)
    partial = folder.with_suffix(".partial")
    for leftover in (partial, folder):  # of a builder that was killed; of another source or version
        shutil.rmtree(leftover, ignore_errors=True)
    partial.mkdir()
    try:
        rows, crc32 = write_events(source, partial / "events.npy", skip_rows)
        if identity(source, skip_rows) != made_from:
            raise UserError(f"{source} changed while it was read: try again when it is complete")
        meta = {**made_from, "rows": rows, "crc32": crc32}
        (partial / "meta.json").write_text(json.dumps(meta, indent=2))
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def write_events(source: Path, target: Path, skip_rows: int) -> tuple[int, int]:
    """Stream ``source`` into an ``.npy`` file; returns its number of rows and the checksum of its data.

    Raises:
        UserError: the first thing in the file that is wrong.
    """
    rows, crc32, odd_btags = 0, 0, 0
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with (
        target.open("wb") as file,
        Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar,
    ):
        write_header(file, rows)
        task = bar.add_task(f"Reading {source.name}", total=source.stat().st_size)
        for events, position in read_events(source, skip_rows):
            file.write(events.data)
            crc32 = isal_zlib.crc32(events.data, crc32)
            rows += len(events)
            levels = events[:, _BTAGS] * _BTAG_SCALES
            odd_btags += int(
                (np.abs(levels - levels.round().clip(0, schema.NUM_BTAG_LEVELS - 1)) > 0.01).sum()
            )
            bar.update(task, completed=position, description=f"Reading {source.name}: {rows:,} events")
        file.seek(0)
        write_header(file, rows)
    if odd_btags:
        log.warning(
            "%s: %d b-tags are none of HIGGS' three levels; the nearest level is used", source, odd_btags
        )
    return rows, crc32


def write_header(file: BinaryIO, rows: int) -> None:
    """Write the header of an ``.npy`` file; it is as long for any number of rows."""
    header = {"descr": "<f4", "fortran_order": False, "shape": (rows, len(schema.CACHED_COLUMNS))}
    np.lib.format.write_array_header_1_0(file, header)
