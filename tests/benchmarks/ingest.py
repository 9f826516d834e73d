"""How fast a HIGGS file becomes the cache: ours against pandas, pyarrow alone, and mere decompression.

    python tests/benchmarks/ingest.py [--rows 1000000] [--repeats 3]

All read the same generated .csv.gz of 29 columns in the archive's own format (`%.18e`), each in a process
of its own, in turn; speed is text (the unzipped CSV) a second, memory the peak above what imports take.
"""

import argparse
import gzip
import multiprocessing
import resource
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.csv
from isal import igzip
from rich.console import Console
from rich.progress import track
from rich.table import Table

from higgs_lightning import schema
from higgs_lightning.data.ingest import open_events

NUM_CACHED = len(schema.CACHED_COLUMNS)


def generate(path: Path, rows: int) -> int:
    """Write made-up events; returns the size of their text.

    Ten thousand rows are drawn, compressed and repeated; gzip finds no repetition over such a distance.
    """
    generator = np.random.default_rng(0)
    block = generator.normal(1, 0.5, (10_000, len(schema.COLUMNS))).astype(np.float32)
    block[:, 0] = generator.integers(2, size=len(block))
    for column in schema.columns("btag"):
        block[:, 1 + column] = generator.integers(3, size=len(block)) / schema.LOW_LEVEL[column].scale
    lines = "\n".join(",".join(f"{value:.18e}" for value in row) for row in block).encode() + b"\n"
    member = gzip.compress(lines, compresslevel=6)
    with path.open("wb") as file:
        for _ in track(range(rows // len(block)), "Generating"):
            file.write(member)
    return len(lines) * (rows // len(block))


def ours(path: Path) -> None:
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        open_events(path, folder)


def pandas(path: Path) -> None:
    for _ in pd.read_csv(path, header=None, usecols=range(NUM_CACHED), dtype=np.float32, chunksize=100_000):
        pass


def pyarrow_alone(path: Path) -> None:
    options = pyarrow.csv.ReadOptions(autogenerate_column_names=True)
    for _ in pyarrow.csv.open_csv(path, options):
        pass


def decompression(path: Path) -> None:
    buffer = bytearray(1 << 20)
    with igzip.open(path, "rb") as file:
        while file.readinto(buffer):
            pass


def measured(read: Callable[[Path], None], path: Path, pipe) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    read(path)
    seconds = time.perf_counter() - start
    pipe.send((seconds, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000, help="a multiple of 10,000")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only-ours", action="store_true", help="for files of full size")
    arguments = parser.parse_args()

    readers = {
        "isal, decompression alone": decompression,
        "higgs_lightning, to the cache": ours,
        "pyarrow.csv alone": pyarrow_alone,
        "pandas.read_csv(chunksize)": pandas,
    }
    if arguments.only_ours:
        readers = {"higgs_lightning, to the cache": ours}
    context = multiprocessing.get_context("spawn")
    results: dict[str, list[tuple[float, float]]] = {name: [] for name in readers}
    folder = Path(tempfile.mkdtemp())
    try:
        size = generate(folder / "events.csv.gz", arguments.rows)
        for _ in range(arguments.repeats):
            for name, read in readers.items():
                receiver, sender = context.Pipe(duplex=False)
                process = context.Process(target=measured, args=(read, folder / "events.csv.gz", sender))
                process.start()
                results[name].append(receiver.recv())
                process.join()
    finally:
        shutil.rmtree(folder)

    table = Table(
        title=f"{arguments.rows:,} rows, {size / 1e9:.2f} GB of text; medians of {arguments.repeats}"
    )
    for column in ("reader", "seconds", "MB/s of text", "of decompression", "of pandas", "peak MB"):
        table.add_column(column, justify="right")
    medians = {name: float(np.median([seconds for seconds, _ in result])) for name, result in results.items()}
    for name, seconds in medians.items():
        of = [
            f"{medians[other] / seconds:.2f}x" if other in medians else ""
            for other in ("isal, decompression alone", "pandas.read_csv(chunksize)")
        ]
        peak = max(memory for _, memory in results[name])
        table.add_row(name, f"{seconds:.2f}", f"{size / seconds / 1e6:.0f}", *of, f"{peak:.0f}")
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
