"""The simulated detector: cells, cones, tau leptons and b-tags by hand-made particles."""

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from conftest import COLLISION

pytest.importorskip("pythia8mc")

from higgs_lightning.simulation import detector as detector_module
from higgs_lightning.simulation.detector import Detector, tag_efficiencies, turned, wrap
from higgs_lightning.simulation.generator import SIGNAL, Collider, Objects, Particles, pairs
from higgs_lightning.simulation.tuning import TUNED

PION, MUON, PHOTON = 211, 13, 22
CELL_PHI = 2 * np.pi / 63


def objects(*rows: Any, collision: Any = 0) -> Objects:
    """Objects of one collision, or of those given, from their rows of three."""
    table = np.array(rows, float).reshape(-1, 3)
    return Objects(np.zeros(len(table), int) + collision, table)


def particles(*rows: tuple[float, ...], pions: Any = ()) -> Particles:
    """Particles of (kind, charge, pT, eta, phi) and neutral pions of (pT, eta, phi), from one collision."""
    table = np.array(rows, float)
    energy = table[:, 2] * np.cosh(table[:, 3])
    kind, charge = table[:, 0].astype(int), table[:, 1]
    return Particles(1, kind, charge, energy, objects(*table[:, 2:]), objects(), objects(*pions))


@pytest.fixture
def detector() -> Detector:
    return Detector(15, 15, np.random.default_rng(1))


@pytest.mark.parametrize(
    ("kind", "charge", "share", "error"),
    [
        (PHOTON, 0, 1, np.hypot(0.2 * np.sqrt(49.5), 0.01 * 49.5)),  # and little in the other calorimeter
        (PION, 1, 0.99, 0.845 * np.sqrt(50)),  # nearly all of it is hadronic, of which 0.988 is measured
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
    directions = objects([1, 0.31, 0.31], [1, 0.39, 0.31], [1, -0.01, -0.01], [1, 4.01, 0])
    cells = detector_module._cells(directions, np.ones(4))
    assert cells.rows[0] == pytest.approx([2 / np.cosh(0.35), 0.35, 3.5 * CELL_PHI])
    assert cells.rows[1] == pytest.approx([1 / np.cosh(0.05), -0.05, -0.5 * CELL_PHI])
    assert len(cells) == 2  # the last is outside


def test_cells_of_a_collision_come_with_the_hardest_first():
    directions = objects([1, 0, 0], [1, 0, 1], [1, 0, 0], [1, 2, 0], collision=[0, 0, 2, 2])
    cells = detector_module._cells(directions, np.array([5, 6, 7, 40]))
    assert cells.collision.tolist() == [0, 0, 2, 2]
    assert cells.rows[:, 0] == pytest.approx([6, 5, 40 / np.cosh(2.05), 7] / np.cosh([0.05, 0.05, 0, 0.05]))


def test_a_jet_is_a_cone_about_the_hardest_cell_left():
    first, neighbour, beyond, across = [10, 0.05, 3.1], [4, 0.75, 3.1], [6, 0.85, 3.1], [3.5, 0.05, -3.1]
    too_soft_to_join, too_soft_to_begin = [0.4, 0.15, 3.1], [2.6, -2, 0]
    cells = objects(first, beyond, neighbour, across, too_soft_to_begin, too_soft_to_join)
    jets = detector_module._cones(cells, 2.7).rows
    assert jets[:, 0] == pytest.approx([17.5, 6], abs=0.1)
    assert jets[0, 1] == pytest.approx(0.21, abs=0.02)
    assert jets[1, 1:] == pytest.approx([0.85, 3.1])


def test_cones_stay_within_their_collision():
    collision = [0, 0, 2, 3, 3]
    cells = objects([8, 0, 0], [4, 0.1, 0], [2, 0, 0], [5, 1, 1], [3.5, -1, 1], collision=collision)
    jets = detector_module._cones(cells, 2.7)
    assert jets.collision.tolist() == [0, 3, 3]  # what collision 2 has is too soft
    assert jets.rows[:, 0] == pytest.approx([12, 5, 3.5])


def test_pairs_are_of_the_same_collision():
    ones, others = objects(*np.zeros((4, 3)), collision=[0, 1, 1, 4]), objects(*np.zeros((4, 3)))
    others = Objects(np.array([1, 1, 2, 4]), others.rows)
    one, other = pairs(ones, others)
    assert list(zip(one.tolist(), other.tolist(), strict=True)) == [(1, 0), (1, 1), (2, 0), (2, 1), (3, 3)]


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
    jets = objects([30, 0.02, 0.02], [30, 1.5, 2.0])
    taken = detector_module._taus(jets, event, np.ones(len(event.kind), bool))
    assert taken.tolist() == [tau, False]


def test_tag_efficiencies():
    """Of CDF's loose and tight tags at 60 GeV, 0.9 of what the jets have, worked out by hand."""
    pt = 60 / 0.9
    jets = objects(*[[pt, 0, phi] for phi in (0, 1, 2, 3)], [pt, 1.9, 0], [pt, 2.1, 0])
    quarks = objects([5, 0, 0.3], [4, 0, 0.3], [4, 0, 1.0], [5, 0, 2.4], [5, 1.9, 0], [5, 2.1, 0])
    loose, tight = tag_efficiencies(jets, quarks)
    b, light = 0.51752 * 1.02, 1.7 * 0.02172 * 0.876  # light jets are tagged more often than CDF's
    assert loose == pytest.approx([b, 0.26 * b, light, light, 0, 0], rel=1e-2)
    tight_b = 0.44394 * 1.05
    assert tight[:2] == pytest.approx([tight_b, 0.22 * tight_b], rel=1e-2)
    assert (tight[2:4] < light).all()


def test_tuned_numbers_reach_the_detector():
    """Where tags are read, how often light jets are tagged, what calorimeter and jets begin with."""
    jets = objects([40, 0, 0], [40, 0, 2])
    bottom = objects([5, 0, 0])
    loose, _ = tag_efficiencies(jets, bottom)
    often, _ = tag_efficiencies(jets, bottom, TUNED._replace(wrong_tags=2 * TUNED.wrong_tags))
    assert often == pytest.approx(loose * [1, 2])
    lower, _ = tag_efficiencies(jets, bottom, TUNED._replace(tag_pt=TUNED.tag_pt / 2))
    assert lower == pytest.approx(tag_efficiencies(objects([20, 0, 0], [20, 0, 2]), bottom)[0])

    event = particles(*[(PION, 1, 50, 0, phi) for phi in np.linspace(-3, 3, 2000)])

    def energy(**changed: float) -> np.ndarray:
        detector = Detector(15, 15, np.random.default_rng(1), TUNED._replace(**changed))
        return detector._deposits(event)[1]

    usual = energy()
    assert energy(hadronic_scale=1.1) == pytest.approx(1.1 * energy(hadronic_scale=1))
    assert energy(hadronic_resolution=0).std() < energy(hadronic_resolution=0.4).std() < usual.std()
    cells = objects([8, 0, 0], [2.5, 2, 2])
    assert len(detector_module._cones(cells, 2.4)) == 2
    assert len(detector_module._cones(cells, 2.6)) == 1


def test_two_jets_are_tagged_as_often_as_their_efficiencies_say(detector: Detector):
    """Three b-jets, three light ones: how often an event is kept, and which pairs are tagged."""
    batch, directions = 20_000, (-3, -2, -1, 0, 1, 2)
    collision = np.repeat(np.arange(batch), 6)
    jets = Objects(collision, np.tile([[60.0, 0, phi] for phi in directions], (batch, 1)))
    quarks = Objects(
        np.repeat(np.arange(batch), 3), np.tile([[5.0, 0, phi] for phi in (-3, -2, -1)], (batch, 1))
    )
    kept, levels = detector._two_tags(jets, quarks, batch)
    levels = levels.reshape(-1, 6)
    assert ((levels > 0).sum(1) == 2).all()
    assert kept.collision[::6].tolist() == np.unique(kept.collision).tolist()

    loose, tight = (efficiency[:6] for efficiency in tag_efficiencies(jets, quarks))
    probabilities = {
        (i, j): np.prod(np.where(np.isin(np.arange(6), (i, j)), loose, 1 - loose))
        for i, j in combinations(range(6), 2)
    }
    two_tags = sum(probabilities.values())
    assert len(levels) / batch == pytest.approx(two_tags / 0.396, abs=0.015)
    for (i, j), probability in probabilities.items():
        share = ((levels[:, i] > 0) & (levels[:, j] > 0)).mean()
        assert share == pytest.approx(probability / two_tags, abs=0.015)
    for column in (0, 3):
        levels_of_tagged = levels[levels[:, column] > 0, column]
        error = 2 / np.sqrt(len(levels_of_tagged))
        assert (levels_of_tagged == 2).mean() == pytest.approx(tight[column] / loose[column], abs=error)


def test_no_event_has_two_tags_more_probably():
    """Linear in each jet's efficiency, it is largest where all of them are 0 or as large as they can be."""
    pt, eta = np.meshgrid(np.linspace(15, 170, 200), np.linspace(-2, 2, 201))
    jets = objects(*np.column_stack([pt.ravel(), eta.ravel(), 0 * eta.ravel()]))
    for quark in (5, 4):
        loose, _ = tag_efficiencies(jets, objects(*[[quark, each, 0] for each in np.linspace(-2, 2, 41)]))
        number = np.arange(2, 30)
        two_tags = number * (number - 1) / 2 * loose.max() ** 2 * (1 - loose.max()) ** (number - 2)
        assert two_tags.max() < detector_module._MOST_LIKELY_TWO_TAGS


def test_a_turned_collision_is_measured_alike():
    """Turned by whole cells and with the same errors, it has the same lepton and jets, turned."""
    collide = Collider(SIGNAL, **COLLISION)
    collide.restart(1)
    batch = collide(40)
    one, other = (
        Detector(15, 15, np.random.default_rng(2))(turned(batch, np.full(40, angle)))
        for angle in (0, 5 * CELL_PHI)
    )
    np.testing.assert_array_equal(other.collision, one.collision)
    turn = [0, 0, 5 * CELL_PHI]
    present = one.jets[..., 0] > 0
    np.testing.assert_array_equal(other.jets[..., 0] > 0, present)
    np.testing.assert_allclose(wrap(other.jets[present, :3] - one.jets[present, :3] - turn), 0, atol=1e-6)
    np.testing.assert_allclose(wrap(other.lepton - one.lepton - turn), 0, atol=1e-6)
    np.testing.assert_array_equal(other.jets[..., 3], one.jets[..., 3])
    np.testing.assert_allclose(wrap(other.missing_energy - one.missing_energy - turn[1:]), 0, atol=1e-6)
    assert len(one.collision) > 0


def test_missing_energy_counts_what_is_left_over_twice(detector: Detector, monkeypatch: pytest.MonkeyPatch):
    """As in HIGGS: the sum of all cells and hard muons, and of what is in no jet once more."""
    monkeypatch.setattr(Detector, "_deposits", lambda self, seen: (0.9 * seen.energy, 0.1 * seen.energy))
    monkeypatch.setattr(Detector, "_tracks", lambda self, seen: seen.charge != 0)
    monkeypatch.setattr(detector_module, "_MUON_RESOLUTION", 0)
    collide = Collider(SIGNAL, **COLLISION)
    collide.restart(3)
    batch = collide(90)
    events = detector(batch)
    assert len(events.collision) > 5
    cells = detector_module._cells(batch.objects, batch.energy)
    jets = detector_module._cones(cells, 2.7)
    jets = jets[jets.rows[:, 0] > 5]
    for event, number in enumerate(events.collision):
        seen = batch.objects.collision == number
        lepton = Objects(np.array([number]), events.lepton[[event]])
        nearest = np.hypot(*(batch.objects.rows[seen, 1:] - lepton.rows[:, 1:]).T).argmin()
        of_event = jets[jets.collision == number]
        muons = batch.objects[seen & (batch.kind == MUON) & (batch.objects.rows[:, 0] > 3)].rows
        all_seen = _transverse(cells[cells.collision == number])
        all_seen += _transverse(objects(*muons[muons[:, 0] > 10]))
        if batch.kind[seen][nearest] == 11:
            of_event = of_event[~detector_module._same(of_event, lepton)]
        else:
            muons = muons[np.abs(muons[:, 0] - lepton.rows[0, 0]) > 1e-9]
        in_jets = [muon for muon in muons if len(of_event) and _distances(of_event, muon).min() < 0.7 + 1e-6]
        left_over = all_seen - _transverse(lepton) - _transverse(of_event) - _transverse(objects(*in_jets))
        magnitude, phi = events.missing_energy[event]
        measured = magnitude * np.array([np.cos(phi), np.sin(phi)])
        np.testing.assert_allclose(measured, -all_seen - left_over, atol=1e-6)


def _distances(jets: Objects, muon: np.ndarray) -> np.ndarray:
    """(J,) Delta R of a muon from each of the jets."""
    return np.hypot(jets.rows[:, 1] - muon[1], wrap(jets.rows[:, 2] - muon[2]))


def test_a_muon_belongs_to_the_nearest_jet():
    jets = objects((50, 0.1, 3.1), (40, 0.1, 2.3), (30, 2.0, 0.0))
    muons = objects((10, 0.1, -3.1), (5, -1.5, 1.0))  # beyond pi, 0.08 from the first; far from all
    found = detector_module._with_muons(jets, muons).rows
    np.testing.assert_allclose(found[1:], jets.rows[1:])
    px, py = 50 * np.cos(3.1) + 10 * np.cos(-3.1), 50 * np.sin(3.1) + 10 * np.sin(-3.1)
    np.testing.assert_allclose(
        found[0], [np.hypot(px, py), np.arcsinh(60 * np.sinh(0.1) / np.hypot(px, py)), np.arctan2(py, px)]
    )
    np.testing.assert_allclose(detector_module._with_muons(jets, objects()).rows, jets.rows)


def _transverse(objects: Objects) -> np.ndarray:
    """(2,) sum of transverse momenta, GeV."""
    pt, _, phi = objects.rows.T
    return np.array([(pt * np.cos(phi)).sum(), (pt * np.sin(phi)).sum()])


def test_collisions_of_a_batch_do_not_mix(detector: Detector, monkeypatch: pytest.MonkeyPatch):
    """Without errors and dice, what is measured of a collision is the same alone and among others."""
    monkeypatch.setattr(Detector, "_tracks", lambda self, seen: seen.charge != 0)
    monkeypatch.setattr(Detector, "_deposits", lambda self, seen: (0.9 * seen.energy, 0.1 * seen.energy))
    monkeypatch.setattr(detector_module, "_MUON_RESOLUTION", 0)
    monkeypatch.setattr(detector_module, "_MOST_LIKELY_TWO_TAGS", 1e-9)
    collide = Collider(SIGNAL, **COLLISION)
    collide.restart(1)
    batch = collide(40)
    together = detector(batch)
    assert 5 < len(together.collision) < 40
    for number in range(40):
        seen = batch.objects.collision == number
        alone = detector(
            Particles(
                40,
                batch.kind[seen],
                batch.charge[seen],
                batch.energy[seen],
                *(part.of(np.array([number])) for part in (batch.objects, batch.quarks, batch.pions)),
            )
        )
        row = np.flatnonzero(together.collision == number)
        np.testing.assert_array_equal(alone.collision, together.collision[row])
        if len(row):
            np.testing.assert_allclose(alone.lepton, together.lepton[row])
            np.testing.assert_allclose(alone.missing_energy, together.missing_energy[row])
            width = alone.jets.shape[1]
            np.testing.assert_allclose(alone.jets[..., :3], together.jets[row, :width, :3])
            assert not together.jets[row, width:].any()
