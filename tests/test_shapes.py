"""The shapes that stand in signatures are checked in the tests, by what conftest.py switches on."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from jaxtyping import TypeCheckError

from higgs_lightning import kinematics, masking
from higgs_lightning.evaluation.scores import Evaluation
from higgs_lightning.models import DeepNetwork, Output, ParticleAutoencoder
from higgs_lightning.models.layers import Block

EVENTS, PT = torch.zeros(4, 21), torch.ones(4, 6)
TABLE = EVENTS.numpy()
ROWS = np.arange(len(TABLE))
NOBODY = torch.zeros(4, 6, dtype=torch.bool)


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(lambda: masking.missing_objects(EVENTS[:, :20]), id="too few features"),
        pytest.param(lambda: masking.hidden_or_missing(EVENTS, NOBODY[:3]), id="mask of other events"),
        pytest.param(lambda: masking.hidden_features(NOBODY.float()), id="mask of numbers"),
        pytest.param(lambda: kinematics.to_objects(EVENTS.long()), id="whole numbers"),
        pytest.param(lambda: kinematics.Objects(PT, PT, PT, NOBODY[:3].long()), id="b-tags of other events"),
        pytest.param(lambda: Output(EVENTS[:3, 0], EVENTS, EVENTS), id="outputs of other events"),
        pytest.param(lambda: DeepNetwork(dim=2)(EVENTS[None]), id="batch of batches"),
        pytest.param(lambda: ParticleAutoencoder(dim=8).decode(torch.zeros(4, 7, 8)), id="too many tokens"),
        pytest.param(lambda: Block(8, 2, 0.0)(torch.zeros(4, 7, 8), torch.zeros(4, 2, 7, 6)), id="bias"),
        pytest.param(
            lambda: Evaluation({}, np.zeros(3), np.zeros(4), ROWS, TABLE, ROWS, TABLE, TABLE, TABLE > 0),
            id="labels of other events",
        ),
    ],
)
def test_a_wrong_shape_is_caught(call: Callable[[], object]):
    with pytest.raises(TypeCheckError):
        call()
