"""Units there and back, exact symmetries, and pair invariants against four-vectors."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from higgs_lightning import kinematics, schema
from higgs_lightning.kinematics import Momenta, Objects


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
    reflected = kinematics.reflect(features, generator)
    before, after = kinematics.to_objects(features), kinematics.to_objects(reflected)
    invariants = [kinematics.pair_invariants(all_momenta(objects)) for objects in (before, after)]
    torch.testing.assert_close(*invariants)
    for quantity in ("eta", "phi"):
        columns = schema.columns(quantity)
        sign = reflected[:, columns] / features[:, columns]
        assert (sign == sign[:, :1]).all()
        assert 0.3 < (sign[:, 0] < 0).float().mean() < 0.7
    eta_sign = reflected[:, schema.columns("eta")[0]] / features[:, schema.columns("eta")[0]]
    phi_sign = reflected[:, schema.columns("phi")[0]] / features[:, schema.columns("phi")[0]]
    assert 0.3 < (eta_sign == phi_sign).float().mean() < 0.7


def four_vectors(momenta: Momenta) -> Tensor:
    """(B, T, 4): energy, px, py, pz."""
    transverse_energy = (momenta.mass.square() + momenta.pt.square()).sqrt()
    return torch.stack(
        [
            transverse_energy * momenta.rapidity.cosh(),
            momenta.pt * momenta.phi.cos(),
            momenta.pt * momenta.phi.sin(),
            transverse_energy * momenta.rapidity.sinh(),
        ],
        dim=-1,
    )


def mass_squared(four: Tensor) -> Tensor:
    return four[..., 0] ** 2 - four[..., 1:].square().sum(dim=-1)


def in_double(features: Tensor) -> Objects:
    return kinematics.to_objects(features.double())


def all_momenta(objects: Objects) -> Momenta:
    both = zip(kinematics.object_momenta(objects), kinematics.candidate_momenta(objects), strict=True)
    return Momenta(*(torch.cat(fields, dim=1) for fields in both))


def test_pair_masses_agree_with_four_vectors(features: Tensor):
    momenta = all_momenta(in_double(features))
    four = four_vectors(momenta)
    i, j = kinematics.pairs(four.shape[1])
    measured = (i != schema.MISSING_ENERGY) & (j != schema.MISSING_ENERGY)
    i, j = i[measured], j[measured]
    got = ((kinematics.pair_invariants(momenta)[:, measured, 0] + 4) * 2).exp() - 1
    torch.testing.assert_close(got, mass_squared(four[:, i] + four[:, j]), rtol=1e-6, atol=1e-3)


def test_transverse_mass_of_the_lepton_and_the_missing_energy(features: Tensor):
    objects = in_double(features)
    lepton, missing = schema.LEPTON, schema.MISSING_ENERGY
    opening = objects.phi[:, lepton] - objects.phi[:, missing]
    expected = 2 * objects.pt[:, lepton] * objects.pt[:, missing] * (1 - opening.cos())
    position = kinematics.pair_of(schema.NUM_OBJECTS)[missing, lepton]
    pair = kinematics.pair_invariants(kinematics.object_momenta(objects))[:, position]
    torch.testing.assert_close(((pair[:, 1] + 4) * 2).exp() - 1, expected)
    torch.testing.assert_close(pair[:, 0], pair[:, 1])  # no pseudorapidity: the mass is the transverse mass


def test_every_pair_has_one_position_both_ways():
    first, second = kinematics.pairs(4)
    position = kinematics.pair_of(4)
    assert torch.equal(position, position.T)
    assert position[first, second].tolist() == list(range(10))


def test_candidates_are_the_sums_of_their_objects(features: Tensor):
    objects = in_double(features)
    candidates = kinematics.candidate_momenta(objects)
    with_neutrino = torch.cat(
        [objects.eta[:, :1], kinematics.neutrino_eta(objects), objects.eta[:, 2:]], dim=1
    )
    parts = four_vectors(kinematics.object_momenta(objects._replace(eta=with_neutrino)))
    expected = parts[:, kinematics.FIRST] + parts[:, kinematics.SECOND]
    torch.testing.assert_close(four_vectors(candidates), expected)
    assert len(kinematics.CANDIDATES) == 7  # the W, and 4 jets in pairs


def test_the_neutrino_puts_the_lepton_on_the_mass_of_the_w(features: Tensor):
    objects = in_double(features)
    w = Momenta(*(field[:, 0] for field in kinematics.candidate_momenta(objects)))
    opening = objects.phi[:, 0] - objects.phi[:, 1]
    transverse_mass = (2 * objects.pt[:, 0] * objects.pt[:, 1] * (1 - opening.cos())).sqrt()
    possible = transverse_mass < 80.4
    assert 0.2 < possible.double().mean() < 0.8
    torch.testing.assert_close(w.mass[possible], torch.full_like(w.mass[possible], 80.4))
    # elsewhere no choice of the neutrino's direction comes nearer than the transverse mass
    torch.testing.assert_close(w.mass[~possible], transverse_mass[~possible])


def test_of_the_neutrinos_solutions_the_slower_along_the_beam_is_taken(features: Tensor):
    objects = in_double(features)
    taken = kinematics.neutrino_eta(objects)[:, 0]
    grid = torch.linspace(-6, 6, 4001, dtype=torch.float64)
    opening = (objects.phi[:, 0] - objects.phi[:, 1]).cos()[:, None]
    scale = 2 * (objects.pt[:, 0] * objects.pt[:, 1])[:, None]
    mass = (scale * ((objects.eta[:, :1] - grid).cosh() - opening)).sqrt()
    nearer = grid.abs() < taken.abs()[:, None] - 0.01
    heavier = (mass > 80.4) == (mass[:, 2000:2001] > 80.4)  # no crossing of the W's mass before the taken one
    assert (heavier | ~nearer).all()


def test_candidates_follow_reflections(features: Tensor):
    before = kinematics.candidate_momenta(kinematics.to_objects(features))
    after = kinematics.candidate_momenta(kinematics.to_objects(kinematics.mirrored(features, -1, -1)))
    mirrored = before._replace(rapidity=-before.rapidity, phi=-before.phi)
    for got, expected in zip(after, mirrored, strict=True):
        assert torch.equal(got, expected)
    level = features.clone()
    level[:, schema.columns("eta")[0]] = 0.0  # a lepton without a side
    assert (kinematics.neutrino_eta(kinematics.to_objects(level)) == 0).all()


def test_kinematics_are_finite_for_degenerate_events():
    collinear = torch.zeros(3, schema.NUM_FEATURES, requires_grad=True)
    objects = kinematics.to_objects(collinear)
    invariants = kinematics.pair_invariants(kinematics.object_momenta(objects))
    invariants.sum().backward()
    assert collinear.grad is not None
    assert collinear.grad.isfinite().all()
    assert kinematics.pair_invariants(all_momenta(objects)).isfinite().all()
    assert all(field.isfinite().all() for field in all_momenta(objects))
