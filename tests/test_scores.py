"""What is gathered of the events of a split, batch by batch."""

import numpy as np
import pytest
import torch

from higgs_lightning.evaluation import scores
from higgs_lightning.evaluation.scores import MAX_LATENT, MAX_RECONSTRUCTED, Gatherer, Step

NUM_EVENTS = 50_000
SIGNAL = torch.arange(NUM_EVENTS) < 30_000  # one class after the other, as files may have them


def gathered(rows: torch.Tensor, batch_size: int) -> Gatherer:
    """What a process gathers of some rows, if every number about an event is its row."""
    gatherer = Gatherer()
    for batch in rows.split(batch_size):
        table = batch.float()[:, None].expand(-1, 21)
        loss, probabilities = {"loss": torch.tensor(0.0)}, torch.full((len(batch),), 0.5)
        step = Step(loss, probabilities, SIGNAL[batch].float(), table[:, :2], table, table, table > 0)
        gatherer.add(step, batch)
    return gatherer


@pytest.mark.parametrize("batch_size", [512, 45_000])
def test_events_to_draw_are_from_all_over_a_file(batch_size: int):
    found = gathered(torch.arange(NUM_EVENTS), batch_size).evaluation()
    drawn = {MAX_RECONSTRUCTED: (found.reconstructed, found.features)}
    drawn[MAX_LATENT] = (found.projected, found.latent)
    for number, (rows, table) in drawn.items():
        assert len(rows) == len(np.unique(rows)) == number
        assert (table == rows[:, None]).all()
        assert found.labels[rows].mean() == pytest.approx(0.6, abs=0.001)
        assert (rows % 2).mean() == pytest.approx(0.5, abs=0.001)


def test_few_events_are_all_drawn_in_their_order():
    found = gathered(torch.arange(1000), 300).evaluation()
    assert found.reconstructed.tolist() == found.projected.tolist() == list(range(1000))


def test_a_reconstruction_may_be_left_out():
    """By an objective that asks for errors alone, in validation as in training: none is drawn then."""
    gatherer, rows, table = Gatherer(), torch.arange(300), torch.ones(300, 21)
    scores_of_rows = (torch.full((300,), 0.5), SIGNAL[rows].float())
    gatherer.add(
        Step({"loss": torch.tensor(0.0)}, *scores_of_rows, table[:, :2], table, None, table > 0), rows
    )
    found = gatherer.evaluation()
    assert found.num_events == len(found.latent) == 300
    assert found.features.shape == found.reconstruction.shape == found.counted.shape == (0, 21)


def test_processes_draw_what_one_draws(monkeypatch: pytest.MonkeyPatch):
    alone = gathered(torch.arange(NUM_EVENTS), 512).evaluation()
    shares = [gathered(torch.arange(rank, NUM_EVENTS, 2), 256)._reconstructions for rank in range(2)]
    monkeypatch.setattr(scores, "from_every_process", lambda _: [share._batches for share in shares])
    rows, features, *_ = shares[0].columns()
    np.testing.assert_array_equal(rows, alone.reconstructed)
    np.testing.assert_array_equal(features, alone.features)
