"""What a model said of the events of one split, gathered batch by batch."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor, distributed

from higgs_lightning.errors import UserError
from higgs_lightning.evaluation.metrics import AucInterval, accuracy, roc_auc_interval
from higgs_lightning.shapes import PerEvent

T = TypeVar("T")
Columns = tuple[Tensor, ...]

#: The splits in the order in which they are tested.
SPLITS = ("train", "val", "test")

#: Events of a split whose reconstruction is kept, for plots.
MAX_RECONSTRUCTED = 20_000

#: Events of a split whose bottleneck is kept, for TensorBoard's projector.
MAX_LATENT = 3_000


class Step(NamedTuple):
    """A batch of B events after one step.

    Attributes:
        losses: by name; ``loss``, which is minimised, and what it is made of.
        probabilities: of signal, in float32.
        labels: 1 for signal.
        latent: the bottleneck, of L = latent_dim numbers.
        features: in HIGGS units, of the first M events: those that were decoded.
        reconstruction: in HIGGS units.
        counted: the features that the reconstruction loss counts: the hidden ones, if any.
        weights: of the events, in the mean 1; None where all count alike.
        btag: the probability of each b-tag level of each jet, where the decoder gives one.
    """

    losses: dict[str, Float[Tensor, ""]]
    probabilities: PerEvent
    labels: PerEvent
    latent: Float[Tensor, "B L"]
    features: Float[Tensor, "M F=21"]
    reconstruction: Float[Tensor, "M F=21"]
    counted: Bool[Tensor, "M F=21"]
    weights: PerEvent | None = None
    btag: Float[Tensor, "M J=4 K=3"] | None = None


@dataclass(frozen=True)
class Evaluation:
    """The verdict on N events of a split, in the order of their file; losses are means over events.

    ``features``, ``reconstruction``, ``counted`` and ``btag`` cover the first M = min(N,
    :data:`MAX_RECONSTRUCTED`) events, or none where the model has no decoder; ``latent``, of L = latent_dim
    numbers an event, the first K = min(N, :data:`MAX_LATENT`). ``weights`` are None where all events count
    alike.
    """

    losses: dict[str, float]
    labels: Float[np.ndarray, " N"]
    probabilities: Float[np.ndarray, " N"]
    latent: Float[np.ndarray, "K L"]
    features: Float[np.ndarray, "M F=21"]
    reconstruction: Float[np.ndarray, "M F=21"]
    counted: Bool[np.ndarray, "M F=21"]
    weights: Float[np.ndarray, " N"] | None = None
    btag: Float[np.ndarray, "M J=4 K=3"] | None = None

    @property
    def num_events(self) -> int:
        return len(self.labels)

    @property
    def accuracy(self) -> float:
        """Share of events on the right side of a probability of 1/2."""
        return accuracy(self.labels, self.probabilities, self.weights)

    @property
    def has_both_classes(self) -> bool:
        return has_both_classes(self.labels, self.weights)

    @cached_property
    def auc(self) -> AucInterval:
        """ROC-AUC with its 95 % interval; unknown where a class is missing."""
        if not self.has_both_classes:
            return AucInterval(float("nan"), float("nan"), float("nan"))
        return roc_auc_interval(self.labels, self.probabilities, self.weights)


def has_both_classes(labels: np.ndarray, weights: np.ndarray | None) -> bool:
    """Whether there are signal and background events (N,), and their weights have positive sums."""
    counts = np.ones(len(labels)) if weights is None else weights
    return all(counts[of_class].sum() > 0 for of_class in (labels > 0.5, labels <= 0.5))


class Gatherer:
    """Gathers the steps of a split into an :class:`Evaluation`, on the host."""

    def __init__(self) -> None:
        self._names: tuple[str, ...] = ()
        self._losses: list[Tensor] = []  # (L,) each, summed over the events of a batch
        self._scores: list[Columns] = []
        self._reconstructions: list[Columns] = []
        self._num_reconstructed = 0
        self._latents: list[Columns] = []
        self._num_latent = 0

    def add(self, step: Step) -> None:
        """Take one batch."""
        self._names = tuple(step.losses)
        losses = torch.stack([loss.detach() for loss in step.losses.values()])
        self._losses.append(losses.double().cpu() * len(step.labels))
        weights = () if step.weights is None else (step.weights.cpu(),)
        self._scores.append((step.labels.cpu(), step.probabilities.cpu(), *weights))
        if self._num_reconstructed < MAX_RECONSTRUCTED:
            kept = (step.features, step.reconstruction, step.counted, step.btag)
            self._reconstructions.append(tuple(column.cpu() for column in kept if column is not None))
            self._num_reconstructed += len(step.features)
        if self._num_latent < MAX_LATENT:
            self._latents.append((step.latent.float().cpu(),))
            self._num_latent += len(step.latent)

    def losses(self) -> dict[str, float]:
        """The mean of each loss over the events of all batches so far, of every process."""
        shares = from_every_process((self._losses, sum(len(labels) for labels, *_ in self._scores)))
        total = torch.stack([batch for batches, _ in shares for batch in batches]).sum(dim=0)
        means = total / sum(events for _, events in shares)
        return dict(zip(self._names, means.tolist(), strict=True))

    def evaluation(self) -> Evaluation:
        """The evaluation of all batches so far, of every process that took some.

        Raises:
            UserError: a score is not a number.
        """
        labels, probabilities, *weights = _columns(from_every_process(self._scores))
        if not np.isfinite(probabilities).all():
            row = int((~np.isfinite(probabilities)).argmax())
            raise UserError(
                f"the score of event {row + 1} of a split is {probabilities[row]}: the model's weights "
                "diverged, or trainer.precision is too low for them"
            )
        (latent,) = _columns(from_every_process(self._latents))
        reconstructed = _columns(from_every_process(self._reconstructions))
        features, reconstruction, counted, *btag = (column[:MAX_RECONSTRUCTED] for column in reconstructed)
        return Evaluation(
            losses=self.losses(),
            labels=labels,
            probabilities=probabilities,
            latent=latent[:MAX_LATENT],
            features=features,
            reconstruction=reconstruction,
            counted=counted,
            weights=weights[0] if weights else None,
            btag=btag[0] if btag else None,
        )


def from_every_process(value: T) -> list[T]:
    """The value of each process of a run, by rank."""
    if not (distributed.is_available() and distributed.is_initialized()):
        return [value]
    gathered: list[Any] = [None] * distributed.get_world_size()
    distributed.all_gather_object(gathered, value)
    return gathered


def _columns(shares: Sequence[Sequence[Columns]]) -> list[np.ndarray]:
    """The events of all processes, in the order of their file.

    Each process takes every W-th event of a batch, see :class:`~higgs_lightning.data.batches.BatchOrder`.
    """
    batches = [
        tuple(_interleaved(column) for column in zip(*batch, strict=True))
        for batch in zip(*shares, strict=False)  # one may have kept a batch more than another
    ]
    return [torch.cat(column).numpy() for column in zip(*batches, strict=True)]


def _interleaved(shares: Sequence[Tensor]) -> Tensor:
    if len(shares) == 1:
        return shares[0]
    whole = shares[0].new_empty(sum(map(len, shares)), *shares[0].shape[1:])
    for rank, share in enumerate(shares):
        whole[rank :: len(shares)] = share
    return whole
