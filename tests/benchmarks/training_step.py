"""What a training step of the train command is made of: calls of PyTorch's operators, waits, and its speed.

    python tests/benchmarks/training_step.py [--before FOLDER] [--events 48128] [--turns 10]
                                             [--now compile=true ...]

FOLDER is a working tree of another revision (``git worktree add FOLDER REVISION``), which is measured beside
this one. Calls, and waits for the device (``aten::_local_scalar_dense``), are the profiler's, eager, in
batches of 1024: the difference of runs of 15 and of 5 steps, over 10.

Events a second are of steps alone, once compilation and eight steps are over: both revisions train at once,
but one is stopped while the other has its turn of four seconds, so that whatever else the machine does meets
both. The medians of the turns count. Keys after ``--now`` are for the speed of this revision alone.
"""

import argparse
import json
import runpy
import statistics
import subprocess
import sys
import time
from contextlib import redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

import turns
from lightning.pytorch.loops.training_epoch_loop import _TrainingEpochLoop
from rich.console import Console
from rich.table import Table
from torch.profiler import ProfilerActivity, profile

BATCH_SIZE = 1024
REPOSITORY = Path(__file__).parents[2]
ENDLESS = ("selection.patience=1000000", "trainer.max_epochs=1000")
SHARES = ("data.val_fraction=0.02", "data.test_fraction=0.02")
FEW = ("trainer.max_epochs=1", "data.train_events=16384")


def train(folder: str, *overrides: str) -> None:
    """Run the train command in this process, of whichever revision PYTHONPATH names."""
    options = (f"data.batch_size={BATCH_SIZE}", "figures_every=0", "trainer.enable_progress_bar=false")
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


def train_on(steps: Path, events: int, overrides: list[str]) -> None:
    """Train until someone puts an end to it, and write down when each step begins and ends."""
    advance = _TrainingEpochLoop.advance
    with steps.open("w", buffering=1) as file:

        def timed(*arguments: Any) -> None:
            start = time.monotonic()
            advance(*arguments)
            file.write(f"{start} {time.monotonic()} {BATCH_SIZE}\n")

        run = str(steps.with_suffix(".run"))  # which goes when the measurement ends
        with mock.patch.object(_TrainingEpochLoop, "advance", timed):
            train(run, f"data.train_events={events}", *ENDLESS, *overrides)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--before", type=Path)
    parser.add_argument("--events", type=int, default=47 * BATCH_SIZE)
    parser.add_argument("--turns", type=int, default=10)
    parser.add_argument("--now", nargs="*", default=[], metavar="KEY=VALUE")
    parser.add_argument("--count", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--train-on", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.count:
        print(json.dumps(count()))
        return
    if arguments.train_on:
        is_now = arguments.train_on.name == "now"
        train_on(arguments.train_on, arguments.events, arguments.now if is_now else [])
        return

    revisions = {"before": arguments.before, "now": REPOSITORY} if arguments.before else {"now": REPOSITORY}
    command = [sys.executable, __file__, *sys.argv[1:]]
    commands = {name: [*command, "--train-on"] for name in revisions}
    speeds = turns.speeds(commands, revisions, arguments.turns, seconds=4)
    table = Table()
    for column in ("", "calls a step", "waits a step", "events a second", "range", "ratio"):
        table.add_column(column)
    for name, revision in revisions.items():
        counted = subprocess.run(
            [*command, "--count"], stdout=-1, check=True, text=True, **turns.of(revision)
        )
        calls = json.loads(counted.stdout)
        if name == "now":
            most = sorted(calls.items(), key=lambda call: -call[1])[:25]
            print(", ".join(f"{number:.0f} {operator.removeprefix('aten::')}" for operator, number in most))
        waits, found = calls.get("aten::_local_scalar_dense", 0), speeds[name]
        spread = f"{min(found):,.0f} to {max(found):,.0f}"
        middle, ratio = f"{statistics.median(found):,.0f}", f"{turns.ratio(speeds, name):.2f}"
        table.add_row(name, f"{sum(calls.values()):,.0f}", f"{waits:.1f}", middle, spread, ratio)
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
