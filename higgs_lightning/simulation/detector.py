"""A fast detector: particles in; one lepton, missing energy and jets with b-tag levels out.

It does what PGS 4 does (J. Conway's "Pretty Good Simulation of high energy collisions") with that program's
parameters of an LHC detector, because real HIGGS events show its marks: jet directions that cluster at the
centres of its cells, jets in the order of their hardest cells, how near to each other two jets can be, and
b-tags that end at a pseudorapidity of 1.8, as CDF's did, and of which as many are tight as were there:

- particles leave energy in cells of 0.1 x 2 pi / 63, each with its own error;
- a jet is a cone about its hardest cell, the hardest first, and jets stay in that order;
- a narrow jet of one to three tracks is taken for a tau lepton and is no jet;
- any jet within 20 degrees of a bottom or charm quark is tagged as often as one that comes from it.

The noise of the missing energy is what real events have beyond that. How near simulated events come to real
ones is measured by ``tests/benchmarks/simulated_against_real.py``; how that was found, and what still
differs, is in ``docs/ablations.md``.
"""

from typing import NamedTuple

import numpy as np

from higgs_lightning.simulation.generator import Particles
from higgs_lightning.simulation.rows import four_momenta, mass, pt_eta_phi

_ELECTRON, _MUON, _PHOTON = 11, 13, 22
_CHARM, _BOTTOM = 4, 5

_CELL_ETA, _CELLS_ETA, _CELLS_PHI = 0.1, 80, 63
_CELL_PHI = 2 * np.pi / _CELLS_PHI
_ELECTROMAGNETIC_RESOLUTION, _HADRONIC_RESOLUTION = 0.2, 0.8  # at 1 GeV; they go as 1 / sqrt(energy)
_ELECTROMAGNETIC_CONSTANT = 0.01  # relative error at any energy
_ELECTROMAGNETIC_SHARE = 0.99  # of an electron's or photon's energy
_LEAST_CHARGED_PT = 0.3  # GeV, to reach the calorimeter

_TRACK_EFFICIENCY, _TRACK_ETA = 0.98, 2.5
_MUON_RESOLUTION = 0.001  # relative
_ISOLATION_RADIUS, _ISOLATION_PT = 0.4, 5.0  # most momentum of other tracks around a lepton, GeV
_ISOLATION_SHARE = 0.1  # and of other cells beside its own

_SEED_PT, _CELL_PT = 3.0, 0.5  # GeV, least of a cell that a jet begins with, and of one that it takes in
_CONE = 0.7 + 1e-6  # radius; cells lie at multiples of 0.1, and what is at 0.7 is within
_JET_ETA = 3.0
_SAME_OBJECT = np.cos(np.radians(10))  # what is nearer is the same object, found twice

_MISSING_ENERGY_NOISE = 10.5  # GeV, in each transverse direction

_TAU_ETA, _TAU_TRACKS, _TAU_SEED_PT, _TAU_MASS = 2.5, 3, 3.0, 1.8
_TAU_CONE = 5.0  # GeV; divided by the jet's energy, from 0.05 to 0.2 radians
_TAU_RING = np.cos(np.radians(30))
# Most momentum of neutral pions and of tracks around, GeV. PGS has 2 for tracks too, but forgets their sum.
_TAU_RING_PIONS, _TAU_RING_TRACKS = 2.0, 6.0

_TAG_ANGLE = np.cos(np.radians(20))  # between a jet and a quark that makes it a b- or charm jet
# Efficiencies of CDF's loose and tight tags as PGS has them: polynomials in the transverse momentum, GeV, up
# to 160, and in the absolute pseudorapidity, from the constant term on. Both end at 1.8.
_LOOSE_B = (
    (0.178, 0.0161, -2.96e-4, 2.71e-6, -1.27e-8, 2.36e-11),
    (1.02, -0.173, 0.161, 0.692, -1.07, 0.312),
)
_TIGHT_B = (
    (0.108, 0.0175, -3.47e-4, 3.32e-6, -1.58e-8, 2.93e-11),
    (1.05, -0.517, 1.457, -1.20, 0.0466, 0.0895),
)
_LOOSE_LIGHT = (
    (0.0145, -1.12e-3, 4.45e-5, -5.60e-7, 3.13e-9, -6.92e-12),
    (0.876, 0.266, 0.504, -0.535),
)
_TIGHT_LIGHT = (
    (3.55e-3, -2.63e-4, 1.18e-5, -1.41e-7, 7.53e-10, -1.55e-12),
    (0.821, 0.452, 0.437, -0.555),
)
_LOOSE_CHARM, _TIGHT_CHARM = 0.26, 0.22  # of the efficiency for bottom
# No event has exactly two tags with a larger probability, as long as no jet's efficiency is above 2/3.
_MOST_LIKELY_TWO_TAGS = 4 / 9


class Event(NamedTuple):
    """What was measured of one collision, in GeV and radians.

    Attributes:
        lepton: (3,) pT, eta, phi.
        missing_energy: (2,) magnitude, phi.
        jets: (J, 4) pT, eta, phi and b-tag level (0, 1, 2) of at least four jets, in the
            order of their hardest cells.
    """

    lepton: np.ndarray
    missing_energy: np.ndarray
    jets: np.ndarray


class Detector:
    """Measures collisions and keeps those with one lepton, at least four jets and two b-tags.

    Args:
        lepton_pt: the lepton's least transverse momentum, GeV.
        jet_pt: a jet's least transverse momentum, GeV.
        generator: source of the measurement errors.
    """

    def __init__(self, lepton_pt: float, jet_pt: float, generator: np.random.Generator):
        self.lepton_pt = lepton_pt
        self.jet_pt = jet_pt
        self.generator = generator

    def __call__(self, particles: Particles) -> Event | None:
        """Measure a collision; None if the selection turns it down."""
        tracks = self._tracks(particles)
        electromagnetic, hadronic = self._deposits(particles)
        cells = _cells(particles.objects, electromagnetic + hadronic)
        position = self._only_lepton(particles, tracks, cells)
        if position is None:
            return None
        lepton = particles.objects[position].copy()
        electron = particles.kind[position] == _ELECTRON
        if electron:
            lepton[0] = electromagnetic[position] / np.cosh(lepton[1])
        else:
            lepton[0] *= 1 + _MUON_RESOLUTION * self.generator.standard_normal()
        if lepton[0] < self.lepton_pt:
            return None

        jets = _cones(cells)
        jets = jets[(jets[:, 0] > self.jet_pt) & (np.abs(jets[:, 1]) < _JET_ETA)]
        if electron:
            jets = jets[_cosines(jets, lepton[None])[:, 0] < _SAME_OBJECT]
        jets = jets[~_taus(jets, particles, tracks)]
        if len(jets) < 4:
            return None
        levels = self._two_tags(jets, particles.quarks)
        if levels is None:
            return None

        # An electron is in the calorimeter, a muon is not. PGS adds muons in jets too; real events look as if
        # it had not.
        seen = cells if electron else np.vstack([cells, lepton])
        x, y = self.generator.normal(0, _MISSING_ENERGY_NOISE, 2)
        x -= (seen[:, 0] * np.cos(seen[:, 2])).sum()
        y -= (seen[:, 0] * np.sin(seen[:, 2])).sum()
        return Event(lepton, np.array([np.hypot(x, y), np.arctan2(y, x)]), np.column_stack([jets, levels]))

    def _tracks(self, particles: Particles) -> np.ndarray:
        """(P,) which particles leave a track."""
        pt, eta, _ = particles.objects.T
        charged = (particles.charge != 0) & (pt > _LEAST_CHARGED_PT) & (np.abs(eta) < _TRACK_ETA)
        tracks: np.ndarray = charged & (self.generator.random(len(pt)) < _TRACK_EFFICIENCY)
        return tracks

    def _deposits(self, particles: Particles) -> tuple[np.ndarray, np.ndarray]:
        """(P,) and (P,) GeV measured in the electromagnetic and in the hadronic calorimeter."""
        energy = particles.energy
        first, second, third = self.generator.standard_normal((3, len(energy)))
        showers = (particles.kind == _ELECTRON) | (particles.kind == _PHOTON)
        muon = particles.kind == _MUON

        # half of the hadrons pass the first calorimeter like a muon
        passing = np.clip(0.5 + 0.1 * third, 0, energy)
        share = np.clip(0.25 + 0.05 * third, 0, 1)
        passes = muon | (self.generator.random(len(energy)) < 0.5)
        electromagnetic = np.where(passes, passing, share * energy)
        electromagnetic[showers] = _ELECTROMAGNETIC_SHARE * energy[showers]
        hadronic = np.maximum(energy - electromagnetic, 0)
        hadronic[muon] = np.minimum(hadronic[muon], 2 + 0.4 * first[muon])

        error = np.where(showers, _ELECTROMAGNETIC_RESOLUTION, _HADRONIC_RESOLUTION)
        error = np.hypot(
            error * np.sqrt(electromagnetic), _ELECTROMAGNETIC_CONSTANT * showers * electromagnetic
        )
        reach = (particles.charge == 0) | (particles.objects[:, 0] > _LEAST_CHARGED_PT)
        electromagnetic += error * first * ~muon
        hadronic += _HADRONIC_RESOLUTION * np.sqrt(hadronic) * second * ~muon
        return np.maximum(electromagnetic, 0) * reach, np.maximum(hadronic, 0) * reach

    def _only_lepton(self, particles: Particles, tracks: np.ndarray, cells: np.ndarray) -> int | None:
        """Position of the one isolated electron or muon, if there is exactly one."""
        pt = particles.objects[:, 0]
        leptons = tracks & ((particles.kind == _ELECTRON) | (particles.kind == _MUON))
        isolated = []
        for i in np.flatnonzero(leptons & (pt > self.lepton_pt / 1.5)):
            near = distance(particles.objects[tracks], particles.objects[i]) < _ISOLATION_RADIUS
            around = pt[tracks][near].sum() - pt[i]
            steps = np.abs(cells[:, 1:] - _cell_centre(particles.objects[i, 1:]))
            steps[:, 1] = np.minimum(steps[:, 1], 2 * np.pi - steps[:, 1])
            ring = (steps < (1.5 * _CELL_ETA, 1.5 * _CELL_PHI)).all(1)
            if particles.kind[i] == _ELECTRON:
                ring &= (steps > (0.5 * _CELL_ETA, 0.5 * _CELL_PHI)).any(1)
            if around < _ISOLATION_PT and cells[ring, 0].sum() < _ISOLATION_SHARE * pt[i]:
                isolated.append(int(i))
        return isolated[0] if len(isolated) == 1 else None

    def _two_tags(self, jets: np.ndarray, quarks: np.ndarray) -> np.ndarray | None:
        """(J,) b-tag levels of the jets, two of them above 0; None for an event without two tags.

        Rolling dice for each jet would turn most events down. Instead an event is kept with the
        probability of exactly two tags, relative to the largest there can be, and then two jets are drawn.
        """
        loose, tight = tag_efficiencies(jets, quarks)
        odds = loose / (1 - loose)
        first, second = np.triu_indices(len(jets), 1)
        pairs = odds[first] * odds[second]
        two_tags = pairs.sum() * (1 - loose).prod()
        if self.generator.random() * _MOST_LIKELY_TWO_TAGS >= two_tags:
            return None
        pair = self.generator.choice(len(pairs), p=pairs / pairs.sum())
        tagged = [first[pair], second[pair]]
        levels = np.zeros(len(jets))
        levels[tagged] = 1 + (self.generator.random(2) * loose[tagged] < tight[tagged])
        return levels


def _taus(jets: np.ndarray, particles: Particles, tracks: np.ndarray) -> np.ndarray:
    """(J,) which of the jets (J, 3) are found once more as the decay of a tau lepton to hadrons.

    That has one to three tracks of charge 1 close to its hardest one, a mass as small as a tau's and no
    neutral pions and hardly a track around.
    """
    taken = np.zeros(len(jets), bool)
    hard = tracks & (particles.objects[:, 0] > 1)
    track, charge = particles.objects[hard], particles.charge[hard]
    pions = particles.pions[particles.pions[:, 0] * np.cosh(particles.pions[:, 1]) > 1]
    momentum, pion_momentum = four_momenta(track), four_momenta(pions)
    of_jets = _cosines(jets, track) > _SAME_OBJECT
    between = _cosines(track, track)
    for jet, (pt, eta, _) in enumerate(jets):
        of_jet = np.flatnonzero(of_jets[jet])
        if abs(eta) > _TAU_ETA or not len(of_jet):
            continue
        seed = of_jet[track[of_jet, 0].argmax()]
        cone = np.cos(np.clip(_TAU_CONE / (pt * np.cosh(eta)), 0.05, 0.2))
        of_tau = between[seed] > cone
        if track[seed, 0] < _TAU_SEED_PT or of_tau.sum() > _TAU_TRACKS or abs(charge[of_tau].sum()) != 1:
            continue
        visible = momentum[of_tau].sum(0)
        direction = pt_eta_phi(visible)[None]
        cosines = _cosines(pions, direction)[:, 0]
        visible += pion_momentum[cosines > cone].sum(0)
        isolated = (
            pions[(cosines > _TAU_RING) & (cosines <= cone), 0].sum() <= _TAU_RING_PIONS
            and track[(between[seed] > _TAU_RING) & ~of_tau, 0].sum() <= _TAU_RING_TRACKS
        )
        if isolated and mass(visible) <= _TAU_MASS:
            taken |= _cosines(jets, direction)[:, 0] > _SAME_OBJECT
    return taken


def tag_efficiencies(jets: np.ndarray, quarks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(J,) and (J,) probabilities of a loose and of a tight b-tag.

    Args:
        jets: (J, 3) pT in GeV, eta and phi.
        quarks: (Q, 3) as in :class:`~higgs_lightning.simulation.generator.Particles`.
    """
    near = _cosines(jets, quarks) > _TAG_ANGLE
    flavour = (near * quarks[:, 0]).max(1, initial=0)
    pt, eta = np.minimum(jets[:, 0], 160), np.abs(jets[:, 1])
    efficiencies = []
    for of_b, of_light, of_charm in (
        (_LOOSE_B, _LOOSE_LIGHT, _LOOSE_CHARM),
        (_TIGHT_B, _TIGHT_LIGHT, _TIGHT_CHARM),
    ):
        b, light = (np.polyval(p[::-1], pt) * np.polyval(e[::-1], eta) for p, e in (of_b, of_light))
        efficiency = np.select([flavour == _BOTTOM, flavour == _CHARM], [b, of_charm * b], light)
        efficiencies.append(np.where(eta < 2, np.maximum(efficiency, 0), 0))
    return efficiencies[0], efficiencies[1]


def turned(particles: Particles, angle: float) -> Particles:
    """The same collision, turned about the beam by an angle in radians."""
    directions = [np.copy(rows) for rows in (particles.objects, particles.quarks, particles.pions)]
    for rows in directions:
        rows[:, 2] = wrap(rows[:, 2] + angle)
    return particles._replace(objects=directions[0], quarks=directions[1], pions=directions[2])


def _cells(objects: np.ndarray, energy: np.ndarray) -> np.ndarray:
    """(C, 3) transverse momentum, GeV, and centre of the cells that caught energy; the hardest first."""
    row = np.floor(objects[:, 1] / _CELL_ETA + _CELLS_ETA / 2).astype(int)
    column = np.floor(objects[:, 2] / _CELL_PHI).astype(int) % _CELLS_PHI
    hit = (row >= 0) & (row < _CELLS_ETA) & (energy > 0)
    cell, inverse = np.unique(row[hit] * _CELLS_PHI + column[hit], return_inverse=True)
    eta = (cell // _CELLS_PHI - _CELLS_ETA / 2 + 0.5) * _CELL_ETA
    phi = wrap((cell % _CELLS_PHI + 0.5) * _CELL_PHI)
    cells = np.column_stack([np.bincount(inverse, energy[hit], len(cell)) / np.cosh(eta), eta, phi])
    return cells[np.argsort(-cells[:, 0], kind="stable")]


def _cell_centre(direction: np.ndarray) -> np.ndarray:
    """(2,) pseudorapidity and azimuth of the centre of the cell in a direction (2,)."""
    eta, phi = (np.floor(direction / (_CELL_ETA, _CELL_PHI)) + 0.5) * (_CELL_ETA, _CELL_PHI)
    return np.array([eta, wrap(phi)])


def _cones(cells: np.ndarray) -> np.ndarray:
    """(J, 3) pT, eta and phi of jets among cells (C, 3), the hardest of them first.

    The hardest cell that is left takes in all that are left and within the cone, and so on.
    """
    left = cells[cells[:, 0] > _CELL_PT]
    momentum = four_momenta(left)
    jets = []
    while len(left) and left[0, 0] > _SEED_PT:
        within = distance(left, left[0]) < _CONE
        jets.append(momentum[within].sum(0))
        left, momentum = left[~within], momentum[~within]
    return pt_eta_phi(np.array(jets).reshape(-1, 4))


def _cosines(objects: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(N, M) cosines of the angles in space between objects (N, 3) and (M, 3): (any), eta, phi."""
    ones, other = (
        np.stack([np.cos(phi) / np.cosh(eta), np.sin(phi) / np.cosh(eta), np.tanh(eta)])
        for _, eta, phi in (objects.T, others.T)
    )
    cosines: np.ndarray = ones.T @ other
    return cosines


def distance(objects: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(N,) Delta R between objects (N, 3) with pT, eta, phi and another one (3,)."""
    distances: np.ndarray = np.hypot(objects[:, 1] - other[1], wrap(objects[:, 2] - other[2]))
    return distances


def wrap(angle: np.ndarray) -> np.ndarray:
    """Bring angles in radians into [-pi, pi)."""
    wrapped: np.ndarray = np.remainder(angle + np.pi, 2 * np.pi) - np.pi
    return wrapped
