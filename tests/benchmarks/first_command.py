"""Wall time of the README's first command after installation, of this revision and of another in turns.

    python tests/benchmarks/first_command.py --before FOLDER [--repeats 2]

FOLDER is a working tree of the other revision (``git worktree add FOLDER REVISION``). Both train with every
default, on the embedded sample, to the last plot. For a machine that nothing else uses.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

REPOSITORY = Path(__file__).parents[2]


def seconds(revision: Path) -> float:
    """Seconds from the shell to the end of the command, of the code and the configuration of a revision."""
    environment = {**os.environ, "PYTHONPATH": str(revision)}
    with TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "higgs_lightning.train", f"hydra.run.dir={folder}"]
        start = time.perf_counter()
        subprocess.run(command, cwd=revision, env=environment, stdout=sys.stderr, check=True)
        return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--before", type=Path, required=True)
    parser.add_argument("--repeats", type=int, default=2)
    arguments = parser.parse_args()
    revisions = {"before": arguments.before, "now": REPOSITORY}
    found: dict[str, list[float]] = {name: [] for name in revisions}
    for _ in range(arguments.repeats):
        for name, revision in revisions.items():
            found[name].append(seconds(revision))
    table = Table("", "seconds", "range", "ratio")
    before = statistics.median(found["before"])
    for name, each in found.items():
        middle = statistics.median(each)
        table.add_row(name, f"{middle:.0f}", f"{min(each):.0f} to {max(each):.0f}", f"{middle / before:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()
