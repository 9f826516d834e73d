"""Events a second of scoring a file: the predict command's path against what else one could do.

    python tests/benchmarks/scoring.py [--events 40000] [--repeats 3] [RUN]

All score the same events with the same model (the weights that come with the package by default), on the CPU,
in turn within each repeat; the best of the repeats counts. `onnxruntime` needs pip install -e '.[export]',
and bfloat16 a processor that has it.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from sample import repeated, write_parquet
from torch.utils.data import DataLoader, TensorDataset

from higgs_lightning import load_model
from higgs_lightning.errors import UserError
from higgs_lightning.evaluation.prediction import predict
from higgs_lightning.models.graph import export
from higgs_lightning.precision import require_bfloat16


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("run", nargs="?", default="pretrained")
    parser.add_argument("--events", type=int, default=40_000)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    events = repeated(arguments.events)
    model = load_model(arguments.run)

    with tempfile.TemporaryDirectory() as folder:
        source, scores = Path(folder, "events.parquet"), Path(folder, "scores.parquet")
        write_parquet(events, source)

        def command(**options: bool | str) -> None:
            predict(arguments.run, source, scores, False, False, 1.0, 1024, "cpu", **options)  # type: ignore[arg-type]

        def loop(batch_size: int) -> Callable[[], None]:
            def run() -> None:
                """As in many a notebook."""
                found: list[float] = []
                with torch.no_grad():
                    for (batch,) in DataLoader(TensorDataset(torch.from_numpy(events)), batch_size):
                        found += model(batch).logits.sigmoid().tolist()

            return run

        ways: dict[str, Callable[[], object]] = {
            "predict, from file to file": command,
            "the same, one_look=true": lambda: command(one_look=True),
            "model.predict_proba": lambda: model.predict_proba(events),
            "DataLoader loop, batches of 32": loop(32),
            "DataLoader loop, batches of 512": loop(512),
        }
        try:
            require_bfloat16("precision", "bf16-mixed", torch.device("cpu"))
            ways["the same, precision=bf16-mixed"] = lambda: command(precision="bf16-mixed")
            ways["both"] = lambda: command(one_look=True, precision="bf16-mixed")
        except UserError:
            pass
        try:
            import onnxruntime

            export(arguments.run, Path(folder, "model.onnx"))
            session = onnxruntime.InferenceSession(Path(folder, "model.onnx"))

            def onnx() -> None:
                for batch in np.array_split(events, len(events) // 1024 + 1):
                    session.run(["score"], {"features": batch})

            ways["onnxruntime"] = onnx
        except ImportError:
            pass
        seconds: dict[str, list[float]] = {way: [] for way in ways}
        for _ in range(arguments.repeats):
            for way, run in ways.items():
                start = time.perf_counter()
                run()
                seconds[way].append(time.perf_counter() - start)

    table = Table(title=f"{len(events):,} events, {type(model).__name__}, {torch.get_num_threads()} threads")
    for column in ("", "events a second", "against the loop of 512"):
        table.add_column(column)
    for way, times in seconds.items():
        ratio = min(seconds["DataLoader loop, batches of 512"]) / min(times)
        table.add_row(way, f"{len(events) / min(times):,.0f}", f"{ratio:.2f}x")
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
