"""From HIGGS units to physics and back: objects, their exact symmetries, and pairwise invariants.

Shape legend: B events, O objects (:data:`higgs_lightning.schema.OBJECTS`), F low-level features, C candidates
(:data:`CANDIDATES`), T particles of both kinds, P = T (T + 1) / 2 pairs of them.
All transverse momenta and masses are in GeV, all azimuths in radians. Objects are treated as massless.
"""

import math
from itertools import combinations
from typing import NamedTuple

import torch
from torch import Tensor

from higgs_lightning import schema

_PT, _ETA, _PHI, _BTAG = (schema.columns(quantity) for quantity in ("pt", "eta", "phi", "btag"))
_SCALES = torch.tensor([feature.scale for feature in schema.LOW_LEVEL])
_HAS_ETA = [o for o in range(schema.NUM_OBJECTS) if o != schema.MISSING_ENERGY]

#: Pairs of objects that a heavier particle may have decayed into: a leptonic W boson, then pairs of jets.
CANDIDATES = (
    (schema.LEPTON, schema.MISSING_ENERGY),
    *combinations(range(schema.FIRST_JET, schema.NUM_OBJECTS), 2),
)
#: The first and the second object of each candidate.
FIRST, SECOND = ([pair[i] for pair in CANDIDATES] for i in range(2))

_W_MASS = 80.4  # GeV: the value behind the file's own m_lv, see :mod:`higgs_lightning.schema`
_SMALLEST_PT = 1.0  # GeV: what is below it is noise, and must not become a divisor

#: The names of :func:`pair_invariants`, in order.
PAIR_INVARIANTS = ("log m^2", "log m_T^2", "log Delta R", "Delta phi", "Delta eta", "log min pT")


class Objects(NamedTuple):
    """The reconstructed objects of a batch of events, each field (B, O).

    Attributes:
        pt: transverse momentum, GeV (for the missing energy its magnitude).
        eta: pseudorapidity; 0 for the missing energy, whose direction along the beam is not measured.
        phi: azimuth, radians.
        btag: b-tag level 0, 1 or 2 as an integer; 0 for objects that are not jets.
    """

    pt: Tensor
    eta: Tensor
    phi: Tensor
    btag: Tensor


class Momenta(NamedTuple):
    """Four-momenta, each field (B, T).

    Attributes:
        pt: transverse momentum, GeV.
        rapidity: 0 for the missing energy.
        phi: azimuth, radians.
        mass: GeV.
    """

    pt: Tensor
    rapidity: Tensor
    phi: Tensor
    mass: Tensor


def to_objects(features: Tensor) -> Objects:
    """Read the objects from features (B, F) in HIGGS units."""
    physical = features * _SCALES.to(features)
    zero = torch.zeros_like(physical[:, :1])
    eta = physical[:, _ETA]
    btag = physical[:, _BTAG]
    return Objects(
        pt=physical[:, _PT],
        eta=torch.cat([eta[:, : schema.MISSING_ENERGY], zero, eta[:, schema.MISSING_ENERGY :]], dim=1),
        phi=physical[:, _PHI],
        btag=torch.cat([zero, zero, btag], dim=1).round().long().clamp(0, schema.NUM_BTAG_LEVELS - 1),
    )


def to_features(objects: Objects) -> Tensor:
    """Write objects as features (B, F) in HIGGS units: the inverse of :func:`to_objects`."""
    features = objects.pt.new_empty(objects.pt.shape[0], schema.NUM_FEATURES)
    features[:, _PT] = objects.pt
    features[:, _ETA] = objects.eta[:, _HAS_ETA]
    features[:, _PHI] = wrap(objects.phi)
    features[:, _BTAG] = objects.btag[:, schema.FIRST_JET :].to(features)
    return features / _SCALES.to(features)


def wrap(angle: Tensor) -> Tensor:
    """Bring angles in radians, any shape, into [-pi, pi)."""
    return torch.remainder(angle + math.pi, 2 * math.pi) - math.pi


def mirrored(features: Tensor, eta: Tensor | int, phi: Tensor | int) -> Tensor:
    """Multiply the pseudorapidities and azimuths of events (B, F) by signs: numbers or (B, 1).

    eta -> -eta and phi -> -phi of the whole event are exact symmetries of proton-proton collisions, and
    HIGGS' features of both kinds are symmetric about 0, so in its units they are changes of sign.
    """
    signs = torch.ones_like(features)
    signs[:, _ETA] *= eta
    signs[:, _PHI] *= phi
    return features * signs


def reflect(features: Tensor, generator: torch.Generator) -> Tensor:
    """Mirror each event of (B, F) with probability 1/2 along the beam and with 1/2 across it."""
    eta, phi = (
        1 - 2 * torch.randint(2, (len(features), 1), generator=generator, device=generator.device)
        for _ in range(2)
    )
    return mirrored(features, eta, phi)


def object_momenta(objects: Objects) -> Momenta:
    """The momenta of objects (B, O)."""
    return Momenta(objects.pt, objects.eta, objects.phi, torch.zeros_like(objects.pt))


def candidate_momenta(objects: Objects) -> Momenta:
    """The momenta (B, C) of :data:`CANDIDATES`: the sum of each pair's.

    The leptonic W is the sum of the lepton and of a neutrino with the missing energy and
    :func:`neutrino_eta`.
    """
    eta = torch.cat([objects.eta[:, :1], neutrino_eta(objects), objects.eta[:, 2:]], dim=1)
    px, py, pz = objects.pt * objects.phi.cos(), objects.pt * objects.phi.sin(), objects.pt * eta.sinh()
    px, py, pz = (component[:, FIRST] + component[:, SECOND] for component in (px, py, pz))
    angles = (eta[:, FIRST] - eta[:, SECOND]).cosh() - (objects.phi[:, FIRST] - objects.phi[:, SECOND]).cos()
    mass_squared = 2 * objects.pt[:, FIRST] * objects.pt[:, SECOND] * angles
    pt_squared = px.square() + py.square()
    transverse_energy = (mass_squared + pt_squared).clamp(min=_SMALLEST_PT**2).sqrt()
    return Momenta(
        pt_squared.sqrt(), (pz / transverse_energy).asinh(), torch.atan2(py, px), mass_squared.sqrt()
    )


def neutrino_eta(objects: Objects) -> Tensor:
    """Pseudorapidity (B, 1) with which missing energy and lepton have the mass of a W boson.

    With a = m_W^2 / 2 + pT_l pT_v cos(Delta phi), the mass-shell condition has the solutions

        pz_v = (a pz_l +- E_l sqrt(a^2 - pT_l^2 pT_v^2)) / pT_l^2

    of which the smaller one is taken. Where there is none, because the transverse mass is above the W's, the
    neutrino takes the lepton's pseudorapidity, which is a = pT_l pT_v and comes nearest to the W's mass.
    """
    pt, missing = (objects.pt[:, [o]].clamp(min=_SMALLEST_PT) for o in (schema.LEPTON, schema.MISSING_ENERGY))
    eta = objects.eta[:, [schema.LEPTON]]
    delta_phi = objects.phi[:, [schema.LEPTON]] - objects.phi[:, [schema.MISSING_ENERGY]]
    a = (_W_MASS**2 / 2 + pt * missing * delta_phi.cos()).maximum(pt * missing)
    root = (a.square() - (pt * missing).square()).clamp(min=0).sqrt()
    # written so that the lepton's eta -> -eta changes the sign alone
    pz = eta.sign() * (a * eta.abs().sinh() - eta.cosh() * root) / pt
    return (pz / missing).asinh()


def pairs(num_particles: int) -> tuple[Tensor, Tensor]:
    """The first and the second particle of each unordered pair, each (P,), those with themselves included."""
    first, second = torch.triu_indices(num_particles, num_particles)
    return first, second


def pair_of(num_particles: int) -> Tensor:
    """The position among :func:`pairs` of particle i and j in either order, (T, T)."""
    first, second = pairs(num_particles)
    position = torch.empty(num_particles, num_particles, dtype=torch.long)
    position[first, second] = position[second, first] = torch.arange(len(first))
    return position


def pair_invariants(momenta: Momenta) -> Tensor:
    """Invariants under boosts along the beam of each of :func:`pairs`: (B, P, 6), of order one.

    In the order of :data:`PAIR_INVARIANTS`, for particles i and j, of transverse energy E_T, where
    E_T^2 = m^2 + p_T^2::

        m^2   = m_i^2 + m_j^2 + 2 (E_Ti E_Tj cosh(Delta y) - pT_i pT_j cos(Delta phi))
        m_T^2 = m_i^2 + m_j^2 + 2 (E_Ti E_Tj - pT_i pT_j cos(Delta phi))
        (Delta R)^2 = (Delta y)^2 + (Delta phi)^2

    Differences are absolute; y, the rapidity, is the pseudorapidity where there is no mass. The missing
    energy has none: for its pairs Delta y is 0, so that m equals m_T. Logarithms are of 1 GeV^2, 1 GeV and
    radians, shifted and scaled by fixed constants.
    """
    i, j = (index.to(momenta.pt.device) for index in pairs(momenta.pt.shape[1]))
    delta_phi = wrap(momenta.phi[:, i] - momenta.phi[:, j]).abs()
    measured = (i != schema.MISSING_ENERGY) & (j != schema.MISSING_ENERGY)
    delta_y = (momenta.rapidity[:, i] - momenta.rapidity[:, j]).abs() * measured
    mass_squared = momenta.mass.square()
    # a root has no gradient at 0
    transverse_energy = (mass_squared + momenta.pt.square()).clamp(min=1e-12).sqrt()
    product = momenta.pt[:, i] * momenta.pt[:, j]
    product_energy = transverse_energy[:, i] * transverse_energy[:, j]
    # differences of small numbers rather than of large ones
    transverse = (
        mass_squared[:, i]
        + mass_squared[:, j]
        + 2 * (product_energy - product)
        + 2 * product * (1 - delta_phi.cos())
    )
    return torch.stack(
        [
            (transverse + 2 * product_energy * (delta_y.cosh() - 1) + 1).log() / 2 - 4,
            (transverse + 1).log() / 2 - 4,
            (delta_y.square() + delta_phi.square() + 1e-4).log() / 2,
            delta_phi,
            delta_y,
            torch.minimum(momenta.pt[:, i], momenta.pt[:, j]).clamp(min=_SMALLEST_PT).log() - 4,
        ],
        dim=-1,
    )
