"""Systematic uncertainties: what scores do when the detector measures a little otherwise than was thought.

Each uncertainty moves the objects of test events by its size, up and down, and the model scores them again:

- ``jet_energy_scale``, ``lepton_scale``: the transverse momenta of all jets, or of the lepton, times 1 + or
  - the size.
- ``jet_resolution``: those of the jets times exp(size z), with a normal z for each jet. It has no down: to
  measure better one would need the true momenta.
- ``missing_energy``: its magnitude plus or minus the size in GeV, along its own direction, not below 0. This
  is what is neither lepton nor jet.
- ``btag_efficiency``, ``mistag``: the probability that a b-jet, or a light jet, is tagged, loosely or
  tightly, times 1 + or - the size. It moves no score, it weighs events, see :func:`tag_weights`.

Momentum that a lepton or jet gains, the missing energy loses, as a vector. So it is in HIGGS, whose missing
energy is M - (what is neither lepton nor jet) with the detector's own M, see docs/higgs.md. A lepton or jet
that falls below the 15 GeV at which HIGGS begins takes its event out of the selection. What would come in
from below is in no file: an up variation lacks it.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from higgs_lightning import schema
from higgs_lightning.evaluation import plots
from higgs_lightning.evaluation.metrics import (
    discovery_significance,
    significances,
    threshold,
    weighted_auc,
)
from higgs_lightning.evaluation.page import Section, Table, Unknown, Value
from higgs_lightning.evaluation.scored import ScoredEvents
from higgs_lightning.simulation import tagging

#: GeV; leptons and jets of HIGGS begin here.
LEAST_PT = 15.0
#: Signal efficiencies of the cuts whose efficiencies are compared.
CUTS = (0.3, 0.5, 0.7)
DIRECTIONS = ("up", "down")

_PT, _PHI = (np.array(schema.columns(quantity)) for quantity in ("pt", "phi"))
_PT_OF_JETS, _ETA_OF_JETS = (np.array(schema.columns(quantity)[-4:]) for quantity in ("pt", "eta"))
_BTAGS = np.array(schema.columns("btag"))
_SCALES = np.array([feature.scale for feature in schema.LOW_LEVEL])
_LEPTON, _MISSING, _JETS = [schema.LEPTON], [schema.MISSING_ENERGY], [*range(schema.FIRST_JET, 6)]
_LEAST_PROBABILITY = 1e-6  # of a level of a jet, such as a tag where PGS has none: all flavours are alike
_NO_DOWN = "has no down: to measure better one would need the true momenta"


class Kind(NamedTuple):
    """What an uncertainty moves.

    Attributes:
        objects: positions in :data:`schema.OBJECTS`.
        columns: the features that it needs.
        unit: of its size.
    """

    objects: Sequence[int]
    columns: np.ndarray
    unit: str


#: The uncertainties by their names.
KINDS: dict[str, Kind] = {
    "jet_energy_scale": Kind(_JETS, _PT_OF_JETS, "%"),
    "jet_resolution": Kind(_JETS, _PT_OF_JETS, "%"),
    "lepton_scale": Kind(_LEPTON, _PT[_LEPTON], "%"),
    "missing_energy": Kind(_MISSING, _PT[_MISSING], "GeV"),
    "btag_efficiency": Kind(_JETS, _BTAGS, "%"),
    "mistag": Kind(_JETS, _BTAGS, "%"),
}


class Scored(NamedTuple):
    """N events after an uncertainty was moved.

    Attributes:
        scores: (N,) probabilities of signal.
        factors: (N,) of the events' weights: 1 for an event as it was, 0 for one that has left the selection.
    """

    scores: np.ndarray
    factors: np.ndarray


@dataclass(frozen=True)
class Varied:
    """N test events as they are, and with each uncertainty moved.

    Attributes:
        labels: (N,) 1 for signal.
        scores: (N,) of the events as they are.
        weights: (N,) of the events as they are; 1 where all count alike.
        sizes: of each uncertainty.
        moved: by the uncertainty and by ``up`` and ``down``; or why there is none.
    """

    labels: np.ndarray
    scores: np.ndarray
    weights: np.ndarray
    sizes: Mapping[str, float]
    moved: Mapping[str, Mapping[str, Scored | Unknown]]


def vary(scored: ScoredEvents, sizes: Mapping[str, float], events: int, seed: int) -> Varied:
    """Move each uncertainty up and down, and score the events again.

    Args:
        scored: test events and the model.
        sizes: of the uncertainties of :data:`KINDS` that are to be moved: shares, or GeV.
        events: how many events at most, drawn by the seed; each is scored up to eight times.
        seed: of the draw and of the jets' errors.
    """
    scored = scored.drawn(events, seed)
    features = scored.features
    scores = scored.score(features)
    moved: dict[str, dict[str, Scored | Unknown]] = {}
    for name, size in sizes.items():
        if np.isnan(features[:, KINDS[name].columns]).all():
            what = "b-tag" if name in _TAGS else schema.OBJECTS[KINDS[name].objects[0]].split(" 1")[0]
            reason = Unknown(f"no event has a {what}" if what != "missing energy" else f"no event has {what}")
            moved[name] = dict.fromkeys(DIRECTIONS, reason)
            continue
        moved[name] = {}
        for direction, sign in zip(DIRECTIONS, (1, -1), strict=True):
            if name in _TAGS:
                moved[name][direction] = Scored(scores, tag_weights(features, name, 1 + sign * size))
            elif name == "jet_resolution" and sign < 0:
                moved[name][direction] = Unknown(_NO_DOWN)
            else:
                changed, factors = shifted(features, name, sign * size, seed)
                moved[name][direction] = Scored(scored.score(changed), factors)
    weights = np.ones(len(features)) if scored.weights is None else scored.weights.astype(float)
    return Varied(scored.labels, scores, weights, dict(sizes), moved)


def shifted(features: np.ndarray, name: str, size: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Events whose objects are moved, and the factors (N,) of their weights: 0 for those that leave.

    Args:
        features: (N, 21) float32 in HIGGS units; NaN stays, and does not move the missing energy.
        name: an uncertainty of :data:`KINDS` that moves objects.
        size: with its sign; a share, or GeV.
        seed: of the errors of jets.
    """
    pt = features[:, _PT] * _SCALES[_PT]  # (N, 6) GeV
    phi = features[:, _PHI] * _SCALES[_PHI]
    objects = KINDS[name].objects
    moved = pt.copy()
    if name == "missing_energy":
        moved[:, objects] = np.maximum(pt[:, objects] + size, 0)
    elif name == "jet_resolution":
        errors = np.random.default_rng(seed).standard_normal((len(features), len(objects)))
        moved[:, objects] = pt[:, objects] * np.exp(size * errors)
    else:
        moved[:, objects] = pt[:, objects] * (1 + size)

    changed = features.copy()
    changed[:, _PT[objects]] = (moved / _SCALES[_PT])[:, objects]
    if objects != _MISSING:
        gained = moved - pt
        x, y = (np.nansum(gained * turn(phi), axis=1) for turn in (np.cos, np.sin))
        is_moved = (x != 0) | (y != 0)
        magnitude, azimuth = pt[:, schema.MISSING_ENERGY], phi[:, schema.MISSING_ENERGY]
        x, y = magnitude * np.cos(azimuth) - x, magnitude * np.sin(azimuth) - y
        columns = [_PT[schema.MISSING_ENERGY], _PHI[schema.MISSING_ENERGY]]
        balanced = np.column_stack([np.hypot(x, y), np.arctan2(y, x)]) / _SCALES[columns]
        changed[np.ix_(is_moved, columns)] = balanced[is_moved]

    visible = [*_LEPTON, *_JETS]
    fallen = (pt[:, visible] >= LEAST_PT) & (moved[:, visible] < LEAST_PT)
    return changed, (~fallen.any(axis=1)).astype(float)


_TAGS = ("btag_efficiency", "mistag")


def tag_weights(features: np.ndarray, name: str, factor: float) -> np.ndarray:
    """(N,) how much more often events would be selected if jets of a flavour were tagged ``factor`` as often.

    A tagged jet weighs ``factor``, one that is not, of tag efficiency e, (1 - factor e) / (1 - e): method 1a
    of CMS, with one factor for loose and tight tags. HIGGS does not say which jets are b-jets. Events of both
    classes have two b-quarks, and exactly two tags, listed or not. So the weight is the mean over all ways in
    which two of the listed jets can be the b-jets and the others light, each as probable as the levels that
    the jets have: efficiencies are those of :mod:`higgs_lightning.simulation.tagging`. A tag that is not
    listed is taken for a b-jet's. That leaves out charm, and b-jets that are lost.

    Args:
        features: (N, 21) in HIGGS units; a jet with a NaN is no jet.
        name: ``btag_efficiency`` or ``mistag``.
        factor: of the efficiency.
    """
    levels = np.rint(features[:, _BTAGS] * _SCALES[_BTAGS])  # (N, 4)
    pt, eta = (features[:, columns] * _SCALES[columns] for columns in (_PT_OF_JETS, _ETA_OF_JETS))
    known = ~(np.isnan(levels) | np.isnan(pt) | np.isnan(eta))
    levels, pt, eta = (np.where(known, values, 0) for values in (levels, pt, eta))
    is_tagged = known & (levels > 0)

    likelihood, weight = {}, {}
    for flavour in (tagging.BOTTOM, tagging.LIGHT):
        loose, tight = tagging.efficiencies(np.full(pt.shape, flavour), pt, eta)
        of_level = np.select([levels == 0, levels == 1], [1 - loose, loose - tight], tight)
        likelihood[flavour] = np.where(known, np.maximum(of_level, _LEAST_PROBABILITY), 1)
        is_moved = (flavour == tagging.BOTTOM) == (name == "btag_efficiency")
        of_untagged = np.maximum(1 - factor * loose, 0) / (1 - loose)
        of_jet = np.where(is_tagged, factor, of_untagged)
        weight[flavour] = np.where(known & is_moved, of_jet, 1)

    odds = np.where(known, likelihood[tagging.BOTTOM] / likelihood[tagging.LIGHT], 0)
    weighed = odds * weight[tagging.BOTTOM] / np.where(weight[tagging.LIGHT] > 0, weight[tagging.LIGHT], 1)
    num_listed = np.minimum(is_tagged.sum(axis=1), 2)
    before, after = (
        np.select([num_listed == 2, num_listed == 1], [_of_pairs(each), each.sum(axis=1)], 1.0)
        for each in (odds, weighed)
    )
    of_others = factor ** (2 - num_listed) if name == "btag_efficiency" else 1.0
    weights: np.ndarray = weight[tagging.LIGHT].prod(axis=1) * after / before * of_others
    return weights


def _of_pairs(values: np.ndarray) -> np.ndarray:
    """(N,) sums over all pairs of the products of their values (N, J)."""
    sums: np.ndarray = (values.sum(axis=1) ** 2 - (values**2).sum(axis=1)) / 2
    return sums


class Estimate(NamedTuple):
    """A number and its statistical error, one standard deviation."""

    value: float
    error: float


@dataclass(frozen=True)
class Change:
    """What moving an uncertainty does; all but ``left`` are differences from the events as they are.

    Attributes:
        left: the share of events, by weight, that leave the selection.
        auc: of the ROC-AUC.
        efficiency: relative, by ``signal`` and ``background`` and the cut of :data:`CUTS`.
        significance: of the best cut.
    """

    left: float
    auc: Estimate | Unknown
    efficiency: Mapping[tuple[str, float], Estimate | Unknown]
    significance: float | Unknown


class Analysis(NamedTuple):
    """The analysis whose significance is expected: events before the cut, and a share of the background."""

    signal: float
    background: float
    uncertainty: float


def change(varied: Varied, moved: Scored, analysis: Analysis) -> Change:
    """Compare events with an uncertainty moved with the same events as they are."""
    is_signal = varied.labels > 0.5
    before, after = varied.weights, varied.weights * moved.factors
    one_class = Unknown("events of one class only")
    auc: Estimate | Unknown = one_class
    if 0 < is_signal.sum() < len(is_signal):
        if min(after[is_signal].sum(), after[~is_signal].sum()) <= 0:
            auc = Unknown("all events of a class leave the selection")
        else:
            auc_before, of_before = weighted_auc(varied.labels, varied.scores, before)
            auc_after, of_after = weighted_auc(varied.labels, moved.scores, after)
            auc = Estimate(auc_after - auc_before, _error(of_after - of_before, is_signal))
    thresholds = {
        cut: threshold(varied.scores[is_signal], cut, before[is_signal]) for cut in CUTS if is_signal.any()
    }
    efficiency = {
        (name, cut): _ratio(varied, moved, of_class, thresholds[cut], name) if thresholds else one_class
        for name, of_class in (("signal", is_signal), ("background", ~is_signal))
        for cut in CUTS
    }
    return Change(
        left=float(before[moved.factors == 0].sum() / before.sum()),
        auc=auc,
        efficiency=efficiency,
        significance=one_class if isinstance(auc, Unknown) else _significance(varied, moved, analysis),
    )


def _error(influence: np.ndarray, is_signal: np.ndarray) -> float:
    """Of a mean over signal plus a mean over background, by the events' influence (N,)."""
    return math.sqrt(sum(_variance_of_mean(influence[chosen]) for chosen in (is_signal, ~is_signal)))


def _variance_of_mean(values: np.ndarray) -> float:
    return float(np.var(values, ddof=1)) / len(values) if len(values) > 1 else 0.0


def _ratio(varied: Varied, moved: Scored, of_class: np.ndarray, cut: float, name: str) -> Estimate | Unknown:
    """The efficiency of a cut with an uncertainty moved over that without, less 1."""
    weights = varied.weights[of_class]
    before = (varied.scores[of_class] >= cut) * weights
    after = (moved.scores[of_class] >= cut) * weights * moved.factors[of_class]
    if not before.sum() > 0:
        return Unknown(f"no {name} event passes the cut")
    ratio = after.sum() / before.sum()
    # both are of the same events: only those that the uncertainty moves across the cut count
    error = math.sqrt(((after - ratio * before) ** 2).sum()) / before.sum()
    return Estimate(float(ratio - 1), error)


def _significance(varied: Varied, moved: Scored, analysis: Analysis) -> float | Unknown:
    """The change of the significance of the cut that is best for the events as they are."""
    is_signal = varied.labels > 0.5
    before = varied.weights
    of_cut = significances(varied.labels, varied.scores, *analysis, before)
    best = of_cut.signal_efficiency[of_cut.best(of_cut.with_uncertainty)]
    cut = threshold(varied.scores[is_signal], best, before[is_signal])
    found = []
    for scores, weights in ((varied.scores, before), (moved.scores, before * moved.factors)):
        passed = (scores >= cut) * weights
        s = analysis.signal * passed[is_signal].sum() / before[is_signal].sum()
        b = analysis.background * passed[~is_signal].sum() / before[~is_signal].sum()
        if b <= 0:
            return Unknown("no background event passes the best cut")
        found.append(float(discovery_significance(s, b, analysis.uncertainty)))
    return found[1] - found[0]


def section(varied: Varied, analysis: Analysis, about: str) -> Section:
    """Tables and a picture of what each uncertainty does.

    Args:
        varied: see :func:`vary`.
        analysis: whose significance is told.
        about: which data, model and run these are.
    """
    changes: dict[tuple[str, str], Change | Unknown] = {
        (name, direction): moved if isinstance(moved, Unknown) else change(varied, moved, analysis)
        for name, both in varied.moved.items()
        for direction, moved in both.items()
    }
    sums: list[list[Value]] = []
    efficiencies: list[list[Value]] = []
    metrics: dict[str, Value] = {}
    for (name, direction), found in changes.items():
        first: list[Value] = [name, direction, shown_size(name, varied.sizes[name])]
        key = f"systematics/{name}_{direction}"
        if isinstance(found, Unknown):
            sums.append([*first, *4 * [found]])
            metrics[key] = found
            continue
        auc = _value_and_error(found.auc)
        sums.append([*first, found.left, *auc, found.significance])
        metrics |= {f"{key}/left": found.left, f"{key}/significance": found.significance}
        metrics |= {f"{key}/auc": auc[0], f"{key}/auc_error": auc[1]}
        for cut in CUTS:
            of_cut = [_value_and_error(found.efficiency[of_class, cut]) for of_class in _CLASSES]
            efficiencies.append([*first, f"{cut:.0%}", *of_cut[0], *of_cut[1]])
            for of_class, (value, error) in zip(_CLASSES, of_cut, strict=True):
                metrics[f"{key}/{of_class}_efficiency_{cut:.0%}"] = value
                metrics[f"{key}/{of_class}_efficiency_{cut:.0%}_error"] = error
    head = ["uncertainty", "moved", "by"]
    return Section(
        "Systematic uncertainties",
        [
            f"{len(varied.labels):,} test events, measured a little otherwise and scored again: the change "
            "of the ROC-AUC, of the significance of the best cut, and, relatively, of the efficiencies of "
            "cuts that keep 30, 50 and 70 % of the signal as it is. Cuts stay where they are. Errors are "
            "statistical; both numbers of a difference are of the same events.",
            "Missing energy moves along with leptons and jets. Events of which a lepton or jet falls below "
            "15 GeV leave the selection; what would come in from below is in no file.",
        ],
        tables={
            "systematics": Table([*head, "leave", "ROC-AUC", "error", "significance"], sums),
            "systematics_of_cuts": Table(
                [*head, "cut", "signal efficiency", "error", "background efficiency", "error"], efficiencies
            ),
        },
        figures={"systematics": plots.systematics(_bars(changes, varied.sizes), about)},
        metrics=metrics,
    )


_CLASSES = ("signal", "background")


def shown_size(name: str, size: float) -> str:
    """A size with its unit.

    Examples:
        >>> shown_size("lepton_scale", 0.01), shown_size("missing_energy", 5)
        ('1 %', '5 GeV')
    """
    return f"{size:g} GeV" if KINDS[name].unit == "GeV" else f"{100 * size:g} %"


def _value_and_error(found: Estimate | Unknown) -> tuple[Value, Value]:
    return (found, found) if isinstance(found, Unknown) else (found.value, found.error)


def _bars(
    changes: Mapping[tuple[str, str], Change | Unknown], sizes: Mapping[str, float]
) -> dict[str, dict[tuple[str, str], tuple[float, float]]]:
    """What the picture shows, by the label of its panels: value and error by uncertainty and direction."""
    panels: dict[str, Callable[[Change], Estimate | float | Unknown]] = {
        "change of ROC-AUC": lambda each: each.auc,
        "change of significance": lambda each: each.significance,
        "relative change of signal efficiency,\ncut at 50 %": lambda each: each.efficiency["signal", 0.5],
        "relative change of background\nefficiency, the same cut": lambda each: each.efficiency[
            "background", 0.5
        ],
    }
    drawn: dict[str, dict[tuple[str, str], tuple[float, float]]] = {}
    for label, of in panels.items():
        drawn[label] = {}
        for (name, direction), found in changes.items():
            value = found if isinstance(found, Unknown) else of(found)
            bar = (math.nan, 0.0) if isinstance(value, Unknown) else value
            title = f"{plots.uncertainty_name(name)}\n{shown_size(name, sizes[name])}"
            drawn[label][title, direction] = (bar, 0.0) if isinstance(bar, float) else (bar[0], bar[1])
    return drawn
