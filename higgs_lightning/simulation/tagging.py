"""How often jets are tagged: CDF's loose and tight b-tags, as PGS 4 has them."""

import numpy as np

from higgs_lightning.simulation.tuning import TUNED, Tuning

LIGHT, CHARM, BOTTOM = 0, 4, 5

# Polynomials in the transverse momentum, GeV, up to 160, and in the absolute pseudorapidity, from the
# constant term on. Both tags end at 1.8.
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


def efficiencies(
    flavour: np.ndarray, pt: np.ndarray, eta: np.ndarray, tuning: Tuning = TUNED
) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of a loose and of a tight b-tag of jets; all arrays have one shape.

    Args:
        flavour: :data:`BOTTOM`, :data:`CHARM` or another number for light jets.
        pt: GeV.
        eta: of either sign.
        tuning: where in momentum they are read, and how often light jets are tagged.
    """
    pt, eta = np.minimum(tuning.tag_pt * pt, 160), np.abs(eta)
    found = []
    for of_b, of_light, of_charm in (
        (_LOOSE_B, _LOOSE_LIGHT, _LOOSE_CHARM),
        (_TIGHT_B, _TIGHT_LIGHT, _TIGHT_CHARM),
    ):
        b, light = (np.polyval(p[::-1], pt) * np.polyval(e[::-1], eta) for p, e in (of_b, of_light))
        efficiency = np.select(
            [flavour == BOTTOM, flavour == CHARM], [b, of_charm * b], tuning.wrong_tags * light
        )
        found.append(np.where(eta < 2, np.maximum(efficiency, 0), 0))
    return found[0], found[1]
