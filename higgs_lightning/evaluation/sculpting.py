"""What a cut on the score does to the shapes of masses: a section of a report.

A cut that makes the background look like signal in a mass leaves no side bands to measure the background in.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from higgs_lightning import schema
from higgs_lightning.evaluation import plots
from higgs_lightning.evaluation.metrics import effective_number, threshold
from higgs_lightning.evaluation.page import Section, Table, Unknown, Value
from higgs_lightning.evaluation.scored import ScoredEvents
from higgs_lightning.simulation.rows import masses

_CHUNK = 20_000  # events: of each, 121 neutrinos are tried
_NUM_BINS = 30
_NUM_DRAWS = 20
_HEAD = ("quantity", "signal efficiency", "background that passes", "distance", "by chance")
#: Events of the background that must pass: a histogram of fewer differs from another by chance alone.
LEAST_EVENTS = 300
#: Events of a class that must pass to be drawn: fewer look like a shape, and are none.
LEAST_DRAWN = 20

_MASSES = ("m_bb", "m_jj", "m_jjj", "m_wbb", "m_wwbb")
_MOMENTA = ("missing_energy_magnitude", "jet_1_pt")


class Shape(NamedTuple):
    """Distributions of a quantity in one class.

    Attributes:
        edges: (K + 1,) of the bins, in GeV; the last one holds what is beyond as well.
        shares: (K,) share of the events in each bin, by the signal efficiency of the cut; None where fewer
            pass than :data:`LEAST_DRAWN`.
        passed: so many events pass that have the quantity; of weighted ones the effective number.
    """

    edges: np.ndarray
    shares: Mapping[float, np.ndarray | None]
    passed: Mapping[float, int]


def section(scored: ScoredEvents, signal_efficiencies: Sequence[float]) -> Section:
    """Distributions before and after cuts on the score, and how far they move.

    Args:
        scored: events of both classes.
        signal_efficiencies: of the cuts, above 0, at most 1.
    """
    cuts = sorted({1.0, *signal_efficiencies}, reverse=True)
    is_signal = scored.labels > 0.5
    weights = np.ones(len(is_signal)) if scored.weights is None else scored.weights.astype(float)
    thresholds = {cut: threshold(scored.probabilities[is_signal], cut, weights[is_signal]) for cut in cuts}
    passes = {cut: (scored.probabilities >= least) | (cut == 1.0) for cut, least in thresholds.items()}
    features = {feature.name: feature for feature in schema.LOW_LEVEL + schema.HIGH_LEVEL}
    shapes: dict[str, tuple[Shape, Shape]] = {}
    rows: list[list[Value]] = []
    bins: list[list[Value]] = []
    metrics: dict[str, Value] = {}
    for name, values in quantities(scored.features).items():
        known = np.isfinite(values)
        edges = _edges(values[known])
        background, signal = (
            shape(values, edges, {cut: passed & chosen & known for cut, passed in passes.items()}, weights)
            for chosen in (~is_signal, is_signal)
        )
        shapes[features[name].label] = background, signal
        for cut in cuts[1:]:
            distance = _distance(background, cut)
            metrics[f"test/sculpting_{name}_{100 * cut:g}%"] = distance
            chance = Unknown("") if isinstance(distance, Unknown) else _by_chance(background, cut)
            rows.append([name, f"{100 * cut:g}%", background.passed[cut], distance, chance])
        for kind, each in (("background", background), ("signal", signal)):
            for cut, shares in each.shares.items():
                if shares is not None:
                    bins += [
                        [name, kind, f"{100 * cut:g}%", float(low), float(share)]
                        for low, share in zip(edges[:-1], shares, strict=True)
                    ]
    return Section(
        "Sculpting",
        [
            "Masses and momenta after cuts on the score that keep so much of the signal. The number is the "
            "Jensen-Shannon distance (base 2: 0 for the same shape, 1 for shapes apart) of the background "
            "that passes from all background: what a cut does to the shape that is to be measured. By chance "
            "so many background events would be so far from all, drawn without a look at the score.",
            "Masses are by the definitions of HIGGS' own columns, but always of the four listed jets, so "
            "that files without those columns have them; events are left out of a mass whose jets are not "
            "all listed (two tagged ones for m_bb, two untagged ones for m_jj, both for the others).",
            f"The last bin holds what is beyond it too. Cuts that fewer than {LEAST_DRAWN} events of a class "
            "pass are not drawn.",
        ],
        tables={"sculpting": Table(_HEAD, rows)},
        figures={"sculpting": plots.sculpting(shapes, scored.about)},
        files={
            "sculpting_shapes": Table(["quantity", "class", "signal efficiency", "from [GeV]", "share"], bins)
        },
        metrics=metrics,
    )


def quantities(features: np.ndarray) -> dict[str, np.ndarray]:
    """Masses and momenta (N,) in GeV of events (N, 21) in HIGGS units.

    NaN where an event has not what it takes. The masses are those of
    :func:`higgs_lightning.simulation.rows.masses`, of the listed jets.
    """
    names = [feature.name for feature in schema.HIGH_LEVEL]
    columns = [names.index(name) for name in _MASSES]
    of_listed = np.concatenate(
        [np.empty((0, len(_MASSES)))]
        + [listed_masses(chunk)[:, columns] for chunk in _chunks(features.astype(np.float64))]
    )
    found = dict(zip(_MASSES, of_listed.T, strict=True))
    low_level = [feature.name for feature in schema.LOW_LEVEL]
    for name in _MOMENTA:
        column = low_level.index(name)
        found[name] = features[:, column] * schema.LOW_LEVEL[column].scale
    return found


def _chunks(features: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, len(features), _CHUNK):
        yield features[start : start + _CHUNK]


def listed_masses(features: np.ndarray) -> np.ndarray:
    """(N, 7) masses in GeV of listed jets; NaN where these are not the jets that a mass is of."""
    measured = features[:, : len(schema.LOW_LEVEL)] * [feature.scale for feature in schema.LOW_LEVEL]
    known = ~np.isnan(measured).any(axis=1)
    # of events that are not whole nothing is kept
    measured = np.where(known[:, None], measured, 1.0)
    jets = measured[:, 5:].reshape(len(measured), 4, 4).copy()
    jets[..., 3] = np.rint(jets[..., 3])
    found = masses(measured[:, :3], measured[:, 3:5], jets)
    num_tagged = (jets[..., 3] > 0).sum(axis=1)
    two_tagged, two_untagged = num_tagged == 2, num_tagged <= 2
    needs = {"m_jj": two_untagged, "m_lv": known, "m_bb": two_tagged}
    for column, feature in enumerate(schema.HIGH_LEVEL):
        found[~(known & needs.get(feature.name, two_tagged)), column] = np.nan
    return found


def _edges(values: np.ndarray) -> np.ndarray:
    """Bins of equal width from 0 to where nearly all events are."""
    top = float(np.quantile(values, 0.98)) if len(values) else 1.0
    return np.linspace(0, top if top > 0 else 1.0, _NUM_BINS + 1)


def shape(
    values: np.ndarray, edges: np.ndarray, passes: Mapping[float, np.ndarray], weights: np.ndarray
) -> Shape:
    """Count values (N,) by their weights (N,) in bins, of those that pass (N,) each cut.

    A bin whose weights have a negative sum counts as empty.
    """
    shares: dict[float, np.ndarray | None] = {}
    numbers: dict[float, int] = {}
    for cut, passed in passes.items():
        of_events = weights[passed]
        numbers[cut] = round(float(effective_number(of_events.sum(), np.square(of_events).sum())))
        counts = np.histogram(np.minimum(values[passed], edges[-1]), edges, weights=of_events)[0]
        counts = np.maximum(counts, 0)
        shares[cut] = counts / counts.sum() if numbers[cut] >= LEAST_DRAWN else None
    return Shape(edges, shares, numbers)


def _distance(background: Shape, cut: float) -> Value:
    before, after = background.shares[1.0], background.shares[cut]
    if not background.passed[1.0]:
        return Unknown("no background event has it")
    if before is None or after is None or background.passed[cut] < LEAST_EVENTS:
        return Unknown(f"{background.passed[cut]} background events pass, too few for a shape")
    return jensen_shannon_distance(before, after)


def _by_chance(background: Shape, cut: float) -> float:
    """The mean distance of as many events, drawn from all background."""
    before = background.shares[1.0]
    assert before is not None  # or there would be no distance
    drawn = np.random.default_rng(1).multinomial(background.passed[cut], before, _NUM_DRAWS)
    return float(np.mean([jensen_shannon_distance(before, counts / counts.sum()) for counts in drawn]))


def jensen_shannon_distance(p: np.ndarray, q: np.ndarray) -> float:
    """Distance of two distributions (K,), each of sum 1: 0 for the same, 1 where they do not overlap.

    The square root of the mean Kullback-Leibler divergence, in bits, of each from their mean; J. Lin, IEEE
    Transactions on Information Theory 37 (1991) 145.

    Examples:
        >>> jensen_shannon_distance(np.array([1.0, 0.0]), np.array([0.0, 1.0]))
        1.0
    """
    mean = (p + q) / 2
    divergences = [
        float((each[each > 0] * np.log2(each[each > 0] / mean[each > 0])).sum()) for each in (p, q)
    ]
    return float(max(0.0, sum(divergences) / 2) ** 0.5)
