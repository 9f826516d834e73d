"""How fast collisions are simulated, against another checkout of this repository.

    python tests/benchmarks/simulation.py --against PATH [--events 8000] [--repeats 3] [--distributions]

Both simulate as many events, in turn, with one worker. Speed is accepted events a second of the worker's
processor time (user and system, its start included), which other programs on the machine hardly touch, unlike
the time on the clock.

With --distributions, the table after that compares the events of both: for each of the 28 features and for
the score of the shipped weights, by class, the Kolmogorov-Smirnov distance and how probable one as large is
for two samples of the same distribution. Files named after it hold further events of the other checkout.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table
from scipy.stats import ks_2samp

from higgs_lightning import load_model, schema

HERE = Path(__file__).parents[2]
FEATURES = schema.LOW_LEVEL + schema.HIGH_LEVEL
CLASSES = {"signal": 1, "background": 0}
#: Simulates, then prints the processor seconds of all processes that it started and that have ended.
COMMAND = """
import resource
from higgs_lightning import simulate
simulate.main()
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime)
"""


def simulate(checkout: Path, events: int, seed: int, output: Path) -> float:
    """Processor seconds that a checkout takes for a file of events."""
    arguments = [f"events={events}", f"seed={seed}", "workers=1", f"output={output}"]
    finished = subprocess.run(
        [sys.executable, "-c", COMMAND, *arguments],
        cwd=checkout,
        env=os.environ | {"PYTHONPATH": str(checkout), "OMP_NUM_THREADS": "1"},
        check=True,
        capture_output=True,
        text=True,
    )
    return float(finished.stdout.split()[-1])


def read(files: list[Path]) -> np.ndarray:
    """(N, 30) label, features and score of the events in all files."""
    rows = np.concatenate([np.loadtxt(file, delimiter=",", dtype=np.float32) for file in files])
    low_level = rows[:, 1 : 1 + len(schema.LOW_LEVEL)]
    return np.column_stack([rows, load_model("pretrained").predict_proba(low_level)[:, 1]])


def compare(ours: np.ndarray, others: np.ndarray) -> Table:
    """Distances between the distributions of events (N, 30) and (M, 30), of each class."""
    table = Table("feature", *(f"{name}{column}" for name in CLASSES for column in ("", ", probability")))
    pairs = [[events[events[:, 0] == label] for events in (ours, others)] for label in CLASSES.values()]
    for column, name in enumerate([*(feature.name for feature in FEATURES), "score"], start=1):
        tests = [ks_2samp(*(events[:, column] for events in pair)) for pair in pairs]
        cells = [f"{value:.4f}" for test in tests for value in (test.statistic, test.pvalue)]
        table.add_row(name, *cells)
    table.add_section()
    for name, sample in (("ours", 0), ("other", 1)):
        means = [f"{pair[sample][:, -1].mean():.4f}" for pair in pairs]
        numbers = [f"of {len(pair[sample]):,}" for pair in pairs]
        table.add_row(
            f"mean score, {name}", *(cell for both in zip(means, numbers, strict=True) for cell in both)
        )
    return table


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--against", type=Path, required=True, metavar="PATH")
    parser.add_argument("--events", type=int, default=8000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--distributions", type=Path, nargs="*", metavar="FILE")
    arguments = parser.parse_args()
    checkouts = {"this checkout": HERE, "the other one": arguments.against.resolve()}
    seconds: dict[str, list[float]] = {name: [] for name in checkouts}
    files: dict[str, list[Path]] = {name: [] for name in checkouts}
    with tempfile.TemporaryDirectory() as folder:
        for seed in track(range(1, arguments.repeats + 1), "Simulating"):
            for number, (name, checkout) in enumerate(checkouts.items()):
                file = Path(folder) / f"{number}-{seed}.csv.gz"
                # other seeds, lest the events be the same where the code is
                own_seed = 1000 * (1 + number) + seed
                seconds[name].append(simulate(checkout, arguments.events, own_seed, file))
                files[name].append(file)
        table = Table("", "events a processor second, each run", "all")
        speeds = {}
        for name, used in seconds.items():
            speeds[name] = arguments.events * len(used) / sum(used)
            table.add_row(
                name, ", ".join(f"{arguments.events / one:.0f}" for one in used), f"{speeds[name]:.0f}"
            )
        ours, others = speeds.values()
        table.add_row("ratio", "", f"{ours / others:.2f}")
        Console().print(table)
        if arguments.distributions is not None:
            samples = list(files.values())
            Console().print(compare(read(samples[0]), read([*samples[1], *arguments.distributions])))


if __name__ == "__main__":
    main()
