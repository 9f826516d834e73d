"""How a training step fares beside other load, by how GNU OpenMP's threads wait for each other.

    python tests/benchmarks/waiting.py [--seconds 5] [--repeats 2]

Each setting trains ``particle`` in batches of 1,024 for some seconds in a process of its own, alone and
beside as many busy processes of idle priority as there are cores; events a second, the median of the repeats.
Nothing else may run on the machine, of which the 28 turns take about four minutes. What a command takes is
:data:`higgs_lightning.threads._LOOKS`; OMP_WAIT_POLICY=PASSIVE is a count of 0.
"""

import argparse
import os
import subprocess
import sys
from statistics import median

from rich.console import Console
from rich.progress import track
from rich.table import Table

SETTINGS = {
    "as it is": {},
    "one thread": {"OMP_NUM_THREADS": "1"},
    **{f"GOMP_SPINCOUNT={count}": {"GOMP_SPINCOUNT": str(count)} for count in (0, 300, 1000, 3000, 10_000)},
}
STEPS = """
import sys, time
import torch
from higgs_lightning.data import HiggsDataModule, sample_csv
from higgs_lightning.models import ParticleAutoencoder
from torch.nn.functional import binary_cross_entropy_with_logits as loss
model = ParticleAutoencoder().train()
optimizer = torch.optim.AdamW(model.parameters(), fused=True)
features, labels = map(torch.from_numpy, HiggsDataModule(sample_csv()).arrays("train"))
def step(number):
    rows = torch.arange(number * 1024, (number + 1) * 1024) % len(labels)
    optimizer.zero_grad()
    loss(model(features[rows]).logits, labels[rows]).backward()
    optimizer.step()
for number in range(3):
    step(number)
start, steps = time.perf_counter(), 0
while time.perf_counter() - start < float(sys.argv[1]):
    step(steps)
    steps += 1
print(1024 * steps / (time.perf_counter() - start))
"""
BUSY = "import os\nos.nice(19)\nos.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))\nwhile True: pass"


def events_a_second(setting: dict[str, str], seconds: float, busy: int) -> float:
    """Events a second of a training in a process of its own, beside some busy processes."""
    load = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(busy)]
    try:
        done = subprocess.run(
            [sys.executable, "-c", STEPS, str(seconds)],
            env=os.environ | setting,
            check=True,
            capture_output=True,
            text=True,
        )
    finally:
        for each in load:
            each.kill()
            each.wait()
    return float(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--repeats", type=int, default=2)
    arguments = parser.parse_args()
    loads = {"alone": 0, "beside load": os.cpu_count() or 1}
    speeds: dict[tuple[str, str], list[float]] = {}
    turns = [(name, load) for _ in range(arguments.repeats) for load in loads for name in SETTINGS]
    for name, load in track(turns, "Training"):
        speed = events_a_second(SETTINGS[name], arguments.seconds, loads[load])
        speeds.setdefault((name, load), []).append(speed)
    table = Table("", *loads, "of it alone")
    for name in SETTINGS:
        alone, beside = (median(speeds[name, load]) for load in loads)
        table.add_row(name, f"{alone:,.0f}", f"{beside:,.0f}", f"{beside / alone:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()
