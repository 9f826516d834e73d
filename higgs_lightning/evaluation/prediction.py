"""The scores of the events of any file, in its order."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import torch
from rich.console import Console
from rich.progress import Progress

from higgs_lightning import schema
from higgs_lightning.configuration import require_kinds
from higgs_lightning.constants import Constant
from higgs_lightning.data.columns import Reading
from higgs_lightning.data.formats import Block, import_uproot, read_files
from higgs_lightning.data.sources import Paths, Source, as_text, find_sources
from higgs_lightning.errors import UserError, one_line
from higgs_lightning.files import output_file, replaced
from higgs_lightning.models.base import Model, Output
from higgs_lightning.models.weights import load_model
from higgs_lightning.precision import require_bfloat16
from higgs_lightning.runs import require_no_file_of_a_run
from higgs_lightning.shapes import Features
from higgs_lightning.threads import computing_with, side_by_side
from higgs_lightning.units import wrong_units

_BLOCK = 1 << 16  # events that are read at once, about
_UNITS_CHUNK = 2_000  # events
_SUFFIXES = (".parquet", ".csv", ".csv.gz", ".root")


def predict(
    ckpt: str | Sequence[str],
    input: Paths,
    output: str | Path,
    latent: bool,
    reconstruction: bool,
    temperature: float,
    batch_size: int,
    device: str,
    model_class: str | None = None,
    columns: Mapping[str, str] | None = None,
    missing: float | None = None,
    units: str = "higgs",
    keep: str | Sequence[str] = (),
    threads: int | str = "auto",
    one_look: bool = False,
    precision: str = "32-true",
    compile: bool = False,
) -> int:
    """Score every event of some files, in their order; memory does not grow with the files.

    Args:
        ckpt: as for :func:`~higgs_lightning.models.weights.load_model`.
        input: a file, several, a pattern or a folder, see :func:`~higgs_lightning.data.formats.read_file`.
        output: .parquet, .csv, .csv.gz or .root; written beside its name and renamed once it is whole. Its
            columns: what is kept of the input; ``score``, the probability of signal; then what else is asked
            for. Branches of ROOT have names without a dash, ``jet_1_btag``.
        latent: write the bottleneck too, ``latent_0`` and so on.
        reconstruction: write the reconstructed features too, in HIGGS units, by their names.
        temperature: what log-odds are divided by, see
            :func:`~higgs_lightning.evaluation.metrics.fit_temperature`.
        batch_size: events scored at once.
        device: of the model; ``auto`` for a GPU where CUDA has one, else the CPU.
        model_class: as for :func:`~higgs_lightning.models.weights.load_model`.
        columns: see :class:`~higgs_lightning.data.columns.Reading`, as ``missing`` and ``units``.
        keep: names of columns of the input that are written too, as they are, such as those that identify
            an event.
        threads: see :func:`~higgs_lightning.threads.computing_with`. On a CPU each scores batches of its own,
            unless a layer of the model is of a class from outside of this package.
        one_look: see :meth:`~higgs_lightning.models.base.Model.look_once`.
        precision: ``bf16-mixed`` for products in bfloat16, as Lightning's Trainer has it; else ``32-true``.
        compile: make one graph of the model by ``torch.compile``, for whole batches.

    Returns:
        The number of events.

    Raises:
        UserError: an argument or the input can't be used; nothing is left behind.
    """
    require_kinds(
        "predict",
        {
            **{"ckpt": as_text(ckpt), "input": as_text(input), "output": str(output)},
            **{"model_class": model_class, "units": units, "columns": columns, "missing": missing},
            **{"latent": latent, "reconstruction": reconstruction, "temperature": temperature},
            **{"batch_size": batch_size, "device": device},
            **{"threads": threads, "one_look": one_look, "precision": precision, "compile": compile},
            "keep": keep if isinstance(keep, str) else list(keep),
        },
    )
    keep = [keep] if isinstance(keep, str) else list(keep)
    if len(set(keep)) < len(keep):
        raise UserError(f"keep names a column twice ({', '.join(keep)}): name each once")
    reading = Reading(columns=columns, missing=missing, units=units, prefix="")
    sources = find_sources(as_text(input), "input")
    output = output_file("output", str(output), _SUFFIXES, [source.path for source in sources])
    require_no_file_of_a_run("output", output)
    if output.suffix == ".root":
        import_uproot()
    device = available_device(device)
    require_bfloat16("precision", precision, torch.device(device))
    model = load_model(ckpt, model_class).to(device)
    if one_look:
        model.look_once()
    if reconstruction and not model.has_decoder:
        raise UserError(f"reconstruction=true: {type(model).__name__} has no decoder")
    if model.mixes_events:
        Console(stderr=True).print(f"{type(model).__name__}: scores depend on the order and on batch_size")

    events = 0
    console = Console(stderr=True)
    rows = batch_size * max(1, _BLOCK // batch_size)
    with replaced(output) as partial, computing_with(threads) as number, ExitStack() as stack:
        compiled = stack.enter_context(_compiled(model)) if compile else None
        bar = stack.enter_context(Progress(console=console, disable=not console.is_terminal))
        task = bar.add_task("Scoring", total=1.0)
        written: pa.Schema | None = None

        def scored(batch: tuple[Source, Block]) -> tuple[Source, Block, pa.RecordBatch]:
            source, block = batch
            features = torch.from_numpy(np.ascontiguousarray(block.events[:, 1:])).to(device)
            of_batch = compiled if len(features) == batch_size else None
            with _products_in(precision, device):
                return source, block, score(model, features, temperature, latent, reconstruction, of_batch)

        blocks = read_files(sources, reading, needs_label=False, rows=rows, keep=keep)
        batches = _batches(blocks, batch_size, reading)
        if compiled is not None:
            batches = _compiling(scored, batches, batch_size)
        at_once = number if torch.device(device).type == "cpu" and _keeps_nothing(model) else 1
        for source, block, scores in stack.enter_context(closing(side_by_side(scored, batches, at_once))):
            table = beside(block.kept, scores, written, source)
            if written is None:
                written = table.schema
                write = writer(stack, partial, output.name, written)
            write.write_batch(table)
            events += len(table)
            bar.update(task, completed=block.share, description=f"Scoring: {events:,} events")
    return events


def _batches(
    blocks: Iterable[tuple[Source, Block]], batch_size: int, reading: Reading
) -> Iterator[tuple[Source, Block]]:
    """Blocks of files in batches, each once it is known that its events can be scored.

    Raises:
        UserError: they can't.
    """
    events, current = 0, None
    for source, block in blocks:
        features = np.ascontiguousarray(block.events[:, 1:])
        if source != current:  # the first events tell the units of a file
            events, current = 0, source
            require_units(features, source, reading)
        require_measurements(features, source, events, reading)
        events += len(features)
        for start in range(0, len(features), batch_size):
            kept = {name: values.slice(start, batch_size) for name, values in block.kept.items()}
            yield source, block._replace(events=block.events[start : start + batch_size], kept=kept)


def _products_in(precision: str, device: str) -> AbstractContextManager[Any]:
    """Within it, of this thread alone, products of matrices are of a precision by Lightning's name."""
    if precision == "bf16-mixed":
        return torch.autocast(torch.device(device).type, torch.bfloat16)
    return nullcontext()


def require_units(features: np.ndarray, source: Source, reading: Reading) -> None:
    """Refuse the first events (N, 21) of a file that are plainly in other units.

    Raises:
        UserError: says which columns show it.
    """
    found = wrong_units(features[:_UNITS_CHUNK], reading.units, f"{reading.prefix}units")
    if found is not None:
        raise UserError(f"{source}: {found}")


def require_measurements(features: np.ndarray, source: Source, events: int, reading: Reading) -> None:
    """Refuse events (N, 21) that can't be scored; ``events`` of the file came before them.

    Raises:
        UserError: names row, column and value.
    """
    found = schema.impossible_value(features, reading.units == "gev")
    if found is not None:
        raise UserError(f"{source}, event {events + found.row + 1}: {found}")


def available_device(device: str) -> str:
    """The name of a device, if it is there; of ``auto``, the one that there is.

    Raises:
        UserError: it is not.
    """
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(1, device=device).cpu()
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise UserError(f"device={device} is not at hand ({one_line(error)[:200]}): give cpu") from error
    return device


@contextmanager
def _compiled(model: Model) -> Iterator[Callable[[Features], Output]]:
    """What the model says of a batch, as one graph, which is compiled when the first comes."""
    # here, because it takes a second to import
    from higgs_lightning.compilation import fused_multiply_add, says_what_compilation_lacks

    torch.compiler.reset()  # a process may compile a function only so often, and a sweep has many jobs
    Constant.put_all_on(next(model.parameters()).device)
    compiled = torch.compile(model, fullgraph=True, dynamic=False, options=fused_multiply_add())
    with says_what_compilation_lacks("the model"):
        yield compiled


def _compiling(
    scored: Callable[[tuple[Source, Block]], Any], batches: Iterable[tuple[Source, Block]], batch_size: int
) -> Iterator[tuple[Source, Block]]:
    """Batches, of which the first whole one is scored for once before, so that others find code.

    Whoever reads them compiles, then: one thread, and the one that Ctrl-C interrupts.
    """
    is_compiled = False
    for source, block in batches:
        if not is_compiled and len(block.events) == batch_size:
            scored((source, block))
            is_compiled = True
        yield source, block


def _keeps_nothing(model: Model) -> bool:
    """Whether several threads may use it at once: no layer is of a class that may keep what it looks at."""
    return all(
        type(each).__module__.split(".")[0] in ("higgs_lightning", "torch") for each in model.modules()
    )


@torch.inference_mode()
def score(
    model: Model,
    features: Features,
    temperature: float,
    latent: bool,
    reconstruction: bool,
    compiled: Callable[[Features], Output] | None = None,
) -> pa.RecordBatch:
    """One batch in, its columns out; ``compiled`` says what the model does."""
    output = (model if compiled is None else compiled)(features)
    # numpy has no bfloat16, in which models may answer
    columns: dict[str, Any] = {"score": (output.logits.float() / temperature).sigmoid().cpu().numpy()}
    if latent:
        values = output.latent.float().cpu().numpy()
        columns |= {f"latent_{number}": values[:, number] for number in range(values.shape[1])}
    if reconstruction:
        values = model.reconstruct(output.encoded, features).features.float().cpu().numpy()
        columns |= {feature.name: values[:, i] for i, feature in enumerate(schema.LOW_LEVEL)}
    return pa.RecordBatch.from_pydict(columns)


def beside(
    kept: Mapping[str, pa.Array], scored: pa.RecordBatch, written: pa.Schema | None, source: Source
) -> pa.RecordBatch:
    """Kept columns of a batch, then its scores, in the types of what was written before.

    Raises:
        UserError: two columns have one name, or types don't go together.
    """
    for name in kept:
        if name in scored.schema.names:
            raise UserError(f"keep={name}: the output has a column of that name; rename it in {source}")
    table = pa.RecordBatch.from_pydict({**kept, **{n: scored[n] for n in scored.schema.names}})
    if written is None:
        return table
    try:
        return table.cast(written)
    except pa.ArrowInvalid as error:
        raise UserError(
            f"{source}: a column that is kept holds other values than before ({one_line(error)[:200]}): make "
            "its type the same in all files"
        ) from error


def writer(stack: ExitStack, path: Path, name: str, columns: pa.Schema) -> Any:
    """A writer of batches to ``path``, in the format that ``name`` ends in; ``stack`` closes it."""
    if name.endswith(".root"):
        return RootWriter(stack.enter_context(import_uproot().recreate(path)), columns)
    file = stack.enter_context(pa.output_stream(path, compression="gzip" if name.endswith(".gz") else None))
    make = pyarrow.parquet.ParquetWriter if name.endswith(".parquet") else pyarrow.csv.CSVWriter
    return stack.enter_context(make(file, columns))


class RootWriter:
    """Writes batches into the tree ``events`` of a ROOT file, a branch of numbers a column.

    Names are such that ROOT's own expressions can hold them, in which a dash is a minus: ``jet_1_btag``.
    """

    def __init__(self, file: Any, columns: pa.Schema) -> None:
        self.names = [_root_name(name) for name in columns.names]
        for name in self.names:
            if self.names.count(name) > 1:
                raise UserError(f"two columns would be branches called {name}: keep one of them")
        types = {}
        for name, field in zip(self.names, columns, strict=True):
            if not (pa.types.is_primitive(field.type)):
                raise UserError(
                    f"column {field.name} holds text, which is no branch of a ROOT file: keep others"
                )
            types[name] = field.type.to_pandas_dtype()
        self.tree = file.mktree("events", types)

    def write_batch(self, batch: pa.RecordBatch) -> None:
        values = {}
        for name, column in zip(self.names, batch.columns, strict=True):
            if column.null_count and not pa.types.is_floating(column.type):
                raise UserError(
                    f"column {name} lacks values, which a branch of a ROOT file can't: fill them in"
                )
            values[name] = column.to_numpy(zero_copy_only=False)
        self.tree.extend(values)


def _root_name(name: str) -> str:
    return re.sub(r"\W", "_", name.replace("b-tag", "btag"))
