"""How close simulated events are to real ones, for signal and for background.

    python tests/benchmarks/simulated_against_real.py --simulated FILE --real FILE

Both files are in HIGGS format. For each of the 28 features the table holds the Kolmogorov-Smirnov distance,
the largest difference between the two cumulative distributions. Below it stands the AUC with which boosted
trees tell real events from as many simulated ones, 0.5 if they can't: from the 21 low-level features, which
are what the models read, from all 28, and from the low-level ones with 0.05 of uniform noise on every
pseudorapidity and azimuth, which hides how closely jets cluster at calorimeter cells. Both files are
first rounded to 5 digits, those of the simulated.

A second table is of events with both tags among the four listed jets, and of what those four say, made by the
same code for both files: medians in GeV and, of masses, the share of events near their peak with the median
there; in brackets the Kolmogorov-Smirnov distance from the real events. A third one counts the untagged jets
of a hundred events by transverse momentum and pseudorapidity. A file may be Parquet, too.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

from higgs_lightning import schema
from higgs_lightning.simulation.rows import SCALES, four_momenta, mass, masses, pt_eta_phi

FEATURES = schema.LOW_LEVEL + schema.HIGH_LEVEL
CLASSES = {"signal": 1, "background": 0}
DIGITS = 5
BLUR = 0.05  # half a calorimeter cell
MASSES = tuple(feature.name for feature in schema.HIGH_LEVEL)
PEAKS = {  # GeV
    **{"m_jj": (60, 100), "m_jjj": (140, 200), "m_jlv": (140, 200)},
    **{"m_bb": (85, 145), "m_wbb": (280, 360), "m_wwbb": (380, 470)},
}
PT_BINS = (15, 25, 50, 100, np.inf)  # GeV
ETA_BINS = (0, 1, 2, 3)


def read(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Labels (N,) and features (N, 28), b-tags as levels and the others in HIGGS units of 5 digits."""
    is_parquet = path.suffix == ".parquet"
    rows = pd.read_parquet(path).to_numpy(float) if is_parquet else np.loadtxt(path, delimiter=",")
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


def listed(events: np.ndarray) -> dict[str, np.ndarray]:
    """What lepton, missing energy and four jets of events (N, 28) say, of those with two tags among them."""
    rows = (events * SCALES)[:, : len(schema.LOW_LEVEL)]  # of tags it matters alone whether there is one
    lepton, missing_energy, jets = rows[:, :3], rows[:, 3:5], rows[:, 5:].reshape(-1, 4, 4)
    has_two = (jets[..., 3] > 0).sum(axis=1) == 2
    lepton, missing_energy, jets = lepton[has_two], missing_energy[has_two], jets[has_two]
    order = np.argsort(jets[..., 3] == 0, axis=1, kind="stable")
    momenta = np.take_along_axis(four_momenta(jets[..., :3]), order[..., None], axis=1)
    pt = np.hypot(momenta[..., 0], momenta[..., 1])
    directions = pt_eta_phi(momenta)[..., 1:]
    apart = directions[:, 1::2] - directions[:, ::2]
    apart[..., 1] = np.remainder(apart[..., 1] + np.pi, 2 * np.pi) - np.pi
    visible = momenta.sum(axis=1) + four_momenta(lepton)
    x, y = (missing_energy[:, 0] * wave(missing_energy[:, 1]) for wave in (np.cos, np.sin))
    with_lepton = mass(momenta[:, :2] + four_momenta(lepton)[:, None])
    return {
        **dict(zip(MASSES, masses(lepton, missing_energy, jets).T, strict=True)),
        "smaller mass of lepton and b-jet": with_lepton.min(axis=1),
        "pT of the harder tagged jet": pt[:, :2].max(axis=1),
        "pT of the softer": pt[:, :2].min(axis=1),
        "pT of the harder untagged jet": pt[:, 2:].max(axis=1),
        "pT of the softer one": pt[:, 2:].min(axis=1),
        "pT of both tagged jets": np.hypot(*(momenta[:, 0] + momenta[:, 1]).T[:2]),
        "Delta R of the tagged jets": np.hypot(*apart[:, 0].T),
        "vector sum of all momenta": np.hypot(visible[:, 0] + x, visible[:, 1] + y),
    }


def untagged_jets(events: np.ndarray) -> np.ndarray:
    """(4, 3) how many of a hundred events (N, 28) there are between the PT_BINS and between the ETA_BINS."""
    rows = (events * SCALES)[:, : len(schema.LOW_LEVEL)]
    jets = rows[:, 5:].reshape(-1, 4)
    pt, eta, _, _ = jets[jets[:, 3] == 0].T
    counts: np.ndarray = np.histogram2d(pt, np.abs(eta), bins=(PT_BINS, ETA_BINS))[0]
    return 100 * counts / len(events)


def summary(name: str, simulated: np.ndarray, real: np.ndarray) -> str:
    """Real / simulated (distance) of one quantity."""

    def of(values: np.ndarray) -> str:
        if name not in PEAKS:
            return f"{np.median(values):.4g}"
        low, high = PEAKS[name]
        near = values[(values > low) & (values < high)]
        return f"{np.median(values):.4g}, {len(near) / len(values):.3f} at {np.median(near):.1f}"

    return f"{of(real)} / {of(simulated)} ({kolmogorov_smirnov(simulated, real):.3f})"


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

    quantities = [[listed(events) for events in pair] for pair in pairs]
    table = Table("real / simulated (distance)", *CLASSES)
    shares = [
        [len(found["m_bb"]) / len(events) for found, events in zip(*both, strict=True)]
        for both in zip(quantities, pairs, strict=True)
    ]
    table.add_row(
        "share with two tags listed", *(f"{real:.3f} / {simulated:.3f}" for simulated, real in shares)
    )
    for name in quantities[0][0]:
        table.add_row(name, *(summary(name, *(found[name] for found in pair)) for pair in quantities))
    Console().print(table)

    table = Table("untagged jets, real / simulated", *CLASSES)
    counts = [[untagged_jets(events) for events in pair] for pair in pairs]
    for row, least in enumerate(PT_BINS[:-1]):
        for column, most in enumerate(ETA_BINS[1:]):
            table.add_row(
                f"pT above {least} GeV, |eta| up to {most}",
                *(f"{real[row, column]:.1f} / {simulated[row, column]:.1f}" for simulated, real in counts),
            )
    Console().print(table)


if __name__ == "__main__":
    main()
