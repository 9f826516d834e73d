"""How fast a HIGGS file becomes the cache: ours against pandas, pyarrow alone, and mere decompression.

    python tests/benchmarks/ingest.py [--rows 4000000] [--repeats 3]

All read the same generated .csv.gz of 29 columns in the archive's own format (`%.18e`), each in a process
of its own, in turn; speed is text (the unzipped CSV) a second, memory the peak above what imports take
(what the memory map of a cache holds counts too). Linux.
"""

import argparse
import gzip
import multiprocessing
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
from isal import igzip
from rich.console import Console
from rich.progress import track
from rich.table import Table

from higgs_lightning import schema
from higgs_lightning.data.cache import open_events

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
    open_events(path, path.parent / "cache")


def pandas(path: Path) -> None:
    for _ in pd.read_csv(path, header=None, usecols=range(NUM_CACHED), dtype=np.float32, chunksize=100_000):
        pass


def pyarrow_alone(path: Path) -> None:
    names = [f"f{column}" for column in range(len(schema.COLUMNS))]
    convert = pyarrow.csv.ConvertOptions(
        column_types=dict.fromkeys(names, pa.float32()), include_columns=names[:NUM_CACHED]
    )
    with igzip.open(path, "rb") as file:
        for _ in pyarrow.csv.open_csv(
            file, pyarrow.csv.ReadOptions(column_names=names), convert_options=convert
        ):
            pass


def decompression(path: Path) -> None:
    with igzip.open(path, "rb") as file:
        while file.read(1 << 20):
            pass


def memory(entry: str) -> float:
    """MB of this process: ``VmRSS`` now or ``VmHWM`` at most."""
    status = Path("/proc/self/status").read_text()
    return int(status.split(f"{entry}:")[1].split()[0]) / 1024


def measured(read: Callable[[Path], None], path: Path, pipe) -> None:
    before = memory("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak of the imports
    start = time.perf_counter()
    read(path)
    seconds = time.perf_counter() - start
    pipe.send((seconds, memory("VmHWM") - before))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", type=int, default=4_000_000, help="a multiple of 10,000")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only-ours", action="store_true", help="neither pandas nor pyarrow alone")
    arguments = parser.parse_args()

    readers = {
        "isal, decompression alone": decompression,
        "higgs_lightning, to the cache": ours,
        "higgs_lightning, cache is there": ours,
    }
    if not arguments.only_ours:
        readers |= {"pyarrow.csv over isal": pyarrow_alone, "pandas.read_csv(chunksize)": pandas}
    context = multiprocessing.get_context("spawn")
    results: dict[str, list[tuple[float, float]]] = {name: [] for name in readers}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.csv.gz"
        size = generate(path, arguments.rows)
        for _ in range(arguments.repeats):
            shutil.rmtree(path.parent / "cache", ignore_errors=True)
            for name, read in readers.items():
                receiver, sender = context.Pipe(duplex=False)
                process = context.Process(target=measured, args=(read, path, sender))
                process.start()
                results[name].append(receiver.recv())
                process.join()

    table = Table(
        title=f"{arguments.rows:,} rows, {size / 1e9:.2f} GB of text; medians of {arguments.repeats}"
    )
    for column in ("reader", "seconds", "MB/s of text", "of decompression", "of pandas", "peak MB"):
        table.add_column(column, justify="left" if column == "reader" else "right")
    medians = {name: float(np.median([seconds for seconds, _ in result])) for name, result in results.items()}
    for name, seconds in medians.items():
        of = [
            f"{medians[other] / seconds:.2f}x" if other in medians else ""
            for other in ("isal, decompression alone", "pandas.read_csv(chunksize)")
        ]
        peak = max(memory for _, memory in results[name])
        table.add_row(name, f"{seconds:.2f}", f"{size / seconds / 1e6:,.0f}", *of, f"{peak:.0f}")
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
