"""How close simulated events are to real ones, for signal and for background.

    python tests/benchmarks/simulated_against_real.py --simulated FILE --real FILE

Both files are in HIGGS format. For each of the 28 features the table holds the Kolmogorov-Smirnov distance,
the largest difference between the two cumulative distributions. Below it stands the AUC with which boosted
trees tell real events from as many simulated ones, 0.5 if they can't: from the 21 low-level features, which
are what the models read, from all 28, and from the low-level ones with 0.05 of uniform noise on every
pseudorapidity and azimuth, which hides how closely jets cluster at calorimeter cells. Both files are
first rounded to 5 digits, those of the simulated.
"""

import argparse
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

from higgs_lightning import schema

FEATURES = schema.LOW_LEVEL + schema.HIGH_LEVEL
CLASSES = {"signal": 1, "background": 0}
DIGITS = 5
BLUR = 0.05  # half a calorimeter cell


def read(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Labels (N,) and features (N, 28), b-tags as levels and the others in HIGGS units of 5 digits."""
    rows = np.loadtxt(path, delimiter=",")
    labels, features = rows[:, 0], rows[:, 1:]
    unit = 10 ** (np.floor(np.log10(np.maximum(np.abs(features), 1e-6))) - (DIGITS - 1))
    features = np.round(features / unit) * unit
    for column in schema.columns("btag"):
        features[:, column] = np.round(features[:, column] * FEATURES[column].scale)
    return labels, features


def kolmogorov_smirnov(a: np.ndarray, b: np.ndarray) -> float:
    """Largest difference between the cumulative distributions of two samples (N,) and (M,)."""
    at = np.concatenate([a, b])
    below = [np.searchsorted(np.sort(sample), at, side="right") / len(sample) for sample in (a, b)]
    return float(np.abs(below[0] - below[1]).max())


def separation(simulated: np.ndarray, real: np.ndarray) -> float:
    """AUC, on one half of the events, of boosted trees that learned real from simulated on the other."""
    generator = np.random.default_rng(0)
    size = min(len(simulated), len(real))
    x = np.concatenate([generator.permutation(events)[:size] for events in (simulated, real)])
    y = np.repeat([0, 1], size)
    learn, test = np.split(generator.permutation(2 * size), 2)
    trees = HistGradientBoostingClassifier(max_iter=200, random_state=0).fit(x[learn], y[learn])
    return float(roc_auc_score(y[test], trees.predict_proba(x[test])[:, 1]))


def blurred(events: np.ndarray) -> np.ndarray:
    """Low-level features (N, 21) of events (N, 28), with uniform noise on all directions."""
    low_level = events[:, : len(schema.LOW_LEVEL)].copy()
    for column in (*schema.columns("eta"), *schema.columns("phi")):
        half_width = BLUR / FEATURES[column].scale
        low_level[:, column] += np.random.default_rng(column).uniform(-half_width, half_width, len(events))
    return low_level


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--simulated", type=Path, required=True)
    parser.add_argument("--real", type=Path, required=True)
    arguments = parser.parse_args()
    files = [read(arguments.simulated), read(arguments.real)]
    pairs = [[features[labels == label] for labels, features in files] for label in CLASSES.values()]

    table = Table("feature", *CLASSES)
    for column, feature in enumerate(FEATURES):
        distances = [kolmogorov_smirnov(*(events[:, column] for events in pair)) for pair in pairs]
        table.add_row(feature.name, *(f"{distance:.3f}" for distance in distances))
    table.add_section()
    for name, columns in (("low-level", len(schema.LOW_LEVEL)), ("all", len(FEATURES))):
        aucs = [separation(*(events[:, :columns] for events in pair)) for pair in pairs]
        table.add_row(f"AUC of boosted trees, {name} features", *(f"{auc:.3f}" for auc in aucs))
    aucs = [separation(*map(blurred, pair)) for pair in pairs]
    table.add_row("AUC of boosted trees, directions blurred", *(f"{auc:.3f}" for auc in aucs))
    Console().print(table)


if __name__ == "__main__":
    main()
