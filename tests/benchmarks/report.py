"""What a full report costs, against scoring its events: processor time and memory.

    python tests/benchmarks/report.py [--events 500000] [--real FILE]

In turn, in one process on one thread: the events are scored (a mean over four mirror images each), evaluated
without and with ``report=full``, and scored again. All with the weights that come with the package, and the
command's own defaults; the events are copies of the embedded sample, or of a file of real ones. Memory is the
most that the process has held so far, the events themselves in it.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from hydra import compose, initialize_config_dir
from rich.console import Console
from rich.table import Table

from higgs_lightning import load_model, schema
from higgs_lightning.command import CONFIG_DIR
from higgs_lightning.data import sample_csv
from higgs_lightning.data.columns import Reading
from higgs_lightning.data.formats import read_file
from higgs_lightning.data.sources import Source
from higgs_lightning.training.testing import evaluate

TRAINED = 1_000  # events of the other splits, which are scored too


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--events", type=int, default=500_000)
    parser.add_argument("--real", type=Path, default=sample_csv(), help="a file of labelled events")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    source = Source(arguments.real.absolute())
    own = np.concatenate([block for block, _ in read_file(source, Reading(), needs_label=True)])
    events = np.resize(own, (arguments.events, own.shape[1]))
    model = load_model("pretrained")
    seconds: dict[str, float] = {}
    memory: dict[str, float] = {}

    def measured(name: str, run: Callable[[], object]) -> None:
        start = time.process_time()
        run()
        seconds[name] = time.process_time() - start
        memory[name] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    with tempfile.TemporaryDirectory() as folder, initialize_config_dir(CONFIG_DIR, version_base="1.3"):
        frame = pd.DataFrame(events, columns=list(schema.CACHED_COLUMNS))
        frame.to_parquet(f"{folder}/test.parquet")
        frame[:TRAINED].to_parquet(f"{folder}/train.parquet")
        del frame
        options = [
            *("ckpt=pretrained", "data=higgs", "trainer.enable_progress_bar=false", f"data.dir={folder}"),
            *(f"data.csv={folder}/train.parquet", f"data.test_csv={folder}/test.parquet"),
        ]

        def evaluated(*more: str) -> None:
            evaluate(compose("evaluate", [*options, *more]), Path(folder, f"out{len(seconds)}"))

        measured("scored", lambda: model.predict_proba(events[:, 1:]))
        measured("evaluated", evaluated)
        measured("evaluated with report=full", lambda: evaluated("report=full"))
        measured("scored again", lambda: model.predict_proba(events[:, 1:]))

    once = (seconds["scored"] + seconds["scored again"]) / 2
    table = Table(title=f"{len(events):,} events, {type(model).__name__}")
    for column in ("", "processor time, s", "of scoring once", "of scoring four times", "memory, MB"):
        table.add_column(column)
    for name, spent in seconds.items():
        shares = (f"{spent / once:.2f}", f"{spent / once / 4:.2f}")
        table.add_row(name, f"{spent:.0f}", *shares, f"{memory[name]:,.0f}")
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
