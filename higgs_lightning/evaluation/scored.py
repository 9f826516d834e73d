"""Events and the model that scored them: what the sections of a report look at."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import torch
from rich.console import Console
from rich.progress import track

from higgs_lightning.models.base import Model

T = TypeVar("T")

_BATCH = 1024  # events: larger ones leave the processor's caches


@dataclass(frozen=True)
class ScoredEvents:
    """N test events in the order of their file, and what a model made of them.

    Attributes:
        model: in evaluation mode, on its device.
        features: (N, 21) in HIGGS units, NaN for what is missing.
        labels: (N,) 1 for signal.
        probabilities: (N,) of signal.
        about: which data, model and run these are, for the titles of pictures.
        batch_size: of the evaluation, for models whose scores depend on it.
        shows_progress: whether what takes long shows how far it is.
        weights: (N,) of the events; None where all count alike.
    """

    model: Model
    features: np.ndarray
    labels: np.ndarray
    probabilities: np.ndarray
    about: str
    batch_size: int
    shows_progress: bool = False
    weights: np.ndarray | None = None

    def track(self, steps: Iterable[T], total: int, doing: str) -> Iterator[T]:
        """Steps of something that takes long, with a line that says how far it is."""
        return iter(track(steps, doing, total, console=Console(stderr=True), disable=not self.shows_progress))

    def drawn(self, events: int, seed: int) -> "ScoredEvents":
        """So many of these events at most, drawn by a seed: files may be ordered by class."""
        if len(self.labels) <= events:
            return self
        rows = np.sort(np.random.default_rng(seed).choice(len(self.labels), events, replace=False))
        return replace(
            self,
            features=self.features[rows],
            labels=self.labels[rows],
            probabilities=self.probabilities[rows],
            weights=None if self.weights is None else self.weights[rows],
        )

    @torch.inference_mode()
    def score(self, features: np.ndarray, hidden: np.ndarray | None = None) -> np.ndarray:
        """Probability of signal (M,) of other events, such as these with a feature changed.

        Args:
            features: (M, 21) float32 in HIGGS units.
            hidden: (6,) or (M, 6) bool, the objects that the model must not see; None hides nothing.
        """
        device = next(self.model.parameters()).device
        size = self.batch_size if self.model.mixes_events else _BATCH
        scores = [np.empty(0, np.float32)]
        for start in range(0, len(features), size):
            batch = torch.from_numpy(np.ascontiguousarray(features[start : start + size], np.float32))
            mask = None
            if hidden is not None:
                of_batch = hidden if hidden.ndim == 1 else hidden[start : start + size]
                mask = torch.from_numpy(np.broadcast_to(of_batch, (len(batch), hidden.shape[-1])).copy())
                mask = mask.to(device)
            logits = self.model(batch.to(device), mask).logits
            scores.append(logits.float().sigmoid().cpu().numpy())
        return np.concatenate(scores)
