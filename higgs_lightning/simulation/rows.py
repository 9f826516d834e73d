"""From lepton, missing energy and jets to a HIGGS row: the seven masses and the file's units.

The definitions were found by reproducing the columns of real events from their low-level features.
"""

import numpy as np

from higgs_lightning import schema

#: GeV; the file's own neutrinos and jet pairs are chosen with this value.
W_MASS = 80.4
#: GeV; the value with which the file pairs a b-jet with the hadronic W.
TOP_MASS = 175.0

# The file's neutrinos lie on this grid: the pseudorapidity whose lepton-neutrino mass is nearest the W's. It
# ends at 3: to 1e-5 the masses with neutrinos are then right in 98.5 to 99.99 % of events, see docs/higgs.md.
_NEUTRINO_ETA = np.arange(-60, 61) * 0.05

#: (28,) GeV, radians or levels of 1.0 in the file, for each feature.
SCALES = np.array([feature.scale for feature in schema.LOW_LEVEL + schema.HIGH_LEVEL])


def four_momenta(objects: np.ndarray) -> np.ndarray:
    """(..., 4) px, py, pz, energy of massless objects (..., 3) with pT, eta, phi."""
    pt, eta, phi = np.moveaxis(objects, -1, 0)
    return np.stack([pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta), pt * np.cosh(eta)], -1)


def pt_eta_phi(momentum: np.ndarray) -> np.ndarray:
    """(..., 3) pT, eta, phi of four-momenta (..., 4); along the beam, eta is infinite."""
    px, py, pz, _ = np.moveaxis(momentum, -1, 0)
    pt = np.hypot(px, py)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.stack([pt, np.arcsinh(pz / pt), np.arctan2(py, px)], -1)


def mass(momentum: np.ndarray) -> np.ndarray:
    """(...) mass of four-momenta (..., 4)."""
    squared = momentum[..., 3] ** 2 - (momentum[..., :3] ** 2).sum(-1)
    result: np.ndarray = np.sqrt(np.maximum(squared, 0))
    return result


def neutrino(lepton: np.ndarray, missing_energy: np.ndarray) -> np.ndarray:
    """(N, 3) pT, eta, phi of the neutrino behind missing energy (N, 2) beside a lepton (N, 3)."""
    difference = lepton[:, None, 1] - _NEUTRINO_ETA
    azimuth = lepton[:, None, 2] - missing_energy[:, None, 1]
    squared = 2 * (lepton[:, 0] * missing_energy[:, 0])[:, None] * (np.cosh(difference) - np.cos(azimuth))
    eta = _NEUTRINO_ETA[np.abs(np.sqrt(squared) - W_MASS).argmin(1)]
    return np.column_stack([missing_energy[:, 0], eta, missing_energy[:, 1]])


def masses(lepton: np.ndarray, missing_energy: np.ndarray, jets: np.ndarray) -> np.ndarray:
    """The seven masses of :data:`schema.HIGH_LEVEL`, in its order and in GeV.

    Args:
        lepton: (N, 3) pT, eta, phi.
        missing_energy: (N, 2) magnitude, phi.
        jets: (N, J, 4) pT, eta, phi, b-tag level; two are tagged; absent jets have pT 0.

    Returns:
        (N, 7). The hadronic W is the pair of untagged jets whose mass is nearest the W's; the b-jet of m_jjj
        is the one that brings it nearest the top's mass, and m_jlv has the other; m_wbb is the larger of
        the masses of the two tagged jets with either W.
    """
    momentum = four_momenta(jets[..., :3])
    tagged = jets[..., 3] > 0
    rows = np.arange(len(jets))
    first, second = np.argsort(~tagged, axis=1, kind="stable")[:, :2].T
    b1, b2 = momentum[rows, first], momentum[rows, second]

    i, j = np.triu_indices(jets.shape[1], 1)
    pairs = mass(momentum[:, i] + momentum[:, j])
    eligible = ~tagged & (jets[..., 0] > 0)
    distance = np.where(eligible[:, i] & eligible[:, j], np.abs(pairs - W_MASS), np.inf)
    best = distance.argmin(1)
    hadronic_w = momentum[rows, i[best]] + momentum[rows, j[best]]
    leptonic_w = four_momenta(lepton) + four_momenta(neutrino(lepton, missing_energy))

    m_jjj = np.stack([mass(hadronic_w + b1), mass(hadronic_w + b2)], 1)
    m_jlv = np.stack([mass(leptonic_w + b2), mass(leptonic_w + b1)], 1)
    b_of_top = np.abs(m_jjj - TOP_MASS).argmin(1)
    return np.column_stack(
        [
            mass(hadronic_w),
            m_jjj[rows, b_of_top],
            mass(leptonic_w),
            m_jlv[rows, b_of_top],
            mass(b1 + b2),
            np.maximum(mass(leptonic_w + b1 + b2), mass(hadronic_w + b1 + b2)),
            mass(leptonic_w + hadronic_w + b1 + b2),
        ]
    )


def higgs_rows(label: float, lepton: np.ndarray, missing_energy: np.ndarray, jets: np.ndarray) -> np.ndarray:
    """(N, 29) rows of :data:`schema.COLUMNS` in HIGGS' units; arguments as in :func:`masses`."""
    features = np.column_stack(
        [lepton, missing_energy, jets[:, :4].reshape(len(jets), 16), masses(lepton, missing_energy, jets)]
    )
    return np.column_stack([np.full(len(jets), label), features / SCALES])
