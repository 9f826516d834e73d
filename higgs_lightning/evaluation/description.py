"""What is in a file of events: a table, pictures, and what it is taken for.

Counts, means and ranges are of all events; what needs them side by side (duplicates, distances, marks,
pictures) is of the first million, which is all that is kept in memory.

What real events look like, in two respects:

- Their distributions: ``higgs_quantiles.csv`` has 101 quantiles of each feature and class, of 120,616 events
  of UCI HIGGS (D. Whiteson, 2014, doi:10.24432/C5V312, CC BY 4.0). The Kolmogorov-Smirnov distance is the
  largest difference of the cumulative distributions at these points.
- Marks of how they were made. The archive kept pseudorapidities to 0.001, which no simulation of ours does:
  the coherence of their steps is 0.99, where 1 says that all values lie on one grid and 0 that they lie
  anywhere. And jets cluster at the centres of calorimeter cells of 0.1 x 2 pi / 63, see
  :mod:`higgs_lightning.simulation.detector`.

The bounds below were chosen between what was measured:

==================================  ==========  ==========  ==================  ===============
events                              coherence   coherence   distance, largest   least pT of
                                    of steps    of cells    of a feature        a jet, GeV
==================================  ==========  ==========  ==================  ===============
real (those of the quantiles)       0.99        0.17        0.001               15.0
real, 81,650 others                 0.99        0.17        0.023               15.0
simulated by this package           0.00        0.22        0.029               15.0
the embedded sample                 0.00        0.21        0.035               15.0
a prototype without a calorimeter   0.00        0.00        0.091               18.2
==================================  ==========  ==========  ==================  ===============
"""

import csv
import html
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from higgs_lightning import schema
from higgs_lightning.configuration import require_kinds
from higgs_lightning.data.columns import Reading
from higgs_lightning.data.formats import bad_lines, read_file
from higgs_lightning.data.sources import Files, find_sources
from higgs_lightning.errors import UserError, one_line
from higgs_lightning.evaluation import plots, report
from higgs_lightning.evaluation.page import page, table
from higgs_lightning.files import write_text
from higgs_lightning.runs import PLOTS, config_path
from higgs_lightning.units import wrong_units

#: The table of HIGGS' own distributions, made by ``tests/benchmarks/higgs_quantiles.py``.
QUANTILES = Path(__file__).with_name("higgs_quantiles.csv")
#: The shares of events below each quantile of a row of it.
SHARES = np.linspace(0, 1, 101)
#: Share of signal in the archive: what a file without labels is compared with.
SIGNAL_SHARE = 0.53

_MOST_KEPT = 1_000_000  # events, 88 bytes each
_MOST_FAULTS = 20
_UNITS_CHUNK = 2_000  # events, as in scoring
_DIGITS_CHUNK = 10_000
_PLACEHOLDER = -90  # what is below is a way to say that a value is missing, such as -999
_STEP = 0.001  # of real pseudorapidities
_CELL = (0.1, 2 * np.pi / 63)  # pseudorapidity, radians
_LEAST_STEPS, _LEAST_CELLS = 0.5, 0.1  # coherences
_MOST_DISTANCE = 0.05
_NOISE = 1.95  # a distance of events of one distribution is below 1.95 / sqrt(N) in 999 of 1,000 cases
_FEWEST = 400  # events: the coherence of the cells of fewer is noise
_COARSE = 4  # significant digits, which hide steps of 0.001
_ALL_DIGITS = 9  # of a float32
_WIDTH = 120  # of the table in a file or a pipe
_EXPLANATION = (
    "Mean and range are in the file's own units. KS is the Kolmogorov-Smirnov distance to real HIGGS events, "
    "0 for the same distribution; other real events reach 0.02, this package's simulation 0.03. Without "
    "labels, all events are compared with the archive's mixture, 53 % signal."
)
_CLASSES = {1: "signal", 0: "background"}
_SCALES = np.array([feature.scale for feature in schema.LOW_LEVEL])
_NAMES = [feature.name for feature in schema.LOW_LEVEL]
_PT, _ETA, _PHI, _BTAG = (schema.columns(quantity) for quantity in ("pt", "eta", "phi", "btag"))
_JET_PT, _JET_1 = _PT[2:], (_ETA[1], _PHI[2])


@dataclass
class Description:
    """What a file holds.

    Attributes:
        name: of the file, or of several.
        rows: how many events.
        classes: how many of them are signal, background and without a label.
        units: what the features are in: ``higgs``, ``gev``, or None where neither fits.
        units_fault: what speaks against HIGGS' units and against GeV, where neither fits.
        missing: the number that says that a value is missing; None where there is none.
        missing_share: (21,) of the values of each feature.
        mean: (21,) in the file's own units, as ``least`` and ``most``; NaN where no value is known.
        kept: how many of the first events the rest is about.
        duplicates: how many of these have the very features of an earlier one.
        digits: significant digits that values were written with, up to 9.
        distances: (21,) Kolmogorov-Smirnov distances to HIGGS by class; by ``all`` where there are no labels.
        steps: coherence of pseudorapidities with steps of 0.001.
        cells: coherence of the first jet's directions with calorimeter cells, the smaller of both directions.
        levels: share of b-tags that are one of HIGGS' three levels.
        least_pt: least transverse momentum of the lepton and of the jets, GeV; NaN where units are unknown.
        impossible: sentences about the first values that no detector measures.
    """

    name: str
    rows: int = 0
    classes: dict[str, int] = field(
        default_factory=lambda: {"signal": 0, "background": 0, "without label": 0}
    )
    units: str | None = "higgs"
    units_fault: str | None = None
    missing: float | None = None
    missing_share: np.ndarray = field(default_factory=lambda: np.zeros(len(_NAMES)))
    mean: np.ndarray = field(default_factory=lambda: np.zeros(len(_NAMES)))
    least: np.ndarray = field(default_factory=lambda: np.full(len(_NAMES), np.inf))
    most: np.ndarray = field(default_factory=lambda: np.full(len(_NAMES), -np.inf))
    kept: int = 0
    duplicates: int = 0
    digits: int = _ALL_DIGITS
    distances: dict[str, np.ndarray] = field(default_factory=dict)
    steps: float = 0.0
    cells: float = 0.0
    levels: float = 0.0
    least_pt: tuple[float, float] = (np.nan, np.nan)
    impossible: list[str] = field(default_factory=list)

    @property
    def labelled(self) -> bool:
        return self.classes["without label"] == 0

    @property
    def farthest(self) -> tuple[float, str, str]:
        """The largest distance, and its feature and class."""
        known = [
            (float(d), name, group)
            for group, distances in self.distances.items()
            for name, d in zip(_NAMES, distances, strict=True)
            if not np.isnan(d)
        ]
        return max(known, default=(1.0, "", ""))

    @property
    def is_real(self) -> bool:
        """Whether the events are HIGGS' own."""
        return self.units is not None and self.steps >= _LEAST_STEPS and self.is_near

    @property
    def is_near(self) -> bool:
        """Whether all distributions are as near to HIGGS' as other real events' and our simulation's."""
        fewest = min((n for n in self.classes.values() if n), default=1)
        return self.farthest[0] <= _MOST_DISTANCE + _NOISE / min(fewest, self.kept) ** 0.5

    @property
    def verdict(self) -> str:
        """What the events look like, a sentence, with what speaks for it."""
        if self.units is None:
            return "something else than HIGGS: neither its units nor GeV, so nothing more can be compared"
        if not self.missing_share.min() < 1:
            return "nothing that could be compared: all values are missing"
        distance, name, group = self.farthest
        of_class = "" if group == "all" else f" of {group}"
        if not self.is_near:
            origin = (
                "real HIGGS events, but selected or changed: their pseudorapidities have the archive's steps"
                if self.steps >= _LEAST_STEPS
                else "something else than HIGGS or this package's simulation"
            )
            return f"{origin}; {name}{of_class} is at a distance of {distance:.3f}"
        near = f"no feature is farther from HIGGS than {distance:.3f} ({name}{of_class})"
        if distance > _MOST_DISTANCE:
            near += f", as far as {self.kept:,} events tell"
        if self.is_real:
            return f"real HIGGS events: pseudorapidities have the archive's steps of 0.001, and {near}"
        if self.digits <= _COARSE:
            return (
                f"HIGGS events, real or simulated: {near}, but values are rounded to {self.digits} digits, "
                "which hides the archive's steps"
            )
        if self.kept < _FEWEST:
            return f"simulated events, of too few ({self.kept:,}) to say whose: {near}"
        if self.cells >= _LEAST_CELLS:
            return (
                f"events of this package's simulation: {near}, and jets cluster at calorimeter cells, but "
                "pseudorapidities have no steps of 0.001"
            )
        return (
            f"something else than HIGGS or this package's simulation: {near}, but jets show no calorimeter "
            "cells"
        )


def describe(
    input: Files,
    output: str | Path | None = None,
    columns: Mapping[str, str] | None = None,
    label: str | None = None,
    missing: float | None = None,
    units: str | None = None,
    skip_rows: int = 0,
) -> Description:
    """Print what files hold, and write it as ``describe.html`` and ``plots/``; several are read as one.

    Args:
        input: a file, several, a pattern or a folder, see :func:`~higgs_lightning.data.formats.read_file`.
        output: a folder, made where it is not there; None for a new one below ``outputs/``.
        columns: see :class:`~higgs_lightning.data.columns.Reading`, as ``label``, ``missing`` and
            ``skip_rows``; without ``missing``, numbers such as -999 are found.
        units: ``higgs`` or ``gev``; None to find out.

    Raises:
        UserError: the input can't be read, or ``output`` is a run or no folder; nothing is left behind.
    """
    require_kinds(
        "describe",
        {
            **{"input": _texts(input), "output": None if output is None else str(output), "units": units},
            **{"columns": columns, "label": label, "missing": missing, "skip_rows": skip_rows},
        },
    )
    folder = Path("outputs") / f"{datetime.now():%Y-%m-%d/%H-%M-%S-%f}-description"
    folder = folder if output is None else Path(str(output))
    if folder.is_dir() and config_path(folder):
        raise UserError(f"output={output} is a run, whose plots would be replaced: give another folder")
    if folder.exists() and not folder.is_dir():
        raise UserError(f"output={output} is a file: give a folder")
    # in the units of the file: which these are is found by looking
    reading = Reading(skip_rows, columns, label, missing, "unchecked", prefix="data.")
    found, events = read(_texts(input), reading, units)
    measure(found, events)
    commands = usage(found, _texts(input), reading)
    figures = draw(found, events)
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / "describe.html", to_html(found, commands, figures))
    report.save_figures(figures, folder / PLOTS)
    show(found, commands)
    Console().print(f"page: {folder / 'describe.html'}", soft_wrap=True, markup=False, highlight=False)
    return found


def _texts(paths: Files) -> Any:
    return str(paths) if isinstance(paths, str | Path | int) else [str(each) for each in paths]


def read(input: Files, reading: Reading, units: str | None) -> tuple[Description, np.ndarray]:
    """Go through files: what is counted of all events, and the first ones, (N, 22) as the file has them.

    Raises:
        UserError: a file can't be read. Of text in the archive's format all bad lines are printed, up to 20.
    """
    sources = find_sources(input, "input")
    names = one_line(sources[0].path.name), f" and {len(sources) - 1} more"
    found = Description(names[0] + (names[1] if len(sources) > 1 else ""), missing=reading.missing)
    sizes = [max(1, source.path.stat().st_size) for source in sources]
    sums, known = np.zeros(len(_NAMES)), np.zeros(len(_NAMES), int)
    kept: list[np.ndarray] = []
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task("Reading", total=sum(sizes))
        for number, source in enumerate(sources):
            first = found.rows
            try:
                for events, share in read_file(
                    source, reading, needs_label=reading.label is not None, wants_label=True
                ):
                    features = events[:, 1:]
                    if not found.rows and len(events):
                        look(found, features[:_UNITS_CHUNK], units)
                    if found.missing is not None:
                        features[features == np.float32(found.missing)] = np.nan
                    for name, label in {"signal": 1, "background": 0}.items():
                        found.classes[name] += int((events[:, 0] == label).sum())
                    is_known = ~np.isnan(features)
                    known += is_known.sum(0)
                    sums += np.where(is_known, features, 0).sum(0, dtype=np.float64)
                    found.least = np.fmin(found.least, np.fmin.reduce(features, initial=np.inf))
                    found.most = np.fmax(found.most, np.fmax.reduce(features, initial=-np.inf))
                    find_impossible(found, features, f"{source}, event", found.rows - first)
                    room = _MOST_KEPT - sum(map(len, kept))
                    kept.append(events[:room].copy())
                    found.rows += len(events)
                    bar.update(
                        task,
                        completed=sum(sizes[:number]) + share * sizes[number],
                        description=f"Reading: {found.rows:,} events",
                    )
            except UserError as error:
                faults = bad_lines(source, reading, _MOST_FAULTS)
                if len(faults) < 2:
                    raise
                for fault in faults:
                    print(one_line(fault))
                more = "the first of its bad lines" if len(faults) == _MOST_FAULTS else "its bad lines"
                raise UserError(
                    f"{source}: above are {more}, {len(faults)}; correct or remove them"
                ) from error
    found.classes["without label"] = found.rows - sum(found.classes.values())
    with np.errstate(invalid="ignore"):
        found.mean = sums / known
    found.missing_share = 1 - known / found.rows
    found.least[known == 0] = found.most[known == 0] = np.nan
    return found, np.concatenate(kept)


def look(found: Description, features: np.ndarray, units: str | None) -> None:
    """Find out by the first events (N, 21) what says that values are missing, and what units they are in."""
    if found.missing is None:
        values, counts = np.unique(features[features < _PLACEHOLDER], return_counts=True)
        if len(values):
            found.missing = float(values[counts.argmax()])
    features = (
        np.where(features == found.missing, np.nan, features) if found.missing is not None else features
    )
    faults = {
        name: wrong_units(features / (_SCALES if name == "gev" else 1), name, "data.units")
        for name in ([units] if units else ["higgs", "gev"])
    }
    found.units = next((name for name, fault in faults.items() if fault is None), None)
    if found.units is None:
        found.units_fault = next(iter(faults.values()))


def find_impossible(found: Description, features: np.ndarray, where: str, before: int) -> None:
    """Add sentences about values of events (N, 21) that no detector measures, until there are enough."""
    start, in_gev = 0, found.units == "gev"
    if found.units is None:
        return
    features = features / _SCALES.astype(np.float32) if in_gev else features
    while len(found.impossible) < _MOST_FAULTS:
        value = schema.impossible_value(features[start:], in_gev)
        if value is None:
            return
        start += value.row + 1
        found.impossible.append(f"{where} {before + start}: {value.name} is {value.value:g}")


# what is measured of the first events ------------------------------------------------------------------


def measure(found: Description, events: np.ndarray) -> None:
    """Fill in what a description says of its first events (N, 22)."""
    features = events[:, 1:]
    found.kept = len(events)
    found.duplicates = len(events) - len(np.unique(_hashes(features)))
    found.digits = significant_digits(features[:_DIGITS_CHUNK, [*_PT, *_ETA, *_PHI]])
    if found.units is None:
        return
    scales = np.ones(len(_NAMES)) if found.units == "gev" else _SCALES
    # each feature has an offset of its own
    found.steps = float(np.mean([coherence(physical(events, c, scales), _STEP) for c in _ETA]))
    found.cells = min(
        coherence(physical(events, column, scales), cell) for column, cell in zip(_JET_1, _CELL, strict=True)
    )
    levels = np.concatenate([physical(events, column, scales) for column in _BTAG])
    found.levels = (
        float((np.abs(levels - levels.round().clip(0, 2)) < 1e-3).mean()) if len(levels) else np.nan
    )
    lepton, *jets = (physical(events, column, scales).min(initial=np.inf) for column in (_PT[0], *_JET_PT))
    found.least_pt = float(lepton), float(min(jets))
    reference = read_quantiles()
    groups = {name: events[events[:, 0] == label] for label, name in _CLASSES.items()}
    groups = {name: group for name, group in groups.items() if len(group)}
    for name, group in groups.items() if found.labelled else [("all", events)]:
        distances = []
        for column in range(len(_NAMES)):
            points, shares = reference[name, column]
            values = physical(group, column, scales)
            distances.append(np.abs(shares_below(values, points) - shares).max() if len(values) else np.nan)
        found.distances[name] = np.array(distances)


def physical(events: np.ndarray, column: int, scales: np.ndarray) -> np.ndarray:
    """The known values of a feature of events (N, 22), in GeV, radians or levels."""
    values: np.ndarray = events[:, 1 + column].astype(np.float64) * scales[column]
    known: np.ndarray = values[~np.isnan(values)]
    return known


def read_quantiles() -> dict[tuple[str, int], tuple[np.ndarray, np.ndarray]]:
    """HIGGS' own cumulative distributions, by class and feature.

    Returns:
        For ``signal``, ``background`` and ``all``, the archive's mixture of both, and the position of each
        feature: values in GeV, radians or levels, and the shares of events that are not above them.
    """
    found = {}
    lines = [line for line in QUANTILES.read_text().splitlines() if not line.startswith("#")]
    for label, name, *numbers in csv.reader(lines):
        column = _NAMES.index(name)
        values = np.array(numbers, float)
        if column in _BTAG:  # values between levels, where rounding does no harm
            points, shares = np.arange(len(values)) + 0.5, values
        else:
            points, shares = values * _SCALES[column], SHARES
        found[_CLASSES[int(label)], column] = points, shares
    for column in range(len(_NAMES)):
        points = np.unique(np.concatenate([found[name, column][0] for name in _CLASSES.values()]))
        signal, background = (np.interp(points, *found[name, column]) for name in _CLASSES.values())
        found["all", column] = points, SIGNAL_SHARE * signal + (1 - SIGNAL_SHARE) * background
    return found


def shares_below(values: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Shares of values (N,) that are not above points (P,)."""
    below: np.ndarray = np.searchsorted(np.sort(values), points, side="right")
    return below / max(1, len(values))


def coherence(values: np.ndarray, step: float) -> float:
    """How much values (N,) cluster at one place within steps: 1 all at the same, 0 everywhere alike.

    Examples:
        >>> round(coherence(np.arange(100) * 0.25, 0.25), 3), round(coherence(np.arange(100) * 0.1, 1.0), 3)
        (1.0, 0.0)
    """
    return float(np.abs(np.exp(2j * np.pi / step * values).mean())) if len(values) else 0.0


def significant_digits(values: np.ndarray) -> int:
    """With how many significant digits 99 % of float32 numbers were written; 9 is all that they have.

    Examples:
        >>> significant_digits(np.array([1.25, 0.5, -3.75], np.float32))
        3
    """
    values = values[np.isfinite(values) & (values != 0)]
    exact = values.astype(np.float64)
    size = np.floor(np.log10(np.abs(exact)))
    for digits in range(1, _ALL_DIGITS):
        unit = 10.0 ** (size - digits + 1)
        if (np.float32(np.round(exact / unit) * unit) == values).mean() > 0.99:
            return digits
    return _ALL_DIGITS


def _hashes(features: np.ndarray) -> np.ndarray:
    """(N,) 64 bits of each row of features (N, 21), which differ where rows do, but for 1 in 10^7 files."""
    generator = np.random.default_rng(0)
    hashes = np.zeros(len(features), np.uint64)
    for column in features.T:
        bits = np.ascontiguousarray(column).view(np.uint32).astype(np.uint64)
        hashes = (hashes ^ bits) * (generator.integers(2**63, dtype=np.uint64) * np.uint64(2) + np.uint64(1))
        hashes ^= hashes >> np.uint64(32)
    return hashes


# what is said of them ----------------------------------------------------------------------------------


def usage(found: Description, input: Any, reading: Reading) -> list[str]:
    """The command lines that use the files as they are: to train, where there are both classes, to score."""
    options: dict[str, Any] = {"columns": reading.columns, "missing": found.missing}
    options["units"] = "gev" if found.units == "gev" else None
    lines = []
    if found.labelled and found.classes["signal"] and found.classes["background"]:
        of_training = {
            **{"csv": input, **options, "label": reading.label, "skip_rows": reading.skip_rows or None},
            **{"units": options["units"] or ("unchecked" if found.units is None else None)},
            "name": "UCI HIGGS" if found.is_real else None,
        }
        lines.append("train data=higgs" + _arguments(of_training, "data."))
    if found.units is not None and not reading.skip_rows:
        lines.append(
            f"predict ckpt=pretrained{_arguments({'input': input, **options})} output=scores.parquet"
        )
    return [f"python -m higgs_lightning.{line}" for line in lines]


def _arguments(options: Mapping[str, Any], prefix: str = "") -> str:
    """Those options that are given, as a shell and Hydra read them."""
    given = {f"{prefix}{key}": value for key, value in options.items() if value is not None}
    return "".join(f" {shlex.quote(f'{key}={_literal(value)}')}" for key, value in given.items())


def _literal(value: Any) -> str:
    """A value in Hydra's grammar."""
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{key}:{_literal(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_literal, value)) + "]"
    text = f"{value:g}" if isinstance(value, float) else str(value)
    if re.fullmatch(r"[\w./:*-]+", text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def facts(found: Description) -> list[tuple[str, str]]:
    """What is said of a file as a whole: names and sentences."""
    classes = [f"{n:,} {name} ({n / found.rows:.1%})" for name, n in found.classes.items() if n]
    units = {"higgs": "HIGGS'", "gev": "GeV, radians and b-tag levels 0, 1, 2", None: f"{found.units_fault}"}
    missing = "none" if not found.missing_share.any() else f"{found.missing_share.mean():.2%} of all values"
    if found.missing is not None:
        missing += f"; {found.missing:g} is taken for missing"
    first = "" if found.kept == found.rows else f" of the first {found.kept:,} events"
    said = [
        ("looks like", found.verdict),
        ("events", f"{found.rows:,}: {', '.join(classes)}"),
        ("units", units[found.units]),
        ("missing", missing),
        ("exact duplicates", f"{found.duplicates:,}{first} ({found.duplicates / found.kept:.2%})"),
        ("digits", "all of a float32" if found.digits == _ALL_DIGITS else f"{found.digits} significant"),
    ]
    if found.units is not None:
        lepton, jet = found.least_pt
        said += [
            (
                "steps",
                f"{found.steps:.2f} coherence of pseudorapidity with steps of 0.001; real 0.99, simulated 0",
            ),
            (
                "cells",
                f"{found.cells:.2f} coherence of jet 1 with calorimeter cells; real 0.17, simulated 0.22",
            ),
            ("b-tags", f"{found.levels:.1%} are one of HIGGS' three levels; real 100 %"),
            ("least pT", f"lepton {lepton:.1f} GeV, jets {jet:.1f} GeV; real and simulated 15.0 GeV"),
        ]
    if found.impossible:
        count = f"{len(found.impossible)}{' or more' if len(found.impossible) == _MOST_FAULTS else ''}"
        said.append(("impossible", f"values in {count} events that no detector measures, which are refused"))
    return said


def feature_rows(found: Description) -> tuple[list[str], list[list[str]]]:
    """Names and cells of the table of features; means and ranges are in the file's own units."""
    head = [
        "feature",
        "1.0 is",
        "missing",
        "mean",
        "least",
        "most",
        *(f"KS, {group}" for group in found.distances),
    ]
    unit_of = {"pt": "GeV", "eta": "", "phi": "rad", "btag": "levels"}
    rows = []
    for i, feature in enumerate(schema.LOW_LEVEL):
        scale = f"{feature.scale:.5g} " if found.units == "higgs" else ""
        unit = "?" if found.units is None else f"{scale}{unit_of[feature.quantity]}"
        values = (each[i] for each in (found.mean, found.least, found.most))
        rows.append(
            [feature.name, unit, f"{found.missing_share[i]:.2%}" if found.missing_share[i] else ""]
            + ["" if np.isnan(value) else f"{value:.4g}" for value in values]
            + ["" if np.isnan(each[i]) else f"{each[i]:.3f}" for each in found.distances.values()]
        )
    return head, rows


def draw(found: Description, events: np.ndarray) -> dict[str, Figure]:
    """Distributions of the first events (N, 22) beside HIGGS' own, and the marks of how they were made."""
    scales = _SCALES if found.units == "higgs" else np.ones(len(_NAMES))
    groups = {name: events[events[:, 0] == label] for label, name in _CLASSES.items()}
    groups = (
        {name: group for name, group in groups.items() if len(group)} if found.labelled else {"all": events}
    )
    physics = {name: group[:, 1:] * np.float32(scales) for name, group in groups.items()}
    if found.units is None:
        return {"features": plots.distributions(physics, None, found.name)}
    marks = {
        f"jet 1 $\\eta$ within its cell\n(coherence {found.cells:.2f}, both directions)": (
            _JET_1[0],
            _CELL[0],
        ),
        "jet 1 $\\phi$ within its cell\n": (_JET_1[1], _CELL[1]),
        f"jet 1 $\\eta$ within steps of 0.001\n(coherence {found.steps:.2f}, all objects)": (
            _JET_1[0],
            _STEP,
        ),
    }
    scales = np.ones(len(_NAMES)) if found.units == "gev" else _SCALES
    places = {name: physical(events, column, scales) / step % 1 for name, (column, step) in marks.items()}
    return {
        "features": plots.distributions(physics, read_quantiles(), found.name),
        "marks": plots.places_in_steps(places),
    }


def to_html(found: Description, commands: Sequence[str], figures: Mapping[str, Figure]) -> str:
    """The page."""
    head, rows = feature_rows(found)
    parts = [
        table(["", "this file"], facts(found), text=["this file"]),
        *(f"<p>{name}</p>" for name in ["To use it:"] if commands),
        *(f"<pre>{html.escape(command)}</pre>" for command in commands),
        f"<p>{html.escape(_EXPLANATION)}</p>",
        table(head, rows),
    ]
    if found.impossible:
        parts.append(f"<p>No detector measures:</p><pre>{html.escape(chr(10).join(found.impossible))}</pre>")
    return page(found.name, "\n".join(parts), figures)


def show(found: Description, commands: Sequence[str]) -> None:
    """Print the tables."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDTH)
    summary = Table(title=escape(found.name), title_justify="left", box=box.SIMPLE, show_header=False)
    summary.add_column(no_wrap=True)
    summary.add_column(overflow="fold")
    for name, sentence in facts(found):
        summary.add_row(name, escape(one_line(sentence)))
    console.print(summary)
    head, rows = feature_rows(found)
    features = Table(box=box.SIMPLE, caption=_EXPLANATION, caption_justify="left")
    for name in head:
        features.add_column(name, justify="left" if name == "feature" else "right", no_wrap=True)
    for row in rows:
        features.add_row(*map(escape, row))
    console.print(features)
    for fault in found.impossible:
        console.print(one_line(fault), soft_wrap=True, markup=False, highlight=False)
    for command in commands:
        console.print(command, soft_wrap=True, markup=False, highlight=False)
