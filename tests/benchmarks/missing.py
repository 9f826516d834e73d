"""ROC-AUC of events in which one object was not measured, for one or more trained models.

    python tests/benchmarks/missing.py --data TEST.csv.gz RUN [RUN ...]

A RUN is a run folder, a checkpoint, a .safetensors file or `pretrained`. All events of the file are scored,
once whole and once with each object's features set to nan.
"""

import argparse
import math
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table

from higgs_lightning import load_model, schema
from higgs_lightning.data.cache import open_events
from higgs_lightning.evaluation.metrics import roc_auc_interval
from higgs_lightning.masking import hidden_features

_BATCH = 4096


@torch.no_grad()
def auc(model: torch.nn.Module, events: torch.Tensor, missing: int | None) -> float:
    features = events[:, 1:].clone()
    if missing is not None:
        objects = torch.arange(schema.NUM_OBJECTS)[None] == missing
        features[:, hidden_features(objects)[0]] = math.nan
    logits = torch.cat([model(batch).logits for batch in features.split(_BATCH)])
    return roc_auc_interval(events[:, 0].numpy(), logits.numpy()).auc


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("runs", nargs="+")
    parser.add_argument("--data", type=Path, required=True, help="events in HIGGS format")
    parser.add_argument("--cache", type=Path, default=Path("data/cache"))
    arguments = parser.parse_args()
    events = torch.from_numpy(np.array(open_events(arguments.data, arguments.cache)))
    models = [load_model(run) for run in arguments.runs]

    table = Table(title=f"ROC-AUC of {len(events):,} events of {arguments.data.name}")
    for column in ("missing", *arguments.runs):
        table.add_column(column)
    for missing in track([None, *range(schema.NUM_OBJECTS)], "Scoring"):
        name = "nothing" if missing is None else schema.OBJECTS[missing]
        table.add_row(name, *(f"{auc(model, events, missing):.4f}" for model in models))
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
