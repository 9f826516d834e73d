"""What a training step of the train command is made of: calls of PyTorch's operators, waits, and its speed.

    python tests/benchmarks/training_step.py [--before FOLDER] [--events 24000] [--repeats 3] [--own-time]
                                             [--now compile=true ...]

FOLDER is a working tree of another revision (``git worktree add FOLDER REVISION``), which is measured beside
this one, in turns; the medians of the repeats count. Calls, and waits for the device
(``aten::_local_scalar_dense``), are the profiler's, eager, in batches of 1024: the difference of runs of 15
and of 5 steps, over 10. Events a second are those of metrics.csv, in the epochs after the first; keys after
``--now`` are for the speed of this revision alone.

On a machine that has other work, ``--own-time`` with OMP_NUM_THREADS=1 measures by the clock of the process.
"""

import argparse
import csv
import json
import os
import runpy
import statistics
import subprocess
import sys
import time
from contextlib import redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table
from torch.profiler import ProfilerActivity, profile

REPOSITORY = Path(__file__).parents[2]
SHARES = ("data.val_fraction=0.02", "data.test_fraction=0.02")
FEW = ("trainer.max_epochs=1", "data.train_events=16384")


def train(folder: str, *overrides: str) -> None:
    """Run the train command in this process, of whichever revision PYTHONPATH names."""
    options = ("data.batch_size=1024", "figures_every=0", "trainer.enable_progress_bar=false")
    sys.argv = ["train", *SHARES, *options, f"hydra.run.dir={folder}", *overrides]
    with redirect_stdout(sys.stderr):
        runpy.run_module("higgs_lightning.train", run_name="__main__")


def count() -> dict[str, float]:
    """Calls of each operator in a step."""
    counts: dict[int, dict[str, int]] = {}
    for steps in (5, 15):
        with TemporaryDirectory() as folder, profile(activities=[ProfilerActivity.CPU]) as profiler:
            train(folder, f"++trainer.limit_train_batches={steps}", *FEW)
        averages = profiler.key_averages()
        counts[steps] = {each.key: each.count for each in averages if each.key.startswith("aten::")}
    return {name: (number - counts[5].get(name, 0)) / 10 for name, number in counts[15].items()}


def speed(events: int, overrides: list[str]) -> float:
    """Events a second."""
    with TemporaryDirectory() as folder:
        train(folder, f"data.train_events={events}", "trainer.max_epochs=3", *overrides)
        with Path(folder, "metrics.csv").open() as file:
            speeds = [float(row["events_per_second"]) for row in csv.DictReader(file)]
    return statistics.mean(speeds[1:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--before", type=Path)
    parser.add_argument("--events", type=int, default=24_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--own-time", action="store_true")
    parser.add_argument("--now", nargs="*", default=[], metavar="KEY=VALUE")
    parser.add_argument("--measure", choices=["count", "speed", "speed-now"], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.own_time:
        time.perf_counter = time.process_time
    if arguments.measure:
        overrides = arguments.now if arguments.measure == "speed-now" else []
        print(json.dumps(count() if arguments.measure == "count" else speed(arguments.events, overrides)))
        return

    def measured(revision: Path, what: str) -> str:
        command = [sys.executable, __file__, *sys.argv[1:], "--measure", what]
        environment = {**os.environ, "PYTHONPATH": str(revision)}
        return subprocess.run(command, cwd=revision, env=environment, stdout=-1, check=True, text=True).stdout

    revisions = {"before": arguments.before, "now": REPOSITORY} if arguments.before else {"now": REPOSITORY}
    table = Table()
    for column in ("", "calls a step", "waits a step", "events a second", "range"):
        table.add_column(column)
    speeds: dict[str, list[float]] = {name: [] for name in revisions}
    for _ in range(arguments.repeats):
        for name, revision in revisions.items():
            speeds[name].append(json.loads(measured(revision, "speed-now" if name == "now" else "speed")))
    for name, revision in revisions.items():
        calls = json.loads(measured(revision, "count"))
        if name == "now":
            most = sorted(calls.items(), key=lambda call: -call[1])[:25]
            print(", ".join(f"{number:.0f} {operator.removeprefix('aten::')}" for operator, number in most))
        waits = calls.get("aten::_local_scalar_dense", 0)
        found = speeds[name]
        spread = f"{min(found):,.0f} to {max(found):,.0f}"
        middle = f"{statistics.median(found):,.0f}"
        table.add_row(name, f"{sum(calls.values()):,.0f}", f"{waits:.1f}", middle, spread)
    Console().print(table)


if __name__ == "__main__":
    main()
