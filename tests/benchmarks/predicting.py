"""Events a second of the predict command, from Parquet to Parquet, beside another revision's.

    python tests/benchmarks/predicting.py --before FOLDER [--ckpt RUN] [--events 1200000] [--turns 8]

FOLDER is a working tree of another revision (``git worktree add FOLDER REVISION``). All score the same
events at once, but all but one are stopped while that one has its turn of three seconds; start and
compilation do not count. bfloat16 needs a processor that has it. RUN, which both revisions must be able to
read, is by default the weights that come with the other one.
"""

import argparse
import runpy
import statistics
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import turns
from rich.console import Console
from rich.table import Table

REPOSITORY = Path(__file__).parents[2]
WAYS = {
    "before": [],
    "now": [],
    "precision=bf16-mixed": ["precision=bf16-mixed"],
    "compile=true": ["compile=true"],
    "both": ["compile=true", "precision=bf16-mixed"],
}


def predict(overrides: list[str], batches: Path) -> None:
    """Run the command, of whichever revision PYTHONPATH names, and write down when each batch is scored."""
    write = pyarrow.parquet.ParquetWriter.write_batch
    with batches.open("w", buffering=1) as file:
        start = time.monotonic()

        def timed(writer: Any, batch: pa.RecordBatch) -> None:
            nonlocal start
            write(writer, batch)
            end = time.monotonic()
            file.write(f"{start} {end} {batch.num_rows}\n")
            start = end

        pyarrow.parquet.ParquetWriter.write_batch = timed
        sys.argv = ["predict", *overrides]
        runpy.run_module("higgs_lightning.predict", run_name="__main__")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--before", type=Path, required=True)
    parser.add_argument("--ckpt")
    parser.add_argument("--events", type=int, default=1_200_000)
    parser.add_argument("--turns", type=int, default=8)
    arguments = parser.parse_args()
    run = arguments.ckpt or arguments.before / "higgs_lightning" / "pretrained.safetensors"
    with TemporaryDirectory() as folder:
        source = Path(folder, "events.parquet")
        write_sample(source, arguments.events)
        commands = {
            name: [
                *(sys.executable, __file__, "--predict", f"ckpt={run}", f"input={source}"),
                *(f"output={folder}/{number}.parquet", *overrides),
            ]
            for number, (name, overrides) in enumerate(WAYS.items())
        }
        revisions = dict.fromkeys(WAYS, REPOSITORY) | {"before": arguments.before}
        speeds = turns.speeds(commands, revisions, arguments.turns, seconds=3)
    table = Table()
    for column in ("predict", "events a second", "range", "ratio"):
        table.add_column(column)
    for name, found in speeds.items():
        spread = f"{min(found):,.0f} to {max(found):,.0f}"
        table.add_row(name, f"{statistics.median(found):,.0f}", spread, f"{turns.ratio(speeds, name):.2f}")
    Console(width=110).print(table)


def write_sample(path: Path, num_events: int) -> None:
    """Write the embedded sample so often that there are so many events."""
    from higgs_lightning import schema
    from higgs_lightning.data import sample_csv
    from higgs_lightning.data.columns import Reading
    from higgs_lightning.data.formats import read_file
    from higgs_lightning.data.sources import Source

    blocks = read_file(Source(sample_csv()), Reading(), needs_label=True)
    sample = np.concatenate([block[:, 1:] for block, _ in blocks])
    events = np.resize(sample, (num_events, schema.NUM_FEATURES))
    names = [feature.name for feature in schema.LOW_LEVEL]
    pyarrow.parquet.write_table(pa.table(dict(zip(names, events.T, strict=True))), path)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--predict"]:
        *overrides, batches = sys.argv[2:]
        predict(overrides, Path(batches))
    else:
        main()
