"""Units there and back, exact symmetries, and pair invariants against four-vectors."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from higgs_lightning import kinematics, schema
from higgs_lightning.kinematics import Objects


def test_units_there_and_back(features: Tensor):
    back = kinematics.to_features(kinematics.to_objects(features))
    torch.testing.assert_close(back, features, rtol=1e-5, atol=2e-6)


@given(
    pt=st.lists(st.floats(0, 7_000, width=32), min_size=6, max_size=6),
    eta=st.lists(st.floats(-5, 5, width=32), min_size=6, max_size=6),
    phi=st.lists(st.floats(-3.125, 3.125, width=32), min_size=6, max_size=6),
    btag=st.lists(st.integers(0, 2), min_size=4, max_size=4),
)
def test_any_objects_there_and_back(pt, eta, phi, btag):
    eta[schema.MISSING_ENERGY] = 0.0  # is not measured
    objects = Objects(*(torch.tensor([values]) for values in (pt, eta, phi, [0, 0, *btag])))
    back = kinematics.to_objects(kinematics.to_features(objects))
    for there, again in zip(objects, back, strict=True):
        torch.testing.assert_close(again, there, rtol=1e-6, atol=2e-6)


def test_objects_are_in_physical_units(features: Tensor):
    objects = kinematics.to_objects(features)
    assert objects.pt[:, schema.LEPTON].tolist() == pytest.approx((54.6402 * features[:, 0]).tolist())
    assert (objects.eta[:, schema.MISSING_ENERGY] == 0).all()
    assert (objects.btag[:, : schema.FIRST_JET] == 0).all()
    assert set(objects.btag.unique().tolist()) == {0, 1, 2}


@given(st.one_of(st.floats(-1e6, 1e6), st.sampled_from([math.pi, -math.pi])))
def test_wrap_keeps_the_direction(angle: float):
    wrapped = kinematics.wrap(torch.tensor(angle, dtype=torch.float64)).item()
    assert -math.pi <= wrapped < math.pi
    assert math.cos(wrapped) == pytest.approx(math.cos(angle), abs=1e-9)
    assert math.sin(wrapped) == pytest.approx(math.sin(angle), abs=1e-9)


def test_reflections_keep_masses_and_change_whole_events(features: Tensor, generator: torch.Generator):
    reflected = kinematics.mirrored(features, *kinematics.signs(len(features), generator))
    before, after = kinematics.to_objects(features), kinematics.to_objects(reflected)
    torch.testing.assert_close(kinematics.pair_invariants(after), kinematics.pair_invariants(before))
    for quantity in ("eta", "phi"):
        columns = schema.columns(quantity)
        sign = reflected[:, columns] / features[:, columns]
        assert (sign == sign[:, :1]).all()
        assert 0.3 < (sign[:, 0] < 0).float().mean() < 0.7
    eta_sign = reflected[:, schema.columns("eta")[0]] / features[:, schema.columns("eta")[0]]
    phi_sign = reflected[:, schema.columns("phi")[0]] / features[:, schema.columns("phi")[0]]
    assert 0.3 < (eta_sign == phi_sign).float().mean() < 0.7


def test_smearing_has_its_width_and_keeps_the_rest(features: Tensor, generator: torch.Generator):
    features[:, schema.columns("phi")[2]] = float("nan")
    smeared = kinematics.smear(features, kinematics.measuring_errors(len(features), 0.1, generator))
    assert torch.equal(smeared.isnan(), features.isnan())
    before, after = kinematics.to_objects(features), kinematics.to_objects(smeared)
    assert torch.equal(after.btag, before.btag)
    assert (after.eta[:, schema.MISSING_ENERGY] == 0).all()
    for errors in (
        (after.pt / before.pt).log(),
        (after.eta - before.eta)[:, schema.FIRST_JET :],
        kinematics.wrap(after.phi - before.phi),
    ):
        known = errors[~errors.isnan()]
        assert known.std().item() == pytest.approx(0.1, rel=0.1)
        assert abs(known.mean().item()) < 0.02


def test_pair_masses_agree_with_four_vectors(features: Tensor):
    objects = kinematics.to_objects(features.double())
    px, py = objects.pt * objects.phi.cos(), objects.pt * objects.phi.sin()
    pz, energy = objects.pt * objects.eta.sinh(), objects.pt * objects.eta.cosh()
    four = torch.stack([energy, px, py, pz], dim=-1)
    total = four[:, :, None] + four[:, None, :]
    mass_squared = total[..., 0] ** 2 - total[..., 1:].square().sum(dim=-1)
    invariants = kinematics.pair_invariants(objects)
    measured = [o for o in range(schema.NUM_OBJECTS) if o != schema.MISSING_ENERGY]
    i, j = torch.combinations(torch.tensor(measured)).unbind(1)
    pairs = [kinematics.PAIRS.index(pair) for pair in zip(i.tolist(), j.tolist(), strict=True)]
    got = ((invariants[:, pairs, 0] + 4) * 2).exp() - 1
    torch.testing.assert_close(got, mass_squared[:, i, j], rtol=1e-6, atol=1e-6)


def test_transverse_mass_of_the_lepton_and_the_missing_energy(features: Tensor):
    objects = kinematics.to_objects(features.double())
    lepton, missing = schema.LEPTON, schema.MISSING_ENERGY
    opening = objects.phi[:, lepton] - objects.phi[:, missing]
    expected = 2 * objects.pt[:, lepton] * objects.pt[:, missing] * (1 - opening.cos())
    pair = kinematics.pair_invariants(objects)[:, kinematics.PAIRS.index((lepton, missing))]
    torch.testing.assert_close(((pair[:, 1] + 4) * 2).exp() - 1, expected)
    torch.testing.assert_close(pair[:, 0], pair[:, 1])  # no pseudorapidity: the mass is the transverse mass


def test_detector_missing_energy():
    """M of events whose missing energy was made of it, lepton and jets, as HIGGS' own is."""
    generator = torch.Generator().manual_seed(5)
    pt = 100 * torch.rand(50, 6, generator=generator, dtype=torch.float64)
    phi = 6 * torch.rand(50, 6, generator=generator, dtype=torch.float64) - 3
    vectors = torch.polar(pt, phi)
    magnitude = 2 * vectors[:, 1] + vectors.sum(dim=1) - vectors[:, 1]  # column 1 is M so far
    pt[:, 1], phi[:, 1] = magnitude.abs(), magnitude.angle()
    objects = Objects(pt, torch.rand_like(pt), phi, torch.ones(50, 6, dtype=torch.long))
    found = kinematics.detector_missing_energy(objects)
    torch.testing.assert_close(torch.polar(found.pt, found.phi), vectors[:, [1]])
    assert not found.eta.any()
    assert not found.btag.any()


def test_pair_invariants_of_seven_objects_begin_with_those_of_six(features: Tensor):
    objects = kinematics.to_objects(features)
    more = kinematics.detector_missing_energy(objects)
    seven = Objects(*(torch.cat(each, dim=1) for each in zip(objects, more, strict=True)))
    torch.testing.assert_close(kinematics.pair_invariants(seven)[:, :21], kinematics.pair_invariants(objects))


def test_pair_invariants_are_finite_for_degenerate_events():
    collinear = torch.zeros(3, schema.NUM_FEATURES, requires_grad=True)
    invariants = kinematics.pair_invariants(kinematics.to_objects(collinear))
    invariants.sum().backward()
    assert invariants.isfinite().all()
    assert collinear.grad is not None
    assert collinear.grad.isfinite().all()
