"""A fast detector: particles in; one lepton, missing energy and jets with b-tag levels out.

It does what real HIGGS events show, which is more like the simulation program PGS than like a newer one: jet
directions cluster at the centres of calorimeter cells of 0.1 x 2 pi / 63; jets come in the order of their
hardest cell, not of their own momentum; b-tags have two levels and end at a pseudorapidity of 1.8; leptons
and jets begin at 15 GeV. The constants were tuned to real events. How near simulated ones come is
measured by ``tests/benchmarks/simulated_against_real.py``; what still differs is in ``docs/ablations.md``.
"""

from typing import NamedTuple

import numpy as np
import pythia8mc

from higgs_lightning.simulation.generator import Particles
from higgs_lightning.simulation.reconstruction import four_momenta

_ELECTRON, _MUON, _PHOTON = 11, 13, 22
_CHARM, _BOTTOM = 4, 5

_LEPTON_ETA = 2.5  # largest absolute pseudorapidity
_LEPTON_RESOLUTION = 0.02
_ISOLATION_RADIUS = 0.4
_ISOLATION_SHARE, _ISOLATION_PT = 0.2, 5.0  # most momentum around a lepton: of its own, and in GeV

_CELL_ETA, _CELLS_ETA, _CELLS_PHI = 0.1, 81, 63
_CELL_PHI = 2 * np.pi / _CELLS_PHI
_ELECTROMAGNETIC_RESOLUTION, _HADRONIC_RESOLUTION = 0.2, 1.0  # at 1 GeV; it goes as 1 / sqrt(energy)
_MISSING_ENERGY_NOISE = 10.5  # GeV, in each transverse direction

_JET_RADIUS = 0.6
_CELL_PT = 0.5  # GeV, least of a cell that a jet takes in
_JET_ETA = 3.0
_LEPTON_JET_DISTANCE = 0.4

_TAG_DISTANCE = 0.4  # between a jet and the quark that it comes from
_TAG_EFFICIENCY = {_BOTTOM: 0.66, _CHARM: 0.36, 0: 0.05}
_TIGHT_SHARE = 0.82  # of the tagged jets
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
        # -1 is anti-kt; all massless entries of an event record are clustered, and Pythia owns the record
        self._clustering = pythia8mc.SlowJet(-1, _JET_RADIUS, jet_pt, np.inf, 1, 0, None, False)
        self._pythia = pythia8mc.Pythia("", False)

    def __call__(self, particles: Particles) -> Event | None:
        """Measure a collision; None if the selection turns it down."""
        position = self._only_lepton(particles)
        if position is None:
            return None
        lepton = particles.objects[position].copy()
        lepton[0] *= 1 + _LEPTON_RESOLUTION * self.generator.standard_normal()
        if lepton[0] < self.lepton_pt:
            return None

        cells = self._cells(particles)
        jets = self._jets(cells)
        jets = jets[np.abs(jets[:, 1]) < _JET_ETA]
        jets = jets[distance(jets, lepton) > _LEPTON_JET_DISTANCE]
        levels = self._two_tags(jets, particles.quarks)
        if len(jets) < 4 or levels is None:
            return None

        # an electron is in the calorimeter, a muon is not
        seen = cells if particles.kind[position] == _ELECTRON else np.vstack([cells, lepton])
        x, y = self.generator.normal(0, _MISSING_ENERGY_NOISE, 2)
        x -= (seen[:, 0] * np.cos(seen[:, 2])).sum()
        y -= (seen[:, 0] * np.sin(seen[:, 2])).sum()
        return Event(lepton, np.array([np.hypot(x, y), np.arctan2(y, x)]), np.column_stack([jets, levels]))

    def _only_lepton(self, particles: Particles) -> int | None:
        """Position of the one isolated electron or muon, if there is exactly one."""
        pt, eta, _ = particles.objects.T
        isolated = []
        hard = (pt > self.lepton_pt / 1.5) & (np.abs(eta) < _LEPTON_ETA)
        for i in np.flatnonzero(hard & ((particles.kind == _ELECTRON) | (particles.kind == _MUON))):
            near = distance(particles.objects, particles.objects[i]) < _ISOLATION_RADIUS
            around = pt[near].sum() - pt[i]
            if around < min(_ISOLATION_SHARE * pt[i], _ISOLATION_PT):
                isolated.append(int(i))
        return isolated[0] if len(isolated) == 1 else None

    def _cells(self, particles: Particles) -> np.ndarray:
        """(C, 3) transverse momentum, GeV, and centre of the calorimeter's cells that caught energy."""
        caught = particles.energy.copy()
        electromagnetic = (particles.kind == _ELECTRON) | (particles.kind == _PHOTON)
        resolution = np.where(electromagnetic, _ELECTROMAGNETIC_RESOLUTION, _HADRONIC_RESOLUTION)
        caught += resolution * np.sqrt(caught) * self.generator.standard_normal(len(caught))

        _, eta, phi = particles.objects.T
        row = np.floor(eta / _CELL_ETA + _CELLS_ETA / 2).astype(int)
        column = np.floor(phi / _CELL_PHI).astype(int) % _CELLS_PHI
        hit = (row >= 0) & (row < _CELLS_ETA) & (particles.kind != _MUON) & (caught > 0)
        cell, inverse = np.unique(row[hit] * _CELLS_PHI + column[hit], return_inverse=True)
        eta = (cell // _CELLS_PHI - (_CELLS_ETA - 1) / 2) * _CELL_ETA
        phi = wrap((cell % _CELLS_PHI + 0.5) * _CELL_PHI)
        return np.column_stack([np.bincount(inverse, caught[hit]) / np.cosh(eta), eta, phi])

    def _jets(self, cells: np.ndarray) -> np.ndarray:
        """(J, 3) pT, eta and phi of the anti-kt jets of cells (C, 3), in the order of their hardest cells."""
        cells = cells[cells[:, 0] > _CELL_PT]
        record = self._pythia.event
        record.reset()
        for px, py, pz, energy in four_momenta(cells[np.argsort(-cells[:, 0])]).tolist():
            record.append(_PHOTON, 1, 0, 0, px, py, pz, energy, 0.0)
        self._clustering.analyze(record)
        found = range(self._clustering.sizeJet())
        by_hardest_cell = sorted(found, key=lambda jet: min(self._clustering.constituents(jet)))
        momenta = [self._clustering.p(jet) for jet in by_hardest_cell]
        return np.array([(p.pT(), p.eta(), p.phi()) for p in momenta]).reshape(-1, 3)

    def _two_tags(self, jets: np.ndarray, quarks: np.ndarray) -> np.ndarray | None:
        """(J,) b-tag levels of the jets, two of them above 0; None for an event without two tags.

        Rolling dice for each jet would turn most events down. Instead an event is kept with the
        probability of exactly two tags, relative to the largest there can be, and then two jets are drawn.
        """
        flavour = np.zeros(len(jets))
        for quark, *direction in quarks:
            near = distance(jets, np.array([0, *direction])) < _TAG_DISTANCE
            flavour[near] = np.maximum(flavour[near], quark)
        efficiency = sum(value * (flavour == quark) for quark, value in _TAG_EFFICIENCY.items())
        efficiency *= tag_acceptance(jets[:, 0], jets[:, 1])

        odds = efficiency / (1 - efficiency)
        first, second = np.triu_indices(len(jets), 1)
        pairs = odds[first] * odds[second]
        two_tags = pairs.sum() * (1 - efficiency).prod()
        if self.generator.random() >= two_tags / _MOST_LIKELY_TWO_TAGS:
            return None
        pair = self.generator.choice(len(pairs), p=pairs / pairs.sum())
        levels = np.zeros(len(jets))
        levels[[first[pair], second[pair]]] = 1 + (self.generator.random(2) < _TIGHT_SHARE)
        return levels


def turned(particles: Particles, angle: float) -> Particles:
    """The same collision, turned about the beam by an angle in radians."""
    objects, quarks = particles.objects.copy(), particles.quarks.copy()
    for directions in (objects, quarks):
        directions[:, 2] = wrap(directions[:, 2] + angle)
    return particles._replace(objects=objects, quarks=quarks)


def tag_acceptance(pt: np.ndarray, eta: np.ndarray) -> np.ndarray:
    """(J,) factor of the b-tag efficiency: it needs hard tracks, not too dense, within the tracker."""
    return np.tanh(pt / 45) * np.exp(-pt / 800) * np.clip((1.77 - np.abs(eta)) / 0.57, 0, 1)


def distance(objects: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(N,) Delta R between objects (N, 3) with pT, eta, phi and another one (3,)."""
    return np.hypot(objects[:, 1] - other[1], wrap(objects[:, 2] - other[2]))


def wrap(angle: np.ndarray) -> np.ndarray:
    """Bring angles in radians into [-pi, pi)."""
    return np.remainder(angle + np.pi, 2 * np.pi) - np.pi
