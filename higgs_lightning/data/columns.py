"""What the columns of a table are, by their names or their number, and what their values mean.

Every reader hands over columns; here they become events: (rows, 22) float32, the label first, the 21
low-level features after it in HIGGS units and order, NaN for what is missing.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from higgs_lightning import schema
from higgs_lightning.errors import UserError
from higgs_lightning.units import UNITS

FEATURES = [feature.name for feature in schema.LOW_LEVEL]
#: How many columns a table without names may have, the label not counted.
_WIDTHS = (len(FEATURES), len(FEATURES) + len(schema.HIGH_LEVEL))
#: What the label is called in files of HIGGS events, in any spelling.
_LABEL_NAMES = (schema.LABEL, "class_label", "class", "target", "y")
_LABELS = {"s": 1.0, "signal": 1.0, "true": 1.0, "b": 0.0, "background": 0.0, "false": 0.0}
#: What stands in text for a value that is missing.
MISSING_TEXTS = ["", "?", "nan", "NaN", "NAN", "null", "NULL", "NA", "N/A", "None"]
_SCALES = np.array([feature.scale for feature in schema.LOW_LEVEL], np.float32)


@dataclass(frozen=True)
class Reading:
    """How files are to be read.

    Attributes:
        skip_rows: lines to skip at the top of text.
        columns: of HIGGS' names, what the files call them instead.
        label: what the files call the label; None for its usual names.
        weights: what the files call the weights of events; None where all count alike.
        missing: a number that says that a value is missing, such as -999.
        units: ``higgs``, the archive's; ``gev`` for GeV, radians and b-tag levels 0, 1, 2; ``unchecked`` for
            the archive's, whatever the numbers look like.
        prefix: of the keys in sentences.
    """

    skip_rows: int = 0
    columns: Mapping[str, str] | None = None
    label: str | None = None
    missing: float | None = None
    units: str = "higgs"
    prefix: str = "data."
    weights: str | None = None

    def __post_init__(self) -> None:
        for name in self.columns or {}:
            if not schema.places(name, FEATURES):
                raise UserError(
                    f"{self.prefix}columns={{{name}: ...}}: {name!r} is none of HIGGS' columns, such as "
                    "lepton_pT or jet_1_b-tag; say {HIGGS' name: the file's name}"
                )
        if self.units not in UNITS:
            raise UserError(f"{self.prefix}units={self.units} is unknown: choose {', '.join(UNITS)}")

    def differences(self) -> dict[str, Any]:
        """What makes the events of a file others than by default, but for ``skip_rows``."""
        given = {
            "columns": dict(self.columns) if self.columns else None,
            "label": self.label,
            "weights": self.weights,
            "missing": self.missing,
            "units": "gev" if self.units == "gev" else None,
        }
        return {name: value for name, value in given.items() if value is not None}

    def finish(self, events: np.ndarray) -> np.ndarray:
        """Events in HIGGS units, from (rows, 22) as the file has them; they may be changed in place."""
        if self.missing is not None:
            features = events[:, 1:]
            features[features == np.float32(self.missing)] = np.nan
        if self.units == "gev":
            events[:, 1:] /= _SCALES
        return events


class Columns(NamedTuple):
    """Positions of the 21 features in a table, of label and weights if it has them, and of what is kept."""

    features: list[int]
    label: int | None
    kept: Sequence[int] = ()
    weights: int | None = None

    @property
    def of_events(self) -> list[int]:
        """Those of the features and the label, which is last."""
        return [*self.features, *([] if self.label is None else [self.label])]

    @property
    def positions(self) -> list[int]:
        """All of them, each once: of events first."""
        weights = [] if self.weights is None else [self.weights]
        return list(dict.fromkeys([*self.of_events, *weights, *self.kept]))


def names_features(names: Sequence[str]) -> bool:
    """Whether any of these names is one of HIGGS' features'."""
    return any(schema.places(name, names) for name in FEATURES)


def named_columns(names: Sequence[str], reading: Reading, source: object, needs_label: bool) -> Columns:
    """Find the columns by their names: exactly, or as others spell them.

    Raises:
        UserError: one is not there, or two could be meant.
    """
    given = {schema.spelling(name): str(theirs) for name, theirs in (reading.columns or {}).items()}

    def only(found: list[int], wanted: str) -> int | None:
        if len(found) > 1 and len({names[place] for place in found}) == 1:
            raise UserError(f"{source} has two columns of one name, {names[found[0]]!r}: rename one")
        if len(found) > 1:
            both = " and ".join(repr(names[place]) for place in found[:2])
            option = "label=NAME" if wanted == schema.LABEL else f"columns={{{wanted}: NAME}}"
            raise UserError(f"{source}: both {both} may be {wanted}; say {reading.prefix}{option}")
        return found[0] if found else None

    features, lacking = [], []
    for name in FEATURES:
        theirs = given.get(schema.spelling(name))
        if theirs is None:
            place = only(schema.places(name, names), name)
        else:
            place = only([i for i, each in enumerate(names) if each == theirs], name)
            if place is None:
                raise UserError(
                    f"{source} has no column {theirs!r}, which {reading.prefix}columns names for {name}: "
                    f"{_few(names)}"
                )
        if place is None:
            lacking.append(name)
        else:
            features.append(place)
    if lacking:
        option = f"{reading.prefix}columns={{{lacking[0]}: NAME}}"
        raise UserError(
            f"{source} has no column {lacking[0]!r} ({len(lacking)} of {len(FEATURES)} are missing): name "
            f"the columns as schema.LOW_LEVEL does, or say what they are called with {option}"
        )
    if reading.label is not None:
        usual = [i for i, each in enumerate(names) if each == reading.label]
    else:
        usual = label_places(names)
    label = only(usual, schema.LABEL)
    if label is None and needs_label:
        wanted = reading.label or schema.LABEL
        raise UserError(f"{source} has no column {wanted!r}: say {reading.prefix}label=NAME; {_few(names)}")
    return Columns(features, label)


def label_places(names: Sequence[str]) -> list[int]:
    """Where the label is by its usual names."""
    return [place for place, name in enumerate(names) if name == schema.LABEL] or [
        place for name in _LABEL_NAMES for place in schema.places(name, names)
    ]


def weights_column(names: Sequence[str] | None, reading: Reading, source: object) -> int:
    """Find the column of the weights by its exact name.

    Raises:
        UserError: it is not there, or is there twice.
    """
    wanted = f"{reading.prefix}weights={reading.weights}"
    if names is None:
        raise UserError(f"{source} has no names of columns, so none of weights: leave {wanted} out")
    places = [place for place, name in enumerate(names) if name == reading.weights]
    if len(places) != 1:
        words = "two columns" if places else "no column"
        raise UserError(f"{source} has {words} {reading.weights!r} ({wanted}): {_few(names)}")
    return places[0]


def kept_columns(keep: Sequence[str], names: Sequence[str] | None, source: object) -> list[int]:
    """Find columns that are to be kept by their exact names.

    Raises:
        UserError: one is not there, or is there twice.
    """
    found = []
    for wanted in keep:
        if names is None:
            raise UserError(f"{source} has no names of columns: leave keep away")
        places = [place for place, name in enumerate(names) if name == wanted]
        if len(places) != 1:
            words = "two columns" if places else "no column"
            raise UserError(f"{source} has {words} {wanted!r}, which keep names: {_few(names)}")
        found += places
    return found


def kept_values(column: Any, name: str, source: object) -> pa.Array:
    """The values of a column as they are: numbers, truth values or text.

    Raises:
        UserError: they are others.
    """
    if isinstance(column, np.ndarray):
        column = pa.array(np.ma.filled(column.astype(column.dtype.newbyteorder("="))))
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    kind = column.type
    if pa.types.is_temporal(kind) or pa.types.is_null(kind):
        column = column.cast(pa.string())
    elif not any(
        is_kind(kind)
        for is_kind in (
            *(pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean),
            *(pa.types.is_string, pa.types.is_large_string),
        )
    ):
        raise UserError(f"{source}: column {name} holds {kind}: keep columns of numbers or text")
    return column


def _few(names: Sequence[str]) -> str:
    shown = ", ".join(names[:6])
    return f"it has {shown}" + (f" and {len(names) - 6} more" if len(names) > 6 else "")


def unnamed_columns(
    width: int,
    head: Sequence[Sequence[Any]],
    reading: Reading,
    source: object,
    needs_label: bool,
    label: int | None = None,
) -> Columns:
    """Find the columns of a table without names by their number.

    21 features, or 28 with the masses; and the label before them, or after them.

    Args:
        width: how many columns there are.
        head: the first rows, which tell the label from a feature.
        label: where the label is, if the format says so.

    Raises:
        UserError: there are other numbers of columns, or no label where one should be.
    """
    for option, value in (("columns", reading.columns), ("label", reading.label)):
        if value:
            raise UserError(f"{source} has no names of columns: leave {reading.prefix}{option} away")
    if label is None and width - 1 in _WIDTHS:
        first, last = ([label_of(row[place]) for row in head] for place in (0, -1))
        if None not in first:
            label = 0
        elif None not in last and not any(value is not None and math.isnan(value) for value in last):
            label = width - 1
        else:
            raise UserError(
                f"{source} has {width} columns without names, and neither the first nor the last holds "
                "labels (0 and 1, -1 and 1, or s and b): put the label first, or name the columns"
            )
    rest = [place for place in range(width) if place != label]
    if len(rest) not in _WIDTHS:
        raise UserError(
            f"{source} has {width} columns: without names there must be 21 features or 28, or one more "
            "with the label first"
        )
    if label is None and needs_label:
        raise UserError(f"{source} has {width} columns without names, so no label: put it before them")
    return Columns(rest[: len(FEATURES)], label)


def label_of(value: Any) -> float | None:
    """What a value says as a label: 1 signal, 0 or -1 background, NaN that it is missing; None of another."""
    if value is None:
        return math.nan
    text = (value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)).strip()
    if text in MISSING_TEXTS:
        return math.nan
    if text.lower() in _LABELS:
        return _LABELS[text.lower()]
    try:
        number = float(text)
    except ValueError:
        return None
    return number if number in (-1, 0, 1) or math.isnan(number) else None


class Events:
    """Makes events of the columns of a file, block after block.

    Args:
        reading: how.
        source: the file, for sentences.
        names: of the columns, for sentences: of the features, and of the label where there is one.
        needs_label: whether an event without a label is a mistake.
        first_row: the number of the first row.
    """

    def __init__(
        self, reading: Reading, source: object, names: Sequence[str], needs_label: bool, first_row: int = 1
    ) -> None:
        self.reading = reading
        self.source = source
        self.names = names
        self.needs_label = needs_label
        self.row = first_row
        self._labels: set[float] = set()

    def of(self, columns: Sequence[Any]) -> np.ndarray:
        """(rows, 22) float32 in HIGGS units, of the next block.

        Args:
            columns: the features, and the label where the table has one: arrays of numpy or pyarrow.

        Raises:
            UserError: a value is no number or infinite, or no label; names its row and column.
        """
        events = np.full((len(columns[0]), 1 + len(FEATURES)), np.nan, np.float32)
        for place, (name, column) in enumerate(zip(self.names, columns, strict=True), start=1):
            if place > len(FEATURES):
                events[:, 0] = self._label(column)
            else:
                events[:, place] = self._numbers(name, column)
        infinite = np.isinf(events[:, 1:])
        if infinite.any():
            row, column = (int(index) for index in np.argwhere(infinite)[0])
            raise UserError(
                f"{self.source}, row {self.row + row}: a value is infinite, of column {self.names[column]}; "
                "leave it empty"
            )
        self.row += len(events)
        return self.reading.finish(events)

    def faults(self, columns: Sequence[Any]) -> Iterator[str]:
        """What is wrong with each row of the next block that :meth:`of` would refuse."""
        features = [self._numbers(*each) for each in zip(self.names[: len(FEATURES)], columns, strict=False)]
        infinite = np.isinf(np.column_stack(features))
        bad_labels: dict[int, Any] = {}
        if len(columns) > len(FEATURES):
            values, meanings, places = _meanings(columns[-1])
            is_bad = [m is None or (math.isnan(m) and self.needs_label) for m in meanings]
            rows = np.flatnonzero(np.array(is_bad)[places]).tolist()
            bad_labels = {row: [*values, None][places[row]] for row in rows}
        for row in sorted({*np.flatnonzero(infinite.any(axis=1)), *bad_labels}):
            where = f"{self.source}, row {self.row + row}"
            if row in bad_labels:
                yield f"{where}: {bad_label(bad_labels[row])}"
            else:
                yield f"{where}: {self.names[infinite[row].argmax()]} is infinite"
        self.row += len(infinite)

    def weights(self, column: Any) -> np.ndarray:
        """(rows,) float32, the weights of the block that :meth:`of` gets next.

        Raises:
            UserError: one is no finite number; names its row.
        """
        weights = self._numbers(str(self.reading.weights), column)
        bad = ~np.isfinite(weights)
        if bad.any():
            row, name = int(bad.argmax()), self.reading.weights
            raise UserError(
                f"{self.source}, row {self.row + row}: {name} is {weights[row]}, not a finite weight; "
                "correct or remove the row"
            )
        return weights

    def _numbers(self, name: str, column: Any) -> np.ndarray:
        if isinstance(column, np.ndarray):
            kind: Any = column.dtype
            if kind.kind in "fiu":
                with np.errstate(over="ignore"):  # what is too large is infinite, which is told
                    found = np.ma.getdata(column).astype(np.float32)
                found[np.ma.getmaskarray(column)] = np.nan
                return found
        else:
            kind = column.type
            if pa.types.is_dictionary(kind):
                column = column.dictionary_decode()
            if not pa.types.is_boolean(kind):
                try:
                    return _as_numpy(column.cast(pa.float32(), safe=False))
                except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
                    pass
        raise UserError(f"{self.source}: column {name} holds {kind}, not numbers")

    def _label(self, column: Any) -> np.ndarray:
        values, meanings, places = _meanings(column)

        def refuse(value: Any, where: np.ndarray, mend: str) -> None:
            row = self.row + int(where.argmax())
            raise UserError(f"{self.source}, row {row}: the label is {str(value)[:40]} and {mend}")

        for place in np.unique(places):
            meaning = meanings[place]
            if meaning is None:
                refuse(values[place], places == place, "must be 0 or 1, -1 or 1, or s or b")
            elif math.isnan(meaning) and self.needs_label:
                refuse("missing", places == place, "must be 0 or 1: leave the row out")
            else:
                self._labels.add(meaning)
                if {-1.0, 0.0} <= self._labels:
                    refuse(values[place], places == place, "others are 0: write all of them as 0 or 1")
        labels: np.ndarray = np.array(meanings, np.float32)[places]
        labels[labels == -1] = 0
        return labels


def bad_label(value: Any) -> str:
    """What is wrong with a label that is none."""
    if value is None or str(value).strip() in MISSING_TEXTS:
        return "the label is missing"
    return f"the label is {str(value)[:40]} and must be 0 or 1, -1 or 1, or s or b"


def _meanings(column: Any) -> tuple[list[Any], list[float | None], np.ndarray]:
    """The different labels of a column, what they and what is null mean, and which of them each row has."""
    array = column if isinstance(column, pa.Array) else pa.array(np.ascontiguousarray(column))
    if not pa.types.is_dictionary(array.type):
        array = array.dictionary_encode()
    values = array.dictionary.to_pylist()
    places = _as_numpy(array.indices.cast(pa.float64()))
    return values, [*map(label_of, values), math.nan], np.nan_to_num(places, nan=len(values)).astype(int)


def _as_numpy(column: pa.Array) -> np.ndarray:
    """Numbers of a column; NaN where floats are null. Its own to_numpy would import pandas, for 0.3 s."""
    batch = pa.RecordBatch.from_arrays([column], ["column"])
    numbers: np.ndarray = batch.to_tensor(null_to_nan=pa.types.is_floating(column.type)).to_numpy()[:, 0]
    return numbers
