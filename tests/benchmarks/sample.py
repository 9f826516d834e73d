"""The embedded sample, as often as a benchmark needs it."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from higgs_lightning import schema
from higgs_lightning.data import sample_csv
from higgs_lightning.data.columns import Reading
from higgs_lightning.data.formats import read_file
from higgs_lightning.data.sources import Source


def repeated(num_events: int) -> np.ndarray:
    """Features (N, 21) of so many events."""
    blocks = read_file(Source(sample_csv()), Reading(), needs_label=True)
    sample = np.concatenate([block[:, 1:] for block, _ in blocks])
    return np.resize(sample, (num_events, schema.NUM_FEATURES))


def write_parquet(events: np.ndarray, path: Path) -> None:
    """Write features (N, 21) by their names."""
    names = [feature.name for feature in schema.LOW_LEVEL]
    pyarrow.parquet.write_table(pa.table(dict(zip(names, events.T, strict=True))), path)
