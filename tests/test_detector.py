"""The simulated detector: cells, cones, tau leptons and b-tags by hand-made particles."""

from itertools import islice
from typing import Any

import numpy as np
import pytest
from conftest import COLLISION

pytest.importorskip("pythia8mc")

from higgs_lightning.simulation import detector as detector_module
from higgs_lightning.simulation.detector import Detector, tag_efficiencies, turned, wrap
from higgs_lightning.simulation.generator import SIGNAL, Particles, collisions

PION, MUON, PHOTON = 211, 13, 22
CELL_PHI = 2 * np.pi / 63


def particles(*rows: tuple[float, ...], pions: Any = ()) -> Particles:
    """Particles of (kind, charge, pT, eta, phi) and neutral pions of (pT, eta, phi)."""
    table = np.array(rows, float)
    objects = table[:, 2:]
    energy = objects[:, 0] * np.cosh(objects[:, 1])
    no_quarks = np.zeros((0, 3))
    return Particles(
        table[:, 0].astype(int),
        table[:, 1],
        energy,
        objects,
        no_quarks,
        np.array(pions, float).reshape(-1, 3),
    )


@pytest.fixture
def detector() -> Detector:
    return Detector(15, 15, np.random.default_rng(1))


@pytest.mark.parametrize(
    ("kind", "charge", "share", "error"),
    [
        (PHOTON, 0, 1, np.hypot(0.2 * np.sqrt(49.5), 0.01 * 49.5)),  # and little in the other calorimeter
        (PION, 1, 1, 0.8 * np.sqrt(50)),
        (MUON, -1, 2.5 / 50, np.hypot(0.1, 0.4)),
    ],
)
def test_energies_are_measured(kind: int, charge: int, share: float, error: float, detector: Detector):
    many = particles(*[(kind, charge, 50, 0, 0)] * 4000)
    energy = sum(detector._deposits(many))
    assert np.mean(energy) == pytest.approx(50 * share, abs=4 * error / np.sqrt(4000))
    assert np.std(energy) == pytest.approx(error, rel=0.15)


def test_soft_charged_particles_do_not_reach_the_calorimeter(detector: Detector):
    electromagnetic, hadronic = detector._deposits(particles((PION, 1, 0.2, 0, 0), (PHOTON, 0, 0.2, 0, 0)))
    assert electromagnetic[0] == hadronic[0] == 0
    assert electromagnetic[1] > 0


def test_energy_lies_at_the_centre_of_its_cell():
    directions = np.array([[1, 0.31, 0.31], [1, 0.39, 0.31], [1, -0.01, -0.01], [1, 4.01, 0]])
    cells = detector_module._cells(directions, np.ones(4))
    assert cells[0] == pytest.approx([2 / np.cosh(0.35), 0.35, 3.5 * CELL_PHI])
    assert cells[1] == pytest.approx([1 / np.cosh(0.05), -0.05, -0.5 * CELL_PHI])
    assert len(cells) == 2  # the last is outside


def test_a_jet_is_a_cone_about_the_hardest_cell_left():
    first, neighbour, beyond, across = [10, 0.05, 3.1], [4, 0.75, 3.1], [6, 0.85, 3.1], [3.5, 0.05, -3.1]
    too_soft_to_join, too_soft_to_begin = [0.4, 0.15, 3.1], [2.9, -2, 0]
    cells = np.array([first, beyond, neighbour, across, too_soft_to_begin, too_soft_to_join])
    jets = detector_module._cones(cells)
    assert jets[:, 0] == pytest.approx([17.5, 6], abs=0.1)
    assert jets[0, 1] == pytest.approx(0.21, abs=0.02)
    assert jets[1, 1:] == pytest.approx([0.85, 3.1])


@pytest.mark.parametrize(
    ("others", "pions", "tau"),
    [
        ([], [], True),
        ([(PION, -1, 5, 0, 0.05), (PION, 1, 5, 0.05, 0)], [(4, 0, 0)], True),  # three tracks and a pion
        ([(PION, -1, 5, 0, 0.05)], [], False),  # no charge
        ([(PION, 1, 5, 0, 0.05), (PION, -1, 5, 0.05, 0), (PION, 1, 5, 0, 0.02)], [], False),
        ([], [(5, 0.3, 0)], False),  # a neutral pion around
        ([(PION, 1, 7, 0.3, 0)], [], False),  # a track around
        ([(PION, 1, 9, 0.1, 0.1), (PION, -1, 9, -0.1, 0.1)], [], False),  # too heavy
    ],
)
def test_narrow_jets_of_few_tracks_are_taken_for_taus(others: Any, pions: Any, tau: bool):
    event = particles((PION, 1, 20, 0, 0), *others, pions=pions)
    jets = np.array([[30.0, 0.02, 0.02], [30.0, 1.5, 2.0]])
    taken = detector_module._taus(jets, event, np.ones(len(event.kind), bool))
    assert taken.tolist() == [tau, False]


def test_tag_efficiencies():
    """Of CDF's loose and tight tags at 60 GeV and pseudorapidity 0, worked out by hand."""
    jets = np.array([[60, 0, phi] for phi in (0, 1, 2, 3)] + [[60, 1.9, 0], [60, 2.1, 0]], float)
    quarks = np.array([[5, 0, 0.3], [4, 0, 0.3], [4, 0, 1.0], [5, 0, 2.4], [5, 1.9, 0], [5, 2.1, 0]])
    loose, tight = tag_efficiencies(jets, quarks)
    b, light = 0.51752 * 1.02, 0.02172 * 0.876
    assert loose == pytest.approx([b, 0.26 * b, light, light, 0, 0], rel=1e-2)
    tight_b = 0.44394 * 1.05
    assert tight[:2] == pytest.approx([tight_b, 0.22 * tight_b], rel=1e-2)
    assert (tight[2:4] < light).all()


def test_a_turned_collision_is_measured_alike():
    """Turned by whole cells and with the same errors, it has the same lepton and jets, turned."""
    measured = 0
    for event in islice(collisions(SIGNAL, 1, **COLLISION), 40):
        one, other = (
            Detector(15, 15, np.random.default_rng(2))(turned(event, angle)) for angle in (0, 5 * CELL_PHI)
        )
        assert (one is None) == (other is None)
        if one is not None and other is not None:
            measured += 1
            turn = [0, 0, 5 * CELL_PHI]
            np.testing.assert_allclose(wrap(other.jets[:, :3] - one.jets[:, :3] - turn), 0, atol=1e-6)
            np.testing.assert_allclose(wrap(other.lepton - one.lepton - turn), 0, atol=1e-6)
            np.testing.assert_array_equal(other.jets[:, 3], one.jets[:, 3])
    assert measured > 0
