"""Proton collisions from Pythia 8: the heavy-Higgs cascade (signal) and top pairs (background)."""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import awkward as ak
import numpy as np
import pythia8mc

from higgs_lightning.errors import UserError
from higgs_lightning.simulation.rows import W_MASS, pt_eta_phi

SIGNAL, BACKGROUND = 1, 0
_NEUTRINOS = (12, 14, 16)
_NEUTRAL_PION = 111
# charge of the particles, not the antiparticles, that live long enough
_POSITIVE, _NEGATIVE = (211, 321, 2212, 3222), (11, 13, 3112, 3312, 3334)
_MOST_ETA = 5  # nothing is detected beyond
_BATCH = 32  # collisions: to read the event record particle by particle would take as long as to make it

# Radiation is tuned to real HIGGS events: to how often the pair of jets nearest the W's mass is among the
# four listed ones (more radiation makes more jets), to the jets' momenta and to the sum of all of them.
# Pythia's own strength, 0.1365, makes too many jets. With pTmaxMatch 1, radiation from the protons is no
# harder than the process; with 2 it is as hard as the beams allow.
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
        "SpaceShower:alphaSvalue = 0.118",
        "SpaceShower:pTmaxMatch = 2",
    ),
    BACKGROUND: (
        "Top:gg2ttbar = on",
        "Top:qqbar2ttbar = on",
        "SpaceShower:alphaSvalue = 0.10",
        "SpaceShower:pTmaxMatch = 1",
    ),
}


class Particles(NamedTuple):
    """What a detector can see of one collision, and the heavy quarks that it came from.

    Attributes:
        kind: (P,) PDG codes without sign.
        charge: (P,) -1, 0 or 1; 0 for partons, too.
        energy: (P,) GeV.
        objects: (P, 3) transverse momentum in GeV, pseudorapidity and azimuth.
        quarks: (Q, 3) PDG code without sign, pseudorapidity and azimuth of the bottom and charm quarks, a
            row for each time that the event record lists one.
        pions: (N, 3) transverse momentum in GeV, pseudorapidity and azimuth of the neutral pions, whose
            photons are among the particles.
    """

    kind: np.ndarray
    charge: np.ndarray
    energy: np.ndarray
    objects: np.ndarray
    quarks: np.ndarray
    pions: np.ndarray


def collisions(
    label: int,
    seed: int,
    *,
    energy: float,
    masses: dict[str, float],
    hadronisation: bool,
    multiparton_interactions: bool,
    lepton_pt: float,
    jet_pt: float,
) -> Iterator[Particles]:
    """Generate collisions of a class without end.

    Args:
        label: 1 for gg -> H0 -> W H+-, H+- -> W h0, h0 -> b bbar; 0 for t tbar. The W+ decays to an electron
            or a muon, the W- to quarks: HIGGS has no charges that would tell them apart.
        seed: 1 to 900,000,000.
        energy: of the two protons, GeV.
        masses: of the ``heavy_higgs`` H0, the ``charged_higgs`` H+- and the ``light_higgs`` h0, GeV.
        hadronisation: go on from partons to hadrons and their decays.
        multiparton_interactions: let further partons of the two protons interact.
        lepton_pt: transverse momentum that the detector asks of a lepton, GeV.
        jet_pt: transverse momentum that the detector asks of a jet, GeV.

    Raises:
        UserError: Pythia can't simulate such collisions.
    """
    steps = np.diff([masses["light_higgs"], masses["charged_higgs"], masses["heavy_higgs"]])
    if steps.min() < W_MASS:
        raise UserError(f"masses={masses}: each needs {W_MASS} GeV more than the next, for a W")
    pythia = pythia8mc.Pythia("", False)
    preselection = _Preselection(pythia.rndm, lepton_pt, jet_pt)  # Pythia does not keep it alive
    pythia.setUserHooksPtr(preselection)
    for command in (
        "Print:quiet = on",
        "Random:setSeed = on",
        f"Random:seed = {seed}",
        f"Beams:eCM = {energy}",
        *_PROCESS[label],
        f"35:m0 = {masses['heavy_higgs']}",
        f"37:m0 = {masses['charged_higgs']}",
        f"25:m0 = {masses['light_higgs']}",
        "24:onMode = off",
        "24:onPosIfAny = 11 13",
        "24:onNegIfAny = 1 2 3 4 5",
        "TimeShower:alphaSvalue = 0.115",  # radiation from what the process makes
        f"HadronLevel:all = {'on' if hadronisation else 'off'}",
        f"PartonLevel:MPI = {'on' if multiparton_interactions else 'off'}",
    ):
        pythia.readString(command)
    if not pythia.init():
        raise UserError(_in_vain(energy, masses))
    while True:
        batch = pythia.nextBatch(_BATCH)
        if not len(batch):
            raise UserError(_in_vain(energy, masses))
        yield from _read(batch)


def _in_vain(energy: float, masses: dict[str, float]) -> str:
    given = ", ".join(f"masses.{name}={mass}" for name, mass in masses.items())
    return (
        f"energy={energy} with {given}: Pythia can't make such collisions; give more energy or other masses"
    )


class _Preselection(pythia8mc.UserHooks):
    """Stops, before its showers, a collision whose lepton or b-quarks are far from being accepted.

    It also gives the signal's W bosons their polarisation, which Pythia leaves out: in H0 -> W H+- and
    H+- -> W h0 all other spins are 0, so the W is longitudinal and its decay goes as sin^2 theta*.
    """

    def __init__(self, random: pythia8mc.Rndm, lepton_pt: float, jet_pt: float):
        super().__init__()
        self.random = random
        self.least_pt = {11: lepton_pt / 2, 13: lepton_pt / 2, 5: jet_pt / 2}
        self.most_eta = {11: 2.8, 13: 2.8, 5: 2.3}

    def canVetoProcessLevel(self) -> bool:  # noqa: N802
        return True

    def doVetoProcessLevel(self, process: pythia8mc.Event) -> bool:  # noqa: N802
        for particle in process:
            kind = particle.idAbs()
            if (
                kind in self.least_pt
                and particle.isFinal()
                and (particle.pT() < self.least_pt[kind] or abs(particle.eta()) > self.most_eta[kind])
            ):
                return True
            mother = process[particle.mother1()]
            if kind == 24 and mother.idAbs() in (35, 37):
                first, second = process[particle.daughter1()], process[particle.daughter2()]
                energy = mother.p() * particle.p() / mother.m()  # in the mother's frame, like the next two
                momentum = (energy**2 - particle.m2()) ** 0.5
                cosine = mother.p() * (first.p() - second.p()) / mother.m() / momentum
                if self.random.flat() < cosine**2:
                    return True
        return False


def _read(batch: ak.Array) -> Iterator[Particles]:
    """The collisions of a batch from Pythia."""
    particles = ak.flatten(batch.prt)
    code, status = particles.id.to_numpy(), particles.status.to_numpy()
    kind = abs(code)
    charge = np.sign(code) * (np.isin(kind, _POSITIVE).astype(int) - np.isin(kind, _NEGATIVE))
    momentum = np.column_stack([particles.p[name].to_numpy() for name in ("px", "py", "pz", "e")])
    energy, objects = momentum[:, 3], pt_eta_phi(momentum)
    within = np.abs(objects[:, 1]) < _MOST_ETA
    seen = within & (status > 0) & ~np.isin(kind, _NEUTRINOS)
    quark = within & np.isin(kind, (4, 5))
    pion = within & (kind == _NEUTRAL_PION)
    ends = np.cumsum(ak.num(batch.prt))
    for start, end in pairwise([0, *ends]):
        part = slice(start, end)
        of_seen, of_quark, of_pion = (start + np.flatnonzero(which[part]) for which in (seen, quark, pion))
        yield Particles(
            kind[of_seen],
            charge[of_seen],
            energy[of_seen],
            objects[of_seen],
            np.column_stack([kind[of_quark], objects[of_quark, 1:]]),
            objects[of_pion],
        )
