"""What a shuffled epoch of batches costs: ours against `DataLoader(TensorDataset)`, side by side.

    python tests/benchmarks/batches.py [--rows 1000000] [--batch-size 1024]

Both deliver the same number of (features, labels) batches of random events in HIGGS format; ours from the
memory map on disk, the other from tensors in memory, its events collated one by one. Repeats alternate.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from torch.utils.data import DataLoader, TensorDataset

from higgs_lightning import schema
from higgs_lightning.data.batches import Events, batches


def seconds(loader: Iterable[Any]) -> float:
    start = time.perf_counter()
    for _ in loader:
        pass
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--batch-size", type=int, default=1024)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        shape = (arguments.rows, 1 + schema.NUM_FEATURES)
        cache = np.lib.format.open_memmap(Path(folder) / "events.npy", "w+", np.float32, shape)
        for start in range(0, arguments.rows, 100_000):
            cache[start : start + 100_000] = np.random.default_rng(start).random((100_000, shape[1]))[
                : len(cache) - start
            ]
        cache.flush()
        mapped = np.load(Path(folder) / "events.npy", mmap_mode="r")
        ours = batches(Events(mapped, np.arange(arguments.rows)), arguments.batch_size, shuffle_seed=1)
        memory = torch.from_numpy(np.array(mapped))
        theirs = DataLoader(
            TensorDataset(memory[:, 1:], memory[:, 0]), batch_size=arguments.batch_size, shuffle=True
        )
        timings: dict[str, list[float]] = {"memory map, whole batches": [], "DataLoader(TensorDataset)": []}
        for _ in range(arguments.repeats):
            for name, loader in zip(timings, (ours, theirs), strict=True):
                timings[name].append(seconds(loader))

    table = Table(
        title=f"one shuffled pass over {arguments.rows:,} events, batches of {arguments.batch_size}"
    )
    for column in ("loader", "median seconds", "million events/s", "ratio"):
        table.add_column(column, justify="right")
    slowest = float(np.median(timings["DataLoader(TensorDataset)"]))
    for name, values in timings.items():
        median = float(np.median(values))
        table.add_row(
            name, f"{median:.3f}", f"{arguments.rows / median / 1e6:.2f}", f"{slowest / median:.1f}x"
        )
    console = Console()
    console.print(table)
    console.print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
