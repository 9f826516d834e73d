"""A fast detector: particles in; one lepton, missing energy and jets with b-tag levels out.

It does what PGS 4 does (J. Conway's "Pretty Good Simulation of high energy collisions") with that program's
parameters of an LHC detector, but for the few in ``tuning.py``, because real HIGGS events show its marks:
jet directions that cluster at the centres of its cells, jets in the order of their hardest cells, how near to
each other two jets can be, and b-tags that end at a pseudorapidity of 1.8, as CDF's did, and of which as many
are tight as were there:

- particles leave energy in cells of 0.1 x 2 pi / 63, each with its own error;
- a jet is a cone about its hardest cell, the hardest first, and jets stay in that order;
- a narrow jet of one to three tracks is taken for a tau lepton and is no jet;
- a muon within a jet is part of it, as where LHC Olympics files are cleaned; missing energy is corrected for
  muons above 10 GeV alone;
- any jet within 20 degrees of a bottom or charm quark is tagged as often as one that comes from it.

Missing energy is not the detector's own: HIGGS has 2 M + lepton + all jets, M being what the detector
missed, as the digits of real events say (``docs/higgs.md``). How near simulated events come to real ones is
measured by ``tests/benchmarks/simulated_against_real.py``; how that was found, and what still differs, is in
``docs/ablations.md``.
"""

from typing import NamedTuple

import numpy as np

from higgs_lightning.simulation import tagging
from higgs_lightning.simulation.generator import Objects, Particles, pairs
from higgs_lightning.simulation.rows import four_momenta, mass, pt_eta_phi
from higgs_lightning.simulation.tuning import TUNED, Tuning

_ELECTRON, _MUON, _PHOTON = 11, 13, 22

_CELL_ETA, _CELLS_ETA, _CELLS_PHI = 0.1, 80, 63
_CELL_PHI = 2 * np.pi / _CELLS_PHI
_MOST_PT = 1e6  # GeV, more than there is: number * it - pt is in the order of numbers, the hardest first
_ELECTROMAGNETIC_RESOLUTION = 0.2  # at 1 GeV; it goes as 1 / sqrt(energy)
_ELECTROMAGNETIC_CONSTANT = 0.01  # relative error at any energy
_ELECTROMAGNETIC_SHARE = 0.99  # of an electron's or photon's energy
_LEAST_CHARGED_PT = 0.3  # GeV, to reach the calorimeter

_TRACK_EFFICIENCY, _TRACK_ETA = 0.98, 2.5
_MUON_RESOLUTION = 0.001  # relative
_MUON_PT = 3.0  # GeV, least of a muon that is added to a jet
_KNOWN_MUON_PT = 10.0  # and of one that the detector's missing energy is corrected for
_ISOLATION_RADIUS, _ISOLATION_PT = 0.4, 5.0  # most momentum of other tracks around a lepton, GeV
_ISOLATION_SHARE = 0.1  # and of other cells beside its own

_CELL_PT = 0.5  # GeV, least of a cell that a jet takes in
_CONE = 0.7 + 1e-6  # radius; cells lie at multiples of 0.1, and what is at 0.7 is within
_JET_ETA = 3.0
_SAME_OBJECT = np.cos(np.radians(10))  # what is nearer is the same object, found twice

_SOFT_JET_PT = 5.0  # GeV, least of a jet that counts in the missing energy, at any pseudorapidity

_TAU_ETA, _TAU_TRACKS, _TAU_SEED_PT, _TAU_MASS = 2.5, 3, 3.0, 1.8
_TAU_CONE = 5.0  # GeV; divided by the jet's energy, from 0.05 to 0.2 radians
_TAU_RING = np.cos(np.radians(30))
# Most momentum of neutral pions and of tracks around, GeV. PGS has 2 for tracks too, but forgets their sum.
_TAU_RING_PIONS, _TAU_RING_TRACKS = 2.0, 6.0

_TAG_ANGLE = np.cos(np.radians(20))  # between a jet and a quark that makes it a b- or charm jet
# No event has exactly two tags with a larger probability: that is linear in each jet's efficiency, which is
# at most 0.53, and largest where three jets have it and others none.
_MOST_LIKELY_TWO_TAGS = 0.396


def wrap(angle: np.ndarray) -> np.ndarray:
    """Bring angles in radians into [-pi, pi)."""
    return np.remainder(angle + np.pi, 2 * np.pi) - np.pi


_CENTRES_ETA = (np.arange(_CELLS_ETA) - _CELLS_ETA / 2 + 0.5) * _CELL_ETA
_CENTRES_PHI = wrap((np.arange(_CELLS_PHI) + 0.5) * _CELL_PHI)


class Events(NamedTuple):
    """What was measured of the collisions that were kept, in GeV and radians.

    Attributes:
        collision: (N,) their numbers in the batch, rising.
        lepton: (N, 3) pT, eta, phi.
        missing_energy: (N, 2) magnitude, phi.
        jets: (N, J, 4) pT, eta, phi and b-tag level (0, 1, 2) of at least four jets, in the order of their
            hardest cells; absent ones are 0.
    """

    collision: np.ndarray
    lepton: np.ndarray
    missing_energy: np.ndarray
    jets: np.ndarray


class Detector:
    """Measures collisions and keeps those with one lepton, at least four jets and two b-tags.

    Args:
        lepton_pt: the lepton's least transverse momentum, GeV.
        jet_pt: a jet's least transverse momentum, GeV.
        generator: source of the measurement errors.
        tuning: the calorimeter for hadrons, jets' first cells and b-tags.
    """

    def __init__(
        self, lepton_pt: float, jet_pt: float, generator: np.random.Generator, tuning: Tuning = TUNED
    ):
        self.lepton_pt = lepton_pt
        self.jet_pt = jet_pt
        self.generator = generator
        self.tuning = tuning

    def __call__(self, particles: Particles) -> Events:
        """Measure collisions and select among them.

        Each step does with all of them what is left to do: most are turned down early.
        """
        collisions = particles.collisions
        tracks = self._tracks(particles)
        electromagnetic, hadronic = self._deposits(particles)
        cells = _cells(particles.objects, electromagnetic + hadronic)
        position = self._only_leptons(particles, tracks, cells)
        electron = particles.kind[position] == _ELECTRON
        leptons = particles.objects[position]
        error = _MUON_RESOLUTION * self.generator.standard_normal(len(position))
        leptons.rows[:, 0] = np.where(
            electron,
            electromagnetic[position] / np.cosh(leptons.rows[:, 1]),
            leptons.rows[:, 0] * (1 + error),
        )
        hard = leptons.rows[:, 0] >= self.lepton_pt
        leptons, electron = leptons[hard], electron[hard]
        cells = cells.of(leptons.collision)

        cones = _cones(cells, self.tuning.seed_pt)
        cones = cones[cones.rows[:, 0] > _SOFT_JET_PT]
        cones = cones[~_same(cones, leptons[electron])]
        muons = _other_muons(particles, tracks, position).of(leptons.collision)
        cones = _with_muons(cones, muons)
        jets = cones[(cones.rows[:, 0] > self.jet_pt) & (np.abs(cones.rows[:, 1]) < _JET_ETA)]
        jets = _four_or_more(jets)
        jets = _four_or_more(jets[~_taus(jets, particles, tracks)])
        jets, levels = self._two_tags(jets, particles.quarks, particles.collisions)

        kept = np.unique(jets.collision)
        of_kept = np.isin(leptons.collision, kept)
        leptons, electron = leptons[of_kept], electron[of_kept]
        x, y = np.zeros((2, len(kept)))
        for times, seen in (
            (-2, cells.of(kept)),
            (-2, leptons[~electron]),  # an electron is in the calorimeter, a muon is not
            (-2, muons[muons.rows[:, 0] > _KNOWN_MUON_PT].of(kept)),
            (1, leptons),
            (1, cones.of(kept)),
        ):
            pt, _, phi = seen.rows.T
            x += times * np.bincount(seen.collision, pt * np.cos(phi), collisions)[kept]
            y += times * np.bincount(seen.collision, pt * np.sin(phi), collisions)[kept]

        event, place = np.searchsorted(kept, jets.collision), _places(jets.collision)
        listed = np.zeros((len(kept), place.max(initial=3) + 1, 4))
        listed[event, place] = np.column_stack([jets.rows, levels])
        return Events(kept, leptons.rows, np.column_stack([np.hypot(x, y), np.arctan2(y, x)]), listed)

    def _tracks(self, particles: Particles) -> np.ndarray:
        """(P,) which particles leave a track."""
        pt, eta, _ = particles.objects.rows.T
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

        resolution = self.tuning.hadronic_resolution
        error = np.where(showers, _ELECTROMAGNETIC_RESOLUTION, resolution)
        error = np.hypot(
            error * np.sqrt(electromagnetic), _ELECTROMAGNETIC_CONSTANT * showers * electromagnetic
        )
        reach = (particles.charge == 0) | (particles.objects.rows[:, 0] > _LEAST_CHARGED_PT)
        electromagnetic += error * first * ~muon
        hadronic += resolution * np.sqrt(hadronic) * second * ~muon
        hadronic *= np.where(muon, 1, self.tuning.hadronic_scale)
        return np.maximum(electromagnetic, 0) * reach, np.maximum(hadronic, 0) * reach

    def _only_leptons(self, particles: Particles, tracks: np.ndarray, cells: Objects) -> np.ndarray:
        """(L,) positions of the isolated electrons and muons that are the only one of their collision."""
        pt = particles.objects.rows[:, 0]
        charged_leptons = (particles.kind == _ELECTRON) | (particles.kind == _MUON)
        position = np.flatnonzero(tracks & charged_leptons & (pt > self.lepton_pt / 1.5))
        leptons, others = particles.objects[position], particles.objects[tracks]

        lepton, track = pairs(leptons, others)
        near = distance(leptons.rows[lepton], others.rows[track]) < _ISOLATION_RADIUS
        around = np.bincount(lepton[near], others.rows[track[near], 0], len(position)) - pt[position]

        lepton, cell = pairs(leptons, cells)
        steps = np.abs(cells.rows[cell, 1:] - _cell_centres(leptons.rows[:, 1:])[lepton])
        steps[:, 1] = np.minimum(steps[:, 1], 2 * np.pi - steps[:, 1])
        ring = (steps < (1.5 * _CELL_ETA, 1.5 * _CELL_PHI)).all(1)
        own = (steps < (0.5 * _CELL_ETA, 0.5 * _CELL_PHI)).all(1)
        ring &= ~own | (particles.kind[position] == _MUON)[lepton]
        beside = np.bincount(lepton[ring], cells.rows[cell[ring], 0], len(position))

        isolated = (around < _ISOLATION_PT) & (beside < _ISOLATION_SHARE * pt[position])
        alone = np.bincount(leptons.collision[isolated], minlength=particles.collisions) == 1
        found: np.ndarray = position[isolated & alone[leptons.collision]]
        return found

    def _two_tags(self, jets: Objects, quarks: Objects, collisions: int) -> tuple[Objects, np.ndarray]:
        """The jets (J', 3) of collisions with two tags, and their b-tag levels (J',).

        Rolling dice for each jet would turn most events down. Instead an event is kept with the
        probability of exactly two tags, relative to the largest there can be, and then two jets are drawn.
        """
        loose, tight = tag_efficiencies(jets, quarks, self.tuning)
        odds = loose / (1 - loose)
        sums, squares, no_tag = (
            np.bincount(jets.collision, each, collisions) for each in (odds, odds**2, np.log1p(-loose))
        )
        two_tags = (sums**2 - squares) / 2 * np.exp(no_tag)
        of_kept = (self.generator.random(collisions) * _MOST_LIKELY_TWO_TAGS < two_tags)[jets.collision]
        jets, loose, tight, odds = jets[of_kept], loose[of_kept], tight[of_kept], odds[of_kept]

        # of all pairs, by the product of their odds: the first jet by its share of them, then another one
        first = self._draw(odds * (sums[jets.collision] - odds), jets.collision)
        others = odds.copy()
        others[first] = 0
        tagged = np.concatenate([first, self._draw(others, jets.collision)])
        levels = np.zeros(len(loose))
        levels[tagged] = 1 + (self.generator.random(len(tagged)) * loose[tagged] < tight[tagged])
        return jets, levels

    def _draw(self, weights: np.ndarray, collision: np.ndarray) -> np.ndarray:
        """(C,) one position for each collision (N,) that is there, drawn by its weights (N,)."""
        start = np.flatnonzero(np.diff(collision, prepend=-1))
        end = np.append(start[1:], len(collision))
        up_to = np.append(0, np.cumsum(weights))
        at = up_to[start] + self.generator.random(len(start)) * (up_to[end] - up_to[start])
        drawn: np.ndarray = np.searchsorted(up_to[1:], at, side="right").clip(start, end - 1)
        return drawn


def _four_or_more(jets: Objects) -> Objects:
    """The jets of collisions that have at least four."""
    return jets[(np.bincount(jets.collision) >= 4)[jets.collision]]


def _taus(jets: Objects, particles: Particles, tracks: np.ndarray) -> np.ndarray:
    """(J,) which of the jets are found once more as the decay of a tau lepton to hadrons.

    That has one to three tracks of charge 1 close to its hardest one, a mass as small as a tau's and no
    neutral pions and hardly a track around.
    """
    hard = tracks & (particles.objects.rows[:, 0] > 1)
    track, charge = particles.objects[hard], particles.charge[hard]
    pions = particles.pions[particles.pions.rows[:, 0] * np.cosh(particles.pions.rows[:, 1]) > 1]

    # the hardest track of each jet, if it can be a tau's
    jet, seed, cosines = _cosines(jets[np.abs(jets.rows[:, 1]) <= _TAU_ETA], track)
    near = cosines > _SAME_OBJECT
    jet, seed = jet[near], seed[near]
    order = np.argsort(jet * _MOST_PT - track.rows[seed, 0])
    jet, first = np.unique(jet[order], return_index=True)
    seed = seed[order][first]
    possible = track.rows[seed, 0] >= _TAU_SEED_PT
    taus = jets[np.abs(jets.rows[:, 1]) <= _TAU_ETA][jet[possible]]
    cone = np.cos(np.clip(_TAU_CONE / (taus.rows[:, 0] * np.cosh(taus.rows[:, 1])), 0.05, 0.2))

    tau, other, cosines = _cosines(track[seed[possible]], track)
    of_tau = cosines > cone[tau]
    around = (cosines > _TAU_RING) & ~of_tau
    isolated = np.bincount(tau[around], track.rows[other[around], 0], len(taus)) <= _TAU_RING_TRACKS
    tau, other = tau[of_tau], other[of_tau]
    few = np.bincount(tau, minlength=len(taus)) <= _TAU_TRACKS
    charged = np.abs(np.bincount(tau, charge[other], len(taus))) == 1
    found = isolated & few & charged
    visible = _sums(tau, four_momenta(track.rows[other]), len(taus))[found]
    cone, taus = cone[found], Objects(taus.collision[found], pt_eta_phi(visible))

    tau, pion, cosines = _cosines(taus, pions)
    of_tau = cosines > cone[tau]
    around = (cosines > _TAU_RING) & ~of_tau
    isolated = np.bincount(tau[around], pions.rows[pion[around], 0], len(taus)) <= _TAU_RING_PIONS
    visible += _sums(tau[of_tau], four_momenta(pions.rows[pion[of_tau]]), len(taus))
    return _same(jets, taus[isolated & (mass(visible) <= _TAU_MASS)])


def tag_efficiencies(jets: Objects, quarks: Objects, tuning: Tuning = TUNED) -> tuple[np.ndarray, np.ndarray]:
    """(J,) and (J,) probabilities of a loose and of a tight b-tag.

    Args:
        jets: pT in GeV, eta and phi of J jets.
        quarks: as in :class:`~higgs_lightning.simulation.generator.Particles`.
        tuning: see :func:`~higgs_lightning.simulation.tagging.efficiencies`.
    """
    jet, quark, cosines = _cosines(jets, quarks)
    near = cosines > _TAG_ANGLE
    flavour = np.zeros(len(jets))
    np.maximum.at(flavour, jet[near], quarks.rows[quark[near], 0])
    return tagging.efficiencies(flavour, jets.rows[:, 0], jets.rows[:, 1], tuning)


def turned(particles: Particles, angle: np.ndarray) -> Particles:
    """The same collisions, each turned about the beam by its angle (collisions,) in radians."""

    def turn(objects: Objects) -> Objects:
        rows = objects.rows.copy()
        rows[:, 2] = wrap(rows[:, 2] + angle[objects.collision])
        return Objects(objects.collision, rows)

    return particles._replace(
        objects=turn(particles.objects), quarks=turn(particles.quarks), pions=turn(particles.pions)
    )


def _cells(objects: Objects, energy: np.ndarray) -> Objects:
    """Transverse momentum, GeV, and centre of the cells that caught energy (N,); the hardest first."""
    row = np.floor(objects.rows[:, 1] / _CELL_ETA + _CELLS_ETA / 2).astype(int)
    column = np.floor(objects.rows[:, 2] / _CELL_PHI).astype(int) % _CELLS_PHI
    hit = (row >= 0) & (row < _CELLS_ETA) & (energy > 0)
    number = (objects.collision * _CELLS_ETA + row) * _CELLS_PHI + column
    cell, inverse = np.unique(number[hit], return_inverse=True)
    collision, cell = np.divmod(cell, _CELLS_ETA * _CELLS_PHI)
    row, column = np.divmod(cell, _CELLS_PHI)
    pt = np.bincount(inverse, energy[hit], len(cell)) / np.cosh(_CENTRES_ETA)[row]
    cells = Objects(collision, np.column_stack([pt, _CENTRES_ETA[row], _CENTRES_PHI[column]]))
    return cells[np.argsort(collision * _MOST_PT - pt)]


def _cell_centres(directions: np.ndarray) -> np.ndarray:
    """(N, 2) pseudorapidity and azimuth of the centres of the cells in directions (N, 2)."""
    centres = (np.floor(directions / (_CELL_ETA, _CELL_PHI)) + 0.5) * (_CELL_ETA, _CELL_PHI)
    centres[:, 1] = wrap(centres[:, 1])
    return centres


def _cones(cells: Objects, seed_pt: float) -> Objects:
    """pT, eta and phi of jets among cells, which come with the hardest first, as the jets' own do.

    The hardest cell that is left takes in all that are left and within the cone, and so on down to
    ``seed_pt`` GeV.
    """
    cells = cells[cells.rows[:, 0] > _CELL_PT]
    jet = np.full(len(cells), -1)
    collisions = [cells.collision[:0]]  # of the jets
    number = 0
    left = np.arange(len(cells))
    while len(left):
        first = np.diff(cells.collision[left], prepend=-1) > 0
        hardest = left[first]
        seed = hardest[np.cumsum(first) - 1]
        begun = cells.rows[seed, 0] > seed_pt
        left, seed = left[begun], seed[begun]
        hardest = hardest[cells.rows[hardest, 0] > seed_pt]
        within = distance(cells.rows[left], cells.rows[seed]) < _CONE
        jet[hardest] = np.arange(number, number + len(hardest))
        jet[left[within]] = jet[seed[within]]
        number += len(hardest)
        collisions.append(cells.collision[hardest])
        left = left[~within]
    taken = jet >= 0
    momentum = _sums(jet[taken], four_momenta(cells.rows[taken]), number)
    jets = Objects(np.concatenate(collisions), pt_eta_phi(momentum))
    return jets[np.argsort(jets.collision, kind="stable")]


def _other_muons(particles: Particles, tracks: np.ndarray, leptons: np.ndarray) -> Objects:
    """The muons that leave a track, but for the leptons, which are at positions (L,)."""
    muons = tracks & (particles.kind == _MUON) & (particles.objects.rows[:, 0] > _MUON_PT)
    muons[leptons] = False
    return particles.objects[muons]


def _with_muons(jets: Objects, muons: Objects) -> Objects:
    """Jets to which the muons within their cones are added, each to the nearest."""
    muon, jet = pairs(muons, jets)
    apart = distance(muons.rows[muon], jets.rows[jet])
    order = np.lexsort((apart, muon))
    muon, first = np.unique(muon[order], return_index=True)
    nearest = order[first]
    within = apart[nearest] < _CONE
    added = _sums(jet[nearest][within], four_momenta(muons.rows[muon[within]]), len(jets))
    return Objects(jets.collision, pt_eta_phi(four_momenta(jets.rows) + added))


def _sums(groups: np.ndarray, values: np.ndarray, number: int) -> np.ndarray:
    """(number, K) sums of the values (N, K) in each of the groups (N,)."""
    return np.column_stack([np.bincount(groups, column, number) for column in values.T])


def _places(collision: np.ndarray) -> np.ndarray:
    """(N,) each row's place, from 0 on, among those of its collision (N,)."""
    return np.arange(len(collision)) - np.searchsorted(collision, collision)


def _same(objects: Objects, others: Objects) -> np.ndarray:
    """(N,) which of N objects are the same as one of the others."""
    one, _, cosines = _cosines(objects, others)
    return np.bincount(one, cosines > _SAME_OBJECT, len(objects)) > 0


def _cosines(objects: Objects, others: Objects) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All pairs of an object and another one of the same collision, and the angles in space between them.

    Returns:
        (M,) and (M,) positions and (M,) cosines.
    """
    ones, other = (
        np.stack([np.cos(phi) / np.cosh(eta), np.sin(phi) / np.cosh(eta), np.tanh(eta)])
        for _, eta, phi in (objects.rows.T, others.rows.T)
    )
    first, second = pairs(objects, others)
    return first, second, np.einsum("ij,ij->j", ones[:, first], other[:, second])


def distance(objects: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(N,) Delta R between objects (N, 3) with pT, eta, phi in [-pi, pi] and others (N, 3)."""
    between = np.abs(objects[:, 2] - others[:, 2])
    between = np.minimum(between, 2 * np.pi - between)
    distances: np.ndarray = np.sqrt((objects[:, 1] - others[:, 1]) ** 2 + between**2)
    return distances
