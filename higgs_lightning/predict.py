"""Score events: ``python -m higgs_lightning.predict ckpt=PATH input=FILE output=FILE``."""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import torch
from omegaconf import DictConfig, OmegaConf
from rich.console import Console
from rich.progress import Progress
from torch import Tensor

from higgs_lightning import schema
from higgs_lightning.command import command
from higgs_lightning.data.formats import import_uproot, read_table
from higgs_lightning.errors import UserError
from higgs_lightning.models import Model
from higgs_lightning.models.weights import load_model

_SUFFIXES = (".parquet", ".csv", ".csv.gz", ".root")


def predict(
    ckpt: str | Sequence[str],
    input: Path,
    output: Path,
    latent: bool,
    reconstruction: bool,
    temperature: float,
    batch_size: int,
    device: str,
) -> int:
    """Score every event of a file, in its order; memory does not grow with the file.

    Args:
        ckpt: as for :func:`~higgs_lightning.models.weights.load_model`.
        input: see :func:`~higgs_lightning.data.formats.read_table`.
        output: .parquet, .csv, .csv.gz or .root; written beside its name and renamed once it is whole. Its
            columns: ``score``, the probability of signal; then what else is asked for.
        latent: write the bottleneck too, ``latent_0`` and so on.
        reconstruction: write the reconstructed features too, in HIGGS units, by their names.
        temperature: what log-odds are divided by, see
            :func:`~higgs_lightning.evaluation.metrics.fit_temperature`.
        batch_size: events scored at once.
        device: of the model.

    Returns:
        The number of events.

    Raises:
        UserError: an argument or the input can't be used; nothing is left behind.
    """
    if not output.name.endswith(_SUFFIXES):
        raise UserError(f"output={output}: end the name in {', '.join(_SUFFIXES)}")
    if output.is_dir() or not output.parent.is_dir():
        raise UserError(f"output={output}: give the name of a file in a folder that exists")
    if output.suffix == ".root":
        import_uproot()
    if input.absolute() == output.absolute():
        raise UserError(f"output={output} is the input: give another name")
    if not isinstance(batch_size, int) or batch_size < 1:
        raise UserError(f"batch_size={batch_size}: give a whole number, 1 or more")
    if not temperature > 0:
        raise UserError(f"temperature={temperature}: give a number above 0")
    model = load_model(ckpt).to(device)
    if reconstruction and not model.has_decoder:
        raise UserError(f"reconstruction=true: {type(model).__name__} has no decoder")
    if model.mixes_events:
        Console(stderr=True).print(f"{type(model).__name__}: scores depend on the order and on batch_size")

    events = 0
    partial = output.with_name(output.name + ".part")
    console = Console(stderr=True)
    try:
        with ExitStack() as stack:
            bar = stack.enter_context(Progress(console=console, disable=not console.is_terminal))
            task = bar.add_task("Scoring", total=1.0)
            write = None
            for block, share in read_table(input, batch_size):
                for start in range(0, len(block), batch_size):
                    batch = torch.from_numpy(block[start : start + batch_size]).to(device)
                    table = score(model, batch, temperature, latent, reconstruction)
                    if write is None:
                        write = writer(stack, partial, output.name, table.schema)
                    write.write_batch(table)
                    events += len(table)
                bar.update(task, completed=share, description=f"Scoring: {events:,} events")
        if not events:
            raise UserError(f"{input} holds no events")
        partial.replace(output)
    finally:
        partial.unlink(missing_ok=True)
    return events


@torch.inference_mode()
def score(
    model: Model, features: Tensor, temperature: float, latent: bool, reconstruction: bool
) -> pa.RecordBatch:
    """One batch of (B, 21) in, its columns out."""
    output = model(features)
    columns: dict[str, Any] = {"score": (output.logits / temperature).sigmoid().cpu().numpy()}
    if latent:
        values = output.latent.cpu().numpy()
        columns |= {f"latent_{number}": values[:, number] for number in range(values.shape[1])}
    if reconstruction:
        values = model.reconstruct(output.encoded, features).features.cpu().numpy()
        columns |= {feature.name: values[:, i] for i, feature in enumerate(schema.LOW_LEVEL)}
    return pa.RecordBatch.from_pydict(columns)


def writer(stack: ExitStack, path: Path, name: str, columns: pa.Schema) -> Any:
    """A writer of batches to ``path``, in the format that ``name`` ends in; ``stack`` closes it."""
    if name.endswith(".root"):
        return RootWriter(stack.enter_context(import_uproot().recreate(path)), columns.names)
    file = stack.enter_context(pa.output_stream(path, compression="gzip" if name.endswith(".gz") else None))
    make = pyarrow.parquet.ParquetWriter if name.endswith(".parquet") else pyarrow.csv.CSVWriter
    return stack.enter_context(make(file, columns))


class RootWriter:
    """Writes batches into the tree ``events`` of a ROOT file, a branch of floats a column."""

    def __init__(self, file: Any, names: list[str]) -> None:
        self.tree = file.mktree("events", dict.fromkeys(names, "float32"))

    def write_batch(self, batch: pa.RecordBatch) -> None:
        self.tree.extend({name: batch[name].to_numpy() for name in batch.schema.names})


@command("predict")
def main(cfg: DictConfig) -> None:
    for key in ("ckpt", "input", "output"):
        if OmegaConf.is_missing(cfg, key):
            raise UserError(f"say {key}=...: this command needs ckpt=RUN, input=FILE and output=FILE")
    start = time.perf_counter()
    paths = {key: Path(cfg[key]) for key in ("input", "output")}
    events = predict(**{**OmegaConf.to_container(cfg, resolve=True), **paths})  # type: ignore[dict-item]
    seconds = time.perf_counter() - start
    print(f"{events:,} events in {seconds:.1f} s ({events / seconds:,.0f} a second): {cfg.output}")


if __name__ == "__main__":
    main()
