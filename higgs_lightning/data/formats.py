"""Events from any table, CSV, Parquet or ROOT, with or without names, label and masses: to be scored.

What is missing (an empty field, nan, null) stays NaN: the models mask that object.
"""

import csv
import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from isal import igzip

from higgs_lightning import schema
from higgs_lightning.errors import UserError, one_line

_NAMES = [feature.name for feature in schema.LOW_LEVEL]
#: For tables without names: how many columns there are, and how many of them come before the features.
_UNNAMED = {21: 0, 22: 1, 28: 0, 29: 1}
_GZIP, _PARQUET, _ROOT = b"\x1f\x8b", b"PAR1", b"root"
_TREES = ("TTree", "ROOT::RNTuple")  # uproot's assignment writes the latter
_MISSING = ["", "nan", "NaN", "NAN", "null", "NULL", "NA"]


def which_tree(path: Path) -> tuple[Path, str]:
    """The file and the tree that ``FILE.root:TREE`` names; any other path as it is, and no tree."""
    name, _, tree = str(path).partition(".root:")
    return (Path(f"{name}.root"), tree) if tree else (path, "")


def read_table(path: Path, rows: int, tree: str = "") -> Iterator[tuple[np.ndarray, float]]:
    """The low-level features of a file, block by block.

    Args:
        path: .parquet, .csv, .csv.gz or .root, told apart by their first bytes. With names, columns may come
            in any order and others are passed over; without, there are 21 (features) or 28 (and masses)
            columns, or one more with the label first.
        rows: at most so many rows a block, for Parquet and ROOT.
        tree: of a ROOT file that holds several.

    Yields:
        (rows, 21) float32 in HIGGS units, in the file's order, and the share of the file that is read.

    Raises:
        UserError: the file is not such a table.
    """
    if not os.path.isfile(path):  # unlike Path.is_file also where a folder above may not be entered
        raise UserError(f"input={path} is not a file")
    with path.open("rb") as file:
        magic = file.read(4)
    try:
        if magic == _PARQUET:
            yield from _parquet(path, rows)
        elif magic == _ROOT:
            yield from _root(path, tree, rows)
        else:
            yield from _csv(path, magic.startswith(_GZIP))
    # uproot has no exception of its own for a damaged file
    except (
        pa.ArrowException,
        csv.Error,
        OSError,
        EOFError,
        zlib.error,
        struct.error,
        ValueError,
        LookupError,
    ) as error:
        reason = one_line(error)[:200]
        raise UserError(
            f"{path} can't be read ({reason}): correct the row, or write the file again"
        ) from error


def _csv(path: Path, is_gzip: bool) -> Iterator[tuple[np.ndarray, float]]:
    with path.open("rb") as raw:
        file: Any = igzip.open(raw) if is_gzip else raw
        first = file.readline().decode("utf-8-sig", "replace").strip()
        if not first:
            raise UserError(f"{path} holds no events")
        fields = [field.strip() for field in next(csv.reader([first]))]  # names may be quoted
        if len(fields) > 2 and fields[1:] in (_counted(len(fields))[1:], _counted(len(fields) - 1)):
            raise UserError(
                f"{path}: its first line counts the columns, as pandas names them by itself: write the file "
                "with header=False, or with the names of schema.LOW_LEVEL"
            )
        filled = [field for field in fields if field]
        has_names = filled != [] and not any(_is_number(field) for field in filled)
        file.seek(0)
        columns = _columns(fields, path) if has_names else _unnamed(len(fields), path)
        names = fields if has_names else _counted(len(fields))
        chosen = [names[column] for column in columns]
        if len(set(names)) < len(names):
            raise UserError(f"{path} has two columns of one name")
        reader = pyarrow.csv.open_csv(
            file,
            pyarrow.csv.ReadOptions(column_names=names, skip_rows=int(has_names), block_size=4 << 20),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(chosen, pa.float32()),
                include_columns=chosen,
                null_values=_MISSING,
                strings_can_be_null=True,
            ),
        )
        size, row = path.stat().st_size, 1 + has_names
        for batch in reader:
            yield _features(batch, path, row), raw.tell() / size
            row += len(batch)


def _parquet(path: Path, rows: int) -> Iterator[tuple[np.ndarray, float]]:
    table = pyarrow.parquet.ParquetFile(path)
    names = table.schema_arrow.names
    columns = _columns(names, path)
    row, total = 1, max(1, table.metadata.num_rows)
    for batch in table.iter_batches(rows, columns=[names[column] for column in columns]):
        features = _features(batch.select(_NAMES), path, row)
        row += len(batch)
        yield features, (row - 1) / total


def _root(path: Path, tree_name: str, rows: int) -> Iterator[tuple[np.ndarray, float]]:
    with import_uproot().open(path) as file:
        trees = [name for name, kind in file.classnames(cycle=False).items() if kind in _TREES]
        if not trees:
            raise UserError(f"{path} holds neither a TTree nor an RNTuple: write the events as one of them")
        if not tree_name and len(trees) != 1:
            raise UserError(
                f"{path} holds {len(trees)} trees ({', '.join(trees)}): name one as in {path}:TREE"
            )
        if tree_name and tree_name not in trees:
            raise UserError(f"{path} has no tree {tree_name}: it holds {', '.join(trees)}")
        tree = file[tree_name or trees[0]]
        _columns(tree.keys(), path)
        row, total = 1, max(1, tree.num_entries)
        for arrays in tree.iterate(filter_name=_NAMES, step_size=rows, library="np"):
            # what an RNTuple may lack comes masked
            filled = [np.ma.filled(arrays[name].astype(float), np.nan) for name in _NAMES]
            batch = pa.RecordBatch.from_arrays([pa.array(column) for column in filled], _NAMES)
            features = _features(batch, path, row)
            row += len(batch)
            yield features, (row - 1) / total


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


def _features(batch: pa.RecordBatch, path: Path, row: int) -> np.ndarray:
    """(rows, 21) float32, NaN for what is missing; the first of them is row ``row`` of the file."""
    columns = []
    for name, column in zip(_NAMES, batch.columns, strict=True):
        try:
            columns.append(column.cast(pa.float32()).to_numpy(zero_copy_only=False))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise UserError(f"{path}: column {name} holds {column.type}, not numbers") from error
    features = np.stack(columns, axis=1).astype(np.float32, copy=False)
    infinite = np.isinf(features).any(axis=1)
    if infinite.any():
        raise UserError(f"{path}, row {row + int(infinite.argmax())}: a value is infinite; leave it empty")
    return features


def _columns(names: list[str], path: Path) -> list[int]:
    """Where the features are among named columns."""
    missing = [name for name in _NAMES if name not in names]
    if missing:
        raise UserError(
            f"{path} has no column {missing[0]!r} ({len(missing)} of 21 are missing): name the columns as "
            "schema.LOW_LEVEL does, or leave the header away and write them in HIGGS' order"
        )
    return [names.index(name) for name in _NAMES]


def _unnamed(num_columns: int, path: Path) -> list[int]:
    """Where the features are among columns without names."""
    if num_columns not in _UNNAMED:
        raise UserError(
            f"{path} has {num_columns} columns: without names there must be 21 features or 28, or one more "
            "with the label first"
        )
    first = _UNNAMED[num_columns]
    return list(range(first, first + len(_NAMES)))


def _counted(num_columns: int) -> list[str]:
    return [str(number) for number in range(num_columns)]


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True
