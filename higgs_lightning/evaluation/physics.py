"""What a physicist asks of the scores of test events, beyond the ROC-AUC: sections of a report."""

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from higgs_lightning import schema
from higgs_lightning.evaluation import plots
from higgs_lightning.evaluation.metrics import (
    LEAST_BACKGROUND,
    Reliability,
    background_rejection,
    roc_auc_interval,
    significances,
)
from higgs_lightning.evaluation.page import Section, Table, Unknown, Value
from higgs_lightning.evaluation.scores import Evaluation, has_both_classes

_SIGNAL_EFFICIENCIES = (0.3, 0.5, 0.7)


class _Momentum(NamedTuple):
    """A transverse momentum and the bounds of its bins in GeV: about the quartiles of HIGGS."""

    column: str
    name: str
    label: str
    edges: tuple[float, ...]


_BINNED = (
    _Momentum("missing_energy_magnitude", "missing_energy", "missing energy", (0, 35, 55, 75, math.inf)),
    _Momentum("jet_1_pt", "jet_1_pt", "jet 1 pT", (0, 75, 100, 135, math.inf)),
)


def significance(
    test: Evaluation, title: str, signal: float, background: float, uncertainty: float
) -> Section:
    """Background rejection, and the significance that an analysis can expect of each cut.

    Args:
        test: N test events of both classes.
        title: which data, model and run these are.
        signal: events that the analysis expects before the cut.
        background: the same.
        uncertainty: of the background, as a share of it.
    """
    of_cut = significances(test.labels, test.probabilities, signal, background, uncertainty, test.weights)
    best, best_of_known, best_ams = map(
        of_cut.best, (of_cut.with_uncertainty, of_cut.without_uncertainty, of_cut.ams)
    )
    rejections: dict[float, Value] = {}
    for efficiency in _SIGNAL_EFFICIENCIES:
        rejection = background_rejection(test.labels, test.probabilities, efficiency, test.weights)
        rejections[efficiency] = rejection if math.isfinite(rejection) else Unknown("no background passes")
    share = f"{100 * uncertainty:g} %"
    settings = f"{signal:g} signal events on {background:g} \u00b1 {share} background events"
    known, uncertain = of_cut.without_uncertainty, of_cut.with_uncertainty
    metrics: dict[str, Value] = {
        **{f"test/background_rejection_{efficiency:.0%}": value for efficiency, value in rejections.items()},
        "test/significance": float(known[best_of_known]),
        "test/significance_with_uncertainty": float(uncertain[best]),
        "test/ams": float(of_cut.ams[best_ams]),
        "test/best_cut_signal_efficiency": float(of_cut.signal_efficiency[best]),
    }
    rows = [
        (name, float(values[position]), float(of_cut.signal_efficiency[position]))
        for name, values, position in (
            ("background known", known, best_of_known),
            (f"background uncertain by {share}", uncertain, best),
            ("AMS", of_cut.ams, best_ams),
        )
    ]
    return Section(
        "Cuts",
        [
            f"An analysis that expects {settings} before the cut: the median discovery significance of each "
            f"cut. Dashed: the cut keeps fewer than {LEAST_BACKGROUND} of the test events' background, so "
            "that its efficiency hangs on chance; the best is chosen among the others.",
            "Background rejection is 1 / background efficiency of the tightest cut that keeps the signal.",
        ],
        tables={
            "significance": Table(["best cut", "significance", "signal efficiency"], rows),
            "background_rejection": Table(
                ["signal efficiency", "background rejection"],
                [(f"{efficiency:.0%}", value) for efficiency, value in rejections.items()],
            ),
        },
        figures={"significance": plots.significance(of_cut, f"{settings}\n{title}")},
        metrics=metrics,
    )


def calibration(
    calibrations: Mapping[str, Reliability], title: str, metrics: Mapping[str, Value], counted: str = "events"
) -> Section:
    """Whether scores are probabilities.

    Args:
        calibrations: by the name of the scores: the model's own, and those after a correction.
        title: which data, model and run these are.
        metrics: what is to be known of a correction.
        counted: what bins hold, events or the sum of their weights.
    """
    bins: list[list[Value]] = []
    for name, each in calibrations.items():
        bins += [[name, *map(float, of_bin)] for of_bin in np.transpose(each)]
    errors = [(name, each.error) for name, each in calibrations.items()]
    return Section(
        "Calibration",
        [
            "How often events of a score are signal, with statistical errors. The expected calibration error "
            "is the mean distance of the two over events. It tells as much of the share of signal in the "
            "data as of the model."
        ],
        tables={
            "calibration": Table(["scores", "expected calibration error"], errors),
        },
        files={
            "calibration_bins": Table(["scores", "mean score", "share of signal", counted, "error"], bins)
        },
        figures={"reliability": plots.reliability(calibrations, title, counted)},
        metrics={"test/calibration_error": next(iter(calibrations.values())).error, **metrics},
    )


def momenta(test: Evaluation, features: np.ndarray) -> Section:
    """ROC-AUC in bins of missing energy and of the first jet's transverse momentum.

    Args:
        test: N events.
        features: (N, 21) of the same events in HIGGS units.
    """
    rows: list[list[Value]] = []
    metrics: dict[str, Value] = {}
    for each in _BINNED:
        column = [feature.name for feature in schema.LOW_LEVEL].index(each.column)
        values = features[:, column] * schema.LOW_LEVEL[column].scale
        for low, high in zip(each.edges[:-1], each.edges[1:], strict=True):
            chosen = (values >= low) & (values < high)  # not where it is missing
            labels, scores = test.labels[chosen], test.probabilities[chosen]
            bounds = f"{low:g} to {high:g} GeV" if high < math.inf else f"above {low:g} GeV"
            name = f"test/auc_{each.name}_{bounds.replace(' ', '_').lower()}"
            auc: list[Value] = [Unknown("one class only" if len(labels) else "no events")] * 3
            weights = None if test.weights is None else test.weights[chosen]
            if has_both_classes(labels, weights):
                auc = [*roc_auc_interval(labels, scores, weights)]
            rows.append([each.label, bounds, int(chosen.sum()), int(labels.sum()), *auc])
            metrics |= dict(zip((name, f"{name}_low", f"{name}_high"), auc, strict=True))
    head = ["quantity", "bin", "events", "signal", "ROC-AUC", "low", "high"]
    return Section(
        "Bins of momentum",
        ["Each bin's own ROC-AUC; low and high bound 95 % (DeLong)."],
        tables={"momenta": Table(head, rows)},
        metrics=metrics,
    )
