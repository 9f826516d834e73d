"""ROC-AUC on real events against the number of simulated events that a model was trained on, for two sizes.

    python tests/benchmarks/collisions.py --simulated FOLDER --real TRAIN.csv.gz [OVERRIDE ...]

FOLDER holds millions of events of ``simulate``. Each point is one run of the train command from random
weights, which is made in a folder of its own below ``outputs/collisions`` if it is not there, for the same
number of epochs and with everything but the number of events equal; ``OVERRIDE`` (such as ``compile=true
trainer.precision=bf16-mixed``) is for all of them. Real events are the first of TRAIN, with which nothing is
trained. The curves are 1 - AUC = floor + scale x events^-power, with one power for all models.
"""

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from rich.console import Console
from rich.progress import track
from rich.table import Table
from scipy.optimize import curve_fit

from higgs_lightning import load_model
from higgs_lightning.evaluation.metrics import AucInterval, roc_auc_interval

RUNS = Path("outputs/collisions")
REAL_EVENTS = 60_000  # of TRAIN; the weights in the package were chosen by these
ALIKE = (
    *("data=higgs", "data.val_fraction=0.01", "data.test_fraction=0.01", "data.batch_size=1024"),
    *("optimizer.lr=1e-3", "objective.smearing=0.05", "selection.monitor=null", "figures_every=0"),
    *("trainer.enable_progress_bar=false", "trainer.limit_test_batches=5"),
)


def train(overrides: list[str], folder: Path) -> None:
    """One run of the train command, made if it is not there."""
    if not (folder / "metrics.json").exists():
        shutil.rmtree(folder, ignore_errors=True)  # a run that was stopped half-way
        command = [sys.executable, "-m", "higgs_lightning.train", *ALIKE, *overrides]
        subprocess.run([*command, f"hydra.run.dir={folder.absolute()}"], check=True)


def real_auc(folder: Path, events: np.ndarray) -> AucInterval:
    """ROC-AUC of a run on real events, which is kept in its folder."""
    kept = folder / "real.json"
    if not kept.exists():
        scores = load_model(folder).predict_proba(events[:, 1:])[:, 1]
        kept.write_text(json.dumps(roc_auc_interval(events[:, 0], scores)._asdict()))
    return AucInterval(**json.loads(kept.read_text()))


def fit(numbers: np.ndarray, of_model: np.ndarray, losses: np.ndarray) -> tuple[float, np.ndarray]:
    """The power, and floor and scale of each of M models (M, 2), of points (P,) in millions of events."""
    num_models = int(of_model.max()) + 1

    def curve(points: np.ndarray, power: float, *of_models: float) -> np.ndarray:
        floor, scale = np.reshape(of_models, (num_models, 2))[points[1].astype(int)].T
        return floor + scale * points[0] ** -power

    first = [0.5, *num_models * [0.1, 0.03]]
    power, *of_models = curve_fit(curve, np.stack([numbers, of_model]), losses, first, bounds=(0, 2))[0]
    return power, np.reshape(of_models, (num_models, 2))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--simulated", type=Path, required=True, help="folder of simulated events")
    parser.add_argument("--real", type=Path, required=True, help="real events in HIGGS format")
    parser.add_argument("--models", nargs="+", default=["particle", "particle_large"])
    parser.add_argument("--events", type=int, nargs="+", default=[250_000, 500_000, 1_000_000, 2_000_000])
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--no-training", action="store_true", help="show the runs that are there, no others")
    parser.add_argument("--plot", type=Path, default=RUNS / "collisions.png")
    arguments, overrides = parser.parse_known_args()

    rows = pd.read_csv(arguments.real, header=None, usecols=range(22), nrows=REAL_EVENTS)
    events = rows.to_numpy(np.float32)
    points = []
    for number in track(arguments.events, "Training"):
        for model in arguments.models:
            folder = RUNS / f"{model}-{number}-{arguments.epochs}"
            if arguments.no_training and not (folder / "metrics.json").exists():
                continue
            of_run = [f"model={model}", f"data.train_events={number}"]
            of_run += [f"data.csv={arguments.simulated.absolute()}", f"trainer.max_epochs={arguments.epochs}"]
            train([*of_run, *overrides], folder)
            last = pd.read_csv(folder / "metrics.csv").iloc[-1]
            points.append((model, number, last["train/auc"], last["val/auc"], real_auc(folder, events)))

    table = Table(title=f"ROC-AUC after {arguments.epochs} epochs")
    for column in ("model", "simulated events", "training", "other simulated", "real (95 % interval)"):
        table.add_column(column)
    for model, number, training, other, real in points:
        interval = f"{real.auc:.4f} ({real.low:.4f} to {real.high:.4f})"
        table.add_row(model, f"{number:,}", f"{training:.4f}", f"{other:.4f}", interval)
    Console(width=110).print(table)

    names = list(dict.fromkeys(model for model, *_ in points))
    numbers = np.array([number / 1e6 for _, number, *_ in points])
    of_model = np.array([names.index(model) for model, *_ in points])
    losses = np.array([1 - real.auc for *_, real in points])
    power, of_models = fit(numbers, of_model, losses)
    figure, axes = plt.subplots(figsize=(7, 5), layout="constrained")
    for index, (name, (floor, scale)) in enumerate(zip(names, of_models, strict=True)):
        formula = f"1 - {floor:.3f} - {scale:.4f} N^-{power:.2f}"
        print(f"{name}: {formula}, N in millions")
        is_its = of_model == index
        half = [np.array([getattr(p[4], end) for p in points])[is_its] for end in ("low", "high")]
        aucs = 1 - losses[is_its]
        axes.errorbar(numbers[is_its], aucs, [aucs - half[0], half[1] - aucs], fmt="o", color=f"C{index}")
        x = np.geomspace(numbers.min(), 2 * numbers.max(), 50)
        axes.plot(x, 1 - floor - scale * x**-power, color=f"C{index}", label=f"{name}: {formula}")
    axes.set(xscale="log", ylabel="ROC-AUC, first 60,000 real events of TRAIN")
    axes.set(xlabel=f"N, millions of simulated events, {arguments.epochs} epochs")
    ticks = sorted({*numbers, 2 * numbers.max()})
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.legend(loc="lower right")
    arguments.plot.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(arguments.plot, dpi=120)


if __name__ == "__main__":
    main()
