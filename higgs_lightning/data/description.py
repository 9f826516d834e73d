"""What is in a file of events, measured, and what it is taken for.

Counts, means and ranges are of all events; what needs them side by side (duplicates, distances, marks,
pictures) is of the first million, which is all that is kept in memory; half of it of either class where each
has files of its own.

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
real, 81,650 others                 0.99        0.17        0.024               15.0
simulated by this package           0.00        0.22        0.029               15.0
the embedded sample                 0.00        0.21        0.035               15.0
a prototype without a calorimeter   0.00        0.00        0.092               18.2
==================================  ==========  ==========  ==================  ===============
"""

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import Progress

from higgs_lightning import schema
from higgs_lightning.data.columns import FEATURES, Reading
from higgs_lightning.data.formats import bad_rows, read_file
from higgs_lightning.data.sources import Files, Source, find_sources
from higgs_lightning.errors import UserError, one_line
from higgs_lightning.units import wrong_units

#: The table of HIGGS' own distributions, made by ``tests/benchmarks/higgs_quantiles.py``.
QUANTILES = Path(__file__).with_name("higgs_quantiles.csv")
#: The shares of events below each quantile of a row of it.
SHARES = np.linspace(0, 1, 101)
#: Share of signal in the archive: what a file without labels is compared with.
SIGNAL_SHARE = 0.53

#: How real pseudorapidities are rounded.
STEP = 0.001
#: The size of a calorimeter cell, in pseudorapidity and in radians, and the features that show it.
CELL = (0.1, 2 * np.pi / 63)
CELL_FEATURES = (schema.columns("eta")[1], schema.columns("phi")[2])
#: Significant digits of a float32.
ALL_DIGITS = 9
#: How many bad lines or values are told.
MOST_FAULTS = 20

_MOST_KEPT = 1_000_000  # events, 88 bytes each
_UNITS_CHUNK = 2_000  # events, as in scoring
_DIGITS_CHUNK = 10_000
_PLACEHOLDER = -90  # what is below is a way to say that a value is missing, such as -999
_LEAST_STEPS, _LEAST_CELLS = 0.5, 0.1  # coherences
_MOST_DISTANCE = 0.05
_NOISE = 1.95  # a distance of events of one distribution is below 1.95 / sqrt(N) in 999 of 1,000 cases
_FEWEST = 400  # events: the coherence of the cells of fewer is noise
_COARSE = 4  # significant digits, which hide steps of 0.001
_CLASSES = {1: "signal", 0: "background"}
_SCALES = np.array([feature.scale for feature in schema.LOW_LEVEL], np.float32)
_PT, _ETA, _PHI, _BTAG = (schema.columns(quantity) for quantity in ("pt", "eta", "phi", "btag"))


@dataclass
class Description:
    """What a file holds.

    Attributes:
        name: of the file, or of several.
        rows: how many events.
        classes: how many of them are signal, background and without a label.
        units: what the features are in: ``higgs``, ``gev``, or None where neither fits.
        units_fault: what speaks against HIGGS' units, or those that were said, where neither fits.
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
    missing_share: np.ndarray = field(default_factory=lambda: np.zeros(len(FEATURES)))
    mean: np.ndarray = field(default_factory=lambda: np.zeros(len(FEATURES)))
    least: np.ndarray = field(default_factory=lambda: np.full(len(FEATURES), np.inf))
    most: np.ndarray = field(default_factory=lambda: np.full(len(FEATURES), -np.inf))
    kept: int = 0
    duplicates: int = 0
    digits: int = ALL_DIGITS
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
        distances = [
            (float(d), name, group)
            for group, of_group in self.distances.items()
            for name, d in zip(FEATURES, of_group, strict=True)
            if not np.isnan(d)
        ]
        return max(distances, default=(1.0, "", ""))

    @property
    def is_real(self) -> bool:
        """Whether the events are HIGGS' own."""
        return self.units is not None and self.has_steps and self.is_near

    @property
    def has_steps(self) -> bool:
        """Whether pseudorapidities have the archive's steps; those of fewer than 16 events never show it."""
        return self.steps >= _LEAST_STEPS + 2 / math.sqrt(self.kept)

    @property
    def is_near(self) -> bool:
        """Whether all distributions are as near to HIGGS' as other real events' and our simulation's."""
        fewest = min((n for n in self.classes.values() if n), default=1)
        return self.farthest[0] <= _MOST_DISTANCE + _NOISE / math.sqrt(min(fewest, self.kept))

    @property
    def verdict(self) -> str:
        """What the events look like, a sentence, with what speaks for it."""
        if self.units is None:
            return "something else than HIGGS, or in other units, so nothing more can be compared"
        if not self.missing_share.min() < 1:
            return "nothing that could be compared: all values are missing"
        distance, name, group = self.farthest
        of_class = "" if group == "all" else f" of {group}"
        if not self.is_near:
            origin = (
                "real HIGGS events, but selected or changed: their pseudorapidities have the archive's steps"
                if self.has_steps
                else "something else than HIGGS or this package's simulation"
            )
            return f"{origin}; {name}{of_class} is at a distance of {distance:.3f}"
        near = f"no feature is farther from HIGGS than {distance:.3f} ({name}{of_class})"
        if distance > _MOST_DISTANCE:
            near += ", as far as so few tell"
        if self.is_real:
            return f"real HIGGS events: pseudorapidities have the archive's steps of 0.001, and {near}"
        if self.digits <= _COARSE:
            return (
                f"HIGGS events, real or simulated: {near}, but values are rounded to {self.digits} digits, "
                "which hides the archive's steps"
            )
        if self.kept < _FEWEST:
            return f"HIGGS events, real or simulated, but too few ({self.kept:,}) to say which: {near}"
        if self.cells >= _LEAST_CELLS:
            return (
                f"events of this package's simulation: {near}, and jets cluster at calorimeter cells, but "
                "pseudorapidities have no steps of 0.001"
            )
        return (
            f"something else than HIGGS or this package's simulation: {near}, but jets show no calorimeter "
            "cells"
        )


def read(input: Files, reading: Reading, units: str | None) -> tuple[Description, np.ndarray]:
    """Go through files: what is counted of all events, and the first ones, (N, 22) as the file has them.

    Of files of one class each, those of signal come first, and as many of either are kept at most.

    Raises:
        UserError: a file can't be read. All its bad lines are printed before, up to 20.
    """
    sources = find_sources(input, "input")
    if reading.label is not None and sources[0].label is not None:
        raise UserError(f"label={reading.label} is of no use where input tells the classes: leave it out")
    of_classes = groupby(sources, attrgetter("label"))
    found = Description(
        " against ".join(_name_of([*each]) for _, each in of_classes), missing=reading.missing
    )
    sizes = [max(1, source.path.stat().st_size) for source in sources]
    sums, counts = np.zeros(len(FEATURES)), np.zeros(len(FEATURES), int)
    kept: list[np.ndarray] = []
    room = {None: _MOST_KEPT, 1.0: _MOST_KEPT // 2, 0.0: _MOST_KEPT // 2}
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
                    for label, name in _CLASSES.items():
                        found.classes[name] += int((events[:, 0] == label).sum())
                    is_known = ~np.isnan(features)
                    counts += is_known.sum(0)
                    sums += np.where(is_known, features, 0).sum(0, dtype=np.float64)
                    found.least = np.fmin(found.least, np.fmin.reduce(features, initial=np.inf))
                    found.most = np.fmax(found.most, np.fmax.reduce(features, initial=-np.inf))
                    find_impossible(found, features, f"{source}, event", found.rows - first)
                    kept.append(events[: room[source.label]].copy())
                    room[source.label] -= len(kept[-1])
                    found.rows += len(events)
                    bar.update(
                        task,
                        completed=sum(sizes[:number]) + share * sizes[number],
                        description=f"Reading: {found.rows:,} events",
                    )
            except UserError as error:
                faults = bad_rows(source, reading, reading.label is not None, MOST_FAULTS)
                if len(faults) < 2:
                    raise
                for fault in faults:
                    print(one_line(fault))
                more = "the first of its bad lines" if len(faults) == MOST_FAULTS else "its bad lines"
                raise UserError(
                    f"{source}: above are {more}, {len(faults)}; correct or remove them"
                ) from error
    found.classes["without label"] = found.rows - sum(found.classes.values())
    with np.errstate(invalid="ignore"):
        found.mean = sums / counts
    found.missing_share = 1 - counts / found.rows
    found.least[counts == 0] = found.most[counts == 0] = np.nan
    return found, np.concatenate(kept)


def _name_of(sources: Sequence[Source]) -> str:
    return one_line(sources[0].path.name) + (f" and {len(sources) - 1} more" if len(sources) > 1 else "")


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
        name: wrong_units(features / (_SCALES if name == "gev" else 1), name)
        for name in ([units] if units else ["higgs", "gev"])
    }
    found.units = next((name for name, fault in faults.items() if fault is None), None)
    if found.units == "unchecked":
        found.units = "higgs"
    if found.units is None:
        found.units_fault = next(iter(faults.values()))


def find_impossible(found: Description, features: np.ndarray, where: str, before: int) -> None:
    """Add sentences about values of events (N, 21) that no detector measures, until there are enough."""
    start, in_gev = 0, found.units == "gev"
    if found.units is None:
        return
    features = features / _SCALES if in_gev else features
    while len(found.impossible) < MOST_FAULTS:
        value = schema.impossible_value(features[start:], in_gev)
        if value is None:
            return
        start += value.row + 1
        found.impossible.append(f"{where} {before + start}: {value.name} is {value.value:g}")


# what is measured of the first events ------------------------------------------------------------------


def measure(found: Description, events: np.ndarray) -> None:
    """Fill in what a description says of its first events (N, 22), as the file has them.

    Where their units are known, the features are brought into GeV, radians and b-tag levels, in place.
    """
    features = events[:, 1:]
    found.kept = len(events)
    found.duplicates = len(events) - len(np.unique(_hashes(features)))
    found.digits = significant_digits(features[:_DIGITS_CHUNK, [*_PT, *_ETA, *_PHI]])
    if found.units is None:
        return
    if found.units == "higgs":
        features *= _SCALES
    # each feature has an offset of its own
    found.steps = float(np.mean([coherence(features[:, column], STEP) for column in _ETA]))
    found.cells = min(
        coherence(features[:, column], cell) for column, cell in zip(CELL_FEATURES, CELL, strict=True)
    )
    levels = known(features[:, _BTAG])
    nearest = levels.round().clip(0, schema.NUM_BTAG_LEVELS - 1)
    found.levels = float((np.abs(levels - nearest) < 1e-3).mean()) if len(levels) else np.nan
    lepton, _, *jets = _PT
    found.least_pt = (
        float(known(features[:, lepton]).min(initial=np.inf)),
        float(known(features[:, jets]).min(initial=np.inf)),
    )
    reference = read_quantiles()
    for name, group in by_class(found, events).items():
        found.distances[name] = np.full(len(FEATURES), np.nan)
        for column in range(len(FEATURES)):
            points, shares = reference[name, column]
            values = known(group[:, column])
            if len(values):
                found.distances[name][column] = np.abs(shares_below(values, points) - shares).max()


def by_class(found: Description, events: np.ndarray) -> dict[str, np.ndarray]:
    """The features (N, 21) of each class that events (N, 22) have; of ``all`` where labels lack."""
    if not found.labelled:
        return {"all": events[:, 1:]}
    groups = {name: events[events[:, 0] == label, 1:] for label, name in _CLASSES.items()}
    return {name: group for name, group in groups.items() if len(group)}


def known(values: np.ndarray) -> np.ndarray:
    """Those of any values that are not missing, (N,)."""
    chosen: np.ndarray = values[~np.isnan(values)]
    return chosen


def read_quantiles() -> dict[tuple[str, int], tuple[np.ndarray, np.ndarray]]:
    """HIGGS' own cumulative distributions, by class and feature.

    Returns:
        For ``signal``, ``background`` and ``all``, the archive's mixture of both, and the position of each
        feature: values in GeV, radians or levels, and the shares of events that are not above them.
    """
    found = {}
    lines = [line for line in QUANTILES.read_text().splitlines() if not line.startswith("#")]
    for label, name, *numbers in csv.reader(lines):
        column = FEATURES.index(name)
        values = np.array(numbers, float)
        if column in _BTAG:  # values between levels, where rounding does no harm
            points, shares = np.arange(len(values)) + 0.5, values
        else:
            points, shares = values * _SCALES[column], SHARES
        found[_CLASSES[int(label)], column] = points, shares
    for column in range(len(FEATURES)):
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
    values = known(values).astype(np.float64)
    return float(np.abs(np.exp(2j * np.pi / step * values).mean())) if len(values) else 0.0


def significant_digits(values: np.ndarray) -> int:
    """With how many significant digits 99.9 % of float32 numbers were written; 9 is all that they have.

    Examples:
        >>> significant_digits(np.array([1.25, 0.5, -3.75], np.float32))
        3
    """
    values = values[np.isfinite(values) & (values != 0)]
    exact = values.astype(np.float64)
    size = np.floor(np.log10(np.abs(exact)))
    for digits in range(1, ALL_DIGITS if len(values) else 1):
        unit = 10.0 ** (size - digits + 1)
        if (np.float32(np.round(exact / unit) * unit) == values).mean() > 0.999:
            return digits
    return ALL_DIGITS


def _hashes(features: np.ndarray) -> np.ndarray:
    """(N,) 64 bits of each row of features (N, 21), which differ where rows do, but for 1 in 10^7 files."""
    generator = np.random.default_rng(0)
    hashes = np.zeros(len(features), np.uint64)
    for column in features.T:
        bits = np.ascontiguousarray(column).view(np.uint32).astype(np.uint64)
        hashes = (hashes ^ bits) * (generator.integers(2**63, dtype=np.uint64) * np.uint64(2) + np.uint64(1))
        hashes ^= hashes >> np.uint64(32)
    return hashes
