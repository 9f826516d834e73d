"""What the tests share: small files in HIGGS format and the real events, where they are at hand."""

from pathlib import Path

import numpy as np
import pytest
import torch

from higgs_lightning import schema

REPOSITORY = Path(__file__).parent.parent
SHARED = REPOSITORY.parent / "shared"


def make_events(num_events: int, seed: int = 0, label: float | None = None) -> np.ndarray:
    """Events in HIGGS units, (N, 22) float32 with the label first, in which signal leans to high momenta."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(2, size=num_events) if label is None else np.full(num_events, label)
    events = np.empty((num_events, 1 + schema.NUM_FEATURES))
    events[:, 0] = labels
    for column, feature in enumerate(schema.LOW_LEVEL, start=1):
        if feature.quantity == "pt":
            events[:, column] = generator.gamma(4, 0.25, num_events) * (1 + 0.5 * labels) + 0.1
        elif feature.quantity == "btag":
            events[:, column] = generator.integers(schema.NUM_BTAG_LEVELS, size=num_events) / feature.scale
        else:
            events[:, column] = generator.uniform(-1.7, 1.7, num_events)
    return events.astype(np.float32)


def write_csv(path: Path, events: np.ndarray) -> Path:
    """Write (N, 22) events as a HIGGS file of 29 columns; the masses are 1."""
    masses = np.ones((len(events), len(schema.HIGH_LEVEL)))
    np.savetxt(path, np.hstack([events, masses]), fmt="%.9g", delimiter=",")
    return path


@pytest.fixture
def features() -> torch.Tensor:
    """(256, 21) in HIGGS units."""
    return torch.from_numpy(make_events(256)[:, 1:])


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(1)
