"""What a cut does to shapes: the masses are HIGGS' own, and the distance is the one that is meant."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import SHARED, make_events
from scipy.spatial.distance import jensenshannon

from higgs_lightning import load_model, schema
from higgs_lightning.evaluation.page import Unknown
from higgs_lightning.evaluation.scored import ScoredEvents
from higgs_lightning.evaluation.sculpting import jensen_shannon_distance, quantities, section

REAL = SHARED / "data" / "higgs-real-test.csv.gz"


def scored(features: np.ndarray, labels: np.ndarray, scores: np.ndarray) -> ScoredEvents:
    model = load_model("pretrained").eval()
    return ScoredEvents(model, features.astype(np.float32), labels, scores, "a test", 512)


def events_with_mass(m_bb: np.ndarray) -> np.ndarray:
    """Events (N, 21) in HIGGS units in which jets 1 and 2 are tagged, back to back at eta 0."""
    features = make_events(len(m_bb))[:, 1:].astype(float)
    scales = np.array([feature.scale for feature in schema.LOW_LEVEL])
    features[:, 5:13] = 0
    features[:, [5, 9]] = m_bb[:, None] / 2 / scales[[5, 9]]
    features[:, 11] = np.pi / scales[11]
    features[:, [8, 12]] = 1 / scales[[8, 12]]
    features[:, [16, 20]] = 0
    return features


def test_distance_is_scipy_s():
    rng = np.random.default_rng(1)
    for _ in range(20):
        p, q = rng.dirichlet(np.ones(12) / 3, 2)
        assert jensen_shannon_distance(p, q) == pytest.approx(jensenshannon(p, q, base=2), abs=1e-9)


def test_masses_of_hand_made_events():
    m_bb = np.array([50.0, 125.0, 300.0])
    features = events_with_mass(m_bb)
    features[1, 8] = 0  # only one tagged jet is listed
    features[2, 15] = np.nan  # and here a jet is missing
    found = quantities(features)
    assert found["m_bb"][0] == pytest.approx(50, rel=1e-5)
    assert np.isnan(found["m_bb"][1:]).all()
    assert np.isfinite(found["m_jj"][:2]).all()  # of the untagged ones
    assert np.isnan(found["m_jj"][2])
    assert np.isfinite(found["jet_1_pt"]).all()


@pytest.mark.skipif(not REAL.exists(), reason="real events are not at hand")
def test_masses_of_real_events_are_the_file_s():
    """Where both tags are listed, m_bb is the archive's own column; others hold jets that are not listed."""
    rows = np.loadtxt(REAL, delimiter=",", max_rows=2000)
    found = quantities(rows[:, 1:22])
    column = [feature.name for feature in schema.HIGH_LEVEL].index("m_bb")
    own = rows[:, 22 + column] * schema.HIGH_LEVEL[column].scale
    known = np.isfinite(found["m_bb"])
    assert 0.8 < known.mean() < 0.86  # 82.9 % of TEST list both, see docs/higgs.md
    np.testing.assert_allclose(found["m_bb"][known], own[known], rtol=5e-3)


def test_a_cut_on_the_mass_itself_sculpts_and_a_blind_one_does_not():
    rng = np.random.default_rng(1)
    labels = np.repeat([0.0, 1.0], 8_000)
    m_bb = np.where(labels > 0, rng.normal(125, 15, 16_000), rng.uniform(20, 300, 16_000))
    features = events_with_mass(m_bb)
    by_mass = -np.abs(m_bb - 125)
    blind = rng.uniform(size=16_000)
    sculpted, kept = (section(scored(features, labels, s), [0.5]).metrics for s in (by_mass, blind))
    for metrics in (sculpted, kept):
        assert len(metrics) == 7
    strong, weak = sculpted["test/sculpting_m_bb_50%"], kept["test/sculpting_m_bb_50%"]
    assert isinstance(weak, float)
    assert isinstance(strong, float)
    # half of the signal lies within 10 GeV of 125, as 7 % of the background does
    assert strong > 0.7
    assert weak < 0.1


def test_whole_weights_are_repeated_events():
    """But for how many events pass, which is the effective number; negative bins count as empty."""
    rng = np.random.default_rng(2)
    labels, weights = np.tile([0.0, 1.0], 5_000), rng.integers(1, 4, 10_000)
    features = events_with_mass(rng.uniform(20, 300, 10_000))
    scores = np.round(rng.uniform(size=10_000) + 0.2 * labels, 3)
    repeated = np.repeat(np.arange(10_000), weights)
    one = section(replace(scored(features, labels, scores), weights=weights), [0.7, 0.3])
    many = section(scored(features[repeated], labels[repeated], scores[repeated]), [0.7, 0.3])
    # bins end at a quantile of the events, which weights do not move
    rows = [[row for row in each.tables["sculpting"].rows if row[0] == "m_bb"] for each in (one, many)]
    for of_one, of_many in zip(*rows, strict=True):
        assert 300 < int(str(of_one[2])) < int(str(of_many[2]))
        assert of_one[3] == pytest.approx(of_many[3], abs=0.02)
    signed = np.where(rng.random(10_000) < 0.3, -1.0, 1.0)
    found = section(replace(scored(features, labels, scores), weights=signed), [0.7, 0.3])
    for value in found.metrics.values():
        assert isinstance(value, Unknown) or 0 <= float(value) <= 1
    found.figures["sculpting"].canvas.draw_idle()


def test_few_events_are_no_shape(tmp_path: Path):
    features = events_with_mass(np.linspace(20, 300, 10))
    labels = np.array([0.0, 1.0] * 5)
    found = section(scored(features, labels, np.linspace(0, 1, 10)), [0.7, 0.3])
    assert all(isinstance(value, Unknown) for value in found.metrics.values())
    assert not any(axes.patches for axes in found.figures["sculpting"].axes)
    assert not found.files["sculpting_shapes"].rows
    found.figures["sculpting"].savefig(tmp_path / "figure.png")


def test_a_cut_that_few_events_pass_is_not_drawn_and_the_picture_says_so():
    features = events_with_mass(np.linspace(20, 300, 400))
    labels = np.array([0.0, 1.0] * 200)
    scores = np.where(labels > 0, np.linspace(0.5, 1, 400), np.linspace(0, 0.76, 400))
    found = section(scored(features, labels, scores), [0.5])
    of_background, of_signal = found.figures["sculpting"].axes[:2]
    words = [text.get_text() for text in of_background.texts]
    assert re.fullmatch(r"at 50%: \d events, not drawn", words[0])
    assert (len(of_background.patches), len(of_signal.patches)) == (1, 2)
    assert [text.get_text() for text in of_signal.texts] == [""]


def test_no_event_has_a_mass(tmp_path: Path):
    features = events_with_mass(np.linspace(20, 300, 400))
    features[:, 8] = 0
    labels = np.array([0.0, 1.0] * 200)
    found = section(scored(features, labels, np.linspace(0, 1, 400)), [0.5])
    assert found.metrics["test/sculpting_m_bb_50%"] == Unknown("no background event has it")
    found.figures["sculpting"].savefig(tmp_path / "figure.png")


def test_the_legend_names_cuts_that_no_event_with_the_first_mass_passes():
    features = events_with_mass(np.linspace(20, 300, 400))
    scores = np.linspace(0, 1, 400)
    features[scores > 0.3, 8] = 0  # then one tagged jet is listed, and there is no m_bb
    figure = section(scored(features, np.array([0.0, 1.0] * 200), scores), [0.5]).figures["sculpting"]
    of_background, of_signal = ([text.get_text() for text in each.texts] for each in figure.legends)
    assert of_background == ["all background", "at 50% signal efficiency"]
    assert of_signal == ["all signal", "at 50% signal efficiency"]


def test_cuts_that_differ_by_less_than_a_hundredth_keep_their_names():
    features = events_with_mass(np.linspace(20, 300, 400))
    found = section(scored(features, np.array([0.0, 1.0] * 200), np.linspace(0, 1, 400)), [0.7, 0.005, 0.001])
    names = [name for name in found.metrics if "m_bb" in name]
    assert names == [f"test/sculpting_m_bb_{share}%" for share in ("70", "0.5", "0.1")]
