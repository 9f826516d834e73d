"""The binned fit: against closed formulas, pyhf's own inference and its command line."""

import json
import math
import subprocess
import sys
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import composed, make_events
from omegaconf import OmegaConf
from scipy.optimize import brentq

from higgs_lightning.errors import UserError
from higgs_lightning.evaluation import fit, importance
from higgs_lightning.evaluation.fit import Templates, bin_edges, impacts, limit, templates, workspace
from higgs_lightning.evaluation.metrics import discovery_significance
from higgs_lightning.evaluation.page import Unknown
from higgs_lightning.evaluation.scored import ScoredEvents
from higgs_lightning.evaluation.systematics import Analysis, Scored, Varied
from higgs_lightning.training.testing import chosen_sections, evaluate

pyhf = pytest.importorskip("pyhf")
ANALYSIS = Analysis(100, 1000, 0.05)


def made_up(signal: list[float], background: list[float], relative_error: float = 0.02) -> Templates:
    expected = {"signal": np.array(signal), "background": np.array(background)}
    errors = {name: relative_error * each for name, each in expected.items()}
    return Templates(np.linspace(0, 1, len(signal) + 1), expected, errors, {})


@pytest.fixture
def scored() -> tuple[np.ndarray, np.ndarray]:
    """Labels and scores of 3,000 events."""
    events = make_events(3_000)
    labels = events[:, 0]
    odds = events[:, [1, 6, 10]].sum(axis=1) - 3.5
    return labels, 1 / (1 + np.exp(-odds))


# against formulas ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("signal", "background", "uncertainty"),
    [(100, 1000, 0.05), (60, 200, 0.05), (30, 12, 0.1), (5, 3, 0.3), (1, 1000, 0.02), (40, 400, 0.0)],
)
def test_one_bin_is_the_closed_formula_to_ten_digits(signal: float, background: float, uncertainty: float):
    spec = workspace(made_up([signal], [background]), uncertainty, statistical_errors=False)
    expected = float(discovery_significance(signal, background, uncertainty))
    assert fit.significance(spec) == pytest.approx(expected, rel=1e-10, abs=1e-10)


def test_bins_of_known_background_add_up():
    signal, background = [5.0, 20.0, 30.0], [400.0, 100.0, 20.0]
    spec = workspace(made_up(signal, background), 0.0, statistical_errors=False)
    expected = math.sqrt((discovery_significance(signal, background) ** 2).sum())
    assert fit.significance(spec) == pytest.approx(expected, rel=1e-10)


def test_the_limit_of_one_bin_is_the_closed_formula():
    """Of known background: q of the Asimov data is 1.96 squared at the median, by CLs."""
    s, b = 10.0, 50.0

    def root_of_q(mu: float) -> float:
        return math.sqrt(2 * (mu * s - b * math.log1p(mu * s / b)))

    found = limit(workspace(made_up([s], [b]), 0.0, statistical_errors=False))
    assert found.median == pytest.approx(brentq(lambda mu: root_of_q(mu) - 1.959963985, 0.1, 100), rel=1e-6)
    assert found.low < found.median < found.high


# against pyhf ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def spec() -> dict[str, Any]:
    found = made_up([10.0, 20.0, 30.0], [300.0, 90.0, 40.0])
    tilt = {"up": np.array([1.05, 0.97, 0.95]), "down": np.array([0.96, 1.02, 1.04])}
    variations = {
        "jet_energy_scale": {
            name: {direction: found.expected[name] * each for direction, each in tilt.items()}
            for name in ("signal", "background")
        }
    }
    return workspace(Templates(found.edges, found.expected, found.errors, variations), 0.05)


def test_it_is_what_pyhf_says(spec: dict[str, Any]):
    """Its discovery test statistic and its limit of Asimov data, found by its free fits and its scan."""
    model = pyhf.Workspace(spec).model()
    start, bounds = model.config.suggested_init(), model.config.suggested_bounds()
    data = model.expected_data([1.0 if i == model.config.poi_index else v for i, v in enumerate(start)])
    q0 = pyhf.infer.test_statistics.q0(0.0, data, model, start, bounds, model.config.suggested_fixed())
    assert fit.significance(spec) == pytest.approx(math.sqrt(q0), rel=1e-4)

    found = limit(spec)
    without = pyhf.Workspace(spec).data(model)
    for mu, place in ((found.low, 1), (found.median, 2), (found.high, 3)):
        _, band = pyhf.infer.hypotest(mu, without, model, return_expected_set=True)
        assert float(band[place]) == pytest.approx(0.05, rel=1e-3)
    assert pyhf.get_backend()[0].name == "numpy"


def test_uncertainties_cost_significance(spec: dict[str, Any]):
    found = made_up([10.0, 20.0, 30.0], [300.0, 90.0, 40.0])
    known, uncertain = (fit.significance(workspace(found, u, False)) for u in (0.0, 0.05))
    with_errors = fit.significance(workspace(found, 0.05, True))
    assert known > uncertain > with_errors > fit.significance(spec)
    moved = impacts(spec, 0.05)
    assert moved.keys() == {"jet_energy_scale", "background_normalisation"}
    up, down = moved["jet_energy_scale"]
    assert up * down < 0


def test_a_variation_of_nothing_changes_nothing():
    found = made_up([10.0, 30.0], [300.0, 40.0])
    same = {name: {"up": each, "down": each} for name, each in found.expected.items()}
    with_it = Templates(found.edges, found.expected, found.errors, {"mistag": same})
    values = [fit.significance(workspace(each, 0.05)) for each in (found, with_it)]
    assert values[0] == pytest.approx(values[1], rel=1e-9)


@pytest.mark.slow
def test_pyhf_s_command_line_opens_the_workspace(spec: dict[str, Any], tmp_path: Path):
    path = tmp_path / "workspace.json"
    path.write_text(json.dumps(spec))
    pyhf_command = [sys.executable, "-W", "ignore", "-c", "from pyhf.cli import cli; cli()"]

    def output(*arguments: str) -> str:
        done = subprocess.run([*pyhf_command, *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    inspected = output("inspect", str(path))
    for word in ("score", "control_region", "signal", "jet_energy_scale", "normsys", "staterror"):
        assert word in inspected
    median = limit(spec).median
    cls = json.loads(output("cls", str(path), "--test-poi", str(median)))
    assert cls["CLs_exp"][2] == pytest.approx(0.05, rel=1e-3)
    assert cls["CLs_obs"] == pytest.approx(0.05, rel=1e-3)


# bins ------------------------------------------------------------------------------------------------------


def test_bins_of_equal_signal(scored):
    labels, scores = scored
    edges = bin_edges(labels, scores, "equal_signal", 5, 1, ANALYSIS)
    counts, _ = np.histogram(scores[labels == 1], edges)
    assert len(counts) == 5
    assert np.ptp(counts) <= 1
    wide = bin_edges(labels, scores, "equal_signal", 20, 100, ANALYSIS)
    counts, _ = np.histogram(scores[labels == 0], wide)
    assert 1 < len(counts) < 20
    assert counts.min() >= 100


def test_bins_of_the_best_significance_are_the_best_of_all():
    generator = np.random.default_rng(1)
    s, background = generator.uniform(1, 5, 9), generator.integers(3, 60, 9).astype(float)
    b, least, most = background * 0.7, 20, 4
    kept = fit._best(s, b, background, background, most, least)  # of weights that are 1

    def squared(edges: tuple[int, ...]) -> float:
        found_s, found_b, counts = (
            [each[i:j].sum() for i, j in pairwise(edges)] for each in (s, b, background)
        )
        return float((discovery_significance(found_s, found_b) ** 2).sum()) if min(counts) >= least else -1

    everything = [(0, *inner, 9) for number in range(most) for inner in combinations(range(1, 9), number)]
    assert squared(tuple(kept)) == pytest.approx(max(map(squared, everything)))
    assert len(kept) > 2


def test_the_best_bins_beat_those_of_equal_signal(scored):
    labels, scores = scored
    values = {}
    for binning in ("equal_signal", "significance"):
        edges = bin_edges(labels, scores, binning, 4, 50, ANALYSIS)
        found = templates(labels, scores, edges, ANALYSIS)
        values[binning] = fit.significance(workspace(found, 0.0, False))
    assert values["significance"] > values["equal_signal"]


# templates -------------------------------------------------------------------------------------------------


def test_templates_hold_what_the_analysis_expects(scored):
    labels, scores = scored
    edges = np.array([0, 0.5, 1.0])
    moved = {
        "up": Scored(np.minimum(scores + 0.1, 1), np.ones(3_000)),
        "down": Scored(scores, 0.9 * np.ones(3_000)),
    }
    found = templates(
        labels,
        scores,
        edges,
        ANALYSIS,
        Varied(labels, scores, np.ones(3_000), {"mistag": 0.1}, {"mistag": moved}),
    )
    assert found.expected["signal"].sum() == pytest.approx(100)
    assert found.expected["background"].sum() == pytest.approx(1000)
    counts = np.array([(scores[labels == 0] < 0.5).sum(), (scores[labels == 0] >= 0.5).sum()])
    np.testing.assert_allclose(found.errors["background"], found.expected["background"] / np.sqrt(counts))
    of_background = found.variations["mistag"]["background"]
    np.testing.assert_allclose(of_background["down"], 0.9 * found.expected["background"])
    assert of_background["up"].sum() == pytest.approx(1000)
    assert of_background["up"][1] == pytest.approx((scores[labels == 0] >= 0.4).mean() * 1000)


def test_without_a_down_it_mirrors_the_up(scored):
    labels, scores = scored
    moved: dict[str, Scored | Unknown] = {
        "up": Scored(scores, 1.2 * np.ones(3_000)),
        "down": Unknown("has none"),
    }
    varied = Varied(labels, scores, np.ones(3_000), {"jet_resolution": 0.1}, {"jet_resolution": moved})
    found = templates(labels, scores, np.array([0, 0.5, 1.0]), ANALYSIS, varied)
    down = found.variations["jet_resolution"]["signal"]["down"]
    np.testing.assert_allclose(down, 0.8 * found.expected["signal"])


def test_too_little_background_is_refused(scored):
    labels, scores = scored
    with pytest.raises(
        UserError, match=r"fit.least_background=5000: the test events have 1,\d+ of background"
    ):
        bin_edges(labels, scores, "equal_signal", 5, 5_000, ANALYSIS)
    with pytest.raises(UserError, match=r"bin 2 of the fit, scores 0.999 to 1, has no background"):
        templates(labels, scores, np.array([0, 0.999, 1]), ANALYSIS)


def test_background_that_may_be_less_than_nothing_is_refused(scored):
    labels, scores = scored
    events = ScoredEvents(None, np.zeros((len(labels), 21)), labels, scores, "", 100)  # type: ignore[arg-type]
    options = ["report=[fit]", "fit.least_background=0", "analysis.uncertainty=1.5"]
    config: Any = OmegaConf.to_container(composed(*options, name="evaluate"))
    with pytest.raises(UserError, match=r"analysis.uncertainty=1.5: a fit .* say at most 1"):
        chosen_sections(config, events)


def test_negative_bins_are_refused(scored):
    labels, scores = scored
    weights = np.where(scores > 0.9, -1.0, 1.0)
    with pytest.raises(UserError, match=r"bin 2 of the fit, scores 0.9 to 1, has -\d+ events of signal"):
        templates(labels, scores, np.array([0, 0.9, 1]), ANALYSIS, weights=weights)


def test_what_can_not_be_fitted_is_said_before_other_work(monkeypatch: pytest.MonkeyPatch, scored):
    labels, scores = scored
    weights = np.random.default_rng(0).choice([-1.0, 1.0], 3_000, p=[0.45, 0.55])
    events = ScoredEvents(None, np.zeros((3_000, 21)), labels, scores, "", 100, weights=weights)  # type: ignore[arg-type]
    options = ["report=[fit,importance]", "fit.least_background=0", "fit.bins=40"]
    config: Any = OmegaConf.to_container(composed(*options, name="evaluate"))
    monkeypatch.setattr(importance, "section", lambda *_, **__: pytest.fail("it took minutes"))
    with pytest.raises(UserError, match=r"bin \d+ of the fit, .* has -\d+ events of background"):
        chosen_sections(config, events)


@pytest.mark.parametrize("binning", ["equal_signal", "significance"])
def test_whole_weights_are_repeated_events(scored, binning: str):
    labels, scores = scored
    weights = np.random.default_rng(1).integers(1, 4, 3_000)
    repeated = np.repeat(np.arange(3_000), weights)
    events, many = (labels, scores), (labels[repeated], scores[repeated])
    edges = bin_edges(*events, binning, 5, 1, ANALYSIS, weights)
    np.testing.assert_array_equal(edges, bin_edges(*many, binning, 5, 1, ANALYSIS))
    moved = Scored(np.minimum(scores + 0.1, 1), np.where(scores > 0.2, 1.0, 0.9))
    both: dict[str, Scored | Unknown] = {"up": moved, "down": Unknown("has none")}
    of_many = Scored(moved.scores[repeated], moved.factors[repeated])
    varied = Varied(*events, weights, {"mistag": 0.1}, {"mistag": both})
    varied_many = Varied(*many, np.ones(len(repeated)), {"mistag": 0.1}, {"mistag": {**both, "up": of_many}})
    found = templates(*events, edges, ANALYSIS, varied, weights)
    expected = templates(*many, edges, ANALYSIS, varied_many)
    for name in ("signal", "background"):
        np.testing.assert_allclose(found.expected[name], expected.expected[name])
        assert (found.errors[name] > expected.errors[name]).all()  # an event of weight 2 is not two events
        up, up_of_many = (each.variations["mistag"][name]["up"] for each in (found, expected))
        np.testing.assert_allclose(up, up_of_many)


def test_equal_weights_are_none():
    """Not even where the sums of a third are rounded, and each bin has just enough."""
    events = np.repeat([0.0, 1.0], 490), np.tile(np.arange(490) / 490, 2).astype(np.float32)
    edges = bin_edges(*events, "equal_signal", 10, 49, ANALYSIS)
    assert len(edges) == 11
    weights = np.full(980, 1 / 3, np.float32)
    assert np.array_equal(bin_edges(*events, "equal_signal", 10, 49, ANALYSIS, weights), edges)


def test_the_effective_number_of_background_fills_a_bin(scored):
    labels, scores = scored
    weights = np.where(np.arange(3_000) % 100, 0.0, 2.5)
    number = fit.background_number(labels, weights)
    assert 5 < number < 30
    assert len(bin_edges(labels, scores, "equal_signal", 5, number, ANALYSIS, weights)) == 2
    with pytest.raises(UserError, match=f"the test events have {number} of background"):
        bin_edges(labels, scores, "equal_signal", 5, number + 1, ANALYSIS, weights)


def test_pyhf_says_nothing_of_modifiers(caplog: pytest.LogCaptureFixture):
    with caplog.at_level("INFO"):  # as Hydra has it
        fit.significance(workspace(made_up([10], [100]), 0.1))
        assert not caplog.records
        pyhf.Workspace(workspace(made_up([10], [100]), 0.1)).model()
    assert caplog.records  # to others it speaks


# the command -----------------------------------------------------------------------------------------------


def test_without_pyhf_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setitem(sys.modules, "pyhf", None)
    cfg = composed("ckpt=pretrained", "fit.binning=equal_signal", name="evaluate")
    with pytest.raises(UserError, match=r"a binned fit needs one more package: pip install -e '.\[stats\]'"):
        evaluate(cfg, tmp_path / "out")


@pytest.mark.slow
def test_evaluate_with_everything(run: Path, tmp_path: Path):
    arguments = ["trainer.enable_progress_bar=false", "data.train_events=20000", "shifts.events=1000"]
    cfg = composed(f"ckpt={run}", *arguments, "report=[systematics,fit]", name="evaluate")
    metrics = evaluate(cfg, tmp_path / "out")
    spec = json.loads((tmp_path / "out" / "workspace.json").read_text())
    assert fit.significance(spec) == pytest.approx(metrics["fit/significance"], rel=1e-9)
    assert metrics["fit/significance"] < metrics["fit/significance_of_normalisation_alone"]
    assert metrics["fit/significance_of_known_background"] > 0.95 * metrics["test/significance"]
    assert 0 < metrics["fit/limit_low"] < metrics["fit/limit"] < metrics["fit/limit_high"]
    assert {each.stem for each in (tmp_path / "out" / "plots").iterdir()} > {"systematics", "fit"}
    assert metrics["unknown"].keys() == {"systematics/jet_resolution_down"}

    cfg = composed(f"ckpt={run}", *arguments, "fit.binning=equal_signal", "fit.bins=1", name="evaluate")
    one = evaluate(cfg, tmp_path / "one")
    closed = float(discovery_significance(100, 1000, 0.05))
    assert one["fit/significance_of_normalisation_alone"] == pytest.approx(closed, rel=1e-10)
    assert not any(name.startswith("systematics/") for name in one)
