"""From files of events to the cache: streamed once, in bounded memory, complete or absent.

A cache is one folder beside others, ``<stem>-<key>/``: ``events.npy``, float32 (rows, 22), the columns
:data:`higgs_lightning.schema.CACHED_COLUMNS` of every row, which anyone can open with
``numpy.load(mmap_mode="r")``; where weights are asked for, ``weights.npy``, float32 (rows,), as the files
have them; and ``meta.json``, which says what it was made from and its checksums. It is written under another
name and renamed whole.
"""

import hashlib
import json
import logging
import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from filelock import FileLock
from isal import isal_zlib
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from higgs_lightning import schema
from higgs_lightning.data.columns import Reading
from higgs_lightning.data.formats import read_files
from higgs_lightning.data.sources import Files, Source, find_sources
from higgs_lightning.errors import UserError, one_line

log = logging.getLogger(__name__)

CACHE_VERSION = 1
_BTAGS = [1 + column for column in schema.columns("btag")]
_BTAG_SCALES = np.array([schema.LOW_LEVEL[column].scale for column in schema.columns("btag")], np.float32)


class Cache(NamedTuple):
    """What a cache holds, as read-only memory maps.

    Attributes:
        events: (rows, 22) float32: label, then the 21 low-level features in HIGGS units.
        weights: (rows,) float32 of the events, as the files have them; None where none were asked for.
    """

    events: np.ndarray
    weights: np.ndarray | None


def open_events(files: Files, cache_dir: str | Path, reading: Reading | None = None) -> np.ndarray:
    """The events of :func:`open_cache`, (rows, 22) float32."""
    return open_cache(files, cache_dir, reading).events


def open_cache(
    files: Files, cache_dir: str | Path, reading: Reading | None = None, key: str = "csv"
) -> Cache:
    """The events of files, from the cache, which is built first where need be, in the order of the files.

    Processes that want the same cache at once build it once; the others wait. A cache that is not of these
    very files (path, size, time of change), of another version, or damaged is built anew.

    Args:
        files: a file, several of them, a pattern or a folder; what is accepted is said in
            :mod:`higgs_lightning.data.formats`.
        cache_dir: folder of the caches.
        reading: how to read them; None for what is usual.
        key: of the configuration that names them, for sentences.

    Raises:
        UserError: a file can't be read, or the cache not written; nothing is left behind.
    """
    reading = reading or Reading()
    sources = find_sources(files, f"{reading.prefix}{key}")
    differences = reading.differences()
    named = [*map(str, sources), str(reading.skip_rows), *([json.dumps(differences)] if differences else [])]
    named += [f"{source.label:g}" for source in sources if source.label is not None]
    key = hashlib.sha256(" ".join(named).encode(errors="surrogateescape")).hexdigest()[:12]
    folder = Path(cache_dir) / f"{sources[0].path.name.split('.')[0]}-{key}"
    found = load(folder, identity(sources, reading))
    if found is None:
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(folder.with_suffix(".lock")):
                found = load(folder, identity(sources, reading))
                if found is None:
                    build(sources, folder, reading)
                    found = _opened(folder, reading.weights is not None)
        except OSError as error:
            raise UserError(
                f"{folder}: {error.strerror or error}; choose another folder with data.dir=PATH"
            ) from error
    return found


def identity(sources: Sequence[Source], reading: Reading) -> dict[str, Any]:
    """What a cache must have been made from, and how."""

    def each(values: list[Any]) -> Any:
        return values[0] if len(values) == 1 else values  # of one file as it always was

    states = [source.path.stat() for source in sources]
    made_from = {
        "version": CACHE_VERSION,
        "columns": list(schema.CACHED_COLUMNS),
        "source": each([str(source) for source in sources]),
        "size": each([status.st_size for status in states]),
        "mtime_ns": each([status.st_mtime_ns for status in states]),
        "skip_rows": reading.skip_rows,
    }
    if sources[0].label is not None:
        made_from["labels"] = [source.label for source in sources]
    differences = reading.differences()
    return {**made_from, "reading": differences} if differences else made_from


def _opened(folder: Path, is_weighted: bool) -> Cache:
    names = ("events.npy", "weights.npy")[: 1 + is_weighted]
    events, *weights = (np.load(folder / name, mmap_mode="r", allow_pickle=False) for name in names)
    return Cache(events, weights[0] if weights else None)


def load(folder: Path, identity: dict[str, Any]) -> Cache | None:
    """A cache, if it is there, was made from ``identity``, and has its bytes intact."""
    is_weighted = "weights" in identity.get("reading", {})
    try:
        meta = json.loads((folder / "meta.json").read_text())
        events, weights = found = _opened(folder, is_weighted)
    except Exception:  # whatever a damaged file makes numpy and json raise, another with each version of them
        return None
    is_intact = (
        isinstance(meta, dict)
        and {name: meta.get(name) for name in identity} == identity
        and events.shape == (meta.get("rows"), len(schema.CACHED_COLUMNS))
        and events.dtype == np.float32
        and isal_zlib.crc32(events.data) == meta.get("crc32")
        and (
            weights is None
            or (
                weights.shape == (len(events),)
                and weights.dtype == np.float32
                and isal_zlib.crc32(weights.data) == meta.get("weights_crc32")
            )
        )
    )
    return found if is_intact else None


def build(sources: Sequence[Source], folder: Path, reading: Reading) -> None:
    """Write the cache of ``sources`` into ``folder``. The caller holds the cache's lock.

    Nothing waits for the disk: what a power cut leaves of the bytes fails its checksum.
    """
    made_from = identity(sources, reading)
    partial = folder.with_suffix(".partial")
    for leftover in (partial, folder):  # of a builder that was killed; of another source or version
        shutil.rmtree(leftover, ignore_errors=True)
    partial.mkdir()
    try:
        written = write_events(sources, partial, reading)
        if identity(sources, reading) != made_from:
            raise UserError(f"{sources[0]} changed while it was read: try again when it is complete")
        meta = {**made_from, **written}
        (partial / "meta.json").write_text(json.dumps(meta, indent=2))
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def write_events(sources: Sequence[Source], folder: Path, reading: Reading) -> dict[str, int]:
    """Stream files into the ``.npy`` files of a folder; returns their number of rows and checksums.

    Raises:
        UserError: the first thing in the files that is wrong.
    """
    rows, crc32, weights_crc32, odd_btags = 0, 0, 0, 0
    width = len(schema.CACHED_COLUMNS)
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}", markup=False), BarColumn())
    with (
        ExitStack() as stack,
        (folder / "events.npy").open("wb") as file,
        Progress(
            *(*columns, DownloadColumn(), TimeRemainingColumn()),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        ) as bar,
    ):
        write_header(file, (rows, width))
        if reading.weights is not None:
            of_weights = stack.enter_context((folder / "weights.npy").open("wb"))
            write_header(of_weights, (rows,))
        size = sum(source.path.stat().st_size for source in sources)
        task = bar.add_task("Reading", total=size)
        for source, (events, share, _, weights) in read_files(sources, reading, needs_label=True):
            file.write(events.data)
            crc32 = isal_zlib.crc32(events.data, crc32)
            if weights is not None:
                of_weights.write(weights.data)
                weights_crc32 = isal_zlib.crc32(weights.data, weights_crc32)
            rows += len(events)
            levels = events[:, _BTAGS] * _BTAG_SCALES
            odd_btags += int(
                (np.abs(levels - levels.round().clip(0, schema.NUM_BTAG_LEVELS - 1)) > 0.01).sum()
            )
            shown = one_line(source.path.name)
            bar.update(task, completed=share * size, description=f"Reading {shown}: {rows:,} events")
        file.seek(0)
        write_header(file, (rows, width))
        if reading.weights is not None:
            of_weights.seek(0)
            write_header(of_weights, (rows,))
    if odd_btags:
        log.warning(
            "%s: %d b-tags are none of HIGGS' three levels; the nearest level is used",
            one_line(sources[0]),
            odd_btags,
        )
    found = {"rows": rows, "crc32": crc32}
    return found if reading.weights is None else {**found, "weights_crc32": weights_crc32}


def write_header(file: BinaryIO, shape: tuple[int, ...]) -> None:
    """Write the header of an ``.npy`` file of float32; it is as long for any number of rows."""
    header = {"descr": "<f4", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
