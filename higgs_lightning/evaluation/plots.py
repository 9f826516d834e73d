"""The plots of a run. Each takes plain arrays and returns a figure; saving is the caller's."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import cycle
from statistics import NormalDist
from textwrap import fill
from typing import Any

import numpy as np
import torch
from matplotlib import colormaps, rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from matplotlib.ticker import MaxNLocator, NullLocator

from higgs_lightning import schema
from higgs_lightning.evaluation.metrics import (
    LEAST_BACKGROUND,
    Reliability,
    Significances,
    roc_auc_interval,
    roc_curve,
)
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
        # the two zeros of a corner stay apart
        "xtick.major.pad": 7,
        "ytick.major.pad": 7,
    }
)
# of each object, the same in all pictures
_OBJECT_COLORS = ("#D55E00", "dimgrey", "#0072B2", "#009E73", "#CC79A7", "#E69F00")
_CONE = 0.7  # radius of HIGGS' jets
_LEAST_GAP = 0.44  # radians between two labels on a ring
_LOOSEST = 0.1  # signal efficiency: below it a rejection hangs on few events
_FEW = 20  # hidden events: fewer make no picture


@_slide
def learning_curve(
    history: Sequence[Mapping[str, float]],
    quantities: Mapping[str, str],
    title: str,
    best_epoch: int | None = None,
) -> Figure:
    """Training and validation against epochs, a panel a quantity.

    Args:
        history: one row an epoch with ``epoch``, and ``train/quantity`` and ``val/quantity`` where an epoch
            has them.
        quantities: names of metrics, and what their axes are called.
        title: which run this is.
        best_epoch: the epoch to mark, as in ``history``.
    """
    width = 8 if len(quantities) == 1 else 6 * len(quantities)
    figure = Figure(figsize=(width, 5.8), layout="constrained")
    panels = figure.subplots(1, len(quantities), squeeze=False)[0]
    figure.suptitle(_wrapped(title, figure), fontsize=13)
    for axes, (quantity, label) in zip(panels, quantities.items(), strict=True):
        for split, name in _HISTORY_NAMES.items():
            epochs, values = _of_epochs(history, f"{split}/{quantity}")
            axes.plot(epochs, values, "o-", color=_SPLIT_COLORS[split], label=name)
        if best_epoch is not None:
            name = f"best epoch: {best_epoch}"
            axes.axvline(best_epoch, color="grey", linestyle="--", linewidth=1, label=name)
        axes.set_xlabel("epoch")
        axes.set_ylabel(label)
        _count_epochs(axes)
        axes.grid(alpha=0.3)
    handles, names = panels[0].get_legend_handles_labels()
    # no room inside is safe from the curves
    figure.legend(handles, names, loc="outside lower center", ncols=3, fontsize=11)
    return figure


def _of_epochs(history: Sequence[Mapping[str, float]], column: str) -> tuple[list[float], list[float]]:
    """The epochs that have a value, and the values."""
    rows = [row for row in history if column in row]  # validation need not follow every epoch
    return [row["epoch"] for row in rows], [row[column] for row in rows]


@_slide
def roc(
    curves: Mapping[str, Sequence[Any]],
    title: str,
    published: Mapping[str, float] | None = None,
) -> Figure:
    """ROC curve and background rejection of each split or run, with its AUC and 95 % interval.

    Args:
        curves: labels, scores and perhaps weights, (N,) each, by split or by the name of a run.
        title: which data, model and run these are.
        published: ROC-AUCs of others, by their names. Their curves are not published: drawn are those of two
            normal distributions of equal width with that AUC.
    """
    figure = Figure(figsize=(14, 6.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    figure.suptitle(_wrapped(title, figure), fontsize=13)
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
    right.set(xlim=(0, 1), ylim=(1, None), yscale="log")
    right.axvspan(0, _LOOSEST, color="grey", alpha=0.12, linewidth=0, label="too few events")
    right.legend(loc="upper right", fontsize=10)
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
    axes.set(yscale="log", xlim=(0, 1), ylim=(min(seen) / 2, max(seen) * 2))
    axes.set_title(_wrapped(title, figure), fontsize=13)
    axes.set_xlabel("probability of signal")
    of_what = "the class" if weights is None else "the class's weight"
    axes.set_ylabel(f"share of {of_what} per bin of 0.02")
    figure.legend(loc="outside lower center", ncols=2, fontsize=12)
    return figure


@_slide
def reconstruction(
    truth: np.ndarray,
    reconstructed: np.ndarray,
    hidden: np.ndarray,
    btag: np.ndarray | None,
    title: str,
) -> Figure:
    """Reconstructed against true, for each of the 21 features, in physical units.

    Args:
        truth: (N, 21) in HIGGS units.
        reconstructed: (N, 21) in HIGGS units.
        hidden: (N, 21) bool, the features that were to be reconstructed; only they are drawn. All of them
            means a model that hides nothing, and the title says so.
        btag: (N, 4, 3) probability of each b-tag level of each jet; None of a model that tells a level alone.
        title: which data, model and run these are.
    """
    scales = np.array([feature.scale for feature in schema.LOW_LEVEL])
    figure = Figure(figsize=(21, 17))
    # a grid of equals needs no search for its layout, which would take half of the drawing
    title = _wrapped(title, figure, 20)
    top = 0.9 - 0.02 * title.count("\n")
    figure.subplots_adjust(left=0.04, right=0.99, bottom=0.035, top=top, wspace=0.22, hspace=0.42)
    if hidden.all():
        words = "Reconstructed against true features; nothing was hidden."
    else:
        words = (
            "Reconstructed against true features of the objects hidden from the encoder.\n"
            "What the rest of an event predicts is a mean over the possible: it varies less than the truth."
        )
    shares = "how often it is the likeliest" if btag is None else "its mean probability"
    key = f"Dashed: equal. Brighter: more events, logarithmic. b-tags: of each true level {shares}."
    figure.suptitle(f"{title}\n{words}\n{key}", fontsize=20, y=0.99)
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
            likely = np.eye(schema.NUM_BTAG_LEVELS)[_levels(predicted)]
            if btag is not None:
                likely = btag[chosen, schema.columns("btag").index(i)]
            _draw_levels(axes, _levels(true), likely)
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
    title = _wrapped(title, figure, 20)
    more = 0.02 * title.count("\n")
    figure.subplots_adjust(left=0.04, right=0.99, bottom=0.035, top=0.93 - more, wspace=0.2, hspace=0.4)
    figure.suptitle(title, fontsize=20, y=0.99)
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
    figure.legend(
        handles, labels, loc="upper center", bbox_to_anchor=(0.5, 0.975 - more), ncols=4, fontsize=16
    )
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
def significance(of_cut: Significances, title: str) -> Figure:
    """Expected discovery significance against the signal efficiency of the cut; dashed where it is chance.

    Args:
        of_cut: every cut, the tightest first.
        title: what the analysis expects, and which data, model and run these are.
    """
    figure = Figure(figsize=(8, 6), layout="constrained")
    axes = figure.subplots()
    certain = of_cut.is_certain
    first = int(certain.argmax())  # looser cuts keep more
    for values, name, color in (
        (of_cut.without_uncertainty, "background known", _BACKGROUND),
        (of_cut.with_uncertainty, "background uncertain", _SIGNAL),
    ):
        best = of_cut.best(values)
        label = f"{name}: {values[best]:.2f} at best"
        axes.plot(of_cut.signal_efficiency[first:], values[first:], color=color, label=label)
        # where no background passes, there is no significance
        of_chance = np.where(values > 0, values, np.nan)[: first + 1]
        efficiencies = of_cut.signal_efficiency[: first + 1]
        axes.plot(efficiencies, of_chance, "--", color=color, alpha=0.4, linewidth=1)
        axes.plot(of_cut.signal_efficiency[best], values[best], "o", color=color)
    top = max(values[first:].max() for values in (of_cut.without_uncertainty, of_cut.with_uncertainty))
    axes.set(xlim=(0, 1), ylim=(0, 1.2 * top or 1), xlabel="signal efficiency of the cut")
    if first:
        axes.axvspan(0, of_cut.signal_efficiency[first], color="grey", alpha=0.12, linewidth=0)
        words = f"fewer than {LEAST_BACKGROUND} background events of the test pass"
        axes.plot([], [], "--", color="grey", alpha=0.7, linewidth=1, label=words)
    axes.set_ylabel("expected significance [standard deviations]")
    axes.set_title(_wrapped(title, figure), fontsize=13)
    axes.grid(alpha=0.3)
    axes.legend(loc="lower center", fontsize=11)
    return figure


@_slide
def reliability(of_scores: Mapping[str, Reliability], title: str, counted: str = "events") -> Figure:
    """Share of signal against the score, and how many events there are of each score.

    Args:
        of_scores: by the name of the scores: the model's own, and those after a correction.
        title: which data, model and run these are.
        counted: what bins hold, events or the sum of their weights.
    """
    figure = Figure(figsize=(8, 7.4), layout="constrained")
    axes, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    axes.set_title(_wrapped(title, figure), fontsize=13)
    axes.plot([0, 1], [0, 1], color="grey", linestyle=":", linewidth=1)
    for (name, scores), color in zip(of_scores.items(), (_SIGNAL, _BACKGROUND), strict=False):
        label = f"{name}: expected calibration error {scores.error:.3f}"
        axes.errorbar(
            scores.score, scores.signal, scores.uncertainty, fmt="o-", color=color, capsize=2, label=label
        )
        below.plot(scores.score, scores.events, "o-", color=color)
    # negative weights may take a share of signal, or a mean score, out of 0 to 1
    shares, means = (np.concatenate([[0, 1], *(of[field] for of in of_scores.values())]) for field in (1, 0))
    axes.set(xlim=(means.min(), means.max()), ylim=(shares.min(), shares.max()), ylabel="share of signal")
    axes.legend(loc="upper left", fontsize=12)
    below.set(xlabel="probability of signal", ylabel=counted, ylim=(0, None))
    for part in (axes, below):
        part.grid(alpha=0.3)
    figure.align_ylabels()
    return figure


@_slide
def sculpting(shapes: Mapping[str, tuple[Any, Any]], title: str) -> Figure:
    """Distributions in each class after cuts on the score, a row a quantity.

    Args:
        shapes: of background and of signal by the label of the quantity, see
            :class:`higgs_lightning.evaluation.sculpting.Shape`.
        title: which data, model and run these are.
    """
    figure = Figure(figsize=(13, 3.4 * len(shapes)))
    height = 3.4 * len(shapes)
    title = _wrapped(title, figure)
    more = 0.22 * title.count("\n")  # inches
    figure.subplots_adjust(
        left=0.075, right=0.985, bottom=0.7 / height, top=1 - (1.6 + more) / height, wspace=0.16, hspace=0.36
    )
    figure.suptitle(title, fontsize=13, y=1 - 0.25 / height)
    grid = figure.subplots(len(shapes), 2, squeeze=False)
    for row, (label, classes) in zip(grid, shapes.items(), strict=True):
        top = max(
            (shares.max() for each in classes for shares in each.shares.values() if shares is not None),
            default=1,
        )
        for axes, shape, name, palette in zip(
            row, classes, ("background", "signal"), ("Blues", "Oranges"), strict=True
        ):
            colors = colormaps[palette](np.linspace(0.45, 1, len(shape.shares)))
            for (cut, shares), color in zip(shape.shares.items(), colors, strict=True):
                if shares is not None:
                    words = f"all {name}" if cut == 1 else f"at {100 * cut:g}% signal efficiency"
                    axes.stairs(
                        shares,
                        shape.edges,
                        color=color,
                        linewidth=1.8,
                        fill=cut == 1,
                        alpha=0.35 if cut == 1 else 1,
                        label=words,
                    )
            left_out = [
                f"{'all' if cut == 1 else f'at {100 * cut:g}%'}: {shape.passed[cut]:,} events, not drawn"
                for cut, shares in shape.shares.items()
                if shares is None
            ]
            axes.text(
                *(0.98, 0.96, "\n".join(left_out)),
                ha="right",
                va="top",
                transform=axes.transAxes,
                fontsize=11,
            )
            axes.set(xlim=(shape.edges[0], shape.edges[-1]), ylim=(0, 1.1 * top), xlabel=label)
            if name == "background":
                axes.set_ylabel("share per bin")
    for column, side in zip(grid.T, (0.27, 0.75), strict=True):
        # in some quantities no event may pass the tighter cuts
        most = max((axes.get_legend_handles_labels() for axes in column), key=lambda drawn: len(drawn[1]))
        figure.legend(
            *most, loc="upper center", bbox_to_anchor=(side, 1 - (0.5 + more) / height), ncols=2, fontsize=11
        )
    return figure


@_slide
def importance(
    losses: Mapping[tuple[str, str], np.ndarray], without: Mapping[tuple[str, ...], float], title: str
) -> Figure:
    """What is lost by permuted features, and the ROC-AUC with objects hidden.

    Args:
        losses: (R,) of R permutations, by the kind (``feature``, ``object`` or ``quantity``) and the name.
        without: ROC-AUC by the names of the objects that are hidden: none, one or two.
        title: which data, model and run these are.
    """
    figure = Figure(figsize=(15, 9), layout="constrained")
    figure.suptitle(_wrapped(title, figure), fontsize=13)
    left, right = figure.subplots(1, 2)
    axes = right.get_subplotspec().subgridspec(2, 1, height_ratios=[1, 1.25])
    right.remove()
    above, below = (figure.add_subplot(each) for each in axes)
    object_of = {feature.name: feature.object for feature in schema.LOW_LEVEL}
    for panel, kinds in ((left, ("feature",)), (above, ("object", "quantity"))):
        chosen = {name: values for (kind, name), values in losses.items() if kind in kinds}
        means = np.array([values.mean() for values in chosen.values()])
        bounds = np.array([(values.min(), values.max()) for values in chosen.values()]).T
        colors = [
            _OBJECT_COLORS[schema.OBJECTS.index(object_of.get(name, name))]
            if object_of.get(name, name) in schema.OBJECTS
            else "black"
            for name in chosen
        ]
        places = np.arange(len(chosen))
        panel.barh(places, means, xerr=np.abs(bounds - means), color=colors, height=0.7, ecolor="black")
        words = [name.replace("_", " ").replace(" pt", " pT") for name in chosen]
        panel.set_yticks(places, words, fontsize=11)
        panel.invert_yaxis()
        panel.minorticks_off()
        panel.axvline(0, color="black", linewidth=0.8)
        panel.grid(axis="x", alpha=0.3)
        panel.set_xlabel("lost ROC-AUC when permuted")
    aucs = np.full((len(schema.OBJECTS), len(schema.OBJECTS)), np.nan)
    for names, auc in without.items():
        if names:
            i, j = schema.OBJECTS.index(names[0]), schema.OBJECTS.index(names[-1])
            aucs[i, j] = aucs[j, i] = auc
    image = below.imshow(aucs, cmap="viridis", aspect="auto")
    middle = np.mean(image.get_clim())
    for i in range(len(aucs)):
        for j in range(len(aucs)):
            color = "black" if aucs[i, j] > middle else "white"
            below.text(j, i, f"{aucs[i, j]:.3f}", ha="center", va="center", fontsize=11, color=color)
    places = np.arange(len(aucs))
    below.set_xticks(
        places, [name.replace("missing energy", "missing") for name in schema.OBJECTS], fontsize=11
    )
    below.set_yticks(places, schema.OBJECTS, fontsize=11)
    below.minorticks_off()
    below.set_title(f"ROC-AUC, two objects hidden (diagonal: one; none: {without[()]:.3f})", fontsize=12)
    return figure


@_slide
def event(display: Any, title: str) -> Figure:
    """One event across the beam, and in the plane of pseudorapidity and azimuth.

    Args:
        display: see :class:`higgs_lightning.evaluation.displays.Display`.
        title: which data, model and run these are.
    """
    figure = Figure(figsize=(13, 7), layout="constrained")
    kind = "signal" if display.is_signal else "background"
    words = f"event {display.row}, {kind}, score {display.score:.4f} ({display.why})"
    figure.suptitle(f"{words}\n{_wrapped(title, figure)}", fontsize=13)
    across, plane = figure.subplots(1, 2)
    _draw_across(across, display)
    _draw_plane(plane, display)
    lines = [
        f"nearest to {particle}: {nearest[0]:.0f} GeV (jets {', '.join(map(str, nearest[1]))})"
        for particle, nearest in display.masses.items()
        if nearest is not None
    ]
    if display.decoded is not None:
        hidden = [name for name, is_hidden in zip(schema.OBJECTS, display.hidden, strict=True) if is_hidden]
        lines.append(f"decoded: {' and '.join(hidden)}")
    figure.supxlabel(";  ".join(lines), fontsize=12)
    return figure


def _draw_across(axes: Axes, display: Any) -> None:
    """Transverse momenta as arrows, labelled on a ring about them."""
    decoded = (
        [] if display.decoded is None else [(i, display.decoded[i]) for i in np.flatnonzero(display.hidden)]
    )
    measured = [(i, each) for i, each in enumerate(display.objects) if np.isfinite(each[[0, 2]]).all()]
    longest = max((each[0] for _, each in [*measured, *decoded]), default=1.0)
    for part, is_decoded in ((measured, False), (decoded, True)):
        for i, (pt, _, phi, _) in part:
            line = ":" if is_decoded else "--" if i == schema.MISSING_ENERGY else "-"
            style = {"arrowstyle": "->", "linewidth": 2.4, "linestyle": line, "color": _OBJECT_COLORS[i]}
            end = pt * np.cos(phi), pt * np.sin(phi)
            axes.annotate("", end, (0, 0), arrowprops={**style, "alpha": 0.5 if is_decoded else 1})
    for (i, (pt, _, phi, btag)), angle in zip(
        measured, _apart([each[2] for _, each in measured]), strict=True
    ):
        at = 1.22 * longest * np.cos(angle), 1.22 * longest * np.sin(angle)
        tip = pt * np.cos(phi), pt * np.sin(phi)
        axes.plot(*zip(tip, at, strict=True), ":", color=_OBJECT_COLORS[i], linewidth=0.8, alpha=0.5)
        words = f"{_object_name(i, btag)}\n{pt:.0f} GeV"
        box = {"facecolor": "white", "edgecolor": "none", "pad": 1}
        axes.text(*at, words, color=_OBJECT_COLORS[i], ha="center", va="center", fontsize=11, bbox=box)
    axes.set(xlim=(-1.45 * longest, 1.45 * longest), ylim=(-1.45 * longest, 1.45 * longest), aspect="equal")
    axes.set(xlabel="$p_x$ [GeV]", ylabel="$p_y$ [GeV]")


def _draw_plane(axes: Axes, display: Any) -> None:
    """Pseudorapidity and azimuth of the objects, and the pairs with the strongest attention."""
    places = []
    for i, (_, eta, phi, btag) in enumerate(display.objects):
        color = _OBJECT_COLORS[i]
        places.append((0.0 if i == schema.MISSING_ENERGY else eta, phi))
        if i == schema.MISSING_ENERGY and np.isfinite(phi):
            axes.axhline(phi, color=color, linestyle="--", linewidth=2)
            axes.text(-3.3, phi, "missing energy", color=color, fontsize=11, va="bottom")
        elif np.isfinite([eta, phi]).all():
            for turn in (-2 * np.pi, 0, 2 * np.pi) if i >= schema.FIRST_JET else ():  # azimuth is a circle
                axes.add_patch(Circle((eta, phi + turn), _CONE, color=color, alpha=0.25))
            axes.plot(eta, phi, "*" if i == schema.LEPTON else "o", color=color, markersize=10)
            below = phi > np.pi - 0.5
            axes.text(
                eta,
                phi + (-0.4 if below else 0.2),
                _object_name(i, btag),
                color=color,
                fontsize=11,
                ha="center",
            )
    decoded = [] if display.decoded is None else np.flatnonzero(display.hidden).tolist()
    for i in decoded:
        _, eta, phi, _ = display.decoded[i]
        if i == schema.MISSING_ENERGY:
            axes.axhline(phi, color=_OBJECT_COLORS[i], linestyle=":", linewidth=2)
        else:
            axes.plot(eta, phi, "x", color=_OBJECT_COLORS[i], markersize=11, markeredgewidth=2.5)
    for i, j, weight in display.pairs:
        (first_eta, first_phi), (second_eta, second_phi) = places[i], places[j]
        turns = round(
            (second_phi - first_phi) / (2 * np.pi)
        )  # the short way about the beam may cross an edge
        for turn in {0, turns}:
            ends = first_phi + 2 * np.pi * turn, second_phi + 2 * np.pi * (turn - turns)
            etas = first_eta, second_eta
            axes.plot(etas, ends, color="grey", alpha=0.45, linewidth=25 * weight, zorder=0)
    axes.set(xlim=(-3.4, 3.4), ylim=(-np.pi, np.pi), xlabel="$\\eta$", ylabel="$\\phi$ [rad]")


def _object_name(i: int, btag: float) -> str:
    level = int(np.nan_to_num(np.rint(btag)))
    return f"{schema.OBJECTS[i]}{('', ' b', ' B')[level]}"


def _apart(angles: Sequence[float]) -> np.ndarray:
    """Angles nearby, between which there is room for labels."""
    found = np.array(angles, float)
    for _ in range(50):
        order = np.argsort(found)
        for first, second in zip(order, np.roll(order, -1), strict=True):
            gap = (found[second] - found[first]) % (2 * np.pi)
            if len(found) > 1 and gap < _LEAST_GAP:
                found[first] -= (_LEAST_GAP - gap) / 2
                found[second] += (_LEAST_GAP - gap) / 2
    return found


@_slide
def systematics(panels: Mapping[str, Mapping[tuple[str, str], tuple[float, float]]], title: str) -> Figure:
    """What each systematic uncertainty changes, moved up and down.

    Args:
        panels: by the label of the axis; each has value and statistical error by the name of the uncertainty
            and ``up`` or ``down``. A value of NaN is not drawn.
        title: which data, model and run these are.
    """
    names = list(dict.fromkeys(name for name, _ in next(iter(panels.values()))))
    figure = Figure(figsize=(4.6 * len(panels), 1.9 + 0.75 * len(names)), layout="constrained")
    figure.suptitle(_wrapped(title, figure, 14), fontsize=14)
    for axes, (label, bars) in zip(
        figure.subplots(1, len(panels), sharey=True, squeeze=False)[0], panels.items(), strict=True
    ):
        for direction, offset, color in (("up", -0.18, _SIGNAL), ("down", 0.18, _BACKGROUND)):
            values, errors = np.array([bars[name, direction] for name in names]).T
            known = ~np.isnan(values)
            places = np.arange(len(names))[known] + offset
            axes.barh(places, values[known], 0.34, color=color, alpha=0.7, label=direction)
            told = known & (errors > 0)  # a significance has no error of its own
            places = np.arange(len(names))[told] + offset
            axes.errorbar(values[told], places, xerr=errors[told], fmt="none", ecolor="black", capsize=2)
        axes.axvline(0, color="black", linewidth=1)
        axes.set_xlabel(label, fontsize=12)
        axes.set(yticks=range(len(names)), yticklabels=[_literal(name) for name in names])
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.yaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_locator(MaxNLocator(4))
        axes.tick_params(labelsize=11)
        axes.grid(axis="x", alpha=0.3)
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, fontsize=12)
    return figure


@_slide
def binned_fit(
    edges: np.ndarray,
    expected: Mapping[str, np.ndarray],
    band: np.ndarray,
    impacts: Mapping[str, tuple[float, float]],
    title: str,
) -> Figure:
    """Templates of signal and background, one on top of the other, and what uncertainties do to a fit.

    Args:
        edges: (K + 1,) of the score.
        expected: (K,) events by class.
        band: (K,) uncertainty of their sum.
        impacts: what the fitted signal strength moves by, up and down, by the name of the uncertainty.
        title: which data, model and run these are.
    """
    figure = Figure(figsize=(14, 6.2), layout="constrained")
    figure.suptitle(_wrapped(title, figure, 14), fontsize=14)
    parts: Any = figure.subplots(2, 2, width_ratios=[3, 2], height_ratios=[3, 1], sharex="col")
    axes, below = parts[:, 0]
    for each in parts[:, 1]:
        each.remove()
    bins = np.arange(len(edges))  # equal widths: most of the edges are near 0 and 1
    signal, background = expected["signal"], expected["background"]
    total = signal + background
    axes.stairs(background, bins, fill=True, color=_BACKGROUND, alpha=0.6, label="background")
    axes.stairs(total, bins, baseline=background, fill=True, color=_SIGNAL, alpha=0.8, label="signal")
    hatch = {"fill": True, "facecolor": "none", "edgecolor": "black", "hatch": "////", "linewidth": 0}
    axes.stairs(total + band, bins, baseline=total - band, label="uncertainty before the fit", **hatch)
    axes.set(yscale="log", ylabel="expected events", ylim=(0.5 * background.min(), 4 * total.max()))
    axes.legend(loc="upper right", fontsize=12)
    below.stairs(signal / background, bins, fill=True, color=_SIGNAL, alpha=0.8)
    below.set(ylabel="signal /\nbackground", ylim=(0, None), xlim=(0, len(edges) - 1))
    below.set_xticks(bins, [f"{edge:.3g}" for edge in edges], rotation=45, fontsize=11)
    below.set_xlabel("lower edge of the bin: probability of signal")
    for part in (axes, below):
        part.xaxis.set_minor_locator(NullLocator())
    beside = figure.add_subplot(parts[0, 1].get_gridspec()[:, 1])
    order = sorted(impacts, key=lambda name: max(map(abs, impacts[name])))
    for place, name in enumerate(order):
        for value, color in zip(impacts[name], (_SIGNAL, _BACKGROUND), strict=True):
            label = {_SIGNAL: "up", _BACKGROUND: "down"}[color] if place == 0 else None
            beside.barh(place, value, 0.6, color=color, alpha=0.7, label=label)
    beside.axvline(0, color="black", linewidth=1)
    beside.set_yticks(range(len(order)), [uncertainty_name(name) for name in order], fontsize=11)
    beside.yaxis.set_minor_locator(NullLocator())
    beside.xaxis.set_major_locator(MaxNLocator(5))
    beside.set_xlabel("change of the fitted signal strength")
    beside.grid(axis="x", alpha=0.3)
    if order:
        beside.legend(loc="lower right", fontsize=12)
    return figure


def uncertainty_name(name: str) -> str:
    """What a systematic uncertainty is called in pictures."""
    return name.replace("_", " ").replace("btag", "b-tag")


def _wrapped(title: str, figure: Figure, points: int = 13) -> str:
    """A title in lines that the figure has room for, in letters of so many points: names may be long."""
    width = int(117 / points * figure.get_figwidth())
    return _literal("\n".join(fill(line, width) for line in title.split("\n")))


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


def _levels(values: np.ndarray) -> np.ndarray:
    """The nearest b-tag levels."""
    levels: np.ndarray = np.clip(np.round(values), 0, schema.NUM_BTAG_LEVELS - 1).astype(int)
    return levels


def _draw_levels(axes: Axes, true: np.ndarray, likely: np.ndarray) -> None:
    """How probable each b-tag level (N, 3) is for the jets of each true level (N,), in the mean."""
    levels = range(schema.NUM_BTAG_LEVELS)
    shares = np.zeros((len(levels), len(levels)))
    np.add.at(shares, true, likely)
    shares /= np.maximum(1, np.bincount(true, minlength=len(levels)))[:, None]
    axes.imshow(shares.T, origin="lower", vmin=0, vmax=1, cmap="Blues", aspect="auto")
    for i in levels:
        for j in levels:
            color = "white" if shares[i, j] > 0.6 else "black"
            axes.text(i, j, f"{shares[i, j]:.0%}", ha="center", va="center", color=color)
    axes.set_xticks(levels)
    axes.set_yticks(levels)


def pixels(figure: Figure, dpi: int) -> np.ndarray:
    """Draw a figure: (height, width, 3) bytes. Drawing takes most of the time of a short run."""
    figure.set_dpi(dpi)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[..., :3])
