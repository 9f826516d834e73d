"""Batches as slices of the memory map: a batch is one gather of rows, never an object per event."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, distributed
from torch.utils.data import DataLoader, Dataset, Sampler

#: Features (B, 21) in HIGGS units and labels (B,); and weights (B,), where events have some.
Batch = tuple[Tensor, Tensor] | tuple[Tensor, Tensor, Tensor]


class Events(Dataset[Batch]):
    """Some rows of a cache. Indexed with many positions at once, it returns a whole batch.

    Args:
        cache: (N, 22) float32, the label first, as :func:`higgs_lightning.data.cache.open_events` opens it.
        rows: (M,) row numbers into the cache.
        device: copy the rows into this device's memory and gather batches there; None reads the cache.
        weights: (M,) float32 of these rows; None where all events count alike.
    """

    def __init__(
        self,
        cache: np.ndarray,
        rows: np.ndarray,
        device: torch.device | None = None,
        weights: np.ndarray | None = None,
    ) -> None:
        self.cache = np.asarray(cache)  # indexing a plain view costs less than indexing a numpy.memmap
        self.rows = rows
        self.resident = None if device is None else torch.from_numpy(self.cache[rows]).to(device)
        self.weights = weights
        self._weights = None if weights is None else torch.from_numpy(weights).to(device)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, positions: Tensor) -> Batch:
        """Features (B, 21) in HIGGS units, labels and perhaps weights, float32, at ``positions`` (B,)."""
        if self.resident is None:
            batch = torch.from_numpy(self.cache[self.rows[positions.numpy()]])
        else:
            batch = self.resident[positions.to(self.resident.device)]
        if self._weights is None:
            return batch[:, 1:], batch[:, 0]
        return batch[:, 1:], batch[:, 0], self._weights[positions.to(self._weights.device)]

    @property
    def labels(self) -> np.ndarray:
        """(M,) float32, 1 for signal."""
        labels: np.ndarray = self.cache[self.rows, 0]
        return labels


class BatchOrder(Sampler[Tensor]):
    """The positions of each batch of an epoch, as one tensor a batch.

    With a seed, every epoch is a permutation of all events drawn from (seed, epoch) alone, so that it does
    not matter what ran before; without one it is the order of the file. Every event comes once; the last
    batch may be smaller. Lightning calls :meth:`set_epoch`.

    With several processes each takes its share of every batch, so that together they see the batches that
    one would see. A last batch with fewer events than processes joins the one before it.

    Attributes:
        position: how many batches of the epoch were handed out.
    """

    def __init__(self, num_events: int, batch_size: int, shuffle_seed: int | None = None) -> None:
        self.num_events = num_events
        self.batch_size = batch_size
        self.shuffle_seed = shuffle_seed
        self.epoch = 0
        self.position = 0
        self._start = 0

    def start_at(self, position: int) -> None:
        """Leave out the first batches of the next epoch, which a stopped run has seen."""
        self.position = self._start = position % len(self)

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __iter__(self) -> Iterator[Tensor]:
        if self.shuffle_seed is None:
            order = torch.arange(self.num_events)
        else:
            (state,) = np.random.SeedSequence([self.shuffle_seed, self.epoch]).generate_state(1, np.uint64)
            order = torch.randperm(self.num_events, generator=torch.Generator().manual_seed(int(state)))
        rank, world_size = _process()
        bounds = [number * self.batch_size for number in range(len(self))] + [self.num_events]
        first, self._start = self._start, 0
        for self.position, (start, end) in enumerate(pairwise(bounds[first:]), start=first + 1):
            yield order[start + rank : end : world_size]

    def __len__(self) -> int:
        whole, remainder = divmod(self.num_events, self.batch_size)
        return max(1, whole + (remainder >= _process()[1]))


def _process() -> tuple[int, int]:
    """This process's rank and the number of processes that train together."""
    if not distributed.is_initialized():
        return 0, 1
    return distributed.get_rank(), distributed.get_world_size()


class EventLoader(DataLoader[Batch]):
    """A loader that knows where it is: Lightning keeps its state in checkpoints, and goes on from there."""

    def __init__(self, events: Events, order: BatchOrder) -> None:
        # batch_size=None: the sampler already yields whole batches
        super().__init__(events, sampler=order, batch_size=None, collate_fn=lambda batch: batch)
        self.order = order

    def state_dict(self) -> dict[str, int]:
        return {"position": self.order.position}

    def load_state_dict(self, state: dict[str, int]) -> None:
        self.order.start_at(state["position"])


def batches(events: Events, batch_size: int, shuffle_seed: int | None = None) -> EventLoader:
    """A loader of batches; shuffled anew each epoch where a seed is given."""
    return EventLoader(events, BatchOrder(len(events), batch_size, shuffle_seed))
