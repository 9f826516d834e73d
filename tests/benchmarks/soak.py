"""Many runs in one process, and one run of many epochs: do memory, file handles or processes grow? (Linux)

    python tests/benchmarks/soak.py [--jobs 50] [--epochs 200] [--plot soak.png]

A sweep of short jobs and one long run of the train command, watched through /proc: resident memory and open
files of the process, and its child processes, after each job and each epoch. Compared are the
medians of the second and of the last quarter: by then everything has been used once.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import matplotlib.pyplot as plt
from rich.console import Console
from rich.table import Table

QUANTITIES = ("memory, MB", "open files", "child processes")


def look(pid: int) -> tuple[float, int, int]:
    """Resident memory in MB, open files and child processes of a process."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    files = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(status["VmRSS"].split()[0]) / 1024, files, len(children)


def watch(overrides: list[str], finished: str) -> list[tuple[float, int, int]]:
    """Run the train command; a look each time that it has finished one more job or epoch.

    Args:
        finished: pattern of the files, below its folder, whose lines are counted.
    """
    looks: list[tuple[float, int, int]] = []
    with tempfile.TemporaryDirectory() as folder:
        arguments = [sys.executable, "-m", "higgs_lightning.train", *overrides, f"data.dir={folder}"]
        process = subprocess.Popen(arguments, cwd=folder, stdout=subprocess.DEVNULL)
        seen = 0
        while process.poll() is None:
            number = sum(len(path.read_text().splitlines()) for path in Path(folder).glob(finished))
            if number > seen:
                looks.append(look(process.pid))
                seen = number
            time.sleep(0.05)
        if process.returncode:
            raise SystemExit(f"failed: {' '.join(arguments)}")
    return looks


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--jobs", type=int, default=50)
    parser.add_argument("--epochs", type=int, default=200)
    parser.add_argument("--plot", type=Path, default=Path("soak.png"))
    arguments = parser.parse_args()
    small = ["data.train_events=1000", "model.dim=16", "trainer.enable_progress_bar=false"]
    small += ["data.val_fraction=0.02", "data.test_fraction=0.02"]
    seeds = ",".join(str(seed) for seed in range(arguments.jobs))
    watched = {
        f"a sweep of {arguments.jobs} jobs": watch(
            ["-m", f"seed={seeds}", "trainer.max_epochs=1", *small], "outputs/*/*/*/config.yaml"
        ),
        f"a run of {arguments.epochs} epochs": watch(
            [f"trainer.max_epochs={arguments.epochs}", "selection.monitor=null", *small],
            "outputs/*/*/metrics.csv",
        ),
    }
    table = Table(title="medians of the second quarter and of the last")
    for column in ("", "looks", *QUANTITIES):
        table.add_column(column)
    figure, panels = plt.subplots(len(watched), 3, figsize=(13, 6), layout="constrained")
    for row, (name, looks) in zip(panels, watched.items(), strict=True):
        quarter = len(looks) // 4
        cells = []
        for axes, quantity, values in zip(row, QUANTITIES, zip(*looks, strict=True), strict=True):
            before, after = median(values[quarter : 2 * quarter]), median(values[-quarter:])
            cells.append(f"{before:,.0f} to {after:,.0f}")
            axes.plot(values)
            axes.set(title=f"{name}: {quantity}", ylim=(0, None))
        table.add_row(name, str(len(looks)), *cells)
    figure.savefig(arguments.plot, dpi=100)
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
