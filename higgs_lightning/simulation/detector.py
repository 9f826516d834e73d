"""A fast detector: particles in, one lepton, missing energy and jets with b-tag levels out.

The HIGGS events were seen by a detector with calorimeter cells of 0.1 in pseudorapidity by 2 pi / 63 in
azimuth: the directions of the file's jets still cluster at the cells' centres.
"""

from typing import NamedTuple

import numpy as np

from higgs_lightning.simulation.generator import Particles

try:
    import pythia8mc
except ImportError:  # an optional extra
    pythia8mc = None

#: Most jets of an event that are kept, the hardest first.
MAX_JETS = 10

_CELL_ETA, _CELLS_ETA, _CELLS_PHI = 0.1, 81, 63
_CELL_PHI = 2 * np.pi / _CELLS_PHI
_ELECTRON, _MUON, _PHOTON = 11, 13, 22


class Event(NamedTuple):
    """What was measured of one collision, in GeV and radians.

    Attributes:
        lepton: (3,) pT, eta, phi.
        missing_energy: (2,) magnitude, phi.
        jets: (J, 4) pT, eta, phi, b-tag level (0, 1 or 2), the hardest first, at least four.
    """

    lepton: np.ndarray
    missing_energy: np.ndarray
    jets: np.ndarray


class Detector:
    """Measures collisions and keeps those with one lepton, at least four jets and two b-tags.

    Args:
        lepton_pt, jet_pt: least transverse momentum, GeV.
        jet_radius: of the anti-kt jets.
        generator: of the measurement errors.
    """

    def __init__(self, lepton_pt: float, jet_pt: float, jet_radius: float, generator: np.random.Generator):
        self.lepton_pt = lepton_pt
        self.jet_pt = jet_pt
        self.generator = generator
        self._jets = pythia8mc.SlowJet(-1, jet_radius, jet_pt, 3.0, 1, 0)
        self._pythia = pythia8mc.Pythia("", False)  # owns the particle data that its event refers to
        self._cells = self._pythia.event

    def __call__(self, particles: Particles) -> Event | None:
        """Measure a collision; None if the selection turns it down."""
        px, py, pz, energy = particles.momentum.T
        pt = np.maximum(np.hypot(px, py), 1e-9)  # beam remnants may have none
        eta, phi = np.arcsinh(pz / pt), np.arctan2(py, px)

        lepton = self._find_lepton(particles.kind, pt, eta, phi)
        if lepton is None:
            return None
        measured = np.array([pt[lepton] * self._error(0.02), eta[lepton], phi[lepton]])
        if measured[0] < self.lepton_pt:
            return None

        others = (np.arange(len(pt)) != lepton) & (particles.kind != _MUON)
        cells = self._calorimeter(particles.kind[others], energy[others], eta[others], phi[others])
        jets = self._find_jets(cells)
        if len(jets) < 4:
            return None
        levels = self._btag(jets, particles.quarks)
        if np.count_nonzero(levels) != 2:
            return None

        muons = particles.kind == _MUON
        muons[lepton] = False
        sum_x = cells[:, 0].sum() + measured[0] * np.cos(measured[2]) + px[muons].sum()
        sum_y = cells[:, 1].sum() + measured[0] * np.sin(measured[2]) + py[muons].sum()
        missing_energy = np.array([np.hypot(sum_x, sum_y), np.arctan2(-sum_y, -sum_x)])
        return Event(measured, missing_energy, np.column_stack([jets, levels])[:MAX_JETS])

    def _error(self, resolution: float) -> float:
        return 1 + resolution * self.generator.standard_normal()

    def _find_lepton(self, kind, pt, eta, phi) -> int | None:
        """Position of the only isolated electron or muon."""
        leptons = np.flatnonzero(
            ((kind == _ELECTRON) | (kind == _MUON)) & (pt > 0.8 * self.lepton_pt) & (np.abs(eta) < 2.5)
        )
        isolated = [i for i in leptons if _around(i, pt, eta, phi, 0.3) < 0.2 * pt[i]]
        return isolated[0] if len(isolated) == 1 else None

    def _calorimeter(self, kind, energy, eta, phi) -> np.ndarray:
        """(C, 4) momenta, in GeV, of the massless cells that caught energy."""
        electromagnetic = (kind == _ELECTRON) | (kind == _PHOTON)
        stochastic = np.where(electromagnetic, 0.2, 0.8)
        noise = self.generator.standard_normal(len(energy))
        caught = np.maximum(energy + stochastic * np.sqrt(energy) * noise, 0)
        row = np.floor(eta / _CELL_ETA + _CELLS_ETA / 2).astype(int)
        column = np.floor(phi / _CELL_PHI).astype(int) % _CELLS_PHI
        inside = (row >= 0) & (row < _CELLS_ETA)
        total = np.bincount(
            row[inside] * _CELLS_PHI + column[inside], caught[inside], _CELLS_ETA * _CELLS_PHI
        )
        hit = np.flatnonzero(total > 0)
        cell_eta = (hit // _CELLS_PHI - (_CELLS_ETA - 1) / 2) * _CELL_ETA
        cell_phi = (hit % _CELLS_PHI + 0.5) * _CELL_PHI
        pt = total[hit] / np.cosh(cell_eta)
        return np.column_stack(
            [pt * np.cos(cell_phi), pt * np.sin(cell_phi), pt * np.sinh(cell_eta), total[hit]]
        )

    def _find_jets(self, cells: np.ndarray) -> np.ndarray:
        """(J, 3) pT, eta and phi of the jets, the hardest first."""
        self._cells.reset()
        for px, py, pz, energy in cells.tolist():
            self._cells.append(_PHOTON, 1, 0, 0, px, py, pz, energy, 0.0)
        self._jets.analyze(self._cells)
        momenta = [self._jets.p(i) for i in range(self._jets.sizeJet())]
        return np.array([(p.pT(), p.eta(), p.phi()) for p in momenta]).reshape(-1, 3)

    def _btag(self, jets: np.ndarray, quarks: np.ndarray) -> np.ndarray:
        """(J,) b-tag level of each jet."""
        flavour = np.zeros(len(jets))
        for i, (_, eta, phi) in enumerate(jets):
            near = np.hypot(quarks[:, 1] - eta, _wrap(quarks[:, 2] - phi)) < 0.4
            flavour[i] = max(quarks[near, 0], default=0)
        efficiency = np.select([flavour == 5, flavour == 4], [0.55, 0.12], 0.01)
        efficiency *= np.clip((1.8 - np.abs(jets[:, 1])) / 0.6, 0, 1)
        tagged = self.generator.random(len(jets)) < efficiency
        tight = self.generator.random(len(jets)) < 0.82
        return np.where(tagged, 1 + tight, 0)


def _around(i: int, pt: np.ndarray, eta: np.ndarray, phi: np.ndarray, radius: float) -> float:
    """Sum of the transverse momenta within ``radius`` of particle ``i``, itself left out."""
    distance = np.hypot(eta - eta[i], _wrap(phi - phi[i]))
    return pt[distance < radius].sum() - pt[i]


def _wrap(angle: np.ndarray) -> np.ndarray:
    return np.remainder(angle + np.pi, 2 * np.pi) - np.pi
