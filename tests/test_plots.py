"""Plots show what they were given, labelled, for small input too."""

from collections.abc import Callable

import numpy as np
import pytest
from conftest import make_events
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import StepPatch

from higgs_lightning import schema
from higgs_lightning.evaluation import plots, report
from higgs_lightning.evaluation.metrics import significances
from higgs_lightning.evaluation.sculpting import Shape

HISTORY = [
    {"epoch": epoch, "train/auc": 0.6 + epoch / 100, "val/auc": 0.5 + epoch / 50} for epoch in range(4)
]


def outlines(axes: Axes) -> list[np.ndarray]:
    """The values of each histogram that is drawn as a line."""
    steps = [patch for patch in axes.patches if isinstance(patch, StepPatch)]
    return [np.asarray(step.get_data()[0]) for step in steps if not step.get_fill()]


@pytest.fixture(autouse=True)
def nothing_left_open():
    yield
    assert pyplot.get_fignums() == []


@pytest.mark.parametrize("epochs", [1, 4])
def test_learning_curve_shows_every_epoch(epochs):
    (axes,) = plots.learning_curve(HISTORY[:epochs], {"auc": "ROC-AUC"}, "a run", best_epoch=0).axes
    train, val, best = axes.get_lines()
    assert np.asarray(train.get_ydata()).tolist() == [row["train/auc"] for row in HISTORY[:epochs]]
    assert np.asarray(val.get_ydata()).tolist() == [row["val/auc"] for row in HISTORY[:epochs]]
    assert np.asarray(val.get_xdata()).tolist() == list(range(epochs))
    assert np.asarray(best.get_xdata()).tolist() == [0, 0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("epoch", "ROC-AUC")


def test_learning_curve_with_validation_after_some_epochs():
    history = [
        {key: value for key, value in row.items() if row["epoch"] == 2 or "val" not in key} for row in HISTORY
    ]
    (axes,) = plots.learning_curve(history, {"auc": "ROC-AUC"}, "a run").axes
    train, val = axes.get_lines()
    assert len(np.asarray(train.get_xdata())) == len(HISTORY)
    assert np.asarray(val.get_xdata()).tolist() == [2]


def test_roc_names_auc_interval_and_events():
    labels = np.array([0, 0, 1, 1] * 25)
    scores = np.array([0.1, 0.4, 0.35, 0.8] * 25)
    figure = plots.roc({"test": (labels, scores)}, "a run")
    curve, _ = figure.axes[0].get_lines()
    assert np.asarray(curve.get_xdata()).tolist() == [0, 0, 0.5, 0.5, 1]
    assert np.asarray(curve.get_ydata()).tolist() == [0, 0.5, 0.5, 1, 1]
    _, (name,) = figure.axes[0].get_legend_handles_labels()
    assert "test: 0.7500" in name
    assert "100 events" in name
    assert figure.axes[1].get_yscale() == "log"
    (rejection,) = figure.axes[1].get_lines()
    assert np.asarray(rejection.get_xdata()).tolist() == [0.5, 1, 1]
    assert np.asarray(rejection.get_ydata()).tolist() == [2, 2, 1]


def test_rejection_of_few_events_leaves_the_axis_to_what_is_shown():
    labels = np.repeat([0, 1], 1_000)
    scores = np.concatenate([np.linspace(0, 0.99, 1_000), np.linspace(0, 1, 1_000)])
    top = plots.roc({"test": (labels, scores)}, "a run").axes[1].get_ylim()[1]
    assert top < 20  # 1/0.1 at the edge of the panel, 1,000 beyond it


def test_auc_near_one_is_given_with_its_own_bounds():
    labels = np.array([0] * 9 + [1] * 3)
    scores = np.array([0.1] * 8 + [0.7, 0.9, 0.8, 0.6])
    _, (name,) = plots.roc({"test": (labels, scores)}, "a run").axes[0].get_legend_handles_labels()
    # each class adds a variance of 1/729 by hand: 0.9630 -+ 1.96 sqrt(2/729), clipped
    assert ", 0.8603 to 1.0000 (" in name


def test_a_long_title_is_broken_to_fit():
    title = f"test events\n{'a' * 30}.csv.gz, tested on {'b' * 30}.csv.gz; Model; run 1"
    figure = plots.score_histograms(np.array([0.0, 1.0]), np.array([0.2, 0.8]), title)
    FigureCanvasAgg(figure).draw()
    (axes,) = figure.axes
    extent = axes.title.get_window_extent()
    assert 0 <= extent.x0 < extent.x1 <= figure.bbox.width
    assert axes.get_title().split() == title.split()


def _with_long_title(name: str, title: str) -> Figure:
    events, mask = make_events(100), np.zeros((100, 21), bool)
    shape = Shape(np.linspace(0, 1, 4), {1: np.full(3, 1 / 3)}, {1: 100})
    moved = {(name, way): (1.0, 0.0) for name in "abcd" for way in ("up", "down")}
    drawn: dict[str, Callable[[], Figure]] = {
        "roc": lambda: plots.roc({"test": (events[:, 0], np.linspace(0, 1, 100))}, title),
        "reconstruction": lambda: plots.reconstruction(events[:, 1:], events[:, 1:], mask, None, title),
        "distributions": lambda: plots.distributions({"all": events[:, 1:]}, None, title),
        "sculpting": lambda: plots.sculpting({"mass": (shape, shape)}, title),
        "systematics": lambda: plots.systematics(dict.fromkeys("xyz", moved), title),
        "binned_fit": lambda: plots.binned_fit(
            np.linspace(0, 1, 3), {"signal": np.ones(2), "background": np.ones(2)}, np.ones(2), {}, title
        ),
    }
    return drawn[name]()


@pytest.mark.parametrize(
    "name", ["roc", "reconstruction", "distributions", "sculpting", "systematics", "binned_fit"]
)
def test_long_titles_of_figures_are_broken_to_fit(name: str):
    """They stay clear of the panels, too."""
    title = f"{'a' * 100}.csv.gz, tested on {'b' * 100}.csv.gz; Model; run 1"
    figure = _with_long_title(name, title)
    FigureCanvasAgg(figure).draw()
    extent = figure.texts[0].get_window_extent()
    assert 0 <= extent.x0 < extent.x1 <= figure.bbox.width
    assert extent.y1 <= figure.bbox.height
    assert "".join(title.split()) in "".join(figure.get_suptitle().split())
    panels = [axes.get_tightbbox() for axes in figure.axes]
    tops = [panel.y1 for panel in panels if panel is not None]  # of those that are seen
    tops += [legend.get_window_extent().y1 for legend in figure.legends]
    assert extent.y0 >= max(tops)


def test_scores_are_shown_by_class():
    labels = np.repeat([0, 1], [30, 10])
    (axes,) = plots.score_histograms(labels, np.linspace(0, 1, 40), "some events").axes
    assert axes.get_title() == "some events"
    _, labels_shown = axes.get_legend_handles_labels()
    assert labels_shown == ["background (30 events)", "signal (10 events)"]
    background, signal = outlines(axes)
    assert background.sum() == pytest.approx(1)
    assert signal.sum() == pytest.approx(1)
    assert background[-1] == 0
    assert signal[0] == 0


def test_a_constant_score_is_one_bin_in_view(tmp_path):
    figure = plots.score_histograms(np.array([0, 1, 1]), np.full(3, 0.5), "constant")
    (axes,) = figure.axes
    assert [shares.max() for shares in outlines(axes)] == [1, 1]
    low, high = axes.get_ylim()
    assert low < 1 < high
    figure.savefig(tmp_path / "figure.png")


@pytest.mark.parametrize("epochs", [1, 4])
def test_legends_stay_off_the_data(epochs):
    labels = np.repeat([0, 1], 20)
    figures = [
        plots.learning_curve(HISTORY[:epochs], {"auc": "ROC-AUC"}, "a run", best_epoch=0),
        plots.score_histograms(labels, labels / 2, "apart"),
    ]
    for figure in figures:
        figure.draw_without_rendering()
        (legend,), (axes,) = figure.legends, figure.axes
        assert not legend.get_window_extent().overlaps(axes.bbox)


@pytest.mark.parametrize("hidden", ["all", "some", "none"])
def test_reconstruction_draws_each_feature_that_was_hidden(hidden, tmp_path):
    truth = make_events(500)[:, 1:]
    mask = np.zeros(truth.shape, bool)
    if hidden != "none":
        mask[:, : 5 if hidden == "some" else None] = True
    figure = plots.reconstruction(truth, truth * 0.9, mask, None, "a run")
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert sorted(axes.get_xlabel() for axes in shown) == sorted(f"true {f.label}" for f in schema.LOW_LEVEL)
    drawn = sum(bool(axes.collections or axes.images) for axes in shown)
    assert drawn == {"all": 21, "some": 5, "none": 0}[hidden]
    figure.savefig(tmp_path / "figure.png")


def test_reconstruction_survives_a_constant_prediction(tmp_path):
    truth = make_events(100)[:, 1:]
    figure = plots.reconstruction(truth, np.zeros_like(truth), np.ones(truth.shape, bool), None, "a run")
    figure.savefig(tmp_path / "f.png")


def test_reconstructed_b_tags_are_counted_by_true_level():
    truth = make_events(300)[:, 1:]
    figure = plots.reconstruction(truth, truth, np.ones(truth.shape, bool), None, "a run")
    (axes,) = (axes for axes in figure.axes if axes.get_xlabel() == "true jet 1 b-tag level")
    np.testing.assert_array_equal(np.asarray(axes.images[0].get_array()), np.eye(3))


def test_b_tags_are_drawn_as_probabilities_where_there_are_some():
    truth = make_events(300)[:, 1:]
    btag = np.broadcast_to([0.5, 0.2, 0.3], (300, 4, 3))
    figure = plots.reconstruction(truth, truth, np.ones(truth.shape, bool), btag, "a run")
    (axes,) = (axes for axes in figure.axes if axes.get_xlabel() == "true jet 3 b-tag level")
    np.testing.assert_allclose(np.asarray(axes.images[0].get_array()).T, 3 * [[0.5, 0.2, 0.3]])


def test_every_loss_has_a_panel():
    history = [
        {"epoch": epoch, "train/loss": 3.0, "train/classification_loss": 1.0, "val/loss": 2.0 + epoch}
        for epoch in range(3)
    ]
    figure = report.draw_history(history, 1, "data; model; run")["loss"]
    assert [axes.get_ylabel() for axes in figure.axes] == ["loss", "classification loss"]
    assert figure.get_suptitle() == "data; model; run"


def test_significance_begins_at_no_signal_and_says_what_is_chance():
    labels = np.repeat([0, 1], 1_000)
    scores = np.concatenate([np.linspace(0, 0.9, 1_000), np.linspace(0.1, 1, 1_000)])
    cuts = significances(labels, scores, 100, 1000, 0.05)
    assert cuts.signal_efficiency[0] == 0
    first = int(cuts.is_certain.argmax())  # the tightest cut that keeps 100 of 1,000 background events
    assert cuts.signal_efficiency[first] == pytest.approx((1 - 0.81) / 0.9, abs=0.01)
    assert cuts.best(cuts.with_uncertainty) >= first
    (axes,) = plots.significance(cuts, "100 on 1000").axes
    assert axes.get_xlim() == (0, 1)
    assert axes.get_title() == "100 on 1000"
    known, chance, *_ = axes.get_lines()
    assert np.asarray(chance.get_xdata())[0] == 0
    assert np.asarray(chance.get_xdata())[-1] == np.asarray(known.get_xdata())[0]
    heights = np.asarray(chance.get_ydata())
    assert np.isnan(heights[0])  # no background passes there, so no line comes up from 0
    assert np.nanmin(heights) > 1
    _, names = axes.get_legend_handles_labels()
    assert names[-1] == "fewer than 100 background events of the test pass"
