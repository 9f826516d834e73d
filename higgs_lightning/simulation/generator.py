"""Proton collisions from Pythia 8: the heavy-Higgs cascade (signal) and top pairs (background)."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from higgs_lightning.errors import UserError

try:
    import pythia8mc
except ImportError:  # an optional extra
    pythia8mc = None

SIGNAL, BACKGROUND = 1, 0

_PROCESS = {
    SIGNAL: (
        "Higgs:useBSM = on",
        "HiggsBSM:gg2H2 = on",
        # couplings that open the channels; the widths are forced to be narrow
        "HiggsH2:coup2u = 1",
        "HiggsH2:coup2HchgW = 1",
        "HiggsHchg:coup2H1W = 1",
        "35:doForceWidth = on",
        "35:mWidth = 5",
        "37:doForceWidth = on",
        "37:mWidth = 5",
        "35:onMode = off",
        "35:onIfMatch = 24 37",
        "37:onMode = off",
        "37:onIfMatch = 24 25",
        "25:onMode = off",
        "25:onIfMatch = 5 5",
    ),
    BACKGROUND: ("Top:gg2ttbar = on", "Top:qqbar2ttbar = on"),
}


class Particles(NamedTuple):
    """What a detector can see of one collision, and the heavy quarks that it came from.

    Attributes:
        kind: (P,) PDG codes without sign.
        momentum: (P, 4) px, py, pz and energy in GeV.
        charged: (P,) bool.
        quarks: (Q, 3) PDG code without sign, pseudorapidity and azimuth of the bottom and charm quarks.
    """

    kind: np.ndarray
    momentum: np.ndarray
    charged: np.ndarray
    quarks: np.ndarray


def collisions(
    label: int,
    seed: int,
    energy: float,
    masses: dict[str, float],
    hadronisation: bool,
    multiparton_interactions: bool,
) -> Iterator[Particles]:
    """Generate collisions of a class without end.

    Args:
        label: 1 for gg -> H0 -> W H+-, H+- -> W h0, h0 -> b bbar; 0 for t tbar. One W, of either charge,
            decays to an electron or a muon and the other to quarks.
        seed: 1 to 900,000,000.
        energy: of the two protons, GeV.
        masses: GeV, of ``H0``, ``H+-`` and ``h0``.
    """
    pythia = pythia8mc.Pythia("", False)
    preselection = _preselection(pythia.rndm)
    pythia.setUserHooksPtr(preselection)
    commands = [
        "Print:quiet = on",
        f"Beams:eCM = {energy}",
        "Random:setSeed = on",
        f"Random:seed = {seed}",
        *_PROCESS[label],
        f"35:m0 = {masses['H0']}",
        f"37:m0 = {masses['H+-']}",
        f"25:m0 = {masses['h0']}",
        "24:onMode = off",
        "24:onPosIfAny = 11 13",
        "24:onNegIfAny = 1 2 3 4 5",
        # as in the parton showers that HIGGS was made with, radiation is no harder than the process
        "SpaceShower:pTmaxMatch = 1",
        f"HadronLevel:all = {'on' if hadronisation else 'off'}",
        f"PartonLevel:MPI = {'on' if multiparton_interactions else 'off'}",
    ]
    for command in commands:
        pythia.readString(command)
    if not pythia.init():
        raise UserError(f"Pythia cannot simulate these masses and this energy: {masses}, {energy} GeV")
    while True:
        if pythia.next():  # the hook must live as long: preselection
            yield _read(pythia.event)


def _preselection(random: "pythia8mc.Rndm") -> "pythia8mc.UserHooks":
    """Stop, before its showers, a collision whose lepton or b-quarks are far from being accepted.

    It also gives the W bosons of the signal their polarisation, which Pythia leaves out: in H0 -> W H+- and
    H+- -> W h0 all other spins are 0, so the W is longitudinal and its decay goes as sin^2 theta*.
    """

    class Preselection(pythia8mc.UserHooks):
        def canVetoProcessLevel(self) -> bool:  # noqa: N802
            return True

        def doVetoProcessLevel(self, process: "pythia8mc.Event") -> bool:  # noqa: N802
            for particle in process:
                kind = particle.idAbs()
                if kind in (11, 13) and (particle.pT() < 8 or abs(particle.eta()) > 2.8):
                    return True
                if kind == 5 and particle.isFinal() and (particle.pT() < 8 or abs(particle.eta()) > 2.3):
                    return True
                if kind == 24 and process[particle.mother1()].idAbs() in (35, 37):
                    mother = process[particle.mother1()]
                    first, second = process[particle.daughter1()], process[particle.daughter2()]
                    energy = mother.p() * particle.p() / mother.m()
                    momentum = (energy**2 - particle.m2()) ** 0.5
                    cosine = mother.p() * (first.p() - second.p()) / mother.m() / momentum
                    if random.flat() < cosine**2:
                        return True
            return False

    return Preselection()


def _read(event: "pythia8mc.Event") -> Particles:
    seen, quarks = [], []
    for particle in event:
        kind = particle.idAbs()
        final = particle.isFinal()
        if kind in (4, 5) and (final or 71 <= particle.statusAbs() <= 79):
            quarks.append((kind, particle.eta(), particle.phi()))
        if final and kind not in (12, 14, 16):
            seen.append(
                (kind, particle.px(), particle.py(), particle.pz(), particle.e(), particle.isCharged())
            )
    table = np.array(seen)
    return Particles(table[:, 0].astype(int), table[:, 1:5], table[:, 5] > 0, np.array(quarks).reshape(-1, 3))
