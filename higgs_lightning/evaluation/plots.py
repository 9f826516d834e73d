"""The plots of a run. Each takes plain arrays and returns a figure; saving is the caller's."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import cycle
from statistics import NormalDist
from typing import Any

import numpy as np
import torch
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullLocator

from higgs_lightning import schema
from higgs_lightning.evaluation.metrics import Reliability, Significances, roc_auc_interval, roc_curve
from higgs_lightning.kinematics import wrap

# Okabe and Ito's colours, told apart by colour-blind readers too
_SIGNAL, _BACKGROUND = "#D55E00", "#0072B2"
_SPLIT_COLORS = {"train": "#0072B2", "val": "#E69F00", "test": "#009E73"}
#: What readers call the splits.
SPLIT_NAMES = {"train": "training", "val": "validation", "test": "test"}
_HISTORY_NAMES = {"train": "training, as it went", "val": "validation, after the epoch"}
_slide = rc_context(
    {
        "font.size": 14,  # readable from the back of the room
        # ticks as the field's journals draw them
        "xtick.direction": "in",
        "ytick.direction": "in",
        "xtick.minor.visible": True,
        "ytick.minor.visible": True,
        "xtick.top": True,
        "ytick.right": True,
    }
)
_LOOSEST = 0.1  # signal efficiency: below it a rejection hangs on few events
_FEW = 20  # hidden events: fewer make no picture


@_slide
def learning_curve(
    history: Sequence[Mapping[str, float]], quantity: str, label: str, best_epoch: int | None = None
) -> Figure:
    """Training and validation against epochs.

    Args:
        history: one row an epoch with ``epoch``, and ``train/quantity`` and ``val/quantity`` where an epoch
            has them.
        quantity: name of the metric.
        label: of the vertical axis.
        best_epoch: the epoch to mark, as in ``history``.
    """
    figure = Figure(figsize=(8, 5.6), layout="constrained")
    axes = figure.subplots()
    for split, name in _HISTORY_NAMES.items():
        epochs, values = _of_epochs(history, f"{split}/{quantity}")
        axes.plot(epochs, values, "o-", color=_SPLIT_COLORS[split], label=name)
    if best_epoch is not None:
        axes.axvline(best_epoch, color="grey", linestyle="--", linewidth=1, label=f"best epoch: {best_epoch}")
    axes.set_xlabel("epoch")
    axes.set_ylabel(label)
    _count_epochs(axes)
    axes.grid(alpha=0.3)
    figure.legend(loc="outside upper center", ncols=3, fontsize=11)  # no room inside is safe from the curves
    return figure


def _of_epochs(history: Sequence[Mapping[str, float]], column: str) -> tuple[list[float], list[float]]:
    """The epochs that have a value, and the values."""
    rows = [row for row in history if column in row]  # validation need not follow every epoch
    return [row["epoch"] for row in rows], [row[column] for row in rows]


@_slide
def roc(curves: Mapping[str, Sequence[Any]], published: Mapping[str, float] | None = None) -> Figure:
    """ROC curve and background rejection of each split or run, with its AUC and 95 % interval.

    Args:
        curves: labels, scores and perhaps weights, (N,) each, by split or by the name of a run.
        published: ROC-AUCs of others, by their names. Their curves are not published: drawn are those of two
            normal distributions of equal width with that AUC.
    """
    figure = Figure(figsize=(14, 6.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    for (name, events), color in zip(curves.items(), _colors(curves), strict=True):
        background, signal = roc_curve(*events)
        auc = roc_auc_interval(*events)
        interval = f"{auc.auc:.4f}, {auc.low:.4f} to {auc.high:.4f} ({len(events[0]):,} events)"
        left.plot(
            background, signal, color=color, label=_literal(f"{SPLIT_NAMES.get(name, name)}: {interval}")
        )
        passing = (background > 0) & (signal >= _LOOSEST)
        right.plot(signal[passing], 1 / background[passing], color=color)
    for (name, auc_of_others), style in zip(
        (published or {}).items(), cycle(("--", "-.", ":")), strict=False
    ):
        background, signal = _binormal_curve(auc_of_others)
        left.plot(background, signal, style, color="grey", linewidth=1, label=f"{name}: {auc_of_others:.3f}")
        passing = signal >= _LOOSEST
        right.plot(signal[passing], 1 / background[passing], style, color="grey", linewidth=1)
    left.plot([0, 1], [0, 1], color="grey", linestyle=":", linewidth=1)
    left.set(xlim=(0, 1), ylim=(0, 1), xlabel="background efficiency", ylabel="signal efficiency")
    note = "\n(published: equal normal distributions)" if published else ""
    left.legend(title=f"ROC-AUC, 95 % interval{note}", loc="lower right", fontsize=10, title_fontsize=11)
    right.set(xlim=(_LOOSEST, 1), ylim=(1, None), yscale="log")
    right.set(xlabel="signal efficiency", ylabel="background rejection (1 / background efficiency)")
    for axes in (left, right):
        axes.grid(alpha=0.3)
    return figure


@_slide
def learning_curves(histories: Mapping[str, Sequence[Mapping[str, float]]]) -> Figure:
    """Validation ROC-AUC against epochs of several runs, by their names; see :func:`learning_curve`."""
    figure = Figure(figsize=(8, 5.6), layout="constrained")
    axes = figure.subplots()
    for (name, history), color in zip(histories.items(), _colors(histories), strict=True):
        epochs, aucs = _of_epochs(history, "val/auc")
        axes.plot(epochs, aucs, "o-", color=color, label=_literal(name))
    axes.set(xlabel="epoch", ylabel="validation ROC-AUC")
    _count_epochs(axes)
    axes.grid(alpha=0.3)
    figure.legend(loc="outside upper center", ncols=2, fontsize=10)
    return figure


@_slide
def score_histograms(
    labels: np.ndarray, scores: np.ndarray, title: str, weights: np.ndarray | None = None
) -> Figure:
    """Distribution of the score in each class.

    Args:
        labels: (N,) 1 for signal, 0 for background.
        scores: (N,) probabilities of signal.
        title: which events these are.
        weights: (N,) of the events; None where all count alike.
    """
    figure = Figure(figsize=(8, 5.6), layout="constrained")
    axes = figure.subplots()
    seen: list[float] = []
    for label, name, color in ((0, "background", _BACKGROUND), (1, "signal", _SIGNAL)):
        of_class = labels == label
        of_events = None if weights is None else weights[of_class]
        sums, edges = np.histogram(scores[of_class], bins=50, range=(0, 1), weights=of_events)
        shares = sums / (sums.sum() if sums.sum() > 0 else 1)
        seen += shares[shares > 0].tolist()
        axes.stairs(shares, edges, fill=True, alpha=0.25, color=color)
        axes.stairs(shares, edges, linewidth=1.8, color=color, label=f"{name} ({of_class.sum():,} events)")
    axes.set(yscale="log", xlim=(0, 1), ylim=(min(seen) / 2, max(seen) * 2), title=_literal(title))
    axes.set_xlabel("probability of signal")
    of_what = "the class" if weights is None else "the class's weight"
    axes.set_ylabel(f"share of {of_what} per bin of 0.02")
    figure.legend(loc="outside upper center", ncols=2, fontsize=12)
    return figure


@_slide
def reconstruction(truth: np.ndarray, reconstructed: np.ndarray, hidden: np.ndarray) -> Figure:
    """Reconstructed against true, for each of the 21 features, in physical units.

    Args:
        truth: (N, 21) in HIGGS units.
        reconstructed: (N, 21) in HIGGS units.
        hidden: (N, 21) bool, the features that were to be reconstructed; only they are drawn. All of them
            means a model that hides nothing, and the title says so.
    """
    scales = np.array([feature.scale for feature in schema.LOW_LEVEL])
    figure = Figure(figsize=(21, 17))
    # a grid of equals needs no search for its layout, which would take half of the drawing
    figure.subplots_adjust(left=0.04, right=0.99, bottom=0.035, top=0.92, wspace=0.22, hspace=0.42)
    if hidden.all():
        title = "Reconstructed against true features; nothing was hidden."
    else:
        title = (
            "Reconstructed against true features of the objects hidden from the encoder.\n"
            "What the rest of an event predicts is a mean over the possible: it varies less than the truth."
        )
    key = "Dashed: equal. Brighter: more events, logarithmic. b-tags: shares of each true level."
    figure.suptitle(f"{title}\n{key}", fontsize=20, y=0.99)
    for i, (feature, axes) in enumerate(_feature_panels(figure)):
        chosen = hidden[:, i]
        true, predicted = truth[chosen, i] * scales[i], reconstructed[chosen, i] * scales[i]
        axes.set_xlabel(f"true {feature.label}")
        axes.set_ylabel("reconstructed")
        if len(true) < _FEW:
            note = f"hidden in {len(true)} events,\ntoo few to draw"
            axes.text(0.5, 0.5, note, ha="center", va="center", transform=axes.transAxes)
            axes.set(xticks=[], yticks=[])
        elif feature.quantity == "btag":
            _draw_levels(axes, true, predicted)
        else:
            _draw_density(axes, true, predicted, periodic=feature.quantity == "phi")
    return figure


@_slide
def distributions(
    groups: Mapping[str, np.ndarray],
    reference: Mapping[tuple[str, int], tuple[np.ndarray, np.ndarray]] | None,
    title: str,
) -> Figure:
    """Each of the 21 features of a file, class by class, beside the distributions of other events.

    Args:
        groups: (N, 21) in physical units, NaN for what is missing, by the name of the class.
        reference: the others' cumulative distributions, by class and the position of the feature: values,
            rising, and the shares of events that are not above them; None in other units.
        title: which events these are.
    """
    colors = {"signal": _SIGNAL, "background": _BACKGROUND, "all": "dimgrey"}
    figure = Figure(figsize=(21, 19))
    figure.subplots_adjust(left=0.04, right=0.99, bottom=0.035, top=0.93, wspace=0.2, hspace=0.4)
    figure.suptitle(_literal(title), fontsize=20, y=0.99)
    for i, (feature, axes) in enumerate(_feature_panels(figure)):
        axes.set_xlabel(feature.name if reference is None else feature.label)
        axes.xaxis.set_major_locator(MaxNLocator(6))
        known = {name: group[:, i][~np.isnan(group[:, i])] for name, group in groups.items()}
        everything = np.concatenate(list(known.values()))
        if not len(everything):
            axes.text(0.5, 0.5, "all missing", ha="center", va="center", transform=axes.transAxes)
            axes.set(xticks=[], yticks=[])
            continue
        if reference is not None and feature.quantity == "btag":
            edges = np.arange(schema.NUM_BTAG_LEVELS + 1) - 0.5
            axes.set_xticks(range(schema.NUM_BTAG_LEVELS))
        elif feature.quantity == "pt" or reference is None:
            low, high = np.quantile(everything, [0, 0.99])
            edges = np.linspace(low, high if high > low else low + 1, 41)
        else:  # two or three whole cells of the calorimeter a bin
            edges = np.linspace(-np.pi, np.pi, 22) if feature.quantity == "phi" else np.linspace(-3, 3, 31)
        for name, values in known.items():
            shares = np.histogram(values, edges)[0] / max(1, len(values))
            axes.stairs(shares, edges, fill=True, alpha=0.3, color=colors[name], label=f"{name}, this file")
            if reference is not None:
                others = np.diff(np.interp(edges, *reference[name, i], left=0, right=1))
                axes.stairs(others, edges, linewidth=1.8, color=colors[name], label=f"{name}, HIGGS")
        axes.set(xlim=(edges[0], edges[-1]), ylim=(0, None))
        if feature.quantity == "pt":  # in the first column
            axes.set_ylabel("share per bin")
    handles, labels = next(
        axes for axes in figure.axes if axes.get_legend_handles_labels()[0]
    ).get_legend_handles_labels()
    figure.legend(handles, labels, loc="upper center", bbox_to_anchor=(0.5, 0.975), ncols=4, fontsize=16)
    return figure


@_slide
def places_in_steps(places: Mapping[str, np.ndarray]) -> Figure:
    """Where values lie within steps: at one place if they were made with these, else everywhere.

    Args:
        places: (N,) from 0 to 1, by the title of each panel.
    """
    figure = Figure(figsize=(15, 5), layout="constrained")
    for axes, (title, values) in zip(figure.subplots(1, len(places)), places.items(), strict=True):
        shares = np.histogram(values, 20, (0, 1))[0] / max(1, len(values)) * 20
        axes.stairs(shares, np.linspace(0, 1, 21), fill=True, alpha=0.3, color=_BACKGROUND)
        axes.axhline(1, color="grey", linestyle=":", linewidth=1)
        axes.set(xlim=(0, 1), ylim=(0, max(1.5, 1.1 * shares.max())), xticks=(0, 0.5, 1))
        axes.tick_params(axis="x", pad=8)
        axes.set_title(title, fontsize=14)
        axes.set(xlabel="place in the step", ylabel="events per bin / their mean")
    return figure


@_slide
def significance(of_cut: Significances) -> Figure:
    """Expected discovery significance against the signal efficiency of the cut."""
    figure = Figure(figsize=(8, 5.6), layout="constrained")
    axes = figure.subplots()
    for values, name, color in (
        (of_cut.without_uncertainty, "background known", _BACKGROUND),
        (of_cut.with_uncertainty, "background uncertain", _SIGNAL),
    ):
        best = int(values.argmax())
        label = f"{name}: {values[best]:.2f} at best"
        axes.plot(of_cut.signal_efficiency, values, color=color, label=label)
        axes.plot(of_cut.signal_efficiency[best], values[best], "o", color=color)
    axes.set(xlim=(0, 1), ylim=(0, None), xlabel="signal efficiency of the cut")
    axes.set_ylabel("expected significance [standard deviations]")
    axes.grid(alpha=0.3)
    axes.legend(loc="lower center", fontsize=12)
    return figure


@_slide
def reliability(of_scores: Mapping[str, Reliability]) -> Figure:
    """Share of signal against the score, and how many events there are of each score.

    Args:
        of_scores: by the name of the scores: the model's own, and those after a correction.
    """
    figure = Figure(figsize=(8, 7), layout="constrained")
    axes, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    axes.plot([0, 1], [0, 1], color="grey", linestyle=":", linewidth=1)
    for (name, scores), color in zip(of_scores.items(), (_SIGNAL, _BACKGROUND), strict=False):
        label = f"{name}: expected calibration error {scores.error:.3f}"
        axes.plot(scores.score, scores.signal, "o-", color=color, label=label)
        below.plot(scores.score, scores.events, "o-", color=color)
    axes.set(xlim=(0, 1), ylim=(0, 1), ylabel="share of signal")
    axes.legend(loc="upper left", fontsize=12)
    below.set(xlabel="probability of signal", ylabel="events", ylim=(0, None))
    for part in (axes, below):
        part.grid(alpha=0.3)
    return figure


def _literal(name: str) -> str:
    """A name of the user's, in which a dollar sign begins no formula."""
    return name.replace("$", r"\$")


def _count_epochs(axes: Axes) -> None:
    """Ticks at whole epochs only."""
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.xaxis.set_minor_locator(NullLocator())


def _colors(names: Iterable[str]) -> list[Any]:
    """A colour for each: that of a split, or one of the ten of matplotlib."""
    return [_SPLIT_COLORS.get(name, f"C{number % 10}") for number, name in enumerate(names)]


def _binormal_curve(auc: float) -> tuple[np.ndarray, np.ndarray]:
    """Background and signal efficiency, (K,) each, of scores that are normal in both classes.

    With unit widths and a distance d of the means, AUC = Phi(d / sqrt 2); J. A. Hanley, Medical Decision
    Making 8 (1988) 197.
    """
    normal = NormalDist()
    distance = 2**0.5 * normal.inv_cdf(auc)
    cuts = np.linspace(-4, 4 + distance, 200)
    return tuple(np.array([normal.cdf(mean - cut) for cut in cuts]) for mean in (0.0, distance))  # type: ignore[return-value]


def _feature_panels(figure: Figure) -> Iterator[tuple[schema.Feature, Axes]]:
    """A panel of each of the 21 features, in their order: a row an object, a column a quantity."""
    grid = figure.subplots(len(schema.OBJECTS), 4)
    for axes in grid.flat:
        axes.set_visible(False)
    column_of = {"pt": 0, "eta": 1, "phi": 2, "btag": 3}
    for feature, row in zip(schema.LOW_LEVEL, schema.OBJECT_OF_FEATURE, strict=True):
        axes = grid[row, column_of[feature.quantity]]
        axes.set_visible(True)
        axes.minorticks_off()  # too small for them
        yield feature, axes


def _draw_density(axes: Axes, true: np.ndarray, predicted: np.ndarray, periodic: bool) -> None:
    """Events in the plane of true and predicted, with how well they agree."""
    if periodic:
        low, high = -np.pi, np.pi
        true, predicted = (wrap(torch.from_numpy(angles)).numpy() for angles in (true, predicted))
        agreement = f"mean cos $\\Delta\\phi$ = {np.cos(true - predicted).mean():.2f}"
    else:
        low, high = np.quantile(true, [0.005, 0.995])
        spread = true.std() * predicted.std()
        covariance = ((true - true.mean()) * (predicted - predicted.mean())).mean()
        agreement = f"correlation = {covariance / spread if spread > 0 else 0:.2f}"
    edges = np.linspace(low, high, 41)
    counts, _, _ = np.histogram2d(true, np.clip(predicted, low, high), bins=[edges, edges])
    axes.pcolormesh(edges, edges, counts.T, norm=LogNorm(vmin=1, vmax=max(2, counts.max())), cmap="viridis")
    axes.plot([low, high], [low, high], color=_SIGNAL, linestyle="--", linewidth=2)
    box = {"facecolor": "white", "alpha": 0.8, "edgecolor": "none"}
    axes.text(0.03, 0.97, agreement, va="top", transform=axes.transAxes, bbox=box)


def _draw_levels(axes: Axes, true: np.ndarray, predicted: np.ndarray) -> None:
    """How often each true b-tag level is taken for each."""
    levels = range(schema.NUM_BTAG_LEVELS)
    nearest = [np.clip(np.round(values), 0, levels[-1]).astype(int) for values in (true, predicted)]
    counts = np.zeros((len(levels), len(levels)))
    np.add.at(counts, tuple(nearest), 1)
    shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    axes.imshow(shares.T, origin="lower", vmin=0, vmax=1, cmap="Blues", aspect="auto")
    for i in levels:
        for j in levels:
            color = "white" if shares[i, j] > 0.6 else "black"
            axes.text(i, j, f"{shares[i, j]:.0%}", ha="center", va="center", color=color)
    axes.set_xticks(levels)
    axes.set_yticks(levels)
