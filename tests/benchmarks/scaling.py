"""Training with two processes against one, each on one core: `trainer=ddp` on this machine.

    python tests/benchmarks/scaling.py [--batch-size 1024] [--repeats 3]

The processes share each batch, so that they make the steps of one. They take turns; medians count. Below the
table stands what every step sends, from which larger machines can be reckoned.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from higgs_lightning import load_model
from higgs_lightning.runs import read_history

WAYS = {
    "one process, one thread": (1, 1),
    "one process, two threads": (1, 2),
    "two processes, one thread each": (2, 1),
}


def events_a_second(processes: int, threads: int, batch_size: int) -> float:
    """Of all processes together, in the second epoch."""
    with tempfile.TemporaryDirectory() as folder:
        overrides = ["trainer=ddp"] if processes > 1 else []
        overrides += [f"trainer.devices={processes}", "trainer.accelerator=cpu", "trainer.max_epochs=2"]
        overrides += [f"data.batch_size={batch_size}", "data.val_fraction=0.01", "data.test_fraction=0.01"]
        overrides += ["data.train_events=20000", "figures_every=0", f"data.dir={folder}"]
        overrides += ["trainer.enable_progress_bar=false", f"hydra.run.dir={folder}/run"]
        arguments = [sys.executable, "-m", "higgs_lightning.train", *overrides]
        environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
        subprocess.run(arguments, check=True, stdout=subprocess.DEVNULL, env=environment)
        return read_history(Path(folder, "run", "metrics.csv"))[-1]["events_per_second"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--batch-size", type=int, default=1024)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    speeds: dict[str, list[float]] = {way: [] for way in WAYS}
    for way in track([way for _ in range(arguments.repeats) for way in WAYS], "Training"):
        speeds[way].append(events_a_second(*WAYS[way], arguments.batch_size))
    medians = {way: statistics.median(values) for way, values in speeds.items()}
    table = Table(title=f"batches of {arguments.batch_size}")
    for column in ("", "events a second", "range", "of one process, one thread"):
        table.add_column(column)
    for way, values in speeds.items():
        ratio = medians[way] / medians["one process, one thread"]
        spread = f"{min(values):,.0f} to {max(values):,.0f}"
        table.add_row(way, f"{medians[way]:,.0f}", spread, f"{ratio:.2f}")
    gradients = 4 * sum(p.numel() for p in load_model("pretrained").parameters())
    Console(width=110).print(
        table,
        f"Gradients: {gradients / 1e6:.2f} MB; a ring of N processes makes each of them send and receive "
        f"2 (N - 1) / N times as much a step: {1.5 * gradients / 1e6:.2f} MB for 4, "
        f"{1.75 * gradients / 1e6:.2f} MB for 8, {2 * 63 / 64 * gradients / 1e6:.2f} MB for 64.",
    )


if __name__ == "__main__":
    main()
