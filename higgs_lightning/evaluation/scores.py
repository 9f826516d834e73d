"""What a model said of the events of one split, gathered batch by batch."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
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
        reconstruction: in HIGGS units; None where it was left out, as in training, which looks at its errors
            alone.
        counted: the features that the reconstruction loss counts: the hidden ones, if any.
        weights: of the events, in the mean 1; None where all count alike.
        btag: the probability of each b-tag level of each jet, where the decoder gives one.
    """

    losses: dict[str, Float[Tensor, ""]]
    probabilities: PerEvent
    labels: PerEvent
    latent: Float[Tensor, "B L"]
    features: Float[Tensor, "M F=21"]
    reconstruction: Float[Tensor, "M F=21"] | None
    counted: Bool[Tensor, "M F=21"]
    weights: PerEvent | None = None
    btag: Float[Tensor, "M J=4 K=3"] | None = None


@dataclass(frozen=True)
class Evaluation:
    """The verdict on N events of a split, in the order of their file; losses are means over events.

    ``features``, ``reconstruction``, ``counted`` and ``btag`` cover M = min(N, :data:`MAX_RECONSTRUCTED`)
    events from all over the split, or none where the model has no decoder; ``latent``, of L = latent_dim
    numbers an event, K = min(N, :data:`MAX_LATENT`). Which these are say ``reconstructed`` and ``projected``.
    ``weights`` are None where all events count alike.
    """

    losses: dict[str, float]
    labels: Float[np.ndarray, " N"]
    probabilities: Float[np.ndarray, " N"]
    projected: Int[np.ndarray, " K"]
    latent: Float[np.ndarray, "K L"]
    reconstructed: Int[np.ndarray, " M"]
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


class _Spread:
    """So many events of a split at most, from all over it: files may be ordered by class.

    Kept are those whose row times the golden ratio has the smallest fractional part. They lie nearly evenly
    in any split, follow no period of a file, and are the same whatever batches and processes they come in.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._highest = 1.0
        self._batches: list[Columns] = []  # rows, and what is kept of them

    def add(self, rows: Tensor, *columns: Tensor) -> None:
        """Take the events of a batch, by their rows in the split."""
        kept = (_places(rows) <= self._highest).nonzero().squeeze(1)
        self._batches.append((rows[kept], *(column[kept.to(column.device)].cpu() for column in columns)))
        if sum(len(batch) for batch, *_ in self._batches) > 2 * self._most:
            self._batches = [self._drawn([self._batches])]
            self._highest = float(_places(self._batches[0][0]).max())

    def columns(self) -> list[np.ndarray]:
        """Rows and what was kept of them, of every process, in the order of their file."""
        return [column.numpy() for column in self._drawn(from_every_process(self._batches))]

    def _drawn(self, shares: Sequence[Sequence[Columns]]) -> Columns:
        batches = [batch for share in shares for batch in share]
        rows, *columns = (torch.cat(column) for column in zip(*batches, strict=True))
        drawn = _places(rows).argsort()[: self._most]
        drawn = drawn[rows[drawn].argsort()]
        return rows[drawn], *(column[drawn] for column in columns)


def _places(rows: Tensor) -> Tensor:
    """Where events would lie in a draw, from 0 to 1, by their rows: H. Weyl's sequence."""
    return rows.double() * ((5**0.5 - 1) / 2) % 1


class Gatherer:
    """Gathers the steps of a split into an :class:`Evaluation`, on the host."""

    def __init__(self) -> None:
        self._names: tuple[str, ...] = ()
        self._losses: list[Tensor] = []  # (L,) each, summed over the events of a batch
        self._scores: list[Columns] = []
        self._latents = _Spread(MAX_LATENT)
        self._reconstructions = _Spread(MAX_RECONSTRUCTED)

    def add(self, step: Step, rows: Int[Tensor, " B"]) -> None:
        """Take one batch.

        Args:
            step: what a step made of it.
            rows: of its events in the split.
        """
        self._names = tuple(step.losses)
        losses = torch.stack([loss.detach() for loss in step.losses.values()])
        self._losses.append(losses.double().cpu() * len(step.labels))
        weights = () if step.weights is None else (step.weights.cpu(),)
        self._scores.append((step.labels.cpu(), step.probabilities.cpu(), *weights))
        self._latents.add(rows, step.latent.float())
        num_kept = 0 if step.reconstruction is None else len(step.features)
        reconstruction = step.features if step.reconstruction is None else step.reconstruction
        kept = (step.features, reconstruction, step.counted, step.btag)
        self._reconstructions.add(
            rows[:num_kept], *(column[:num_kept] for column in kept if column is not None)
        )

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
        projected, latent = self._latents.columns()
        reconstructed, features, reconstruction, counted, *btag = self._reconstructions.columns()
        return Evaluation(
            losses=self.losses(),
            labels=labels,
            probabilities=probabilities,
            projected=projected,
            latent=latent,
            reconstructed=reconstructed,
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
        for batch in zip(*shares, strict=True)
    ]
    return [torch.cat(column).numpy() for column in zip(*batches, strict=True)]


def _interleaved(shares: Sequence[Tensor]) -> Tensor:
    if len(shares) == 1:
        return shares[0]
    whole = shares[0].new_empty(sum(map(len, shares)), *shares[0].shape[1:])
    for rank, share in enumerate(shares):
        whole[rank :: len(shares)] = share
    return whole
