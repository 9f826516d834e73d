"""Which objects are hidden. True = hidden."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from higgs_lightning import masking, schema


@pytest.mark.parametrize(("ratio", "hidden"), [(0.0, 0), (0.33, 2), (0.5, 3), (0.9, 5), (1.0, 5)])
def test_ratio_hides_whole_objects_and_leaves_one_visible(ratio: float, hidden: int, generator):
    mask = masking.hide_objects(500, ratio, generator)
    assert mask.shape == (500, schema.NUM_OBJECTS)
    assert (mask.sum(dim=1) == hidden).all()


@given(st.floats(0, 1), st.integers(0, 50), st.integers(0, 2**63))
def test_any_ratio_hides_as_many_objects_of_each_event(ratio: float, num_events: int, seed: int):
    mask = masking.hide_objects(num_events, ratio, torch.Generator().manual_seed(seed))
    assert mask.shape == (num_events, schema.NUM_OBJECTS)
    counts = mask.sum(dim=1)
    assert (counts == min(round(6 * ratio), 5)).all()
    features = torch.zeros(num_events, schema.NUM_FEATURES).masked_fill(
        masking.hidden_features(mask), torch.nan
    )
    assert (masking.missing_objects(features) == mask).all()


def test_every_object_is_hidden_equally_often(generator):
    mask = masking.hide_objects(20_000, 0.5, generator)
    torch.testing.assert_close(mask.float().mean(dim=0), torch.full((6,), 0.5), atol=0.02, rtol=0)


def test_the_generator_alone_decides():
    first, again = (masking.hide_objects(64, 0.5, torch.Generator().manual_seed(3)) for _ in range(2))
    torch.rand(1)  # the global generator makes no difference
    assert (first == again).all()
    assert (first != masking.hide_objects(64, 0.5, torch.Generator().manual_seed(4))).any()


def test_an_object_with_a_nan_is_missing():
    features = torch.zeros(3, 21)
    features[0, 7] = float("nan")  # azimuth of jet 1
    features[1, :] = float("nan")
    missing = masking.missing_objects(features)
    assert missing.tolist() == [[False, False, True, False, False, False], [True] * 6, [False] * 6]


def test_features_of_hidden_objects():
    hidden = torch.tensor([[True, False, False, True, False, False]])
    names = [f.name for f, h in zip(schema.LOW_LEVEL, masking.hidden_features(hidden)[0], strict=True) if h]
    assert names == [
        "lepton_pT",
        "lepton_eta",
        "lepton_phi",
        "jet_2_pt",
        "jet_2_eta",
        "jet_2_phi",
        "jet_2_b-tag",
    ]
