"""Proton collisions from Pythia 8: the heavy-Higgs cascade (signal) and top pairs (background)."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import awkward as ak
import numpy as np
import pythia8mc

from higgs_lightning.errors import UserError
from higgs_lightning.simulation.rows import W_MASS, pt_eta_phi
from higgs_lightning.simulation.tuning import TUNED, Tuning

SIGNAL, BACKGROUND = 1, 0
_NEUTRINOS = (12, 14, 16)
_CHARM, _BOTTOM, _NEUTRAL_PION = 4, 5, 111
_MOST_COSINE = 1 - 1e-12  # beyond, there is no plane of the decay
_SUPERSYMMETRIC = 1_000_000  # and above
# charge of the particles, not the antiparticles, that live long enough, by their code
_CHARGES = np.zeros(4000, int)
_CHARGES[[211, 321, 2212, 3222]] = 1
_CHARGES[[11, 13, 3112, 3312, 3334]] = -1
_FIRST_PRODUCT = 5  # position in Pythia's records, after system, protons and partons
_MOST_ETA = 5  # nothing is detected beyond

_PROCESS = {
    SIGNAL: (
        "Higgs:useBSM = on",
        "HiggsBSM:gg2H2 = on",
        # couplings that open the channels; the widths are forced to be narrow
        "HiggsH2:coup2u = 1",
        "HiggsH2:coup2HchgW = 1",
        "HiggsHchg:coup2H1W = 1",
        "35:doForceWidth = on",
        "35:mWidth = 1",
        "37:doForceWidth = on",
        "37:mWidth = 1",
        "35:onMode = off",
        "35:onIfMatch = 24 37",
        "37:onMode = off",
        "37:onIfMatch = 24 25",
        "25:onMode = off",
        "25:onIfMatch = 5 5",
    ),
    BACKGROUND: (
        "Top:gg2ttbar = on",
        "Top:qqbar2ttbar = on",
    ),
}


@dataclass(frozen=True)
class Objects:
    """Objects of several collisions, in the order of these.

    Attributes:
        collision: (N,) number of each one's collision, from 0 on.
        rows: (N, 3) transverse momentum in GeV, pseudorapidity and azimuth, unless said otherwise.
    """

    collision: np.ndarray
    rows: np.ndarray

    def __len__(self) -> int:
        return len(self.collision)

    def __getitem__(self, which: np.ndarray) -> "Objects":
        """Those of a mask (N,) or at rising positions."""
        return Objects(self.collision[which], self.rows[which])

    def of(self, collisions: np.ndarray) -> "Objects":
        """Those of certain collisions."""
        return self[np.isin(self.collision, collisions)]


class Particles(NamedTuple):
    """What a detector can see of several collisions, and the heavy quarks that they came from.

    Attributes:
        collisions: how many, with particles or without.
        kind: (P,) PDG codes without sign.
        charge: (P,) -1, 0 or 1; 0 for partons, too.
        energy: (P,) GeV.
        objects: the P particles themselves.
        quarks: PDG code without sign, pseudorapidity and azimuth of the bottom and charm quarks, a row for
            each time that an event record lists one.
        pions: the neutral pions, whose photons are among the particles.
    """

    collisions: int
    kind: np.ndarray
    charge: np.ndarray
    energy: np.ndarray
    objects: Objects
    quarks: Objects
    pions: Objects


class Collider:
    """Generates collisions of a class.

    Args:
        label: 1 for gg -> H0 -> W H+-, H+- -> W h0, h0 -> b bbar; 0 for t tbar. The W+ decays to an electron
            or a muon, the W- to quarks: HIGGS has no charges that would tell them apart.
        energy: of the two protons, GeV.
        masses: of the ``heavy_higgs`` H0, the ``charged_higgs`` H+- and the ``light_higgs`` h0, GeV.
        hadronisation: go on from partons to hadrons and their decays.
        multiparton_interactions: let further partons of the two protons interact.
        lepton_pt: transverse momentum that the detector asks of a lepton, GeV.
        jet_pt: transverse momentum that the detector asks of a jet, GeV.
        tuning: radiation and masses.

    Raises:
        UserError: Pythia can't simulate such collisions.
    """

    def __init__(
        self,
        label: int,
        *,
        energy: float,
        masses: dict[str, float],
        hadronisation: bool,
        multiparton_interactions: bool,
        lepton_pt: float,
        jet_pt: float,
        tuning: Tuning = TUNED,
    ):
        steps = np.diff([masses["light_higgs"], masses["charged_higgs"], masses["heavy_higgs"]])
        if steps.min() < W_MASS:
            raise UserError(f"masses={masses}: each needs {W_MASS} GeV more than the next, for a W")
        given = ", ".join(f"masses.{name}={mass}" for name, mass in masses.items())
        self._in_vain = f"energy={energy} with {given}: Pythia can't make such collisions; try others"
        self._pythia = pythia8mc.Pythia("", False)
        if not self._pythia.particleData.isParticle(35):  # an installation into a folder of its own
            raise UserError(
                "Pythia finds no table of particles: set PYTHIA8DATA to the folder share/Pythia8/xmldoc that "
                "was installed with pythia8mc"
            )
        self._selection = _Preselection(lepton_pt, jet_pt)  # Pythia does not keep it alive
        self._pythia.setUserHooksPtr(self._selection)
        for boson in (35, 37):
            _forget_supersymmetry(self._pythia.particleData.particleDataEntryPtr(boson))
        for command in (
            "Print:quiet = on",
            # of the search for the largest cross section, which then is the same whatever is generated
            "Random:setSeed = on",
            "Random:seed = 1",
            f"Beams:eCM = {energy}",
            *_PROCESS[label],
            *_tuned(label, tuning),
            f"35:m0 = {masses['heavy_higgs']}",
            f"37:m0 = {masses['charged_higgs']}",
            f"25:m0 = {masses['light_higgs'] + tuning.light_higgs_offset}",
            "24:onMode = off",
            "24:onPosIfAny = 11 13",
            "24:onNegIfAny = 1 2 3 4 5",
            f"HadronLevel:all = {'on' if hadronisation else 'off'}",
            f"PartonLevel:MPI = {'on' if multiparton_interactions else 'off'}",
            "Check:event = off",  # takes a tenth of the time and finds nothing
            # Taus come from hadrons within jets, where their spin is not seen; it takes as long again.
            "TauDecays:mode = 0",
        ):
            self._pythia.readString(command)
        if not self._pythia.init():
            raise UserError(self._in_vain)

    def restart(self, seed: int) -> None:
        """Let the collisions that follow depend on a seed, from 1 to 900,000,000, and on nothing before."""
        self._pythia.rndm.init(seed)

    def __call__(self, collisions: int) -> Particles:
        """Generate so many collisions, or fewer if Pythia can't complete one.

        Raises:
            UserError: it completes none.
        """
        batch = self._pythia.nextBatch(collisions)
        if not len(batch):
            raise UserError(self._in_vain)
        return _read(batch)


def _tuned(label: int, tuning: Tuning) -> tuple[str, ...]:
    """Pythia's commands for the tuned numbers of a class, but for the mass of h0."""
    if label == SIGNAL:
        strength, end = tuning.signal_radiation, tuning.signal_radiation_end
        mass: tuple[str, ...] = ()
    else:
        strength, end = tuning.background_radiation, tuning.background_radiation_end
        mass = (f"6:m0 = {tuning.top_mass}",)
    return (
        *mass,
        "SpaceShower:pTmaxMatch = 1",
        f"SpaceShower:alphaSvalue = {strength}",
        f"SpaceShower:pTmaxFudge = {end}",
        f"TimeShower:alphaSvalue = {tuning.final_radiation}",
    )


def _forget_supersymmetry(boson: pythia8mc.ParticleDataEntry) -> None:
    """Take a boson's decays to supersymmetric particles away, which have no width here, but take time."""
    channels = [boson.channel(position) for position in range(boson.sizeChannels())]
    decays = [
        (
            channel.onMode(),
            channel.bRatio(),
            channel.meMode(),
            *map(channel.product, range(channel.multiplicity())),
        )
        for channel in channels
    ]
    boson.clearChannels()
    for decay in decays:
        if max(map(abs, decay[3:])) < _SUPERSYMMETRIC:
            boson.addChannel(*decay)


class _Preselection(pythia8mc.UserHooks):
    """Stops, before its showers, a collision whose lepton or b-quarks are far from being accepted.

    It also gives the signal's W bosons their polarisation, which Pythia leaves out: in H0 -> W H+- and
    H+- -> W h0 all other spins are 0, so the W is longitudinal and its decay goes as sin^2 theta*.
    """

    def __init__(self, lepton_pt: float, jet_pt: float):
        super().__init__()
        self.least_pt = {11: lepton_pt / 2, 13: lepton_pt / 2, 5: jet_pt / 2}
        self.most_eta = {11: 2.8, 13: 2.8, 5: 2.3}

    def canVetoProcessLevel(self) -> bool:  # noqa: N802
        return True

    def doVetoProcessLevel(self, process: pythia8mc.Event) -> bool:  # noqa: N802
        # backwards, as what comes from a boson is listed after it: b-quarks first, which a W does not touch
        leptons = []
        for position in range(process.size() - 1, _FIRST_PRODUCT - 1, -1):
            particle = process[position]
            kind = particle.idAbs()
            if kind == 5:
                if self._is_lost(particle, kind):
                    return True
            elif kind in (11, 13):
                leptons.append((particle, kind))
            elif kind == 24:
                mother = process[particle.mother1()]
                if mother.idAbs() in (35, 37):
                    _polarise(particle, mother, process[particle.daughter1()], process[particle.daughter2()])
        return any(self._is_lost(*lepton) for lepton in leptons)

    def _is_lost(self, particle: pythia8mc.Particle, kind: int) -> bool:
        return bool(particle.pT() < self.least_pt[kind] or abs(particle.eta()) > self.most_eta[kind])


def _polarise(
    boson: pythia8mc.Particle,
    mother: pythia8mc.Particle,
    first: pythia8mc.Particle,
    second: pythia8mc.Particle,
) -> None:
    """Turn what a W boson decayed to, at any angle alike, to where a longitudinal one sends it.

    The angle theta* to the boson's direction, in its frame and as seen from its mother's, is changed to that
    of the same quantile.
    """
    of_boson, of_mother, momentum = boson.p(), mother.p(), first.p()
    # in the boson's frame: energies, and the sizes of the momenta
    mass = boson.m()
    mother_energy, energy = of_mother * of_boson / mass, momentum * of_boson / mass
    mother_size, size = (mother_energy**2 - mother.m2()) ** 0.5, (energy**2 - first.m2()) ** 0.5
    cosine = (momentum * of_mother - energy * mother_energy) / (size * mother_size)
    cosine = max(-_MOST_COSINE, min(_MOST_COSINE, cosine))
    polarised = 2 * math.sin(math.asin(cosine) / 3)  # p with (3 p - p^3) / 2 = cosine
    across = ((1 - polarised**2) / (1 - cosine**2)) ** 0.5
    along = size * (polarised - across * cosine) / mother_size
    rest = (mother_energy * along + energy * (1 - across)) / mass
    momentum = momentum * across - of_mother * along + of_boson * rest
    first.p(momentum)
    second.p(of_boson - momentum)


def pairs(objects: Objects, others: Objects) -> tuple[np.ndarray, np.ndarray]:
    """(M,) and (M,) positions of all pairs of an object and another one of the same collision."""
    start = np.searchsorted(others.collision, objects.collision)
    number = np.searchsorted(others.collision, objects.collision, side="right") - start
    end = np.cumsum(number)
    return np.repeat(np.arange(len(number)), number), np.arange(number.sum()) + np.repeat(
        start - end + number, number
    )


def _read(batch: ak.Array) -> Particles:
    """The collisions of a batch from Pythia."""
    particles = ak.flatten(batch.prt)
    collision = np.repeat(np.arange(len(batch)), ak.num(batch.prt))
    code, status = particles.id.to_numpy(), particles.status.to_numpy()
    kind = abs(code)
    seen = (status > 0) & ~np.isin(kind, _NEUTRINOS)
    read = np.flatnonzero(seen | (kind == _CHARM) | (kind == _BOTTOM) | (kind == _NEUTRAL_PION))
    momentum = np.stack([particles.p[name].to_numpy()[read] for name in ("px", "py", "pz", "e")], 1)
    objects = pt_eta_phi(momentum)
    within = np.abs(objects[:, 1]) < _MOST_ETA
    read, energy = read[within], momentum[within, 3]
    code, kind, seen = code[read], kind[read], seen[read]
    found = Objects(collision[read], objects[within])

    quark = (kind == _CHARM) | (kind == _BOTTOM)
    quarks = Objects(found.collision[quark], np.column_stack([kind[quark], found.rows[quark, 1:]]))
    pions = found[kind == _NEUTRAL_PION]
    charge = np.sign(code[seen]) * _CHARGES[np.minimum(kind[seen], len(_CHARGES) - 1)]
    return Particles(len(batch), kind[seen], charge, energy[seen], found[seen], quarks, pions)
