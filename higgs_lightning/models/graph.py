"""A trained model as a graph for other programs, ONNX or ``torch.export``."""

import logging
import warnings
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from higgs_lightning import schema
from higgs_lightning.data import sample_csv
from higgs_lightning.data.columns import Reading
from higgs_lightning.data.formats import read_file
from higgs_lightning.data.sources import Source
from higgs_lightning.errors import UserError
from higgs_lightning.files import output_file, replaced
from higgs_lightning.models import Model
from higgs_lightning.models.weights import load_model
from higgs_lightning.shapes import Features, PerEvent

_NUM_CHECKED = 1000  # events of the embedded sample, whose scores must come out of the file
_TOLERANCE = 1e-5


class Scorer(nn.Module):
    """From events as they are, in HIGGS units with NaN for what is missing, to their scores."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.model = model

    def forward(self, features: Features) -> PerEvent:
        scores: PerEvent = self.model(features).logits.sigmoid()
        return scores


def export(ckpt: str | Sequence[str], output: str | Path, model_class: str | None = None) -> float:
    """Write a model as one graph with its weights and all pre-processing, for batches of any size.

    Its input ``features`` is (batch, 21) float32 in HIGGS units, where NaN marks what is missing; its output
    ``score`` is (batch,), the probability of signal.

    Args:
        ckpt: as for :func:`~higgs_lightning.models.weights.load_model`.
        output: .onnx, or .pt2 for ``torch.export.load``; written beside its name and renamed once its scores
            are known to be right.
        model_class: as for :func:`~higgs_lightning.models.weights.load_model`.

    Returns:
        The largest distance of a score of the file, read back, from the model's, on events of the sample.

    Raises:
        UserError: an argument can't be used, or the model's scores depend on the batch.
    """
    formats = {".onnx": (_write_onnx, _read_onnx), ".pt2": (_write_pt2, _read_pt2)}
    output = output_file("output", str(output), tuple(formats))
    model = load_model(ckpt, model_class)
    if model.mixes_events:
        raise UserError(
            f"ckpt={ckpt}: {type(model).__name__} scores a batch as a whole; export another model"
        )
    events, _ = next(read_file(Source(sample_csv()), Reading(), needs_label=True))
    events = events[:_NUM_CHECKED, 1:].copy()
    for missing in range(schema.NUM_OBJECTS):
        events[missing::100, np.array(schema.OBJECT_OF_FEATURE) == missing] = np.nan
    write, read = formats[output.suffix]
    scorer = Scorer(model).eval()
    with replaced(output) as partial, torch.no_grad(), warnings.catch_warnings(action="ignore"):
        # as plain matrix products, which every runtime knows
        with sdpa_kernel(SDPBackend.MATH):
            batch = {"features": {0: torch.export.Dim("batch")}}
            write(torch.export.export(scorer, (torch.from_numpy(events),), dynamic_shapes=batch), partial)
        expected = scorer(torch.from_numpy(events)).numpy()
        found = np.concatenate([read(partial)(part) for part in np.split(events, [1, 300])])
        distance = float(np.abs(found - expected).max())
        if not distance < _TOLERANCE:
            raise RuntimeError(f"the exported scores differ by up to {distance}: a fault of the exporter")
    return distance


def _write_onnx(program: torch.export.ExportedProgram, path: Path) -> None:
    _import_onnxruntime()
    logging.disable(logging.WARNING)  # they tell of every step
    try:
        with redirect_stdout(StringIO()):
            written = torch.onnx.export(
                program, input_names=["features"], output_names=["score"], dynamo=True
            )
    finally:
        logging.disable(logging.NOTSET)
    assert written is not None
    for node in written.model.graph:
        node.metadata_props.clear()  # stack traces
    written.save(path, external_data=False)


def _read_onnx(path: Path) -> Callable[[np.ndarray], np.ndarray]:
    session = _import_onnxruntime().InferenceSession(path, providers=["CPUExecutionProvider"])
    return lambda features: session.run(["score"], {"features": features})[0]


def _import_onnxruntime() -> Any:
    try:
        import onnxruntime
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise UserError("ONNX needs more packages: pip install -e '.[export]'") from error
    return onnxruntime


def _write_pt2(program: torch.export.ExportedProgram, path: Path) -> None:
    torch.export.save(program, path)


def _read_pt2(path: Path) -> Callable[[np.ndarray], np.ndarray]:
    module = torch.export.load(path).module()
    return lambda features: module(torch.from_numpy(features)).numpy()
