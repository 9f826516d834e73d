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
    # here, because the other revision, of which this file runs the command, need not have all that it imports
    from sample import repeated, write_parquet

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--before", type=Path, required=True)
    parser.add_argument("--ckpt")
    parser.add_argument("--events", type=int, default=1_200_000)
    parser.add_argument("--turns", type=int, default=8)
    arguments = parser.parse_args()
    run = arguments.ckpt or arguments.before.resolve() / "higgs_lightning" / "pretrained.safetensors"
    with TemporaryDirectory() as folder:
        source = Path(folder, "events.parquet")
        write_parquet(repeated(arguments.events), source)
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


if __name__ == "__main__":
    if sys.argv[1:2] == ["--predict"]:
        *overrides, batches = sys.argv[2:]
        predict(overrides, Path(batches))
    else:
        main()
