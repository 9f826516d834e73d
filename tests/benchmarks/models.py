"""Every model on the same simulated events: ROC-AUC, time to train, and when `particle` passes `seed`.

    python -m higgs_lightning.simulate events=168000 seed=2 output=EVENTS.csv.gz    # 16 minutes
    python tests/benchmarks/models.py --events EVENTS.csv.gz [--rows particle seed]

One run after the other, with nothing else on the machine; runs are kept in ``outputs/models`` and not made
again. Time to train counts training steps alone, without validation. For the moment at which `particle`
passes the best validation ROC-AUC of `seed`, it is trained once more and validated every 20 steps.
Boosted trees need ``pip install lightgbm``.
"""

import argparse
import json
import time
from pathlib import Path

from labels import boosted_trees, command
from rich.console import Console
from rich.table import Table

from higgs_lightning.runs import read_history

RUNS = Path("outputs/models").absolute()
STEPS, BATCH_SIZE = 20, 512
MODELS = {
    "boosted trees": [],
    "dnn": ["model=dnn", "optimizer.lr=1e-3", "trainer.max_epochs=30"],
    "scalar": ["model=scalar", "trainer.max_epochs=10"],
    "seed": ["experiment=seed", "trainer.max_epochs=6"],
    "particle": ["trainer.max_epochs=10"],
}


def training_seconds(folder: Path, events: int) -> list[float]:
    """Seconds of training steps until the end of each epoch of ``events`` events."""
    seconds, total = [], 0.0
    for row in read_history(folder / "metrics.csv"):
        total += events / row["events_per_second"]
        seconds.append(total)
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--events", type=Path, required=True, help="simulated events in HIGGS format")
    parser.add_argument("--rows", nargs="+", default=list(MODELS), choices=list(MODELS))
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    common = ["data=higgs", "data.name=simulated", f"data.csv={arguments.events.absolute()}"]
    common += [f"seed={arguments.seed}", f"data.seed={arguments.seed}", "figures_every=0"]

    table = Table(title=f"{arguments.events.name}, seed {arguments.seed}")
    for column in ("", "parameters", "epochs", "training events a second", "seconds", "test ROC-AUC"):
        table.add_column(column)
    for name in arguments.rows:
        folder = RUNS / name.replace(" ", "-") / str(arguments.seed)
        if name == "boosted trees":
            start = time.perf_counter()
            auc = boosted_trees(common, folder)
            table.add_row(name, "", "", "", f"{time.perf_counter() - start:.0f}", f"{auc:.4f}")
            continue
        command("train", [*common, *MODELS[name]], folder)
        metrics = json.loads((folder / "metrics.json").read_text())
        seconds = training_seconds(folder, metrics["train/events"])[-1]
        speed = metrics["train/events"] * metrics["epochs"] / seconds
        interval = "{test/auc:.4f} ({test/auc_low:.4f} to {test/auc_high:.4f})".format_map(metrics)
        numbers = (f"{metrics['parameters']:,}", str(metrics["epochs"]), f"{speed:,.0f}", f"{seconds:.0f}")
        table.add_row(name, *numbers, interval)
    console = Console(width=120)
    console.print(table)

    if {"seed", "particle"} <= set(arguments.rows):
        seed = RUNS / "seed" / str(arguments.seed)
        metrics = json.loads((seed / "metrics.json").read_text())
        best = metrics["val/auc"]
        of_seed = training_seconds(seed, metrics["train/events"])[metrics["best_epoch"]]
        folder = RUNS / "particle-in-short-epochs" / str(arguments.seed)
        short = [f"trainer.limit_train_batches={STEPS}", "trainer.max_epochs=40", "selection.monitor=null"]
        command("train", [*common, *short, f"data.batch_size={BATCH_SIZE}"], folder)
        rows = read_history(folder / "metrics.csv")
        epoch = next(i for i, row in enumerate(rows) if row["val/auc"] > best)
        seconds = training_seconds(folder, STEPS * BATCH_SIZE)[epoch]
        console.print(
            f"particle passes seed's best validation ROC-AUC, {best:.4f}, after {seconds:.1f} s of training "
            f"on {(epoch + 1) * STEPS * BATCH_SIZE:,} events: {of_seed / seconds:.0f} times sooner"
        )


if __name__ == "__main__":
    main()
