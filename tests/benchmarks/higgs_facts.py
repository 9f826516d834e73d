"""The facts of docs/higgs.md, each shown again on a file of HIGGS events.

    python tests/benchmarks/higgs_facts.py DATA [FACT ...] [--other FILE] [--rows N]

DATA is text in the archive's format: 29 columns, the label first, compressed or not, with names or without.
Without a FACT all are shown that need no other file; on 100,000 events each takes less than a minute. Some
need the archive's digits: a file rounded to less than 7 has lost them, and says so.
"""

import argparse
from collections.abc import Callable
from contextlib import ExitStack
from functools import cached_property, partial
from itertools import islice, pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv

from higgs_lightning import schema
from higgs_lightning.data.text import open_text
from higgs_lightning.evaluation.metrics import AucInterval, roc_auc_interval
from higgs_lightning.simulation import rows as definitions

FEATURES = schema.LOW_LEVEL + schema.HIGH_LEVEL
PT, ETA, PHI, TAG, MASS = (
    [i for i, f in enumerate(FEATURES) if f.quantity == q] for q in ("pt", "eta", "phi", "btag", "mass")
)
LEPTON_PT, MET, MET_PHI = PT[0], PT[1], PHI[1]
JET_PT, JET_ETA, JET_PHI = PT[2:], ETA[1:], PHI[2:]
NEUTRINO_ETA = np.arange(-60, 61) * 0.05  # the file's own grid
EVENTS, SIGNAL_SHARE = 11_000_000, 0.529920  # of the archive: 5,829,123 are signal

#: GeV, radians or levels of 1.0 in the file, to its last digits; `units` fits all but the b-tags.
DIVISORS = np.array([f.scale for f in FEATURES])
DIVISORS[PT] = 54.6420937, 58.2083781, 109.1617052, 79.4259108, 56.9406891, 41.0834275
DIVISORS[ETA] = 1.02672696, 1.00986648, 1.02946997, 1.09860086, 1.20073497
DIVISORS[PHI] = 1.80225217, 1.80178360, 1.80383209, 1.80235455, 1.80266157, 1.80208731
DIVISORS[MASS] = 87.6957550, 179.6882774, 81.4190209, 195.2022407, 126.5680769, 336.2060251, 511.4395722
#: What was subtracted before.
MEANS = np.zeros(len(FEATURES))
MEANS[ETA] = 5.5575e-5, 2.5686e-5, -6.2051e-5, -1.89956e-4, -4.46812e-4
MEANS[PHI] = -7.50781e-4, 6.184e-4, -2.90198e-4, -8.18884e-4, -8.29737e-4, -7.09058e-4

Numbers = dict[str, float]


class UnsuitableError(ValueError):
    """This file can't show that fact."""


class Data:
    """The events of a file, and the same in GeV, radians and levels."""

    def __init__(self, path: Path, rows: int | None = None) -> None:
        with ExitStack() as stack:
            _, text = open_text(path, stack)
            table = pyarrow.csv.read_csv(
                pa.py_buffer(b"".join(islice(text, rows + 1)) if rows else text.read()),
                pyarrow.csv.ReadOptions(column_names=list(schema.COLUMNS)),
                convert_options=pyarrow.csv.ConvertOptions(
                    column_types=dict.fromkeys(schema.COLUMNS, pa.string())
                ),
            )
        if not table[0][0].as_py().strip().replace(".", "").replace("e+", "").isdigit():
            table = table.slice(1)  # names
        self.path = path
        self.text = table.slice(0, rows)
        values = np.column_stack([column.cast(pa.float64()).to_numpy() for column in self.text.columns])
        self.labels, self.values = values[:, 0], values[:, 1:]
        self.is_signal = self.labels == 1

    @cached_property
    def digits(self) -> int:
        """Significant digits of the jets' momenta."""
        digits = pa.compute.replace_substring_regex(self.text[schema.COLUMNS[1 + JET_PT[0]]], "e.*|[.]", "")
        return int(pa.compute.max(pa.compute.utf8_length(pa.compute.utf8_ltrim(digits, "0"))).as_py())

    def need(self, digits: int) -> None:
        if self.digits < digits:
            raise UnsuitableError(f"needs {digits} significant digits, {self.path.name} has {self.digits}")

    @cached_property
    def gev(self) -> np.ndarray:
        return self.values * DIVISORS + MEANS

    @cached_property
    def exact(self) -> np.ndarray:
        """The decimals that were there before the division: see `decimals`."""
        self.need(7)
        exact = self.gev.copy()
        momenta = [LEPTON_PT, *JET_PT]
        exact[:, momenta] = exact[:, momenta].round(2)
        exact[:, ETA] = exact[:, ETA].round(3)
        exact[:, TAG] = exact[:, TAG].round()
        angles = [PHI[0], *JET_PHI]
        exact[:, angles] = wrapped((exact[:, angles] % (2 * np.pi)).round(3))
        for column in (MET, MET_PHI, *MASS):
            unit = 10 ** (np.floor(np.log10(np.abs(exact[:, column]).clip(1e-9))) - 5)
            exact[:, column] = np.round(exact[:, column] / unit) * unit
        return exact

    def objects(self, exact: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Lepton, missing energy and jets, as :func:`higgs_lightning.simulation.rows.masses` takes them."""
        of = self.exact if exact else self.gev
        jets = of[:, JET_PT[0] : TAG[-1] + 1].reshape(len(of), 4, 4).copy()
        jets[..., 3] = jets[..., 3].round()
        return of[:, :3], of[:, [MET, MET_PHI]], jets


def wrapped(angle: np.ndarray) -> np.ndarray:
    return np.where(angle > np.pi, angle - 2 * np.pi, angle)


def polar(pt: np.ndarray, phi: np.ndarray) -> np.ndarray:
    """Transverse vectors as complex numbers."""
    return np.asarray(pt * np.exp(1j * phi))


def show(name: str, *values: float | str) -> None:
    texts = (f"{value:.7g}" if isinstance(value, float | np.floating) else str(value) for value in values)
    print(f"  {name:<34}", *(f"{text:>13}" for text in texts))


def interval(auc: AucInterval) -> str:
    return f"{auc.auc:.4f} ({auc.low:.4f} to {auc.high:.4f})"


def kolmogorov_smirnov(a: np.ndarray, b: np.ndarray) -> float:
    at = np.concatenate([a, b])
    below = [np.searchsorted(np.sort(sample), at, side="right") / len(sample) for sample in (a, b)]
    return float(np.abs(below[0] - below[1]).max())


def kolmogorov_p(lam: float) -> float:
    """Probability of a larger Kolmogorov statistic."""
    k = np.arange(1, 101)
    return float(np.clip(2 * ((-1.0) ** (k - 1) * np.exp(-2 * (k * max(lam, 0.2)) ** 2)).sum(), 0, 1))


# units ----------------------------------------------------------------------------------------------------


def coherence(values: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """1 where all values are the same number beyond whole steps, 0 where they lie anywhere."""
    return np.asarray(np.abs(np.exp(2j * np.pi * np.outer(1 / steps, values)).mean(1)))


def fit(values: np.ndarray, scale: float, step: float) -> tuple[float, float]:
    """The scale that makes whole steps of the values, near a first guess, and the coherence with it."""
    few = values[:1500]
    resolution = 0.3 * step / (np.ptp(few) * scale)
    grid = scale * (1 + np.arange(-1.5e-3, 1.5e-3, resolution))
    power = np.concatenate(
        [coherence(few, step / part) for part in np.array_split(grid, len(grid) // 200 + 1)]
    )
    grid = grid[power.argmax()] * (1 + np.linspace(-1, 1, 201) * resolution)
    scale = float(grid[coherence(few, step / grid).argmax()])
    offset = float(np.angle(np.exp(2j * np.pi * values * scale / step).mean()) / (2 * np.pi))
    for _ in range(3):
        whole = np.round(values * scale / step - offset)
        slope, intercept = np.polyfit(values, whole, 1)
        scale, offset = float(slope * step), float(-intercept)
    return scale, float(coherence(values, np.array([step / scale]))[0])


def units(data: Data) -> Numbers:
    """All 27 scales from the decimals behind the file's digits; nothing of the schema but a first guess."""
    data.need(7)
    found: Numbers = {}
    show("column", "fitted", "table above", "schema", "coherence")
    for column, feature in enumerate(FEATURES):
        if column in TAG:
            continue
        values = data.values[:, column]
        gev = values * feature.scale
        if column in (LEPTON_PT, *JET_PT):
            step, within = 0.01, gev < 100
        elif column in ETA:
            step, within = 0.001, np.abs(gev) < 9
        elif column == MET_PHI:
            step, within = 1e-5, gev > 1.1
        elif column in PHI:
            step, within = 0.001, gev > 0.01
        elif column == MET:
            step, within = 1e-4, (gev > 10.1) & (gev < 99)
        else:
            step, within = 1e-3, (gev > 101) & (gev < 990)
        scale, power = fit(values[within], feature.scale, step)
        show(feature.name, scale, DIVISORS[column], feature.scale, power)
        found[feature.name] = scale
        found["least coherence"] = min(power, found.get("least coherence", 1.0))
        off = abs(scale / feature.scale - 1)
        found["schema off by at most"] = max(off, found.get("schema off by at most", 0.0))
    show("schema's scales are off by at most", found["schema off by at most"])
    return found


def decimals(data: Data) -> Numbers:
    """How far values are from decimals: hundredths of a GeV, thousandths, or six significant digits."""
    found: Numbers = {}
    for name, columns in (("pT", [LEPTON_PT, *JET_PT]), ("eta", ETA), ("phi", [PHI[0], *JET_PHI])):
        gev, exact = data.gev[:, columns], data.exact[:, columns]
        off = np.abs(gev - exact) / (0.01 if name == "pT" else 0.001)
        distinct = [len(np.unique(data.values[:, column])) for column in columns]
        found[f"{name}: share within 0.02 steps"] = float((off < 0.02).mean())
        found[f"{name}: distinct values, fewest"] = float(min(distinct))
        found[f"{name}: distinct values, most"] = float(max(distinct))
    for column in (MET, MET_PHI, *MASS):
        exact = data.exact[:, column]
        unit = 10 ** (np.floor(np.log10(np.abs(exact).clip(1e-9))) - 5)
        off = np.abs(data.gev[:, column] - exact) / unit
        found[f"{FEATURES[column].name}: share within 0.1"] = float((off < 0.1).mean())
    for name, value in found.items():
        show(name, value)
    return found


def divisors(data: Data, seed: int = 1) -> Numbers:
    """Are the divisors means? And are they the means that a running sum in float32 gives?

    11 million events are drawn from the file with the archive's share of signal, and their GeV are summed up
    one by one in float32, background first, signal first or mixed.
    """
    generator = np.random.default_rng(seed)
    of_class = [np.flatnonzero(data.is_signal == label) for label in (False, True)]
    sizes = [EVENTS - round(EVENTS * SIGNAL_SHARE), round(EVENTS * SIGNAL_SHARE)]
    drawn = [
        generator.choice(rows, size).astype(np.int32) for rows, size in zip(of_class, sizes, strict=True)
    ]
    orders = {"background first": np.concatenate(drawn), "signal first": np.concatenate(drawn[::-1])}
    orders["mixed"] = generator.permutation(orders["background first"])
    share = np.where(data.is_signal, SIGNAL_SHARE / len(of_class[1]), (1 - SIGNAL_SHARE) / len(of_class[0]))
    show("mean or spread / divisor - 1, in %", "in float64", *orders, "error of DATA")
    squares: dict[str, list[float]] = {}
    found: Numbers = {}
    for column, feature in enumerate(FEATURES):
        power = 2 if column in (*ETA, *PHI) else 1
        terms = np.abs(data.gev[:, column].astype(np.float32)) ** power
        mean = float(share @ terms.astype(float))
        error = 100 * float(np.sqrt((share**2) @ (terms - mean) ** 2)) / mean / power
        sums = [np.add.accumulate(terms[rows], dtype=np.float32)[-1] / EVENTS for rows in orders.values()]
        off = [100 * float(total ** (1 / power) / DIVISORS[column] - 1) for total in (mean, *sums)]
        if column in TAG:
            off = [100 * (total / DIVISORS[column] - 1) for total in (mean, *map(float, sums))]
        show(feature.name, *(f"{value:+.3f}" for value in (*off, error)))
        for name, value in zip(("in float64", *orders), off, strict=True):
            squares.setdefault(name, []).append(value)
    for name, values in squares.items():
        untagged = np.delete(values, TAG)
        found[f"{name}: root mean square, %"] = float(np.sqrt((untagged**2).mean()))
        found[f"{name}: masses alone, %"] = float(np.sqrt(np.square(np.array(values)[MASS]).mean()))
    for name, value in found.items():
        show(name, value)
    return found


def counts(data: Data) -> Numbers:
    """The mean b-tag level of all 11 million events is the step's inverse; that of this file beside it."""
    found: Numbers = {}
    show("mean level", "11 million", "this file", "error", "z")
    for column in TAG:
        levels = np.round(data.gev[:, column])
        of_class = [levels[data.is_signal], levels[~data.is_signal]]
        means = [of.mean() for of in of_class]
        variances = [of.var() / len(of) for of in of_class]
        here = SIGNAL_SHARE * means[0] + (1 - SIGNAL_SHARE) * means[1]
        error = float(np.sqrt(SIGNAL_SHARE**2 * variances[0] + (1 - SIGNAL_SHARE) ** 2 * variances[1]))
        z = float((here - DIVISORS[column]) / error)
        show(FEATURES[column].name, DIVISORS[column], here, error, z)
        found[FEATURES[column].name] = float(here)
        found["largest z"] = max(abs(z), found.get("largest z", 0.0))
    return found


# the seven masses and missing energy ----------------------------------------------------------------------


def tags_listed(jets: np.ndarray) -> np.ndarray:
    return np.asarray((jets[..., 3] > 0).sum(1))


def computed_masses(data: Data, exact: bool, eta_grid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows with two listed tags, and their seven masses, with the file's definitions."""
    lepton, missing, jets = data.objects(exact)
    two = np.flatnonzero(tags_listed(jets) == 2)
    grid, definitions._NEUTRINO_ETA = definitions._NEUTRINO_ETA, eta_grid
    try:
        return two, definitions.masses(lepton[two], missing[two], jets[two])
    finally:
        definitions._NEUTRINO_ETA = grid


def neutrino_ties(data: Data) -> np.ndarray:
    """(N,) where two points of the neutrino's grid give the same mass of the W."""
    lepton, energy, _ = data.objects(exact=True)
    apart = np.cosh(lepton[:, None, 1] - NEUTRINO_ETA) - np.cos(lepton[:, None, 2] - energy[:, None, 1])
    distance = np.abs(np.sqrt(2 * (lepton[:, 0] * energy[:, 0])[:, None] * apart) - definitions.W_MASS)
    return np.asarray((distance < distance.min(1)[:, None] + 1e-6).sum(1) > 1)


def masses(data: Data) -> Numbers:
    """How well the definitions reproduce the file's masses, where all their jets are listed."""
    exact = data.digits >= 7
    close = 1e-5 if exact else 1e-3
    two, mine = computed_masses(data, exact, NEUTRINO_ETA)
    ratio = np.abs(mine / (data.exact if exact else data.gev)[two][:, MASS] - 1)
    listed = ratio[:, 0] < close
    found: Numbers = {
        "both tags are listed": len(two) / len(data.labels),
        "and the pair of m_jj": listed.mean() * len(two) / len(data.labels),
    }
    for i, column in enumerate(MASS):
        found[f"{FEATURES[column].name}: within {close:g}"] = float((ratio[listed, i] < close).mean())
        found[f"{FEATURES[column].name}: median residual"] = float(np.median(ratio[listed, i]))
    _, wide = computed_masses(data, exact, np.arange(-100, 101) * 0.05)
    lv = (data.exact if exact else data.gev)[two][:, MASS[2]]
    found["m_lv, neutrinos up to 5 instead of 3"] = float((np.abs(wide[:, 2] / lv - 1) < close).mean())
    if exact:
        tied = neutrino_ties(data)[two][listed]
        wrong = ratio[listed, 6] >= close
        found["two neutrinos fit equally well"] = float(tied.mean())
        found["m_wwbb wrong, if they do"] = float(wrong[tied].mean())
        found["m_wwbb wrong, if not"] = float(wrong[~tied].mean())
        for name in ("W_MASS", "TOP_MASS"):
            true = getattr(definitions, name)
            for value in (0.999 * true, 1.001 * true):
                setattr(definitions, name, value)
                _, other = computed_masses(data, exact, NEUTRINO_ETA)
                setattr(definitions, name, true)
                which = 2 if name == "W_MASS" else 1
                right = np.abs(other[listed, which] / data.exact[two][listed][:, MASS[which]] - 1) < close
                found[f"{FEATURES[MASS[which]].name}: within, {name} {value:g}"] = float(right.mean())
    for name, value in found.items():
        show(name, value)
    return found


def missing(data: Data) -> Numbers:
    """Missing energy, minus lepton and four jets, is twice a vector of the detector's own decimals."""
    lepton, energy, jets = data.objects(exact=True)
    listed = polar(lepton[:, 0], lepton[:, 2]) + polar(jets[..., 0], jets[..., 2]).sum(1)
    file = polar(*energy.T)
    doubled = file - listed

    def is_decimal(vector: np.ndarray) -> np.ndarray:
        size, angle = np.abs(vector), np.angle(vector) % (2 * np.pi)
        across = np.abs(angle - angle.round(3)) * size
        return np.asarray((np.abs(size - size.round(2)) < 1.5e-4) & (across < 3e-4))

    two, mine = computed_masses(data, True, NEUTRINO_ETA)
    complete = np.zeros(len(file), bool)
    complete[two] = np.abs(mine[:, 0] / data.exact[two, MASS[0]] - 1) < 1e-5
    hit = is_decimal(doubled / 2)
    own = doubled / 2
    rest = -(own + listed)
    found: Numbers = {}
    for name, of in (("m_jj and tags listed", complete), ("a tag is not listed", tags_listed(jets) < 2)):
        found[f"{name}: events"] = float(of.sum())
        found[f"{name}: decimal"] = float(hit[of].mean())
        found[f"{name}: decimal, not halved"] = float(is_decimal(doubled)[of].mean())
        for other, vector in (("file's own", file), ("plus lepton and jets", file + listed)):
            found[f"{name}: {other}"] = float(is_decimal(vector)[of].mean())
    hit &= complete
    for label, name in ((1, "signal"), (0, "background")):
        of = hit & (data.labels == label)
        found[f"{name}: decimal"] = float(hit[complete & (data.labels == label)].mean())
        for vector, whose in ((file, "the file's"), (own, "the detector's")):
            angle = np.angle(vector) - lepton[:, 2]
            transverse = np.sqrt(2 * lepton[:, 0] * np.abs(vector) * (1 - np.cos(angle)))
            found[f"{name}: m_T > 100 GeV, {whose}"] = float((transverse[of] > 100).mean())
    found["counted twice, GeV a direction"] = float(np.sqrt((np.abs(rest[hit]) ** 2).mean() / 2))
    for name, value in found.items():
        show(name, value)
    return found


# the detector ---------------------------------------------------------------------------------------------


def order(data: Data) -> Numbers:
    """How often a jet is softer than the next one."""
    jets = data.gev[:, JET_PT]
    found = {f"jet {i + 1} is softer than {i + 2}": (jets[:, i] < jets[:, i + 1]).mean() for i in range(3)}
    found["all in order"] = (np.diff(jets) <= 0).all(1).mean()
    for name, value in found.items():
        show(name, value)
    return {name: float(value) for name, value in found.items()}


def cells(data: Data) -> Numbers:
    """Where jets lie within cells of 0.1 x 2 pi / 63: the share in the middle fifth, 0.2 if anywhere."""
    found: Numbers = {}
    for name, columns, cell in (("eta", JET_ETA, 0.1), ("phi", JET_PHI, 2 * np.pi / 63)):
        for factor in (0.9, 1, 1.1):
            place = (data.gev[:, columns] / (factor * cell)) % 1
            found[f"{name}: middle fifth, cells of {factor * cell:.4f}"] = float(
                (np.abs(place - 0.5) < 0.1).mean()
            )
    for name, value in found.items():
        show(name, value)
    return found


def cones(data: Data) -> Numbers:
    """How near to each other jets are: shares of pairs of listed jets."""
    first, second = np.triu_indices(4, 1)
    phi, eta = data.gev[:, JET_PHI], data.gev[:, JET_ETA]
    across = np.abs(wrapped((phi[:, first] - phi[:, second]) % (2 * np.pi)))
    radius = np.hypot(across, eta[:, first] - eta[:, second])
    found: Numbers = {"nearest": float(radius.min())}
    for label, name in ((1, "signal"), (0, "background")):
        for most in (0.5, 0.6, 0.7):
            found[f"{name}: nearer than {most}"] = float((radius[data.labels == label] < most).mean())
    for key, value in found.items():
        show(key, value)
    return found


def cuts(data: Data) -> Numbers:
    """Where momenta begin and pseudorapidities end."""
    jets, tagged = np.abs(data.gev[:, JET_ETA]), data.gev[:, TAG] > 0.5
    found = {
        "least lepton pT": data.gev[:, LEPTON_PT].min(),
        "least jet pT": data.gev[:, JET_PT].min(),
        "least missing energy": data.gev[:, MET].min(),
        "largest lepton |eta|": np.abs(data.gev[:, ETA[0]]).max(),
        "largest jet |eta|": jets.max(),
        "largest |eta| of a tagged jet": jets[tagged].max(),
        "tagged jets beyond 1.8": (jets[tagged] > 1.8).mean(),
        "tagged jets beyond 1.85": (jets[tagged] > 1.85).mean(),
        "untagged jets beyond 1.8": (jets[~tagged] > 1.8).mean(),
    }
    for name, value in found.items():
        show(name, value)
    return {name: float(value) for name, value in found.items()}


def tags(data: Data) -> Numbers:
    """Shares of b-tag levels, and how many tagged jets are listed."""
    levels = np.round(data.gev[:, TAG])
    found: Numbers = {}
    show("jet, class", "untagged", "loose", "tight")
    for label, name in ((1, "signal"), (0, "background")):
        of = levels[data.labels == label]
        for i in range(4):
            shares = [float((of[:, i] == level).mean()) for level in range(3)]
            show(f"jet {i + 1}, {name}", *(f"{share:.4f}" for share in shares))
            found[f"jet {i + 1}, {name}: tight"] = shares[2]
        listed = [float(((of > 0).sum(1) == number).mean()) for number in range(5)]
        show(f"0 to 4 tagged jets listed, {name}", *(f"{share:.4f}" for share in listed))
        found[f"two tags listed, {name}"] = listed[2]
        found[f"tight among tagged, {name}"] = float((of == 2).sum() / (of > 0).sum())
        found[f"more than two, {name}"] = float(sum(listed[3:]))
    return found


def polarisation(data: Data) -> Numbers:
    """How far jets of the W go along its direction, in its frame: 0.5 if anywhere, 0.375 if longitudinal."""
    jets = data.objects(exact=False)[2]
    two, mine = computed_masses(data, False, NEUTRINO_ETA)
    complete = np.abs(mine[:, 0] / data.gev[two, MASS[0]] - 1) < 1e-3
    complete &= np.abs(mine[:, 0] - definitions.W_MASS) < 15
    jets, labels = jets[two][complete], data.labels[two][complete]
    momenta = definitions.four_momenta(jets[..., :3])
    of_w = jets[..., 3] == 0
    of_pair = np.argsort(~of_w, axis=1, kind="stable")[:, :2]  # two are tagged, so two are not
    rows = np.arange(len(jets))
    one, other = momenta[rows, of_pair[:, 0]], momenta[rows, of_pair[:, 1]]
    boson, whole = one + other, momenta.sum(1)

    def product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.asarray(a[:, 3] * b[:, 3] - (a[:, :3] * b[:, :3]).sum(1))

    # both jets are massless: cos theta* is the difference of their products with the mother
    mass, mother = product(boson, boson), product(whole, boson)
    size = np.sqrt((mother**2 - mass * product(whole, whole)).clip(1e-9))
    cosine = np.abs(product(whole, one) - product(whole, other)) / size
    found: Numbers = {}
    for label, name in ((1, "signal"), (0, "background")):
        of = cosine[labels == label]
        if len(of) < 2:
            continue
        found[f"{name}: events"] = float(len(of))
        found[f"{name}: mean of |cos theta*|"] = float(of.mean())
        found[f"{name}: error"] = float(of.std() / np.sqrt(len(of)))
    for key, value in found.items():
        show(key, value)
    return found


# the rows -------------------------------------------------------------------------------------------------


def overlap(data: Data, most: int = 20_000, seed: int = 1) -> Numbers:
    """ROC-AUC of the shipped weights, whole and by bins, on events drawn at random."""
    from higgs_lightning import load_model

    rows = np.arange(len(data.labels))
    if len(rows) > most:
        rows = np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))
    model = load_model("pretrained")
    scores = model.predict_proba(data.values[rows, : len(schema.LOW_LEVEL)].astype(np.float32))[:, 1]
    labels = data.labels[rows]
    listed = tags_listed(data.objects(exact=False)[2])[rows]
    bb, wwbb = data.gev[rows, MASS[4]], data.gev[rows, MASS[6]]
    bins = {"all": listed >= 0} | {f"{n} tags listed": listed == n for n in range(3)}
    bins |= {"m_bb 85 to 145 GeV": (bb > 85) & (bb < 145), "m_bb elsewhere": (bb <= 85) | (bb >= 145)}
    ends = (0, 350, 400, 450, 500, 600, 1e9)
    for low, high in pairwise(ends):
        bins[f"m_wwbb {low:.0f} to {high:.0f} GeV"] = (wwbb >= low) & (wwbb < high)
    found: Numbers = {}
    show("events", "number", "signal", "ROC-AUC, 95 %")
    for name, of in bins.items():
        if 0 < labels[of].sum() < of.sum():
            auc = roc_auc_interval(labels[of], scores[of])
            show(name, int(of.sum()), int(labels[of].sum()), interval(auc))
            found[name] = auc.auc
    return found


def duplicates(data: Data, other: Data | None = None) -> Numbers:
    """Events that are there twice, and those that share more than chance has it."""
    features = data.values
    exact = len(features) - len(np.unique(features, axis=0))
    rounded = features.round(3)
    close = len(rounded) - len(np.unique(rounded, axis=0))
    found: Numbers = {"the same 28 features": exact, "the same to 3 decimals": close}
    for name, columns in (
        ("lepton eta, phi", [1, 2]),
        ("lepton pT, eta, phi", [0, 1, 2]),
        ("jet 1 pT, eta, phi", [5, 6, 7]),
        ("lepton eta, phi and jet 1 eta", [1, 2, 6]),
    ):
        pairs = same_pairs(features[:, columns])
        generator = np.random.default_rng(1)
        shuffled = np.column_stack([generator.permutation(features[:, column]) for column in columns])
        found[f"pairs with the same {name}"] = pairs
        found[f"pairs, {name} shuffled"] = same_pairs(shuffled)
    if other is not None:
        found |= {f"in {other.path.name} too": len(np.intersect1d(keys(features), keys(other.values)))}
        both = np.intersect1d(keys(features.round(3)), keys(other.values.round(3)))
        found[f"in {other.path.name} too, to 3 decimals"] = len(both)
    for name, value in found.items():
        show(name, int(value))
    return found


def same_pairs(values: np.ndarray) -> int:
    _, count = np.unique(keys(values), return_counts=True)
    return int((count * (count - 1) // 2).sum())


def keys(values: np.ndarray) -> np.ndarray:
    """A value for each row (N,) that equal rows share."""
    values = np.ascontiguousarray(values + 0.0)  # no negative zeros
    return values.view(np.dtype((np.void, values.dtype.itemsize * values.shape[1])))[:, 0]


def digits(data: Data) -> Numbers:
    """How many significant digits the file's numbers have, and how many different values."""
    found: Numbers = {"digits": data.digits}
    show("significant digits", data.digits)
    show("column", "distinct", "events a value")
    for column, feature in enumerate(FEATURES):
        distinct = len(np.unique(data.values[:, column]))
        show(feature.name, distinct, len(data.labels) / distinct)
        found[f"{feature.name}: distinct"] = distinct
    return found


def float32(data: Data) -> Numbers:
    """Whether a text read by way of float64 becomes another float32 than one read at once."""
    differ = 0
    for column in data.text.columns:
        at_once = column.cast(pa.float32()).to_numpy()
        differ += int((at_once != column.cast(pa.float64()).to_numpy().astype(np.float32)).sum())
    values = data.values.astype(np.float32)
    written = np.array([f"{value:.8g}" for value in values[:2000].ravel()]).astype(np.float32)
    found: Numbers = {
        "values": data.values.size + len(data.labels),
        "another float32 by way of float64": differ,
        "largest rounding to float32, relative": float(
            np.abs(values / np.where(data.values == 0, 1, data.values) - 1)[data.values != 0].max()
        ),
        "of 56,000, not restored by 8 digits": int((written != values[:2000].ravel()).sum()),
    }
    for name, value in found.items():
        show(name, value)
    return found


def drift(data: Data, permutations: int = 100, seed: int = 1) -> Numbers:
    """Whether features change along the rows of a class, by the largest sum away from a straight line.

    The p-value is that of the largest of all 28 features among shuffled rows.
    """
    generator = np.random.default_rng(seed)
    found: Numbers = {}
    for label, name in ((1, "signal"), (0, "background")):
        of = data.values[data.labels == label]
        ranks = np.column_stack([pd.Series(column).rank() for column in of.T]).astype(np.float32)
        ranks = (ranks - ranks.mean(0)) / ranks.std(0)

        def largest(rows: np.ndarray) -> np.ndarray:
            return np.asarray(np.abs(np.cumsum(rows, 0)).max(0) / np.sqrt(len(rows)))

        own = largest(ranks)
        chance = [largest(generator.permutation(ranks)).max() for _ in range(permutations)]
        p = (1 + sum(value >= own.max() for value in chance)) / (1 + permutations)
        neighbours = (ranks[1:] * ranks[:-1]).mean(0) * np.sqrt(len(ranks))
        show(f"{name}: events", len(of))
        show("largest drift", own.max(), FEATURES[int(own.argmax())].name)
        show("p-value of 28 together", p)
        show("neighbours' correlation, largest z", float(np.abs(neighbours).max()))
        found[f"{name}: p"] = float(p)
        found[f"{name}: neighbours, largest z"] = float(np.abs(neighbours).max())
    return found


def row_number(data: Data) -> Numbers:
    """How well the row's number, its last digits and the label before tell the label."""
    number = np.arange(len(data.labels), dtype=float)
    before = np.append(data.labels[0], data.labels[:-1])
    found: Numbers = {}
    for name, score in (
        ("number", number),
        *((f"number modulo {m}", number % m) for m in (2, 3, 10, 100, 1000)),
        ("label of the row before", before),
    ):
        auc = roc_auc_interval(data.labels, score)
        show(name, interval(auc))
        found[name] = auc.auc
    changes = int((np.diff(data.labels) != 0).sum())
    share = data.labels.mean()
    expected = 2 * share * (1 - share) * (len(number) - 1)
    z = (changes - expected) / np.sqrt(expected * (1 - 2 * share * (1 - share)))
    show("changes of label, expected, z", changes, expected, z)
    return found | {"changes, z": float(z)}


def rounding(data: Data, seed: int = 1) -> Numbers:
    """How well boosted trees tell the label by the last digits, on the other half of the events."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    data.need(7)
    generator = np.random.default_rng(seed)
    learn, test = np.array_split(generator.permutation(len(data.labels)), 2)
    found: Numbers = {}

    def last_digits(values: np.ndarray, digits: int, number: int) -> np.ndarray:
        unit = 10 ** (np.floor(np.log10(np.abs(values).clip(1e-9))) - digits + 1)
        return np.asarray(np.round(np.abs(values) / unit) % 10**number)

    def tell(name: str, inputs: np.ndarray) -> None:
        trees = HistGradientBoostingClassifier(max_iter=60, random_state=seed)
        trees.fit(inputs[learn], data.labels[learn])
        auc = roc_auc_interval(data.labels[test], trees.predict_proba(inputs[test])[:, 1])
        show(name, interval(auc))
        found[name] = auc.auc

    tell("the seven masses whole", data.gev[:, MASS])
    tell("masses in GeV, last 2 of 6 digits", last_digits(data.exact[:, MASS], 6, 2))
    tell("masses in the file, last 2 of 8", last_digits(data.values[:, MASS], 8, 2))
    momenta = np.round(data.exact[:, [LEPTON_PT, *JET_PT]] * 100) % 100
    tell("cents of the five momenta", momenta)
    return found


def against(data: Data, other: Data) -> Numbers:
    """Kolmogorov-Smirnov distance of each feature from another file's, by class, with p-values."""
    found: Numbers = {}
    show("feature", "signal", "p", "background", "p")
    for column, feature in enumerate(FEATURES):
        cells = []
        for label in (1, 0):
            pair = [each.values[each.labels == label, column] for each in (data, other)]
            low = min(data.digits, other.digits)
            if low < 8:  # both rounded alike
                units = [10 ** (np.floor(np.log10(np.abs(x).clip(1e-9))) - low + 1) for x in pair]
                pair = [np.round(x / unit) * unit for x, unit in zip(pair, units, strict=True)]
            if column in TAG:
                pair = [np.round(x * feature.scale) for x in pair]
            distance = kolmogorov_smirnov(*pair)
            size = 1 / sum(1 / len(x) for x in pair)
            cells += [f"{distance:.4f}", f"{kolmogorov_p(distance * size**0.5):.2g}"]
            key = "largest, " + ("signal" if label else "background")
            found[key] = max(distance, found.get(key, 0.0))
            p = kolmogorov_p(distance * size**0.5)
            found["least p x 56"] = min(1, 56 * p, found.get("least p x 56", 1.0))
        show(feature.name, *cells)
    for key, value in found.items():
        show(key, value)
    return found


Fact = Callable[[Data], Numbers]
FACTS: dict[str, Fact] = {
    fact.__name__: fact
    for fact in (
        *(units, decimals, divisors, counts, masses, missing, order, cells, cones, cuts, tags, polarisation),
        *(overlap, duplicates, digits, float32, drift, row_number, rounding),
    )
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, metavar="DATA")
    parser.add_argument("facts", nargs="*", metavar="FACT", help=", ".join([*FACTS, "against"]))
    parser.add_argument("--other", type=Path, help="another file, for duplicates and against")
    parser.add_argument("--rows", type=int, help="of each file, from its top; all by default")
    parser.add_argument("--all", action="store_true", help="overlap of all events, not of 20,000: minutes")
    arguments = parser.parse_args()
    facts = dict(FACTS)
    if arguments.all:
        facts["overlap"] = partial(overlap, most=EVENTS)
    data = Data(arguments.data, arguments.rows)
    if arguments.other:
        other = Data(arguments.other, arguments.rows)
        facts |= {"duplicates": partial(duplicates, other=other), "against": partial(against, other=other)}
    for name in arguments.facts or facts:
        if name not in facts:
            parser.error(f"{name}: choose among {', '.join(facts)}; against needs --other")
        function = facts[name]
        text = (function.func if isinstance(function, partial) else function).__doc__ or ""
        print(f"{name}: {text.splitlines()[0]}")
        try:
            function(data)
        except UnsuitableError as error:
            print(f"  not shown: {error}")


if __name__ == "__main__":
    main()
