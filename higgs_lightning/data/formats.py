"""Events from any file: CSV, Parquet, ROOT, NumPy, HDF5, LIBSVM or ARFF, told apart by their first bytes.

The archive's own CSV, 29 columns without names, is read by :mod:`higgs_lightning.data.higgs_csv` alone, which
is strict and fast. Of any other file, each format hands over its columns as a :class:`Table`, and
:mod:`higgs_lightning.data.columns` makes events of them. What is missing stays NaN: the models mask that
object.
"""

import csv
import lzma
import re
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from zipfile import BadZipFile, ZipFile

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from isal.igzip_lib import IsalError

from higgs_lightning import schema
from higgs_lightning.data import higgs_csv
from higgs_lightning.data.columns import (
    FEATURES,
    MISSING_TEXTS,
    Columns,
    Events,
    Reading,
    bad_label,
    kept_columns,
    kept_values,
    label_of,
    label_places,
    named_columns,
    names_features,
    unnamed_columns,
    weights_column,
)
from higgs_lightning.data.sources import Source
from higgs_lightning.data.text import open_text
from higgs_lightning.errors import UserError, one_line

_PARQUET, _ROOT, _NPY, _HDF5, _ZIP = b"PAR1", b"root", b"\x93NUMPY", b"\x89HDF\r\n\x1a\n", b"PK\x03\x04"
_TREES = ("TTree", "ROOT::RNTuple")  # uproot's assignment writes the latter
_HEAD = 256 << 10  # bytes of text that are looked at before it is read; also more than any line has
_HEAD_ROWS = 500
_BLOCK = 4 << 20  # bytes of text that are parsed at once
_LARGEST = (2 - 2**-24) * 2.0**127  # what rounds to a larger number is infinite in float32
_PAIR = re.compile(r"\s*[+-]?\d\S*\s+\d+:\S")  # how a line of LIBSVM begins
_ATTRIBUTE = re.compile(r"@attribute\s+('[^']*'|\"[^\"]*\"|\S+)\s", re.IGNORECASE)
_BAD_NUMBER = re.compile(r"CSV column #(\d+): (?:Row #(\d+): )?.*invalid value '(.*?)'")
_BAD_WIDTH = re.compile(r"(?:Row #(\d+): )?Expected (\d+) columns, got (\d+)")
# uproot has no exception of its own for a damaged file
_DAMAGES: tuple[type[Exception], ...] = (
    *(pa.ArrowException, csv.Error, OSError, EOFError, zlib.error, lzma.LZMAError, struct.error),
    *(BadZipFile, IsalError, ValueError, LookupError, RuntimeError, NotImplementedError),  # type: ignore
)


@dataclass
class Table:
    """The columns of a file.

    Attributes:
        names: of the columns; None where they have none.
        width: how many there are.
        blocks: of the columns at some positions, the next rows of each, and the share of the file that is
            read; arrays of numpy or pyarrow.
        head: the first rows, where columns have no names.
        label: where the label is, if the format says so.
        weights: where the weights of events are, after all columns, if the format says so.
        first_row: the number of the first row in the file.
        faults: of text, what is wrong with each row that its readers refuse, given whether it needs a label.
    """

    names: Sequence[str] | None
    width: int
    blocks: Callable[[Columns], Iterator[tuple[Sequence[Any], float]]]
    head: Sequence[Sequence[Any]] = ()
    label: int | None = None
    weights: int | None = None
    first_row: int = 1
    faults: Callable[[Columns, bool], Iterator[str]] | None = None


class Block(NamedTuple):
    """The next rows of a file.

    Attributes:
        events: (rows, 22) float32 in HIGGS units, the label first; NaN for what is missing.
        share: of the file that is read.
        kept: columns that were asked for, by their names.
        weights: (rows,) float32 of the events, as the file has them; None where none are asked for.
    """

    events: np.ndarray
    share: float
    kept: dict[str, pa.Array]
    weights: np.ndarray | None = None


def read_file(
    source: Source, reading: Reading, needs_label: bool, rows: int = 1 << 16, wants_label: bool = False
) -> Iterator[tuple[np.ndarray, float]]:
    """The events of a file, block by block, in bounded memory.

    Args:
        source: the file. With names, columns may come in any order and others are passed over; without,
            there are 21 (features) or 28 (and masses) columns, and the label before or after them.
        reading: how it is to be read.
        needs_label: whether a file without labels is a mistake; of one that may lack them, they may be NaN.
        rows: at most so many rows a block, but for text.
        wants_label: whether labels are read, where there are any, although they may lack.

    Yields:
        (rows, 22) float32 in HIGGS units, the label first, in the file's order, NaN for what is missing; and
        the share of the file that is read.

    Raises:
        UserError: the first thing in the file that is wrong.
    """
    for block in read_blocks(source, reading, needs_label, rows, wants_label=wants_label):
        yield block.events, block.share


def read_blocks(
    source: Source,
    reading: Reading,
    needs_label: bool,
    rows: int = 1 << 16,
    keep: Sequence[str] = (),
    wants_label: bool = False,
) -> Iterator[Block]:
    """As :func:`read_file`, with further columns of the file.

    Args:
        source, reading, needs_label, rows, wants_label: see :func:`read_file`.
        keep: exact names of columns of numbers or text.

    Raises:
        UserError: the first thing in the file that is wrong, or it has no such column.
    """
    path = source.path
    empty = True
    # in a file of one class no column is looked for
    in_column = needs_label and source.label is None
    try:
        with ExitStack() as stack:
            table = _opened(source, stack, rows, reading)
            if table is None:
                kept_columns(keep, None, source)
                if reading.weights is not None:
                    weights_column(None, reading, source)
                if source.label is not None:
                    raise UserError(_labelled_twice(source))
                size = path.stat().st_size
                for events, position in higgs_csv.read_events(path, reading.skip_rows):
                    yield Block(reading.finish(events), position / size, {})
                return
            columns = _columns_of(table, reading, source, in_column)
            if source.label is not None and columns.label is not None:
                raise UserError(_labelled_twice(source))
            kept = kept_columns(keep, table.names, source)
            label = columns.label if needs_label or wants_label else None
            weights = table.weights
            if reading.weights is not None and weights is None:
                weights = weights_column(table.names, reading, source)
            columns = Columns(columns.features, label, kept, weights)
            make = Events(reading, source, _names_of(table, columns), in_column, table.first_row)
            for block, share in table.blocks(columns):
                found = dict(zip(columns.positions, block, strict=True))
                of_block = None if weights is None else make.weights(found[weights])
                events = make.of([found[place] for place in columns.of_events])
                if source.label is not None:
                    events[:, 0] = source.label
                empty = empty and not len(events)
                values = {
                    name: kept_values(found[place], name, source)
                    for name, place in zip(keep, kept, strict=True)
                }
                yield Block(events, share, values, of_block)
    except _DAMAGES as error:
        reason = one_line(error)[:200]
        mend = "make it readable" if isinstance(error, PermissionError) else "write the file again"
        raise UserError(f"{source} can't be read ({reason}): {mend}") from error
    if empty:
        raise UserError(f"{source} holds no events; give another file")


def _labelled_twice(source: Source) -> str:
    of_class = "signal" if source.label else "background"
    return (
        f"{source} is said to be {of_class} and holds labels of its own: name it without its class, or take "
        "its label away"
    )


def read_files(
    sources: Sequence[Source],
    reading: Reading,
    needs_label: bool,
    rows: int = 1 << 16,
    keep: Sequence[str] = (),
) -> Iterator[tuple[Source, Block]]:
    """The blocks of several files, one after the other: see :func:`read_blocks`; shares are of all bytes.

    Yields:
        The file, and a block of it.
    """
    sizes = [max(1, source.path.stat().st_size) for source in sources]
    before = 0
    for source, size in zip(sources, sizes, strict=True):
        for block in read_blocks(source, reading, needs_label, rows, keep):
            yield source, block._replace(share=(before + block.share * size) / sum(sizes))
        before += size


def bad_rows(source: Source, reading: Reading, needs_label: bool, most: int) -> list[str]:
    """What is wrong with the first rows that are, a sentence each; none where the file itself is.

    Args:
        source, reading, needs_label: see :func:`read_file`, which stops at the first of them.
        most: so many at most.
    """
    found: list[str] = []
    with suppress(UserError, *_DAMAGES), ExitStack() as stack:  # which reading it says
        table = _opened(source, stack, 1 << 16, reading)
        if table is None:
            faults = higgs_csv.bad_lines(source.path, reading.skip_rows)
        else:
            columns = _columns_of(table, reading, source, needs_label)
            if table.faults is not None:
                faults = table.faults(columns, needs_label)
            else:
                make = Events(reading, source, _names_of(table, columns), needs_label, table.first_row)
                columns = Columns(columns.features, columns.label)
                faults = (fault for block, _ in table.blocks(columns) for fault in make.faults(block))
        for fault in islice(faults, most):
            found.append(fault)  # of a file that breaks off, what was found before is kept
    return found


def _opened(source: Source, stack: ExitStack, rows: int, reading: Reading) -> Table | None:
    """The columns of a file, by its first bytes; None for text in the archive's format."""
    magic = _first_bytes(source.path)
    for magic_of, opened in _BINARY.items():
        if magic.startswith(magic_of) and not (magic_of == _ZIP and not _is_npz(source.path)):
            return opened(source, stack, rows, reading)
    head = _Head(source.path, reading)
    return None if head.is_archive_format else head.table(stack)


def _columns_of(table: Table, reading: Reading, source: Source, needs_label: bool) -> Columns:
    if table.names is None:
        return unnamed_columns(table.width, table.head, reading, source, needs_label, table.label)
    return named_columns(table.names, reading, source, needs_label)


def _names_of(table: Table, columns: Columns) -> list[str]:
    """What features and the label are called in sentences."""
    names = [
        schema.CACHED_COLUMNS[1 + i] if table.names is None else table.names[place]
        for i, place in enumerate(columns.features)
    ]
    return [*names, schema.LABEL][: len(columns.of_events)]


def _first_bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(8)


# text ---------------------------------------------------------------------------------------------------


class _Head:
    """The first lines of a text file: they tell what it is.

    Args:
        path: of the file.
        reading: how it is to be read.
    """

    def __init__(self, path: Path, reading: Reading) -> None:
        self.path = path
        self.reading = reading
        with ExitStack() as stack:
            _, text = open_text(path, stack)
            for _ in range(reading.skip_rows):
                skipped = text.readline(_HEAD)
                if not skipped:
                    break
                self._refuse_names(skipped)
            head = text.read(_HEAD)
        *lines, last = head.decode("utf-8", "replace").split("\n")
        if not lines and len(head) == _HEAD:
            raise UserError(f"{path} has a line of more than {_HEAD:,} bytes: let lines end in LF or CRLF")
        lines += [last] if len(head) < _HEAD else []
        #: How many lines come before the first that is not empty.
        self.blank = next((i for i, line in enumerate(lines) if line.strip()), len(lines))
        self.lines = [line.strip("\r") for line in lines[self.blank : self.blank + _HEAD_ROWS]]
        if not self.lines:
            mend = f" or a smaller {reading.prefix}skip_rows" if reading.skip_rows else ""
            raise UserError(f"{path} holds no events; give another file{mend}")
        first = self.lines[0]
        # tabs and semicolons separate even where numbers have commas
        self.delimiter = next((each for each in "\t;, " if each in first.strip()), ",")
        self.fields = self._split(first)
        filled = [field for field in self.fields if field not in MISSING_TEXTS]
        self.has_names = len(filled) > 1 and not any(_is_number(field) for field in filled)
        counted = [str(number) for number in range(len(self.fields))]
        if len(counted) > 2 and self.fields[1:] in (counted[1:], counted[:-1]):
            raise UserError(
                f"{path}: its first line counts the columns, as pandas names them by itself: write the file "
                "with header=False, or with the names of schema.LOW_LEVEL"
            )

    @property
    def is_archive_format(self) -> bool:
        """Whether the strict reader decides: 29 columns without names, of which the last is no label."""
        return (
            self.lines[0].count(",") + 1 == len(schema.COLUMNS) == len(self.fields)
            and '"' not in self.lines[0]
            and not (self.reading.columns or self.reading.label)
            and _is_number(self.fields[0])
            and (label_of(self.fields[0]) is not None or label_of(self.fields[-1]) is None)
        )

    def table(self, stack: ExitStack) -> Table:
        first = self.lines[0].lstrip()
        if _PAIR.match(first):
            return self._libsvm(stack)
        if first.startswith("%") or first.lower().startswith("@relation"):
            return self._arff(stack)
        before = self.reading.skip_rows + self.blank + int(self.has_names)
        # rows of the head as they are read below, where there are no names
        rows = [self._split(line) for line in self.lines if line.strip()]
        head = [] if self.has_names else [row for row in rows if len(row) == len(self.fields)]
        return self._separated(stack, self.fields if self.has_names else None, len(self.fields), before, head)

    def _split(self, line: str) -> list[str]:
        return [field.strip() for field in next(csv.reader([line.strip()], delimiter=self.delimiter), [])]

    def _refuse_names(self, skipped: bytes) -> None:
        """Refuse to skip names that say that the columns are others than they would be taken for."""
        names = [field.strip('" \r') for field in skipped.decode("utf-8", "replace").strip().split(",")]
        if not names_features(names):
            return
        columns = named_columns(names, Reading(prefix=self.reading.prefix), self.path, needs_label=False)
        if columns.features not in ([*range(len(FEATURES))], [*range(1, 1 + len(FEATURES))]):
            raise UserError(
                f"{self.path}: the line that {self.reading.prefix}skip_rows={self.reading.skip_rows} skips "
                "names the columns in another order than HIGGS': leave that option away, to read them by name"
            )

    def _separated(
        self,
        stack: ExitStack,
        names: Sequence[str] | None,
        width: int,
        lines_before: int,
        head: Sequence[Sequence[Any]] = (),
        quote: str = '"',
    ) -> Table:
        """Values between separators, after some lines."""
        raw, text = open_text(self.path, stack)
        for _ in range(lines_before):
            text.readline()
        size = self.path.stat().st_size

        def blocks(columns: Columns) -> Iterator[tuple[Sequence[Any], float]]:
            # names of our own: those of the file may come twice among the others
            chosen = [str(place) for place in columns.positions]
            types = {str(place): pa.float32() for place in columns.features}
            if columns.label is not None:
                types[str(columns.label)] = pa.string()
            if columns.weights is not None:
                types[str(columns.weights)] = pa.float64()
            options = pyarrow.csv.ConvertOptions(
                column_types=types,
                include_columns=chosen,
                null_values=MISSING_TEXTS,
                strings_can_be_null=True,
            )
            try:
                reader = pyarrow.csv.open_csv(
                    text,
                    # one thread: only then it knows the row of a fault
                    pyarrow.csv.ReadOptions(
                        column_names=[str(place) for place in range(width)],
                        block_size=_BLOCK,
                        use_threads=False,
                    ),
                    pyarrow.csv.ParseOptions(delimiter=self.delimiter, quote_char=quote),
                    options,
                )
                for batch in reader:
                    yield batch.columns, raw.tell() / size
            except pa.ArrowInvalid as error:
                if "Empty CSV file" in str(error):
                    return
                raise UserError(_csv_fault(error, self.path, names, columns, lines_before)) from error

        def faults(columns: Columns, needs_label: bool) -> Iterator[str]:
            with ExitStack() as of_faults:
                _, lines = open_text(self.path, of_faults)
                for _ in range(lines_before):
                    lines.readline()
                decoded = (line.decode("utf-8", "replace") for line in lines)
                rows = csv.reader(decoded, delimiter=self.delimiter, quotechar=quote)
                for fields in rows:
                    fault = _fault_of(fields, width, names, columns, needs_label) if fields else None
                    if fault:
                        yield f"{self.path}, row {rows.line_num + lines_before}: {fault}"

        return Table(names, width, blocks, head, first_row=1 + lines_before, faults=faults)

    def _arff(self, stack: ExitStack) -> Table:
        names, lines = [], 0
        for line in self.lines:
            lines += 1
            attribute = _ATTRIBUTE.match(line.strip())
            if attribute:
                names.append(attribute[1].strip("'\""))
            elif line.strip().lower() == "@data":
                break
        else:
            raise UserError(f"{self.path} has no line @data in its first {_HEAD_ROWS}: it is no ARFF file")
        self.delimiter = ","
        before = self.reading.skip_rows + self.blank + lines
        return self._separated(stack, names, len(names), before, quote="'")

    def _libsvm(self, stack: ExitStack) -> Table:
        raw, text = open_text(self.path, stack)
        size, before = self.path.stat().st_size, self.reading.skip_rows + self.blank
        for _ in range(before):
            text.readline()
        # values that are 0 may be left out, the last ones too
        width = len(FEATURES) + len(schema.HIGH_LEVEL)

        def blocks(columns: Columns) -> Iterator[tuple[Sequence[Any], float]]:
            row = 1 + before
            while lines := text.readlines(_BLOCK):
                found = _libsvm_rows([line for line in lines if line.strip()], width, self.path, row)
                row += len(lines)
                yield [found[:, place] for place in columns.positions], raw.tell() / size

        def faults(columns: Columns, needs_label: bool) -> Iterator[str]:
            with ExitStack() as of_faults:
                _, lines = open_text(self.path, of_faults)
                for row, line in enumerate(lines, start=1):
                    try:
                        if row > before and line.strip():
                            _libsvm_rows([line], width, self.path, row)
                    except UserError as error:
                        yield str(error)

        return Table(None, 1 + width, blocks, label=0, first_row=1 + before, faults=faults)


def _libsvm_rows(lines: Sequence[bytes], width: int, path: Path, row: int) -> np.ndarray:
    """(rows, 1 + width): the label and the values of lines ``label index:value index:value ...``."""
    found = np.zeros((len(lines), 1 + width))
    counts = np.array([line.count(b":") for line in lines])
    try:
        # as one list: a number of each label, two of each pair
        numbers = np.array(b" ".join(lines).replace(b":", b" ").split(), np.float64)
        starts = np.concatenate([[0], np.cumsum(1 + 2 * counts)])
        if len(numbers) != starts[-1]:
            raise ValueError("pairs and numbers do not go together")
        labels = starts[:-1]
        in_pair = np.ones(len(numbers), bool)
        in_pair[labels] = False
        indices, values = numbers[in_pair].reshape(-1, 2).T
        if not ((indices >= 1) & (indices <= width) & (indices == indices.round())).all():
            raise ValueError("an index is none of 1 to 28")
        found[:, 0] = numbers[labels]
        found[np.repeat(np.arange(len(lines)), counts), indices.astype(int)] = values
    except ValueError:
        for number, line in enumerate(lines if len(lines) > 1 else ()):
            _libsvm_rows([line], width, path, row + number)
        shown = lines[0][:40].decode("utf-8", "replace").strip()
        raise UserError(
            f"{path}, line {row}: {shown!r} is no label and pairs of an index from 1 to {width} and a value"
        ) from None
    return found


def _fault_of(
    fields: Sequence[str], width: int, names: Sequence[str] | None, columns: Columns, needs_label: bool
) -> str | None:
    """What keeps the fields of a row from being an event, or None."""
    if len(fields) != width:
        return f"it has {len(fields)} columns, not {width}"
    for name, place in zip(FEATURES, columns.features, strict=True):
        field = fields[place].strip()
        if field in MISSING_TEXTS:
            continue
        shown = name if names is None else names[place]
        if not _is_number(field):
            return f"{shown} is {field[:40]!r}, not a number"
        if abs(float(field)) > _LARGEST:
            return f"{shown} is infinite"
    if columns.label is not None:
        label = fields[columns.label]
        meaning = label_of(label)
        if meaning is None or (needs_label and meaning != meaning):
            return bad_label(label)
    return None


def _csv_fault(
    error: Exception, path: Path, names: Sequence[str] | None, columns: Columns, lines_before: int
) -> str:
    """What pyarrow found wrong, with the row and column as they are counted here."""
    text = one_line(error)
    number, width = _BAD_NUMBER.search(text), _BAD_WIDTH.search(text)

    def place(row: str | None) -> str:
        return f"{path}, row {int(row) + lines_before}" if row else str(path)

    if number:
        column = int(number[1])
        if names is not None:
            name = names[column]
        else:
            name = FEATURES[columns.features.index(column)] if column in columns.features else schema.LABEL
        return f"{place(number[2])}: {name} is {number[3][:40]!r}, not a number; correct or remove the row"
    if width:
        return f"{place(width[1])}: it has {width[3]} columns, not {width[2]}; correct or remove the row"
    return f"{path} can't be read ({text[:200]}): correct the row, or write the file again"


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


# Parquet and ROOT ---------------------------------------------------------------------------------------


def _parquet(source: Source, stack: ExitStack, rows: int, reading: Reading) -> Table:
    file = stack.enter_context(pyarrow.parquet.ParquetFile(source.path))
    own = list(file.schema_arrow.names)
    # of a dataset in folders: label=0/part-0.parquet
    parts = [part.partition("=") for part in source.path.parts[:-1] if "=" in part]
    constants = [(name, value) for name, _, value in parts if name not in own]
    names = [*own, *(name for name, _ in constants)]

    def blocks(columns: Columns) -> Iterator[tuple[Sequence[Any], float]]:
        read, total = 0, max(1, file.metadata.num_rows)
        wanted = [names[place] for place in columns.positions if place < len(own)]
        for batch in file.iter_batches(rows, columns=wanted):
            read += len(batch)
            yield (
                [
                    batch[names[place]]
                    if place < len(own)
                    else pa.array([constants[place - len(own)][1]] * len(batch))
                    for place in columns.positions
                ],
                read / total,
            )

    return Table(names, len(names), blocks)


def _root(source: Source, stack: ExitStack, rows: int, reading: Reading) -> Table:
    path = source.path
    file = stack.enter_context(import_uproot().open(path))
    trees = [name for name, kind in file.classnames(cycle=False).items() if kind in _TREES]
    if not trees:
        raise UserError(f"{path} holds neither a TTree nor an RNTuple: write the events as one of them")
    if not source.tree and len(trees) != 1:
        raise UserError(f"{path} holds {len(trees)} trees ({', '.join(trees)}): name one as in {path}:TREE")
    if source.tree and source.tree not in trees:
        raise UserError(f"{path} has no tree {source.tree}: it holds {', '.join(trees)}")
    tree = file[source.tree or trees[0]]
    names = list(tree.keys())

    def blocks(columns: Columns) -> Iterator[tuple[Sequence[Any], float]]:
        read, total = 0, max(1, tree.num_entries)
        wanted = [names[place] for place in columns.positions]
        for arrays in tree.iterate(filter_name=lambda name: name in wanted, step_size=rows, library="np"):
            read += len(arrays[wanted[0]])
            yield [arrays[name] for name in wanted], read / total

    return Table(names, len(names), blocks)


def import_uproot() -> Any:
    """The package that reads and writes ROOT files.

    Raises:
        UserError: it is not installed.
    """
    try:
        import uproot
    except ImportError as error:
        raise UserError("ROOT files need one more package: pip install -e '.[root]'") from error
    return uproot


# arrays -------------------------------------------------------------------------------------------------


def _npy(source: Source, stack: ExitStack, rows: int, reading: Reading) -> Table:
    array = np.load(source.path, mmap_mode="r", allow_pickle=False)
    return _arrays({"the array": array}, source, rows, None)


def _is_npz(path: Path) -> bool:
    with ZipFile(path) as archive:
        names = archive.namelist()
    return bool(names) and all(name.endswith(".npy") for name in names)


def _npz(source: Source, stack: ExitStack, rows: int, reading: Reading) -> Table:
    # unpacked beside the other temporary files, because numpy would hold whole arrays in memory
    folder = Path(stack.enter_context(TemporaryDirectory(prefix="higgs-npz-")))
    arrays = {}
    with ZipFile(source.path) as archive:
        for number, name in enumerate(archive.namelist()):
            unpacked = folder / f"{number}.npy"
            with archive.open(name) as member, unpacked.open("wb") as file:
                while piece := member.read(_BLOCK):
                    file.write(piece)
            arrays[name.removesuffix(".npy")] = np.load(unpacked, mmap_mode="r", allow_pickle=False)
    return _arrays(arrays, source, rows, reading.weights)


def _hdf5(source: Source, stack: ExitStack, rows: int, reading: Reading) -> Table:
    try:
        import h5py
    except ImportError as error:
        raise UserError("HDF5 files need one more package: pip install -e '.[hdf5]'") from error
    file = stack.enter_context(h5py.File(source.path, "r"))
    datasets: dict[str, Any] = {}

    def collect(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and item.shape:
            datasets[name] = item

    file.visititems(collect)
    # columns of one group are meant by their own names
    short = {name.rsplit("/", 1)[-1]: item for name, item in datasets.items()}
    return _arrays(short if len(short) == len(datasets) else datasets, source, rows, reading.weights)


def _arrays(arrays: Mapping[str, Any], source: Source, rows: int, weights: str | None) -> Table:
    """A table of one array of records, of one column each, or of one of rows and perhaps one of labels.

    Args:
        arrays: by their names.
        source: the file, for sentences.
        rows: at most so many rows a block.
        weights: the name of the array of weights that may lie beside one of rows.
    """
    records = [name for name, array in arrays.items() if array.dtype.names]
    tables = [name for name, array in arrays.items() if len(array.shape) == 2]
    vectors = [name for name, array in arrays.items() if len(array.shape) == 1]
    extra = [weights] if tables and weights in vectors else []
    vectors = [name for name in vectors if name not in extra]
    if tables and len(vectors) > 1:  # others than labels are passed over, as other columns are
        vectors = [vectors[place] for place in label_places(vectors)] or vectors
    known = ", ".join(f"{name} {tuple(array.shape)}" for name, array in islice(arrays.items(), 6))
    label = None
    if len(arrays) == 1 and len(records) == 1:
        used: list[str] = records
        names: list[str] | None = list(arrays[records[0]].dtype.names)
    elif len(tables) == 1 and len(vectors) <= 1:
        used, names = [*tables, *vectors, *extra], None
        label = arrays[tables[0]].shape[1] if vectors else None
    elif vectors and not tables:
        used = names = vectors
    else:
        raise UserError(
            f"{source} holds {known or 'no arrays'}: give one array of rows (events, 21 or 28) and one of "
            "labels (events,), or one of each column by its name"
        )
    lengths = {len(arrays[name]) for name in used}
    if len(lengths) != 1:
        raise UserError(f"{source} holds arrays of different lengths ({known}): give one row an event")
    (total,) = lengths

    def columns_of(start: int, stop: int) -> list[np.ndarray]:
        found: list[np.ndarray] = []
        for name in used:
            block = np.asarray(arrays[name][start:stop])
            if block.dtype.names:
                found += [block[field] for field in block.dtype.names]
            else:
                found += [block] if block.ndim == 1 else list(block.T)
        return found

    def blocks(columns: Columns) -> Iterator[tuple[Sequence[Any], float]]:
        for start in range(0, total, rows):
            stop = min(start + rows, total)
            block = columns_of(start, stop)
            yield [block[place] for place in columns.positions], stop / total

    first = columns_of(0, min(_HEAD_ROWS, total))
    width = len(first) - len(extra)
    head = list(zip(*first[:width], strict=True)) if names is None else []
    return Table(names, width, blocks, head, label, width if extra else None)


_BINARY: dict[bytes, Callable[[Source, ExitStack, int, Reading], Table]] = {
    _PARQUET: _parquet,
    _ROOT: _root,
    _NPY: _npy,
    _HDF5: _hdf5,
    _ZIP: _npz,
}
