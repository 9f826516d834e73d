"""The events of a HIGGS file, block by block, or the sentence that says what is wrong with it.

What a file may hold: lines that end in LF or CRLF, the last one perhaps in nothing, perhaps a UTF-8 byte
order mark before them. Empty lines are passed over. Any other line is 29 fields between commas. The first 22
are numbers as :data:`_NUMBER` has them, finite in float32; the label is 1 for signal, and 0 or, in the whole
file, -1 for background. A feature may also be empty or a word of :data:`_MISSING`, which says that its object
was not measured. The 7 masses are never looked at. A number is rounded once, from its digits to the nearest
float32: by way of a float64 about one in 10^9 would differ in its last bit.

pyarrow reads such text fast, but takes a little more (infinity, carriage returns as line ends) and a little
less (no empty lines). So its word counts only for a block without any of these, with every value in order;
any other block is gone through line by line, by :func:`_plain_rows`, which alone decides what is accepted.
"""

import codecs
import re
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from itertools import cycle
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv

from higgs_lightning import schema
from higgs_lightning.data.text import open_text
from higgs_lightning.errors import UserError

_BLOCK = 8 << 20  # bytes of text that are parsed at once; also more than any line has
_PIECE = 512 << 10  # bytes that a parser works on at a time: they stay in its core's cache
_PARSERS = 2  # threads; together they keep up with the one that decompresses
_IN_FLIGHT = 2 * _PARSERS  # blocks in memory
_NUM_CACHED = len(schema.CACHED_COLUMNS)
_NUMBER = re.compile(r"[ \t]*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?[ \t]*")
_MISSING = re.compile(r"[ \t]*(nan|na|n/a|null|none|\?)?[ \t]*", re.IGNORECASE)
_NAMES = [f"f{column}" for column in range(len(schema.COLUMNS))]
_PARSE_OPTIONS = pyarrow.csv.ParseOptions(quote_char=False, ignore_empty_lines=False)
_CONVERT_OPTIONS, _WITH_MISSING = (
    pyarrow.csv.ConvertOptions(
        column_types=dict.fromkeys(_NAMES, pa.float32()),
        include_columns=_NAMES[:_NUM_CACHED],
        null_values=null_values,
    )
    for null_values in ([], ["", "nan", "NaN", "NA", "?"])
)


_HEADER = "it is a header"


class _BadLineError(Exception):
    """The first line of a block that is not a HIGGS row: its number, from 1, and what is wrong with it."""

    def __init__(self, number: int, fault: str) -> None:
        super().__init__(number, fault)
        self.number = number
        self.fault = fault


def read_events(source: Path, skip_rows: int) -> Iterator[tuple[np.ndarray, int]]:
    """Read text in the archive's format, compressed or not, see :func:`higgs_lightning.data.text.open_text`.

    This thread decompresses, others parse; a few blocks are in memory at a time, however large the file.

    Args:
        source: the file.
        skip_rows: lines to skip at its top.

    Yields:
        Events, (rows, 22) float32, in the file's order, and the bytes of ``source`` read for them so far.

    Raises:
        UserError: the first thing in the file that is wrong.
    """
    blocks = _blocks(source, skip_rows)
    pending: deque[tuple[Future[tuple[np.ndarray, int]], int]] = deque()
    lines, rows, damage, at_end = skip_rows, 0, None, False
    has_zero = has_minus_one = False
    with ThreadPoolExecutor(_PARSERS) as pool:
        while pending or not at_end:
            if len(pending) < _IN_FLIGHT and not at_end:
                try:
                    block, position = next(blocks)
                    pending.append((pool.submit(_parse, block), position))
                except StopIteration:
                    at_end = True
                except Exception as error:  # the disk, gzip, zlib and zip have each their own
                    damage, at_end = error, True
                continue
            parsed, position = pending.popleft()
            try:
                events, parsed_lines = parsed.result()
            except _BadLineError as bad:
                line = lines + bad.number
                is_first = line == 1 + skip_rows
                mend = "is it a HIGGS file?" if is_first else "correct or remove the line"
                raise UserError(f"{source}, line {line}: {bad.fault}; {mend}") from None
            labels = events[:, 0]
            has_zero = has_zero or bool((labels == 0).any())
            if labels.min(initial=0) < 0:
                has_minus_one = True
                np.maximum(labels, 0, out=labels)
            if has_zero and has_minus_one:
                raise UserError(
                    f"{source}: up to line {lines + parsed_lines} labels are 0 and -1; write all as 0 or 1"
                )
            lines += parsed_lines
            rows += len(events)
            yield events, position
    if damage:
        mend = "make it readable" if isinstance(damage, PermissionError) else "fetch or compress it again"
        raise UserError(f"{source} can't be read after line {lines} ({damage}); {mend}") from damage
    if not rows:
        raise UserError(f"{source} holds no events; give another file")


def bad_lines(source: Path, skip_rows: int) -> Iterator[str]:
    """What is wrong with each line that is not a HIGGS row, in the words of :func:`read_events`."""
    before = skip_rows
    for block, _ in _blocks(source, skip_rows):
        lines = block.split(b"\n")
        try:
            _parse(block)
        except _BadLineError:
            for number, line in enumerate(lines, start=1 + before):
                row = line.removesuffix(b"\r").decode("latin-1")
                fault = _fault_of(row) if row else None
                if fault:
                    yield f"{source}, line {number}: {fault}"
        before += len(lines) - block.endswith(b"\n")


def _blocks(source: Path, skip_rows: int) -> Iterator[tuple[bytearray, int]]:
    """The text of a file in blocks of whole lines, and the bytes of the file read so far.

    A block is overwritten when as many more are drawn as may be in flight.
    """
    with ExitStack() as stack:
        raw, text = open_text(source, stack)
        for _ in range(skip_rows):
            if not text.readline(_BLOCK):
                break
        # new memory for each block, which the system would have to clear, costs a tenth of the time
        for block in cycle([bytearray(_BLOCK) for _ in range(_IN_FLIGHT)]):
            size = text.readinto(memoryview(block)[:_BLOCK])
            if not size:
                return
            block[size:] = text.readline(_BLOCK)
            if len(block) == size + _BLOCK:
                raise ValueError(f"a line of more than {_BLOCK:,} bytes")
            yield block, raw.tell()


def _parse(block: bytearray) -> tuple[np.ndarray, int]:
    """The events of whole lines, (rows, 22) float32, and the number of lines."""
    has_returns = b"\r" in block
    text = block.replace(b"\r\n", b"\n") if has_returns else block
    is_clean = (
        not (has_returns and b"\r" in text)  # pyarrow would end a line there
        and not text.startswith(codecs.BOM_UTF8)  # pyarrow would pass over it
    )
    for options in (_CONVERT_OPTIONS, _WITH_MISSING) if is_clean else ():
        try:
            events, num_missing = _by_pyarrow(text, _PIECE, options)
        except pa.ArrowInvalid:
            continue
        labels = events[:, 0]
        if ((labels == 0) | (np.abs(labels) == 1)).all() and (
            np.count_nonzero(np.isfinite(events)) == events.size - num_missing
        ):
            return events, len(events)
    rows = _plain_rows(block)
    events, _ = _by_pyarrow(rows, len(rows) + 1, _CONVERT_OPTIONS)
    return events, block.count(b"\n") + (not block.endswith(b"\n"))


def _by_pyarrow(
    text: bytes | bytearray, piece: int, options: pyarrow.csv.ConvertOptions
) -> tuple[np.ndarray, int]:
    """Parse text that pyarrow takes in pieces of as many bytes, each at least a line; what is null is NaN.

    Returns:
        Events, (rows, 22) float32, and how many values are null.
    """
    if not text:
        return np.empty((0, _NUM_CACHED), np.float32), 0
    table = pyarrow.csv.read_csv(
        pa.BufferReader(text),
        pyarrow.csv.ReadOptions(column_names=_NAMES, use_threads=False, block_size=piece),
        _PARSE_OPTIONS,
        options,
    )
    # to_numpy of a column would import pandas, where that is installed
    batches = [batch.to_tensor(null_to_nan=True).to_numpy() for batch in table.to_batches()]
    return np.concatenate(batches), sum(column.null_count for column in table.columns)


def _plain_rows(block: bytearray) -> bytes:
    """The lines of a block without the empty ones, what is missing as nan, after a slow, plain look at each.

    Raises:
        _BadLineError: one is not a HIGGS row.
    """
    rows = []
    for number, line in enumerate(block.split(b"\n"), start=1):
        row = line.removesuffix(b"\r")
        if not row:
            continue
        fault = _fault_of(row.decode("latin-1"))
        if fault:
            raise _BadLineError(number, fault)
        fields = row.decode("latin-1").split(",")
        fields = ["nan" if _MISSING.fullmatch(field) else field for field in fields]
        rows.append(",".join(fields).encode("latin-1"))
    return b"\n".join(rows)


def _fault_of(row: str) -> str | None:
    """What keeps a line from being a HIGGS row, or None."""
    fields = row.split(",")
    if len(fields) != len(schema.COLUMNS):
        return f"it has {len(fields)} columns and HIGGS has {len(schema.COLUMNS)}"
    if "\r" in row:
        return "it has a carriage return inside"
    if all(field.strip() and not _NUMBER.fullmatch(field) for field in fields):
        return _HEADER
    for name, field in zip(schema.CACHED_COLUMNS, fields, strict=False):
        if _MISSING.fullmatch(field) and name != schema.LABEL:
            continue
        if not _NUMBER.fullmatch(field):
            return f"{name} is {field.strip()[:40]!r}, not a finite number"
        with np.errstate(over="ignore"):
            if not np.isfinite(np.float32(field)):
                return f"{name} is {field.strip()[:40]}, too large"
    if np.float32(fields[0]) not in (-1, 0, 1):
        return f"the label is {fields[0].strip()[:40]} and must be 0 or 1"
    return None
