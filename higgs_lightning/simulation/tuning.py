"""What real HIGGS events say of the simulation's numbers, and how surely."""

from typing import NamedTuple

import numpy as np


class Tuning(NamedTuple):
    """The numbers that nothing but real events fixes; how they were found is in ``docs/ablations.md``.

    Attributes:
        signal_radiation: strength (alpha_s at the Z mass) of what the protons radiate. Pythia's own, 0.1365,
            makes too many jets.
        background_radiation: the same beside top pairs.
        signal_radiation_end: how far this radiation may reach, times the process's scale. Without an end
            (pTmaxMatch 2), hard jets are too central.
        background_radiation_end: the same beside top pairs.
        final_radiation: strength of what the process makes radiates; Pythia has 0.1365.
        top_mass: GeV.
        light_higgs_offset: GeV, added to the mass of h0 that is asked for.
        hadronic_scale: what the calorimeter measures of a hadron's energy.
        hadronic_resolution: its relative error at 1 GeV; it goes as 1 / sqrt(energy).
        seed_pt: GeV, least of a cell that a jet begins with. PGS has 3; less leaves as many real events
            without jets beside the four listed ones as there are.
        wrong_tags: how often light jets are tagged, times CDF's mistags.
        tag_pt: share of a jet's momentum at which its b-tag's efficiency is read.
    """

    signal_radiation: float
    background_radiation: float
    signal_radiation_end: float
    background_radiation_end: float
    final_radiation: float
    top_mass: float
    light_higgs_offset: float
    hadronic_scale: float
    hadronic_resolution: float
    seed_pt: float
    wrong_tags: float
    tag_pt: float

    def varied(self, spread: float, seed: int) -> "Tuning":
        """Another simulation, as good as this one for all we know.

        Each number is drawn evenly, with a standard deviation of ``spread`` times its uncertainty.
        """
        generator = np.random.default_rng(np.random.SeedSequence((seed, _VARIATION)))
        steps = spread * np.sqrt(3) * generator.uniform(-1, 1, len(self))
        return Tuning(*(np.array(self) + steps * np.array(UNCERTAINTY)).tolist())


_VARIATION = 2  # part of what depends on a file's seed: 0 and 1 are the classes' collisions

#: The simulation as it is.
TUNED = Tuning(
    signal_radiation=0.113,
    background_radiation=0.0938,
    signal_radiation_end=1.16,
    background_radiation_end=0.8,
    final_radiation=0.13,
    top_mass=174,
    light_higgs_offset=0,
    hadronic_scale=0.988,
    hadronic_resolution=0.845,
    seed_pt=2.7,
    wrong_tags=1.7,
    tag_pt=0.9,
)
#: By hand: about as far as one number alone may go before deciles of the features are clearly worse.
UNCERTAINTY = Tuning(
    signal_radiation=0.010,
    background_radiation=0.010,
    signal_radiation_end=0.15,
    background_radiation_end=0.15,
    final_radiation=0.008,
    top_mass=1.5,
    light_higgs_offset=1.5,
    hadronic_scale=0.03,
    hadronic_resolution=0.1,
    seed_pt=0.3,
    wrong_tags=0.4,
    tag_pt=0.06,
)
