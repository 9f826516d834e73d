"""ROC-AUC and its interval against slow definitions and other libraries."""

import numpy as np
import pytest
from conftest import make_events
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sklearn_metrics

from higgs_lightning import schema
from higgs_lightning.evaluation.metrics import (
    approximate_median_significance,
    background_rejection,
    discovery_significance,
    effective_number,
    fit_temperature,
    reconstruction_errors,
    reliability,
    roc_auc_interval,
    roc_curve,
    tempered,
    threshold,
)


def sample(num_events: int, seed: int, separation: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Two normal distributions at a distance: labels and scores."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(2, size=num_events)
    return labels, (generator.normal(size=num_events) + separation * labels).astype(np.float32)


def comparisons(labels: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """(signal, background): 1 where signal outscores background, 1/2 for a tie."""
    signal, background = scores[labels == 1][:, None], scores[labels == 0][None, :]
    return (signal > background) + 0.5 * (signal == background)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=2, max_size=60))
@settings(max_examples=200, deadline=None)
def test_auc_is_the_share_of_pairs_in_order_ties_counting_half(events):
    labels, scores = (np.array(column) for column in zip(*events, strict=True))
    if labels.all() or not labels.any():
        with pytest.raises(ValueError, match="both classes"):
            roc_auc_interval(labels, scores)
        return
    auc = roc_auc_interval(labels, scores)
    assert auc.auc == pytest.approx(comparisons(labels, scores).mean(), abs=1e-12)
    assert 0 <= auc.low <= auc.auc <= auc.high <= 1


@pytest.mark.parametrize("decimals", [1, 7])
def test_auc_and_curve_agree_with_scikit_learn(decimals):
    labels, scores = sample(5_000, seed=1)
    scores = scores.round(decimals)
    assert roc_auc_interval(labels, scores).auc == pytest.approx(
        sklearn_metrics.roc_auc_score(labels, scores)
    )
    background, signal = roc_curve(labels, scores)
    expected_background, expected_signal, _ = sklearn_metrics.roc_curve(
        labels, scores, drop_intermediate=False
    )
    np.testing.assert_allclose(background, expected_background)
    np.testing.assert_allclose(signal, expected_signal)
    assert np.trapezoid(signal, background) == pytest.approx(roc_auc_interval(labels, scores).auc)


def test_interval_is_delong_s():
    """From the definition: the variances of the mean comparison of each event with the other class."""
    labels, scores = sample(400, seed=2)
    pairs = comparisons(labels, scores.round(1))
    variance = (
        pairs.mean(axis=1).var(ddof=1) / pairs.shape[0] + pairs.mean(axis=0).var(ddof=1) / pairs.shape[1]
    )
    interval = roc_auc_interval(labels, scores.round(1))
    assert interval.high - interval.auc == pytest.approx(1.959964 * np.sqrt(variance))
    assert interval.auc - interval.low == pytest.approx(1.959964 * np.sqrt(variance))


def test_interval_covers_the_truth_as_often_as_it_says():
    truth = 0.7602499  # of two normal distributions at distance 1: Phi(1 / sqrt 2)
    intervals = [roc_auc_interval(*sample(500, seed), level=0.9) for seed in range(600)]
    coverage = np.mean([interval.low <= truth <= interval.high for interval in intervals])
    assert coverage == pytest.approx(0.9, abs=0.04)


def test_a_monotone_transformation_changes_nothing():
    labels, scores = sample(1_000, seed=3)
    before, after = (
        roc_auc_interval(labels, scores),
        roc_auc_interval(labels, np.exp(scores.astype(float)) * 3),
    )
    assert before == pytest.approx(after)


def test_background_rejection():
    labels = np.array([1, 1, 1, 1, 0, 0, 0, 0])
    scores = np.array([0.9, 0.8, 0.4, 0.3, 0.85, 0.35, 0.2, 0.1])
    assert background_rejection(labels, scores, 0.5) == 4.0
    assert background_rejection(labels, scores, 1.0) == 2.0
    assert background_rejection(labels, scores, 0.25) == float("inf")


def test_one_event_of_a_class_leaves_everything_possible():
    interval = roc_auc_interval(np.array([1, 0, 0, 0]), np.array([0.5, 0.4, 0.6, 0.3]))
    assert interval.auc == pytest.approx(2 / 3)
    assert (interval.low, interval.high) == (0, 1)


@pytest.mark.parametrize("label", [0, 1])
def test_a_curve_of_one_class_is_refused(label):
    with pytest.raises(ValueError, match="both classes"):
        roc_curve(np.full(3, label), np.arange(3.0))


def test_significance_of_few_signal_events_is_s_over_sqrt_b():
    s, b = np.array([0.1, 1.0, 3.0]), np.array([1e3, 1e4, 1e5])
    np.testing.assert_allclose(discovery_significance(s, b), s / np.sqrt(b), rtol=1e-2)
    expected = s / np.sqrt(b + (0.05 * b) ** 2)
    np.testing.assert_allclose(discovery_significance(s, b, 0.05), expected, rtol=2e-2)


def test_significance_is_the_likelihood_ratio_s():
    """Against the definition: the profile likelihood of n = s + b and a measured background, maximised."""
    s, b, sigma = 100.0, 1000.0, 50.0
    tau = b / sigma**2  # the background is measured as tau * b events
    n, m = s + b, tau * b
    strength = np.linspace(900, 1200, 300_001)  # background, if there is no signal
    null = (n * np.log(strength) - strength + m * np.log(tau * strength) - tau * strength).max()
    free = n * np.log(n) - n + m * np.log(m) - m
    assert discovery_significance(s, b, 0.05) == pytest.approx(np.sqrt(2 * (free - null)), rel=1e-5)
    assert discovery_significance(s, b, 1e-6) == pytest.approx(discovery_significance(s, b), rel=1e-4)


def test_significance_without_events():
    assert discovery_significance(np.array([0.0, 5.0]), np.array([10.0, 0.0])).tolist() == [0.0, 0.0]
    assert approximate_median_significance(5.0, 0.0) == discovery_significance(5.0, 10.0)


def test_reliability_of_honest_and_of_overconfident_scores():
    generator = np.random.default_rng(1)
    truth = generator.random(200_000)
    labels = generator.random(200_000) < truth
    honest = reliability(labels, truth)
    assert honest.events.sum() == 200_000
    assert honest.error < 0.01
    np.testing.assert_allclose(honest.signal, honest.score, atol=0.02)
    overconfident = reliability(labels, (truth > 0.5).astype(float))
    assert overconfident.events.tolist() == [(truth <= 0.5).sum(), (truth > 0.5).sum()]
    assert overconfident.error == pytest.approx(0.25, abs=0.01)


def test_temperature_undoes_overconfidence():
    generator = np.random.default_rng(0)
    odds = generator.normal(0, 2, 200_000)
    labels = generator.random(len(odds)) < 1 / (1 + np.exp(-odds))
    for factor in (0.2, 1.0, 3.0):
        too_sure = 1 / (1 + np.exp(-factor * odds))
        temperature = fit_temperature(labels, too_sure)
        assert temperature == pytest.approx(factor, rel=0.02)
        assert reliability(labels, tempered(too_sure, temperature)).error < 0.005


def test_temperature_of_certain_scores_is_finite():
    labels = np.array([0, 1, 1, 0])
    assert np.isfinite(fit_temperature(labels, np.array([0.0, 1.0, 1.0, 1.0], np.float32)))


def test_reconstruction_error_as_a_share_of_a_constant_s():
    truth = make_events(2_000)[:, 1:]
    everything = np.ones(truth.shape, bool)
    assert set(reconstruction_errors(truth, truth, everything).values()) == {0.0}
    constant = truth.copy()
    for i, feature in enumerate(schema.LOW_LEVEL):
        values = truth[:, i] * feature.scale
        if feature.quantity == "pt":
            value = np.exp(np.log(np.maximum(values, 1)).mean())
        elif feature.quantity == "phi":
            value = np.arctan2(np.sin(values).mean(), np.cos(values).mean())
        elif feature.quantity == "btag":
            value = np.bincount(np.rint(values).astype(int)).argmax()
        else:
            value = values.mean()
        constant[:, i] = value / feature.scale
    assert list(reconstruction_errors(truth, constant, everything).values()) == pytest.approx(
        [1] * 6, rel=1e-3
    )
    nothing = reconstruction_errors(truth, truth, np.zeros(truth.shape, bool))
    assert all(np.isnan(value) for value in nothing.values())


def test_the_tightest_cut_that_keeps_so_much():
    scores = np.array([0.1, 0.9, 0.5, 0.5, 0.7])
    found = [threshold(scores, efficiency) for efficiency in (0.2, 0.21, 0.4, 0.6, 0.8, 1.0)]
    assert found == [0.9, 0.7, 0.7, 0.5, 0.5, 0.1]
    heavy = np.array([1, 1, 1, 1, 6])  # the last one, of 0.7, is the most of it
    assert [threshold(scores, efficiency, heavy) for efficiency in (0.1, 0.7, 0.8, 1.0)] == [
        0.9,
        0.7,
        0.5,
        0.1,
    ]


def test_the_effective_number_of_equal_events_is_their_number():
    for weight in (0.5, 1.0, 3.0):
        assert effective_number(7 * weight, 7 * weight**2) == pytest.approx(7)
    assert effective_number([10.0, -1.0, 0.0], [100.0, 1.0, 0.0]).tolist() == [1, 0, 0]
