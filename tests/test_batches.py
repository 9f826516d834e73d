"""Batches: every event once, a true shuffle, the same from the same seed and epoch."""

import numpy as np
import pytest
import torch
from conftest import make_events

from higgs_lightning.data import batches as batches_module
from higgs_lightning.data.batches import BatchOrder, Events, batches


@pytest.fixture
def events() -> Events:
    cache = make_events(1_000)
    return Events(cache, np.arange(0, 1_000, 2))


def test_file_order_without_a_seed(events: Events):
    loader = batches(events, batch_size=64)
    assert len(loader) == 8
    features, labels = map(torch.cat, zip(*loader, strict=True))
    assert torch.equal(features, torch.from_numpy(events.cache[::2, 1:]))
    assert torch.equal(labels, torch.from_numpy(events.cache[::2, 0]))
    assert np.array_equal(events.labels, labels.numpy())


def test_a_batch_is_a_pair_of_tensors(events: Events):
    features, labels = next(iter(batches(events, 64, shuffle_seed=1)))
    assert (features.shape, labels.shape) == ((64, 21), (64,))
    assert (features.dtype, labels.dtype) == (torch.float32, torch.float32)


def test_resident_events_come_in_the_same_batches(events: Events):
    resident = Events(events.cache, events.rows, torch.device("cpu"))
    pairs = zip(batches(events, 64, shuffle_seed=1), batches(resident, 64, shuffle_seed=1), strict=True)
    for mapped, held in pairs:
        assert torch.equal(mapped[0], held[0])
        assert torch.equal(mapped[1], held[1])


def epoch(order: BatchOrder, number: int) -> list[int]:
    order.set_epoch(number)
    return torch.cat(list(order)).tolist()


def test_an_epoch_is_a_permutation_given_by_seed_and_epoch_alone():
    order = BatchOrder(1_000, 64, shuffle_seed=1)
    first, second = epoch(order, 0), epoch(order, 1)
    assert sorted(first) == sorted(second) == list(range(1_000))
    assert first != second
    assert epoch(BatchOrder(1_000, 64, shuffle_seed=1), 1) == second  # whatever ran before
    assert epoch(BatchOrder(1_000, 64, shuffle_seed=2), 0) != first


def test_the_shuffle_is_true():
    """Every event is equally likely in every tenth of the epoch: chi-square over 400 epochs."""
    order = BatchOrder(100, 10, shuffle_seed=0)
    counts = np.zeros((100, 10))
    for number in range(400):
        counts[epoch(order, number), np.repeat(np.arange(10), 10)] += 1
    chi_square = ((counts - 40) ** 2 / 40).sum()
    freedom = 99 * 9
    assert abs(chi_square - freedom) < 5 * np.sqrt(2 * freedom)


@pytest.mark.parametrize("num_events", [640, 641, 642, 703, 5])
@pytest.mark.parametrize("world_size", [1, 2, 3])
def test_processes_share_out_the_batches_of_one(num_events, world_size, monkeypatch):
    order = BatchOrder(num_events, 64, shuffle_seed=1)
    alone = list(order)
    shares = []
    for rank in range(world_size):
        monkeypatch.setattr(batches_module, "_process", lambda rank=rank: (rank, world_size))
        shares.append(list(order))
        assert len(shares[-1]) == len(order)
    together = [torch.cat(share) for share in zip(*shares, strict=True)]
    assert sorted(torch.cat(together).tolist()) == list(range(num_events))
    assert all(len(share) > 0 for rank in shares for share in rank)
    for whole, shared in zip(alone[:-1], together[:-1], strict=False):
        assert sorted(whole.tolist()) == sorted(shared.tolist())
