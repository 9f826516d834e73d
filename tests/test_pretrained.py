"""The weights in the package: they load, they know physics, and a fine-tuning begins with them."""

from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import SMALL, composed, make_events
from safetensors import safe_open

from higgs_lightning import load_model
from higgs_lightning.data import sample_csv
from higgs_lightning.data.cache import open_events
from higgs_lightning.evaluation.metrics import roc_auc_interval
from higgs_lightning.models.weights import PRETRAINED, read_weights
from higgs_lightning.training.run import begun, train


def test_they_score_events_that_they_have_not_seen(tmp_path: Path):
    """The embedded sample was simulated with another seed than their training events."""
    events = torch.from_numpy(open_events(sample_csv(), tmp_path)[:6_000].copy())
    with torch.no_grad():
        logits = load_model("pretrained")(events[:, 1:]).logits
    assert roc_auc_interval(events[:, 0].numpy(), logits.numpy()).low > 0.84


def test_they_are_small_and_hold_their_model_card():
    assert PRETRAINED.stat().st_size < 8e6
    with safe_open(PRETRAINED, "pt") as file:
        card = file.metadata()["card"]
    assert card == Path(__file__).parents[1].joinpath("docs", "pretrained.md").read_text()


@pytest.mark.slow
@pytest.mark.usefixtures("without_plots")
def test_fine_tuning_begins_with_them(tmp_path: Path):
    """The model is theirs; training at rate 0 for an epoch leaves them as they are."""
    small = [*SMALL, "data.train_events=500", "trainer.max_epochs=1", "optimizer.lr=0.0"]
    cfg = begun(composed("stage=finetune", *small, f"data.dir={tmp_path}"), [])
    metrics = train(cfg, tmp_path / "run")
    assert metrics["test/auc"] > 0.83
    before, after = read_weights("pretrained")[1], read_weights(tmp_path / "run")[1]
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_probabilities_of_any_array():
    events = make_events(2_500)[:, 1:]
    events[:100, 5:9] = np.nan
    model = load_model("pretrained")
    probabilities = model.predict_proba(events.astype(np.float64))
    with torch.no_grad():
        expected = model(torch.from_numpy(events)).logits.sigmoid().numpy()
    np.testing.assert_allclose(probabilities[:, 1], expected, atol=1e-6)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)
    assert model.predict_proba(events[:0]).shape == (0, 2)
    with pytest.raises(ValueError, match=r"features are \(2500, 20\): give \(N, 21\)"):
        model.predict_proba(events[:, 1:])
