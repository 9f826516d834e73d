"""From a HIGGS file to the cache: streamed once, in bounded memory, complete or absent.

A cache is one folder beside others, ``<stem>-<key>/``: ``events.npy``, float32 (rows, 22), the columns
:data:`higgs_lightning.schema.CACHED_COLUMNS` of every row, which anyone can open with
``numpy.load(mmap_mode="r")``; and ``meta.json``, which says what it was made from and its checksum. It is
written under another name and renamed whole.
"""

import hashlib
import io
import json
import logging
import re
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

import numpy as np
import pyarrow as pa
import pyarrow.csv
from filelock import FileLock
from isal import igzip, igzip_threaded, isal_zlib
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from higgs_lightning import schema
from higgs_lightning.errors import UserError

log = logging.getLogger(__name__)

CACHE_VERSION = 1
_BLOCK = 8 << 20  # bytes of text that are parsed at once
_NUM_CACHED = len(schema.CACHED_COLUMNS)
_BTAG = [1 + column for column in schema.columns("btag")]
_BTAG_SCALES = np.array([schema.LOW_LEVEL[column].scale for column in schema.columns("btag")], np.float32)
_UNREADABLE: tuple[Any, ...] = (
    pa.ArrowInvalid,
    pa.ArrowKeyError,
    EOFError,
    igzip.BadGzipFile,
    isal_zlib.error,
    zipfile.BadZipFile,
)
_NUMBER = re.compile(r"[ \t]*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?[ \t]*")


def open_events(source: str | Path, cache_dir: str | Path, skip_rows: int = 0) -> np.ndarray:
    """The events of a file as a read-only memory map, from the cache, which is built first where need be.

    Processes that want the same cache at once build it once; the others wait. A cache that is not of this
    very file (path, size, time of change), of another version, or damaged is built anew.

    Args:
        source: .csv, .csv.gz or a .zip of one of them, in HIGGS format: 29 columns, no header.
        cache_dir: folder of the caches.
        skip_rows: lines to skip at the top.

    Returns:
        (rows, 22) float32: label, then the 21 low-level features in HIGGS units.

    Raises:
        UserError: the file can't be read, or the cache not written; nothing is left behind.
    """
    source = Path(source)
    if not source.is_file():
        raise UserError(f"{source} is not a file: give data.csv=PATH, or data=sample for the embedded sample")
    identity = {
        "version": CACHE_VERSION,
        "source": str(source.absolute()),
        "size": source.stat().st_size,
        "mtime_ns": source.stat().st_mtime_ns,
        "skip_rows": skip_rows,
    }
    key = hashlib.sha256(f"{source.absolute()} {skip_rows}".encode()).hexdigest()[:12]
    folder = Path(cache_dir) / f"{source.name.split('.')[0]}-{key}"
    if not is_valid(folder, identity):
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(folder.with_suffix(".lock")):
                if not is_valid(folder, identity):
                    build(source, folder, identity)
        except OSError as error:
            raise UserError(
                f"{folder}: {error.strerror or error}; choose another folder with data.dir=PATH"
            ) from error
    return np.load(folder / "events.npy", mmap_mode="r", allow_pickle=False)


def is_valid(folder: Path, identity: dict[str, Any]) -> bool:
    """Whether the cache is there, of the source and version in ``identity``, and has its bytes intact."""
    try:
        meta = json.loads((folder / "meta.json").read_text())
        events = np.load(folder / "events.npy", mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return False
    return (
        isinstance(meta, dict)
        and {name: meta.get(name) for name in identity} == identity
        and events.shape == (meta.get("rows"), _NUM_CACHED)
        and events.dtype == np.float32
        and isal_zlib.crc32(events.reshape(-1).view(np.uint8)) == meta.get("crc32")
    )


def build(source: Path, folder: Path, identity: dict[str, Any]) -> None:
    """Write the cache of ``source`` into ``folder``. The caller holds the cache's lock."""
    partial = folder.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)  # of a builder that was killed
    partial.mkdir()
    try:
        rows, crc32 = write_events(source, partial / "events.npy", identity["skip_rows"])
        (partial / "meta.json").write_text(json.dumps({**identity, "rows": rows, "crc32": crc32}, indent=2))
        shutil.rmtree(folder, ignore_errors=True)  # of a source that has changed
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def write_events(source: Path, target: Path, skip_rows: int) -> tuple[int, int]:
    """Stream ``source`` into an ``.npy`` file; returns its number of rows and the checksum of its data.

    Raises:
        UserError: the first thing in the file that is wrong.
    """
    rows, crc32, odd_btags = 0, 0, 0
    with target.open("wb") as file:
        write_header(file, rows)
        try:
            with shown_progress(source) as (text, advance):
                for events in parse(text, skip_rows):
                    if not (np.isin(events[:, 0], (0, 1)).all() and np.isfinite(events).all()):
                        raise UserError(first_fault(source, skip_rows))
                    levels = events[:, _BTAG] * _BTAG_SCALES
                    level = np.clip(levels.round(), 0, schema.NUM_BTAG_LEVELS - 1)
                    odd_btags += int((np.abs(levels - level) > 0.01).sum())
                    data = events.reshape(-1).view(np.uint8)
                    file.write(data.data)
                    crc32 = isal_zlib.crc32(data, crc32)
                    rows += len(events)
                    advance(rows)
        except _UNREADABLE as error:
            raise UserError(first_fault(source, skip_rows)) from error
        if not rows:
            raise UserError(first_fault(source, skip_rows))
        file.seek(0)
        write_header(file, rows)
    if odd_btags:
        log.warning(
            "%s: %d b-tags are none of HIGGS' three levels; the nearest level is used", source, odd_btags
        )
    return rows, crc32


def write_header(file: BinaryIO, rows: int) -> None:
    """Write the header of an ``.npy`` file; it is as long for any number of rows."""
    header = {"descr": "<f4", "fortran_order": False, "shape": (rows, _NUM_CACHED)}
    np.lib.format.write_array_header_1_0(file, header)


def parse(text: IO[bytes], skip_rows: int) -> Iterator[np.ndarray]:
    """Parse HIGGS rows block by block into (rows, 22) float32; blank lines are passed over."""
    names = [f"f{column}" for column in range(len(schema.COLUMNS))]
    blocks = pyarrow.csv.open_csv(
        text,
        pyarrow.csv.ReadOptions(column_names=names, skip_rows=skip_rows, block_size=_BLOCK),
        pyarrow.csv.ParseOptions(quote_char=False),
        pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.float32()),
            include_columns=names[:_NUM_CACHED],
            null_values=[],
        ),
    )
    for block in blocks:
        events = np.empty((block.num_rows, _NUM_CACHED), np.float32)
        for column, values in enumerate(block.columns):
            events[:, column] = values.to_numpy()
        yield events


@contextmanager
def shown_progress(source: Path) -> Iterator[tuple[IO[bytes], Any]]:
    """Open the text of a source under a progress bar: the stream, and what to call with the rows so far."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with (
        opened(source) as (text, raw),
        Progress(*columns, console=Console(stderr=True), transient=True) as bar,
    ):
        task = bar.add_task(f"Reading {source.name}", total=source.stat().st_size)

        def advance(rows: int) -> None:
            bar.update(task, completed=raw.tell(), description=f"Reading {source.name}: {rows:,} events")

        yield text, advance


@contextmanager
def opened(source: Path) -> Iterator[tuple[IO[bytes], BinaryIO]]:
    """Open a .csv, a .csv.gz or a .zip of one of them, told by their first bytes: the text, the raw file."""
    with ExitStack() as stack:
        raw = stack.enter_context(source.open("rb"))
        text: IO[bytes] = raw
        if is_kind(text, b"PK\x03\x04"):
            archive = stack.enter_context(zipfile.ZipFile(raw))
            text = stack.enter_context(archive.open(archive.namelist()[0]))
        if is_kind(text, b"\x1f\x8b"):
            text = stack.enter_context(cast(IO[bytes], igzip_threaded.open(text, "rb", threads=1)))
        yield text, raw


def is_kind(stream: IO[bytes], magic: bytes) -> bool:
    """Whether a stream begins with ``magic``; it is left at its beginning."""
    first = stream.read(len(magic))
    stream.seek(0)
    return first == magic


def first_fault(source: Path, skip_rows: int) -> str:
    """Say what is wrong with the first bad line of a file: a slow, plain reading, for the message alone."""
    line, rows = 0, 0
    try:
        with opened(source) as (binary, _):
            for line, text in enumerate(io.TextIOWrapper(cast(Any, binary), "latin-1"), start=1):
                if line <= skip_rows or not text.strip("\r\n"):
                    continue
                rows += 1
                fault = fault_of(text.strip("\r\n"))
                if fault and line == 1 and not any(_NUMBER.fullmatch(field) for field in text.split(",")):
                    return f"{source}, line 1: it is a header; skip it with data.skip_rows=1"
                if fault:
                    return f"{source}, line {line}: {fault}; correct or remove the line"
    except (*_UNREADABLE, OSError) as error:
        return f"{source} is damaged after line {line} ({error}); fetch or compress it again"
    if not rows:
        return f"{source} holds no events; give another file or a smaller data.skip_rows"
    return f"{source} can't be read as {len(schema.COLUMNS)} columns of numbers; write it as plain CSV"


def fault_of(line: str) -> str | None:
    """What keeps a line from being a HIGGS row, or None."""
    fields = line.split(",")
    if len(fields) != len(schema.COLUMNS):
        return f"it has {len(fields)} columns and HIGGS has {len(schema.COLUMNS)}"
    for name, field in zip(schema.CACHED_COLUMNS, fields, strict=False):
        if not _NUMBER.fullmatch(field):
            return f"{name} is {field.strip()[:40]!r}, not a finite number"
        with np.errstate(over="ignore"):
            if not np.isfinite(np.float32(field)):
                return f"{name} is {field.strip()[:40]}, too large"
    if float(fields[0]) not in (0, 1):
        return f"the label is {fields[0]} and must be 0 or 1"
    return None
