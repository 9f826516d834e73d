"""What training `particle` costs: events a second and memory against events, layers, width and batch size.

    python tests/benchmarks/costs.py [--plot costs.png]

Each point is a run of the train command, in a process of its own, on a file of copies of the embedded sample:
events a second of the steps of its second epoch (30 batches), and the most memory that the process held.
The presets for the whole of HIGGS stand below them, with the hours that all their training steps would take.
At the end comes the arithmetic: what a training event takes (`torch.utils.flop_counter` counts matrix
products), and what the machine does in nothing but the largest of these products, in turns with the steps.
"""

import argparse
import gzip
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import matplotlib.pyplot as plt
import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table
from torch.utils.flop_counter import FlopCounterMode
from training import particle_loop

from higgs_lightning.data import HiggsDataModule, sample_csv
from higgs_lightning.runs import read_history

DEFAULTS = {"events": 100_000, "model.num_layers": 3, "model.dim": 64, "data.batch_size": 512}
AXES = {
    "events": [10_000, 100_000, 1_000_000, 11_000_000],
    "model.num_layers": [1, 2, 3, 4, 6],
    "model.dim": [32, 64, 128, 256],
    "data.batch_size": [128, 256, 512, 1024, 2048, 4096],
}
PRESETS = {"gsoc": 10 * 900_000, "paper": 10 * 10_000_000}  # events that they train on, over all epochs
LIMITS = {"train": 30, "val": 2, "test": 2}  # batches
BATCH_SIZE, SECONDS = 512, 5.0


def copies_of_the_sample(path: Path, num_events: int) -> Path:
    if not path.exists():
        lines = gzip.decompress(Path(sample_csv()).read_bytes()).splitlines(keepends=True)
        with path.open("wb") as file:
            for start in range(0, num_events, len(lines)):
                file.write(b"".join(lines[: num_events - start]))
    return path


def measure(overrides: list[str], num_events: int, folder: Path) -> tuple[float, float]:
    """Events a second, and the most memory in MB."""
    events = copies_of_the_sample(folder / f"{num_events}.csv", num_events)
    run = folder / "run"
    overrides = [*overrides, "data=higgs", f"data.csv={events}", f"data.dir={folder}", f"hydra.run.dir={run}"]
    overrides += ["trainer.max_epochs=2", "figures_every=0", "trainer.enable_progress_bar=false"]
    overrides += [f"trainer.limit_{split}_batches={limit}" for split, limit in LIMITS.items()]
    arguments = [sys.executable, "-m", "higgs_lightning.train", *overrides]
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"failed: {' '.join(arguments)}")
    speed = read_history(run / "metrics.csv")[1]["events_per_second"]
    shutil.rmtree(run)
    return speed, usage.ru_maxrss / 1024


def calls_a_second(call: Callable[[], object]) -> float:
    start, calls = time.perf_counter(), 0
    while time.perf_counter() - start < SECONDS:
        call()
        calls += 1
    return calls / (time.perf_counter() - start)


def arithmetic(folder: str) -> str:
    """What the steps take and how close they come to what the machine can do."""
    data = HiggsDataModule(sample_csv(), dir=folder)
    features, labels = map(torch.from_numpy, data.arrays("train"))
    steps = particle_loop(features, labels, BATCH_SIZE)
    with FlopCounterMode(display=False) as counter:
        next(steps)
    flops = counter.get_total_flops()
    tokens, projection = torch.randn(BATCH_SIZE * 7, 64), torch.randn(64, 192)
    of_product = 2 * len(tokens) * projection.numel()
    rates: list[list[float]] = [[], []]
    for _ in range(3):
        rates[0].append(flops * calls_a_second(lambda: next(steps)) / 1e9)
        rates[1].append(of_product * calls_a_second(lambda: tokens @ projection) / 1e9)
    of_steps, of_products = (sorted(rate)[1] for rate in rates)
    return (
        f"{flops / BATCH_SIZE / 1e6:.2f} MFLOP a training event, forward and backward, masked share too; "
        f"steps {of_steps:.0f} GFLOP/s, products {tuple(tokens.shape)} x {tuple(projection.shape)} "
        f"{of_products:.0f} GFLOP/s: {of_steps / of_products:.2f} of them"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--plot", type=Path, default=Path("costs.png"))
    arguments = parser.parse_args()
    torch.manual_seed(1)

    points = [(axis, value) for axis, values in AXES.items() for value in values]
    measured: dict[tuple[str, int], tuple[float, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for axis, value in track(points, "Training"):
            point = {**DEFAULTS, axis: value}
            overrides = [f"{key}={setting}" for key, setting in point.items() if key != "events"]
            measured[axis, value] = measure(overrides, point["events"], Path(folder))
        presets = {
            preset: measure([f"experiment={preset}", "data.split=random"], DEFAULTS["events"], Path(folder))
            for preset in PRESETS
        }
        of_arithmetic = arithmetic(folder)

    table = Table(
        title="one axis at a time; otherwise " + ", ".join(f"{k}={v:,}" for k, v in DEFAULTS.items())
    )
    for column in ("", "", "events a second", "peak memory, MB"):
        table.add_column(column, justify="right")
    for (axis, value), (speed, memory) in measured.items():
        table.add_row(axis, f"{value:,}", f"{speed:,.0f}", f"{memory:,.0f}")
    for preset, (speed, memory) in presets.items():
        hours = PRESETS[preset] / speed / 3600
        table.add_row(f"experiment={preset}", f"{hours:.1f} hours", f"{speed:,.0f}", f"{memory:,.0f}")
    Console(width=120).print(table, of_arithmetic)

    figure, panels = plt.subplots(2, len(AXES), figsize=(14, 6), sharex="col", layout="constrained")
    for column, (axis, values) in zip(panels.T, AXES.items(), strict=True):
        for axes, quantity in zip(column, range(2), strict=True):
            heights = [measured[axis, value][quantity] for value in values]
            axes.plot(values, heights, "o-", color="#0072B2")
            axes.set(xscale="log", ylim=(0, 1.1 * max(heights)))
            axes.set_xticks(values, [f"{value:,}" for value in values], fontsize=8)
            axes.minorticks_off()
            axes.grid(alpha=0.3)
        column[1].set_xlabel(axis)
    panels[0, 0].set_ylabel("training events a second")
    panels[1, 0].set_ylabel("peak memory, MB")
    figure.savefig(arguments.plot, dpi=100)


if __name__ == "__main__":
    main()
