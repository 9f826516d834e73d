"""Event displays: which events, and what is said of them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import make_events

from higgs_lightning import load_model, schema
from higgs_lightning.evaluation import plots
from higgs_lightning.evaluation.displays import choose, displays, nearest_masses, section, strongest_pairs
from higgs_lightning.evaluation.scored import ScoredEvents
from higgs_lightning.models import ParticleAutoencoder


def scored(events: np.ndarray) -> ScoredEvents:
    model = load_model("pretrained").eval()
    features = events[:, 1:]
    probabilities = ScoredEvents(model, features, events[:, 0], np.empty(0), "", 512).score(features)
    return ScoredEvents(model, features, events[:, 0], probabilities, "a test", 512)


def test_each_kind_of_event_once():
    labels = np.array([1.0, 0.0] * 10)
    probabilities = np.linspace(0, 1, 20)
    chosen = choose(labels, probabilities, 5)
    assert list(chosen.items())[:4] == [
        (18, "surest signal"),
        (1, "surest background"),
        (19, "background most like signal"),
        (0, "signal most like background"),
    ]
    assert len(choose(labels, probabilities, 12)) == 12
    assert len(choose(labels, probabilities, 100)) == 20  # no event twice


def test_events_of_one_class_are_shown_all_the_same():
    assert len(choose(np.zeros(10), np.linspace(0, 1, 10), 6)) == 6


def test_masses_of_hand_made_jets():
    """Back to back at eta 0, two jets of 40.2 GeV are a W; with a third across, m^2 = 4 p^2 + 2 * 2 p k."""
    objects = np.full((6, 4), np.nan)
    objects[2] = [40.2, 0, 0, 0]
    objects[3] = [40.2, 0, np.pi, 0]
    w = nearest_masses(objects)["W"]
    assert w is not None
    assert w[0] == pytest.approx(80.4)
    assert w[1] == (1, 2)
    assert nearest_masses(objects)["top"] is None
    objects[5] = [100, 0, np.pi / 2, 0]
    top = nearest_masses(objects)["top"]
    assert top is not None
    assert top[0] == pytest.approx((4 * 40.2**2 + 4 * 40.2 * 100) ** 0.5)
    assert top[1] == (1, 2, 4)


def test_strongest_pairs_are_of_measured_objects():
    weights = np.zeros((6, 6))
    weights[0, 1], weights[4, 2], weights[3, 5] = 0.9, 0.4, 0.2
    objects = np.ones((6, 4))
    objects[1, 0] = np.nan
    assert strongest_pairs(weights, objects)[:2] == [(2, 4, 0.2), (3, 5, 0.1)]


def test_attention_is_what_the_forward_pass_uses(features: torch.Tensor):
    """Weights of each object sum to what the class token leaves, and a hidden pair has no bias."""
    model = ParticleAutoencoder().eval()
    block: Any = model.encoder[0]
    x = torch.randn(7, 5, 64, generator=torch.Generator().manual_seed(1))
    bias = torch.randn(4, 7, 7, 5, generator=torch.Generator().manual_seed(2))
    weights = block.attention(x, bias)
    torch.testing.assert_close(weights.sum(dim=2), torch.ones(4, 7, 5))
    # the block itself, with these weights: what it adds before the feed-forward layer
    values = block.qkv(block.attention_norm(x))[..., 128:].view(7, 5, 4, 16)
    attended = torch.einsum("hqkb,kbhc->qbhc", weights, values).flatten(2)
    tokens = x + block.projection(attended)
    torch.testing.assert_close(block(x, bias), tokens + block.feed_forward(tokens), atol=1e-5, rtol=1e-5)
    assert model.attention(features).shape == (256, 6, 6)


def test_attention_joins_jets_by_the_short_way_about_the_beam():
    (display,) = displays(scored(make_events(1)), 1)
    display.objects[2:, 1] = [0.0, 1.0, 2.0, 2.5]
    display.objects[2:, 2] = [3.0, -3.0, 0.5, 1.0]
    near = 2 * np.pi - 6
    for pair, ends in (((2, 3), {(3.0, 3.0 + near), (-3.0 - near, -3.0)}), ((4, 5), {(0.5, 1.0)})):
        plane = plots.event(replace(display, pairs=[(*pair, 0.2)]), "a test").axes[1]
        lines = [np.asarray(line.get_ydata()) for line in plane.get_lines() if line.get_color() == "grey"]
        assert {tuple(line.round(9).tolist()) for line in lines} == {tuple(np.round(e, 9)) for e in ends}


def test_section_with_missing_objects(tmp_path: Path):
    events = make_events(40)
    events[:20, 6:10] = np.nan
    events[20:, 4:6] = np.nan
    found = section(scored(events), 6)
    assert len(found.figures) == 6
    assert len(found.tables["events"].rows) == 6
    assert len(found.files["event_objects"].rows) == 6 * schema.NUM_OBJECTS
    for figure in found.figures.values():
        figure.savefig(tmp_path / "figure.png")


def test_a_model_without_decoder_and_attention(tmp_path: Path):
    from test_importance import Momenta

    events = make_events(10)
    of_momenta = ScoredEvents(Momenta().eval(), events[:, 1:], events[:, 0], np.linspace(0, 1, 10), "", 512)
    for display in displays(of_momenta, 3):
        assert display.decoded is None
        assert display.pairs == []
    next(iter(section(of_momenta, 3).figures.values())).savefig(tmp_path / "figure.png")
