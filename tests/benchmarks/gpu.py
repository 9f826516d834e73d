"""Training on a GPU: events a second of the train command, and the share of time in which the GPU computes.

    python tests/benchmarks/gpu.py [--rows 512,4096,paper,...]

Trained are 400 steps an epoch of the embedded sample, over and over, on the device; events a second are those
of metrics.csv, the median of the epochs after the first, in which ``compile=true`` compiles. The share is the
profiler's: of 50 steps late in the first epoch, the time in which a kernel runs over the time they take. A
row with ``compile=true`` takes about 50 seconds; the GPU's name stands in the first line.
"""

import argparse
import csv
import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import torch
from hydra import compose, initialize_config_dir
from rich.console import Console
from rich.table import Table
from torch.autograd import DeviceType  # type: ignore[attr-defined]
from torch.profiler import ProfilerActivity, profile

from higgs_lightning import schema
from higgs_lightning.command import CONFIG_DIR
from higgs_lightning.data import sample_csv
from higgs_lightning.training.module import HiggsModule
from higgs_lightning.training.run import train

PAPER = ("model.num_layers=4", "model.dim=128", "data.batch_size=4096")
ROWS = {
    "512, eager": ("data.batch_size=512",),
    "4096, eager": ("data.batch_size=4096",),
    "paper, eager": PAPER,
    "512": ("data.batch_size=512", "compile=true"),
    "4096": ("data.batch_size=4096", "compile=true"),
    "paper": (*PAPER, "compile=true"),
    "4096, TF32": ("data.batch_size=4096", "compile=true", "tf32=true"),
    "paper, TF32": (*PAPER, "compile=true", "tf32=true"),
    "paper, bfloat16": (*PAPER, "compile=true", "trainer.precision=bf16-mixed"),
}
STEPS = 400
FIRST_PROFILED, PROFILED = 300, 50


class Window:
    """Profiles some steps of training."""

    def __init__(self) -> None:
        self.number = 0
        self.profiler = profile(activities=[ProfilerActivity.CUDA])
        self.seconds = 0.0

    def before_step(self) -> None:
        if self.number == FIRST_PROFILED:
            torch.cuda.synchronize()
            self.profiler.start()
            self.start = time.perf_counter()
        if self.number == FIRST_PROFILED + PROFILED:
            torch.cuda.synchronize()
            self.seconds = time.perf_counter() - self.start
            self.profiler.stop()
        self.number += 1

    def share(self) -> tuple[float, float]:
        """Of the time in which a kernel ran; and how many ran a step."""
        spans = sorted(
            (event.time_range.start, event.time_range.end)
            for event in self.profiler.events() or ()
            if event.device_type == DeviceType.CUDA
        )
        busy, until = 0.0, 0.0
        for start, end in spans:
            busy += max(0.0, end - max(start, until))
            until = max(until, end)
        return busy / 1e6 / self.seconds, len(spans) / PROFILED


def measure(file: Path, *overrides: str) -> tuple[float, float, float, float]:
    """Events a second, the share of time in which the GPU computes, kernels a step, and seconds in all."""
    window, step = Window(), HiggsModule.training_step

    def training_step(self: HiggsModule, *arguments: Any) -> torch.Tensor:
        window.before_step()
        return step(self, *arguments)

    HiggsModule.training_step = training_step  # type: ignore[method-assign, assignment]
    try:
        with TemporaryDirectory() as folder, initialize_config_dir(CONFIG_DIR, version_base="1.3"):
            options = [
                *("data=higgs", f"data.csv={file}", f"data.dir={file.parent}", "trainer.max_epochs=4"),
                *("figures_every=0", "trainer.enable_progress_bar=false", "selection.monitor=null"),
                *("trainer.limit_val_batches=1", "trainer.limit_test_batches=1", "logger=none"),
                f"trainer.limit_train_batches={STEPS}",
            ]
            start = time.perf_counter()
            train(compose("train", [*options, *overrides]), Path(folder, "run"), reports=False)
            seconds = time.perf_counter() - start
            with Path(folder, "run", "metrics.csv").open() as table:
                speeds = [float(row["events_per_second"]) for row in csv.DictReader(table)]
    finally:
        HiggsModule.training_step = step  # type: ignore[method-assign]
    return statistics.median(speeds[1:]), *window.share(), seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", nargs="*", choices=list(ROWS), default=list(ROWS))
    arguments = parser.parse_args()
    print(torch.cuda.get_device_name(), torch.__version__, flush=True)
    table = Table("batches of", "events a second", "GPU computes", "kernels a step", "seconds in all")
    with TemporaryDirectory() as folder:
        sample = pd.read_csv(sample_csv(), header=None, names=schema.CACHED_COLUMNS, usecols=range(22))
        file = Path(folder, "events.parquet")
        pd.concat((-(-STEPS * 4096 * 5 // 4) // len(sample) + 1) * [sample]).astype(np.float32).to_parquet(
            file
        )
        for name in arguments.rows:
            speed, share, kernels, seconds = measure(file, *ROWS[name])
            row = name, f"{speed:,.0f}", f"{share:.0%}", f"{kernels:,.0f}", f"{seconds:.0f}"
            print(*row, flush=True)
            table.add_row(*row)
    Console().print(table)


if __name__ == "__main__":
    main()
