"""What a model said of the events of one split, gathered batch by batch."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np
import torch
from torch import Tensor, distributed

from higgs_lightning.evaluation.metrics import AucInterval, roc_auc_interval

T = TypeVar("T")

#: The splits in the order in which they are tested.
SPLITS = ("train", "val", "test")

#: The losses of a step, all of them scalars.
LOSSES = ("loss", "classification_loss", "reconstruction_loss")

#: Events of a split whose reconstruction is kept, for plots.
MAX_RECONSTRUCTED = 20_000

#: Events of a split whose bottleneck is kept, for TensorBoard's projector.
MAX_LATENT = 3_000


class Step(NamedTuple):
    """A batch of B events after one step.

    Attributes:
        loss: the weighted sum of the two losses, a scalar.
        classification_loss: mean BCE, a scalar.
        reconstruction_loss: mean error of the counted features, a scalar.
        probabilities: (B,) float32, of signal.
        labels: (B,), 1 for signal.
        latent: (B, latent_dim), the bottleneck.
        features: (M, 21) in HIGGS units, of the first M events: those that were decoded.
        reconstruction: (M, 21) in HIGGS units.
        counted: (M, 21) bool, the features that the reconstruction loss counts: the hidden ones, if any.
    """

    loss: Tensor
    classification_loss: Tensor
    reconstruction_loss: Tensor
    probabilities: Tensor
    labels: Tensor
    latent: Tensor
    features: Tensor
    reconstruction: Tensor
    counted: Tensor


@dataclass(frozen=True)
class Evaluation:
    """The verdict on N events of a split; losses are means over events.

    ``features``, ``reconstruction`` and ``counted``, (M, 21) each, cover the first
    M = min(N, :data:`MAX_RECONSTRUCTED`) events, or none where the model has no decoder; ``latent``,
    (K, latent_dim), the first K = min(N, :data:`MAX_LATENT`).
    """

    loss: float
    classification_loss: float
    reconstruction_loss: float
    labels: np.ndarray
    probabilities: np.ndarray
    latent: np.ndarray
    features: np.ndarray
    reconstruction: np.ndarray
    counted: np.ndarray

    @property
    def num_events(self) -> int:
        return len(self.labels)

    @property
    def accuracy(self) -> float:
        """Share of events on the right side of a probability of 1/2."""
        return float(((self.probabilities > 0.5) == (self.labels > 0.5)).mean())

    @property
    def auc(self) -> AucInterval:
        """ROC-AUC with its 95 % interval."""
        return roc_auc_interval(self.labels, self.probabilities)


class Gatherer:
    """Gathers the steps of a split into an :class:`Evaluation`, on the host."""

    def __init__(self) -> None:
        self._losses: list[Tensor] = []  # summed over the events of a batch
        self._scores: list[tuple[Tensor, Tensor]] = []
        self._reconstructions: list[tuple[Tensor, Tensor, Tensor]] = []
        self._num_reconstructed = 0
        self._latents: list[tuple[Tensor]] = []
        self._num_latent = 0

    def add(self, step: Step) -> None:
        """Take one batch."""
        losses = torch.stack([getattr(step, name) for name in LOSSES])
        self._losses.append(losses.double().cpu() * len(step.labels))
        self._scores.append((step.labels.cpu(), step.probabilities.cpu()))
        if self._num_reconstructed < MAX_RECONSTRUCTED:
            kept = step.features.cpu(), step.reconstruction.cpu(), step.counted.cpu()
            self._reconstructions.append(kept)
            self._num_reconstructed += len(step.features)
        if self._num_latent < MAX_LATENT:
            self._latents.append((step.latent.float().cpu(),))
            self._num_latent += len(step.latent)

    def evaluation(self) -> Evaluation:
        """The evaluation of all batches so far, of every process that took some."""
        losses = list(_of_every_process(self._losses))
        labels, probabilities = _columns(_of_every_process(self._scores))
        (latent,) = _columns(_of_every_process(self._latents))
        features, reconstruction, counted = _columns(_of_every_process(self._reconstructions))
        means = (torch.stack(losses).sum(dim=0) / len(labels)).tolist()
        return Evaluation(
            **dict(zip(LOSSES, means, strict=True)),
            labels=labels,
            probabilities=probabilities,
            latent=latent[:MAX_LATENT],
            features=features[:MAX_RECONSTRUCTED],
            reconstruction=reconstruction[:MAX_RECONSTRUCTED],
            counted=counted[:MAX_RECONSTRUCTED],
        )


def _of_every_process(batches: Sequence[T]) -> Sequence[T]:
    if not distributed.is_initialized():
        return batches
    gathered: list[Sequence[T]] = [[] for _ in range(distributed.get_world_size())]
    distributed.all_gather_object(gathered, batches)
    return [batch for of_process in gathered for batch in of_process]


def _columns(rows: Sequence[tuple[Tensor, ...]]) -> list[np.ndarray]:
    return [torch.cat(column).numpy() for column in zip(*rows, strict=True)]
