"""The models without physics, which `particle` is compared with."""

import math

import pytest
import torch

from higgs_lightning import masking
from higgs_lightning.models import DeepNetwork, ScalarTransformer

MODELS = {
    "dnn": lambda: DeepNetwork(),
    "scalar": lambda: ScalarTransformer(num_layers=1, dim=16),
}


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_scores_of_single_events(make, features):
    torch.manual_seed(0)
    model = make().eval()
    model.standardize.fit(features.mean(dim=0), features.std(dim=0))
    logits = model(features).logits
    assert logits.shape == (256,)
    assert logits.std() > 1e-3
    torch.testing.assert_close(model(features[:5]).logits, logits[:5])


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_hidden_and_missing_objects_enter_as_their_mean(make, features, generator):
    model = make().eval()
    mean = features.mean(dim=0)
    model.standardize.fit(mean, features.std(dim=0))
    hidden = masking.hide_objects(len(features), 0.5, generator)
    where = masking.hidden_features(hidden)
    expected = model(torch.where(where, mean, features)).logits
    torch.testing.assert_close(model(features, hidden).logits, expected)
    torch.testing.assert_close(model(features.masked_fill(where, math.nan)).logits, expected)


def test_the_deep_network_is_that_of_baldi():
    """4 hidden layers of 300 tanh units on 21 features."""
    layers = list(DeepNetwork().hidden_layers.children())
    widths = [tuple(layer.weight.shape) for layer in layers[::2] if isinstance(layer, torch.nn.Linear)]
    assert widths == [(300, 21), (300, 300), (300, 300), (300, 300)]
    assert all(isinstance(layer, torch.nn.Tanh) for layer in layers[1::2])
