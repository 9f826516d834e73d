"""Plots show what they were given, labelled, for small input too."""

import numpy as np
import pytest
from conftest import make_events
from matplotlib import pyplot

from higgs_lightning import plots, schema

HISTORY = [
    {"epoch": epoch, "train/auc": 0.6 + epoch / 100, "val/auc": 0.5 + epoch / 50} for epoch in range(4)
]


@pytest.fixture(autouse=True)
def nothing_left_open():
    yield
    assert pyplot.get_fignums() == []


@pytest.mark.parametrize("epochs", [1, 4])
def test_learning_curve_shows_every_epoch(epochs):
    (axes,) = plots.learning_curve(HISTORY[:epochs], "auc", "ROC-AUC", best_epoch=0).axes
    train, val, best = axes.get_lines()
    assert np.asarray(train.get_ydata()).tolist() == [row["train/auc"] for row in HISTORY[:epochs]]
    assert np.asarray(val.get_ydata()).tolist() == [row["val/auc"] for row in HISTORY[:epochs]]
    assert np.asarray(val.get_xdata()).tolist() == list(range(epochs))
    assert np.asarray(best.get_xdata()).tolist() == [0, 0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("epoch", "ROC-AUC")


def test_roc_names_auc_interval_and_events():
    labels = np.array([0, 0, 1, 1] * 25)
    scores = np.array([0.1, 0.4, 0.35, 0.8] * 25)
    figure = plots.roc({"test": (labels, scores)})
    curve, _ = figure.axes[0].get_lines()
    assert np.asarray(curve.get_xdata()).tolist() == [0, 0, 0.5, 0.5, 1]
    assert np.asarray(curve.get_ydata()).tolist() == [0, 0.5, 0.5, 1, 1]
    _, (name,) = figure.axes[0].get_legend_handles_labels()
    assert "test: 0.7500" in name
    assert "100 events" in name
    assert figure.axes[1].get_yscale() == "log"


def test_scores_are_shown_by_class():
    labels = np.repeat([0, 1], [30, 10])
    (axes,) = plots.score_histograms(labels, np.linspace(0, 1, 40), "some events").axes
    assert axes.get_title() == "some events"
    _, labels_shown = axes.get_legend_handles_labels()
    assert labels_shown == ["background (30 events)", "signal (10 events)"]


@pytest.mark.parametrize("hidden", ["all", "some", "none"])
def test_reconstruction_draws_each_feature_that_was_hidden(hidden, tmp_path):
    truth = make_events(500)[:, 1:]
    mask = np.zeros(truth.shape, bool)
    if hidden != "none":
        mask[:, : 5 if hidden == "some" else None] = True
    figure = plots.reconstruction(truth, truth * 0.9, mask)
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert sorted(axes.get_xlabel() for axes in shown) == sorted(f"true {f.label}" for f in schema.LOW_LEVEL)
    drawn = sum(bool(axes.collections or axes.images) for axes in shown)
    assert drawn == {"all": 21, "some": 5, "none": 0}[hidden]
    figure.savefig(tmp_path / "figure.png")


def test_reconstruction_survives_a_constant_prediction(tmp_path):
    truth = make_events(100)[:, 1:]
    plots.reconstruction(truth, np.zeros_like(truth), np.ones(truth.shape, bool)).savefig(tmp_path / "f.png")


def test_reconstructed_b_tags_are_counted_by_true_level():
    truth = make_events(300)[:, 1:]
    figure = plots.reconstruction(truth, truth, np.ones(truth.shape, bool))
    (axes,) = (axes for axes in figure.axes if axes.get_xlabel() == "true jet 1 b-tag level")
    np.testing.assert_array_equal(np.asarray(axes.images[0].get_array()), np.eye(3))
