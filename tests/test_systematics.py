"""Systematic uncertainties: hand-made events with known shifts, and what they do to scores."""

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import make_events
from sklearn.metrics import roc_auc_score
from torch import Tensor

from higgs_lightning import schema
from higgs_lightning.evaluation import systematics
from higgs_lightning.evaluation.metrics import roc_auc_interval, weighted_auc
from higgs_lightning.evaluation.page import Unknown
from higgs_lightning.evaluation.scored import ScoredEvents
from higgs_lightning.evaluation.systematics import KINDS, Analysis, Scored, change, shifted, tag_weights, vary
from higgs_lightning.models import Model, Output
from higgs_lightning.simulation import tagging

SCALES = np.array([feature.scale for feature in schema.LOW_LEVEL])
SIZES = {
    **{"jet_energy_scale": 0.03, "jet_resolution": 0.1, "lepton_scale": 0.01, "missing_energy": 5.0},
    **{"btag_efficiency": 0.05, "mistag": 0.1},
}
ANALYSIS = Analysis(100, 1000, 0.05)


def event(
    lepton: tuple[float, float, float] = (50, 0.5, 1.0),
    missing_energy: tuple[float, float] = (40, -2.0),
    jets: tuple[tuple[float, float, float, float], ...] = (
        (100, 0.1, 0.3, 2),
        (80, -1.0, 2.0, 1),
        (60, 1.5, -1.0, 0),
        (40, 2.0, 3.0, 0),
    ),
) -> np.ndarray:
    """(1, 21) in HIGGS units of GeV, pseudorapidities, radians and b-tag levels."""
    return (np.array([[*lepton, *missing_energy, *np.ravel(jets)]]) / SCALES).astype(np.float32)


def momenta(features: np.ndarray, name: str) -> np.ndarray:
    """(N, 6, 2) or (N, 2) transverse momenta in GeV, of all objects or one."""
    pt, phi = ((features * SCALES)[:, schema.columns(quantity)] for quantity in ("pt", "phi"))
    both = np.stack([pt * np.cos(phi), pt * np.sin(phi)], -1)
    return both if name == "all" else both[:, schema.OBJECTS.index(name)]


class Linear(Model):
    """Scores by the lepton's and the jets' momenta and by the missing energy."""

    has_decoder = False

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor([1.0, 0.5, 0.7, 0.3, 0.2, 0.1]))

    def forward(self, features: Tensor, hidden: Tensor | None = None) -> Output:
        logits = features[:, schema.columns("pt")].nan_to_num() @ self.weight - 2.5
        return Output(logits, features[:, :1], features)


def scored(events: np.ndarray) -> ScoredEvents:
    model = Linear().eval()
    features, labels = events[:, 1:], events[:, 0]
    scores = model.predict_proba(features)[:, 1]
    return ScoredEvents(model, features, labels, scores, about="made up", batch_size=512)


# moved objects ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0.01, -0.01])
def test_the_lepton_scale_is_exact(size: float):
    before = event()
    after, weights = shifted(before, "lepton_scale", size, seed=1)
    assert after[0, 0] == np.float32(np.float64(before[0, 0]) * (1 + size))
    lepton = momenta(before, "lepton")
    expected = momenta(before, "missing energy") - size * lepton
    np.testing.assert_allclose(momenta(after, "missing energy"), expected, rtol=1e-5)
    moved = [0, 3, 4]  # the lepton's momentum, and the missing energy
    assert np.array_equal(np.delete(after, moved, axis=1), np.delete(before, moved, axis=1))
    assert weights.tolist() == [1]


@pytest.mark.parametrize(
    ("name", "size"),
    [("jet_energy_scale", 0.03), ("jet_energy_scale", -0.03), ("jet_resolution", 0.1), ("lepton_scale", 0.2)],
)
def test_missing_energy_balances_what_moves(name: str, size: float):
    before = make_events(200)[:, 1:]
    after, _ = shifted(before, name, size, seed=1)
    sums = [momenta(features, "all").sum(axis=1) for features in (before, after)]
    np.testing.assert_allclose(sums[1], sums[0], atol=1e-3)
    assert not np.allclose(after[:, 3], before[:, 3])
    directions = [*schema.columns("eta"), *schema.columns("btag"), *schema.columns("phi")[2:]]
    assert np.array_equal(after[:, directions], before[:, directions])


def test_jets_are_measured_less_well_by_a_normal_error_of_their_logarithm():
    before = make_events(4_000)[:, 1:]
    columns = schema.columns("pt")[2:]
    for size in (0.05, 0.1):
        after, _ = shifted(before, "jet_resolution", size, seed=1)
        errors = np.log(after[:, columns] / before[:, columns]) / size
        assert abs(errors.mean()) < 0.03
        assert errors.std() == pytest.approx(1, abs=0.02)


def test_missing_energy_moves_along_its_direction_and_not_below_0():
    before = np.vstack([event(), event(missing_energy=(3, 1.0))])
    for size, expected in ((5, [45, 8]), (-5, [35, 0])):
        after, _ = shifted(before, "missing_energy", size, seed=1)
        np.testing.assert_allclose(after[:, 3] * SCALES[3], expected, rtol=1e-6)
        assert np.array_equal(np.delete(after, 3, axis=1), np.delete(before, 3, axis=1))


@pytest.mark.parametrize("name", ["jet_energy_scale", "jet_resolution", "lepton_scale", "missing_energy"])
def test_a_size_of_0_changes_nothing(name: str):
    before = make_events(100)[:, 1:]
    before[3, 5:9] = np.nan
    after, weights = shifted(before, name, 0.0, seed=1)
    assert np.array_equal(after, before, equal_nan=True)
    assert (weights == 1).all()


def test_what_is_missing_stays_missing_and_moves_nothing():
    before = event()
    before[0, 9:13] = np.nan  # jet 2
    after, _ = shifted(before, "jet_energy_scale", 0.1, seed=1)
    assert np.array_equal(np.isnan(after), np.isnan(before))
    others = momenta(before, "all")[:, [2, 4, 5]].sum(axis=1)
    expected = momenta(before, "missing energy") - 0.1 * others
    np.testing.assert_allclose(momenta(after, "missing energy"), expected, rtol=1e-4)


def test_who_falls_below_15_gev_leaves():
    edge = ((100, 0.1, 0.3, 2), (80, -1.0, 2.0, 1), (60, 1.5, -1.0, 0), (15.3, 2.0, 3.0, 0))
    below = (*edge[:3], (12.0, 2.0, 3.0, 0))  # of a looser selection: it was there before
    before = np.vstack([event(), event(jets=edge), event(jets=below), event(lepton=(15.1, 0, 0))])
    for name, size, expected in (
        ("jet_energy_scale", -0.03, [1, 0, 1, 1]),
        ("jet_energy_scale", 0.03, [1, 1, 1, 1]),
        ("lepton_scale", -0.01, [1, 1, 1, 0]),
    ):
        assert shifted(before, name, size, seed=1)[1].tolist() == expected


# b-tags ----------------------------------------------------------------------------------------------------


def by_hand(jets: Sequence[tuple[float, float, float, float]], name: str, factor: float) -> float:
    """The mean weight over all choices of the b-jets among the listed ones, one after the other."""
    tags = sum(level > 0 for *_, level in jets)
    total = mean = 0.0
    for bottoms in combinations(range(len(jets)), min(tags, 2)):
        probability = weight = 1.0
        for number, (pt, eta, _, level) in enumerate(jets):
            flavour = tagging.BOTTOM if number in bottoms else tagging.LIGHT
            of_flavour, of_pt, of_eta = map(np.atleast_1d, (flavour, pt, eta))
            loose, tight = (float(e[0]) for e in tagging.efficiencies(of_flavour, of_pt, of_eta))
            probability *= {0: 1 - loose, 1: loose - tight, 2: tight}[int(level)]
            if (flavour == tagging.BOTTOM) == (name == "btag_efficiency"):
                weight *= factor if level else (1 - factor * loose) / (1 - loose)
        total += probability
        mean += probability * weight
    unlisted = factor ** (2 - min(tags, 2)) if name == "btag_efficiency" else 1
    return mean / total * unlisted


@pytest.mark.parametrize("levels", [(2, 1, 0, 0), (0, 2, 0, 2), (0, 0, 1, 0), (0, 0, 0, 0), (2, 2, 1, 0)])
@pytest.mark.parametrize("name", ["btag_efficiency", "mistag"])
def test_tags_weigh_events_by_every_choice_of_b_jets(levels: tuple[int, ...], name: str):
    directions = ((100, 0.1, 0.3), (80, -1.0, 2.0), (60, 1.5, -1.0), (40, 0.4, 3.0))
    jets = [(*direction, level) for direction, level in zip(directions, levels, strict=True)]
    for factor in (0.9, 1.1):
        (found,) = tag_weights(event(jets=tuple(jets)), name, factor)
        assert found == pytest.approx(by_hand(jets, name, factor), rel=1e-4)
    (same,) = tag_weights(event(jets=tuple(jets)), name, 1.0)
    assert same == pytest.approx(1, abs=1e-12)


def test_two_tags_are_mostly_b_jets_and_a_missing_jet_is_none():
    (up,) = tag_weights(event(), "btag_efficiency", 1.05)
    assert 1.05 < up < 1.05**2
    lost = event()
    lost[0, 13:17] = np.nan  # an untagged jet
    (without,) = tag_weights(lost, "btag_efficiency", 1.05)
    assert 1.05 < without < 1.05**2
    assert without != up


# what it does to scores ------------------------------------------------------------------------------------


def test_the_weighted_auc_is_scikit_learn_s_and_its_error_delong_s():
    generator = np.random.default_rng(1)
    labels = generator.integers(2, size=500)
    scores = np.round(generator.normal(labels, 1.5), 1)  # with ties
    weights = generator.uniform(0, 2, 500)
    weights[:20] = 0
    auc, _ = weighted_auc(labels, scores, weights)
    assert auc == pytest.approx(roc_auc_score(labels, scores, sample_weight=weights), abs=1e-12)

    auc, influence = weighted_auc(labels, scores, np.ones(500))
    error = math.sqrt(
        sum(np.var(influence[labels == each], ddof=1) / (labels == each).sum() for each in (0, 1))
    )
    expected = roc_auc_interval(labels, scores)
    assert auc == pytest.approx(expected.auc)
    assert 1.959963985 * error == pytest.approx(expected.high - expected.auc)
    with pytest.raises(ValueError, match="weigh nothing"):
        weighted_auc(labels, scores, np.where(labels, 0.0, 1.0))


def test_changes_are_those_of_the_moved_events():
    events = scored(make_events(2_000))
    varied = vary(events, SIZES, events=10_000, seed=1)
    assert set(varied.moved) == set(KINDS)
    assert isinstance(varied.moved["jet_resolution"]["down"], Unknown)

    moved = varied.moved["lepton_scale"]["up"]
    assert isinstance(moved, Scored)
    features, weights = shifted(events.features, "lepton_scale", 0.01, seed=1)
    scores = events.model.predict_proba(features)[:, 1]
    np.testing.assert_allclose(moved.scores, scores, rtol=1e-6)
    found = change(varied, moved, ANALYSIS)
    kept = weights > 0
    after = roc_auc_score(events.labels[kept], scores[kept])
    assert isinstance(found.auc, systematics.Estimate)
    assert found.auc.value == pytest.approx(after - roc_auc_score(events.labels, varied.scores), abs=1e-9)
    assert 0 < found.auc.error < 0.005

    of_signal = events.labels == 1
    cut = np.sort(varied.scores[of_signal])[-round(0.5 * of_signal.sum())]
    expected = (scores[of_signal & kept] >= cut).sum() / (varied.scores[of_signal] >= cut).sum() - 1
    at_half = found.efficiency["signal", 0.5]
    assert isinstance(at_half, systematics.Estimate)
    assert at_half.value == pytest.approx(expected)


def test_nothing_moved_is_no_change():
    varied = vary(scored(make_events(500)), dict.fromkeys(KINDS, 0.0), events=10_000, seed=1)
    part = systematics.section(varied, ANALYSIS, "made up")
    assert len(part.metrics) > 100
    unknown = {name for name, value in part.metrics.items() if isinstance(value, Unknown)}
    assert unknown == {"systematics/jet_resolution_down"}
    for name in part.metrics.keys() - unknown:
        assert part.metrics[name] == pytest.approx(0, abs=1e-9), name


def test_so_many_events_as_asked_for():
    varied = vary(scored(make_events(2_000)), {"lepton_scale": 0.01}, events=300, seed=1)
    assert len(varied.labels) == len(varied.scores) == 300
    again = vary(scored(make_events(2_000)), {"lepton_scale": 0.01}, events=300, seed=1)
    assert np.array_equal(again.scores, varied.scores)


def test_an_object_that_is_missing_everywhere_says_so():
    events = make_events(200)
    events[:, 1 + 3 : 1 + 5] = np.nan
    events[:, [1 + column for column in schema.columns("btag")]] = np.nan
    varied = vary(scored(events), SIZES, events=1_000, seed=1)
    reasons = {
        name: moved["up"].reason for name, moved in varied.moved.items() if isinstance(moved["up"], Unknown)
    }
    assert reasons == {
        "missing_energy": "no event has missing energy",
        "btag_efficiency": "no event has a b-tag",
        "mistag": "no event has a b-tag",
    }
    part = systematics.section(varied, ANALYSIS, "made up")
    assert part.metrics["systematics/mistag_up"] == Unknown("no event has a b-tag")


def test_whole_weights_are_repeated_events():
    events = make_events(2_000)
    weights = np.random.default_rng(1).integers(1, 4, 2_000)
    repeated = np.repeat(np.arange(2_000), weights)
    one, many = replace(scored(events), weights=weights), scored(events[repeated])
    sizes = {name: SIZES[name] for name in ("jet_energy_scale", "lepton_scale", "btag_efficiency")}
    parts = [
        systematics.section(vary(each, sizes, events=10_000, seed=1), ANALYSIS, "made up").metrics
        for each in (one, many)
    ]
    assert parts[0].keys() == parts[1].keys()
    for name, value in parts[1].items():
        if name.endswith("_error"):
            # an event of weight 2 is not two events
            assert value == 0 or float(str(parts[0][name])) > float(str(value)), name
        elif not name.endswith("/significance"):  # its best cut may be another, where few events pass
            assert parts[0][name] == pytest.approx(value, abs=1e-9), name
    plain = systematics.section(vary(scored(events), sizes, events=10_000, seed=1), ANALYSIS, "made up")
    assert plain.metrics["systematics/lepton_scale_up/auc"] != parts[0]["systematics/lepton_scale_up/auc"]


@pytest.mark.parametrize("num_events", [1, 2, 10])
@pytest.mark.parametrize("label", [0.0, 1.0, None])
def test_few_events_or_one_class_are_never_a_nan(num_events: int, label: float | None):
    varied = vary(scored(make_events(num_events, label=label)), SIZES, events=1_000, seed=1)
    part = systematics.section(varied, ANALYSIS, "made up")
    for name, value in part.metrics.items():
        assert isinstance(value, Unknown) or math.isfinite(float(value)), name
    if label is not None:
        assert part.metrics["systematics/lepton_scale_up/auc"] == Unknown("events of one class only")


def test_all_of_a_class_may_leave(tmp_path: Path):
    background = event(lepton=(15.05, 0, 0))
    events = np.vstack([np.append(1, event()), np.append(0, background)]).astype(np.float32)
    varied = vary(scored(events), {"lepton_scale": 0.01}, events=10, seed=1)
    part = systematics.section(varied, ANALYSIS, "made up")
    leave = Unknown("all events of a class leave the selection")
    assert part.metrics["systematics/lepton_scale_down/auc"] == leave
    assert part.metrics["systematics/lepton_scale_down/background_efficiency_50%"] in (
        -1.0,
        Unknown("no background event passes the cut"),
    )
