"""What a physicist asks of the scores of test events, beyond the ROC-AUC."""

import numpy as np

from higgs_lightning import schema
from higgs_lightning.evaluation.metrics import (
    Significances,
    background_rejection,
    reliability,
    roc_auc_interval,
)
from higgs_lightning.evaluation.scores import Evaluation, has_both_classes

_SIGNAL_EFFICIENCIES = (0.3, 0.5, 0.7)
_BINNED = ("missing_energy_magnitude", "jet_1_pt")
_NUM_BINS = 4  # of equally many events


def physics_metrics(test: Evaluation, of_cut: Significances) -> dict[str, float]:
    """What a physicist asks of the test events, beyond the ROC-AUC."""
    best = int(of_cut.with_uncertainty.argmax())
    return {
        **{
            f"test/background_rejection_{efficiency:.0%}": background_rejection(
                test.labels, test.probabilities, efficiency, test.weights
            )
            for efficiency in _SIGNAL_EFFICIENCIES
        },
        "test/significance": float(of_cut.without_uncertainty.max()),
        "test/significance_with_uncertainty": float(of_cut.with_uncertainty.max()),
        "test/ams": float(of_cut.ams.max()),
        "test/best_cut_signal_efficiency": float(of_cut.signal_efficiency[best]),
        "test/calibration_error": reliability(test.labels, test.probabilities, test.weights).error,
    }


def binned_aucs(test: Evaluation, features: np.ndarray) -> dict[str, float]:
    """ROC-AUC in bins of equally many events, from low to high, of two momenta; NaN without both classes.

    Args:
        test: N events.
        features: (N, 21) of the same events in HIGGS units.
    """
    aucs = {}
    for name in _BINNED:
        values = features[:, [feature.name for feature in schema.LOW_LEVEL].index(name)]
        edges = np.nanquantile(values, np.linspace(0, 1, _NUM_BINS + 1)[1:-1])
        bin_of = np.searchsorted(edges, values, side="right")
        for number in range(_NUM_BINS):
            chosen = (bin_of == number) & ~np.isnan(values)
            labels, scores = test.labels[chosen], test.probabilities[chosen]
            weights = None if test.weights is None else test.weights[chosen]
            known = has_both_classes(labels, weights)
            aucs[f"test/auc_{name}_bin_{number + 1}"] = (
                roc_auc_interval(labels, scores, weights).auc if known else np.nan
            )
    return aucs
