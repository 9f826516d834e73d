"""From HIGGS units to physics and back: objects, their exact symmetries, and pairwise invariants.

All transverse momenta and masses are in GeV, all azimuths in radians. Objects are treated as massless.
"""

import math
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from higgs_lightning import schema
from higgs_lightning.constants import Choice, Constant
from higgs_lightning.shapes import Features, PerEvent, PerObject

_QUANTITIES = ("pt", "eta", "phi", "btag")  # in the order of Objects
_SCALES = Constant(torch.tensor([feature.scale for feature in schema.LOW_LEVEL]))
_IS_ETA, _IS_PHI = (
    Constant(torch.tensor([feature.quantity == name for feature in schema.LOW_LEVEL + schema.HIGH_LEVEL]))
    for name in ("eta", "phi")
)
# for each feature its place in a table of quantities times objects
_places = torch.tensor(
    [
        _QUANTITIES.index(feature.quantity) * schema.NUM_OBJECTS + o
        for feature, o in zip(schema.LOW_LEVEL, schema.OBJECT_OF_FEATURE, strict=True)
    ]
)
_PLACES = Choice(_places, len(_QUANTITIES) * schema.NUM_OBJECTS)
# for each place of that table its feature and its scale; 0 times its object's pT where the file has none
_FEATURES = Constant(
    torch.tensor(schema.columns("pt"))
    .repeat(len(_QUANTITIES))
    .index_copy(0, _places, torch.arange(len(schema.LOW_LEVEL)))
)
_TABLE_SCALES = Constant(
    torch.zeros(len(_QUANTITIES) * schema.NUM_OBJECTS).index_copy(
        0, _places, torch.tensor([feature.scale for feature in schema.LOW_LEVEL])
    )
)

#: Pairs of objects (i, j) with i <= j: what is symmetric in two objects is computed once. The first P = 21
#: are of the six objects, the others of the detector's missing energy, see :func:`detector_missing_energy`.
PAIRS = tuple((i, j) for j in range(1 + schema.NUM_OBJECTS) for i in range(j + 1))
_FIRST, _SECOND = (Constant(each) for each in torch.tensor(PAIRS).unbind(1))
_WITHOUT_ETA = {schema.MISSING_ENERGY, schema.NUM_OBJECTS}
_BOTH_HAVE_ETA = Constant(torch.tensor([not _WITHOUT_ETA & set(pair) for pair in PAIRS]))
# of missing energy = 2 M + lepton + jets, M
_SHARES_OF_M = Constant(
    torch.tensor([0.5 if o == schema.MISSING_ENERGY else -0.5 for o in range(schema.NUM_OBJECTS)])
)

#: The names of :func:`pair_invariants`, in order.
PAIR_INVARIANTS = ("log m^2", "log m_T^2", "log Delta R", "Delta phi", "Delta eta", "log min pT")


class Objects(NamedTuple):
    """The reconstructed objects of a batch of events, six unless it is said otherwise.

    Attributes:
        pt: transverse momentum, GeV (for the missing energy its magnitude).
        eta: pseudorapidity; 0 for the missing energy, whose direction along the beam is not measured.
        phi: azimuth, radians.
        btag: b-tag level 0, 1 or 2 as an integer; 0 for objects that are not jets.
    """

    pt: Float[Tensor, "B O"]
    eta: Float[Tensor, "B O"]
    phi: Float[Tensor, "B O"]
    btag: Int[Tensor, "B O"]


def to_objects(features: Features) -> Objects:
    """Read the objects from features in HIGGS units."""
    table = features.index_select(1, _FEATURES.on(features)) * _TABLE_SCALES.on(features).to(features.dtype)
    pt, eta, phi, btag = table.unflatten(1, (len(_QUANTITIES), schema.NUM_OBJECTS)).unbind(1)
    return Objects(pt, eta, phi, btag.round().long().clamp(0, schema.NUM_BTAG_LEVELS - 1))


def to_features(objects: Objects) -> Features:
    """Write objects as features in HIGGS units: the inverse of :func:`to_objects`."""
    btag = objects.btag.to(objects.pt)
    return columns(objects.pt, objects.eta, wrap(objects.phi), btag) / _SCALES.on(objects.pt).to(
        objects.pt.dtype
    )


def columns(pt: PerObject, eta: PerObject, phi: PerObject, btag: PerObject) -> Features:
    """What belongs to each quantity of each object, in the order of the features, as far as there is one."""
    return _PLACES.of(torch.cat([pt, eta, phi, btag], dim=1))


def wrap(angle: Float[Tensor, "*any"]) -> Float[Tensor, "*any"]:
    """Bring angles in radians, any number of them, into [-pi, pi).

    Examples:
        >>> wrap(torch.tensor([0.0, 3.5, -7.0]))
        tensor([ 0.0000, -2.7832, -0.7168])
    """
    return torch.remainder(angle + math.pi, 2 * math.pi) - math.pi


def mirrored(features: Features, eta: Int[Tensor, "B 1"] | int, phi: Int[Tensor, "B 1"] | int) -> Features:
    """Multiply the pseudorapidities and azimuths of events by signs: one for all, or one for each event.

    eta -> -eta and phi -> -phi of the whole event are exact symmetries of proton-proton collisions, and
    HIGGS' features of both kinds are symmetric about 0, so in its units they are changes of sign.
    """
    is_eta, is_phi = (each.on(features)[: features.shape[1]] for each in (_IS_ETA, _IS_PHI))
    return features * (1 + is_eta * (eta - 1) + is_phi * (phi - 1))


def signs(num_events: int, generator: torch.Generator) -> tuple[Int[Tensor, "B 1"], Int[Tensor, "B 1"]]:
    """Signs of the pseudorapidities and of the azimuths of events, for :func:`mirrored`.

    Each is -1 with probability 1/2: so many events are mirrored along the beam, and so many across it.
    """
    eta, phi = (
        1 - 2 * torch.randint(2, (num_events, 1), generator=generator, device=generator.device)
        for _ in range(2)
    )
    return eta, phi


def measuring_errors(num_events: int, size: float, generator: torch.Generator) -> Float[Tensor, "3 B O=6"]:
    """Normal errors of this width of log pT, pseudorapidity and azimuth (radians), for :func:`smear`."""
    shape = (num_events, schema.NUM_OBJECTS)
    return size * torch.stack(
        [torch.randn(shape, generator=generator, device=generator.device) for _ in "123"]
    )


def smear(features: Features, errors: Float[Tensor, "3 B O=6"]) -> Features:
    """Measure the objects of each event once more, less well: with errors added; b-tags stay.

    Args:
        features: in HIGGS units.
        errors: of log pT, pseudorapidity and azimuth (radians), see :func:`measuring_errors`.
    """
    objects = to_objects(features.nan_to_num())
    error_of_pt, error_of_eta, error_of_phi = errors
    smeared = objects._replace(
        pt=objects.pt * error_of_pt.exp(), eta=objects.eta + error_of_eta, phi=objects.phi + error_of_phi
    )
    return torch.where(features.isnan(), features, to_features(smeared))


def detector_missing_energy(objects: Objects) -> Objects:
    """What the detector itself missed, M: one object, beside the six that it is made of.

    HIGGS' missing energy is 2 M + lepton + all jets (``docs/higgs.md``), so what is neither lepton nor jet is
    counted twice in it, and M is nearer to the neutrino. Jets that are not among the four are left in M, half
    of them.
    """
    shares = _SHARES_OF_M.on(objects.pt).to(objects.pt.dtype)
    x, y = (
        (shares * objects.pt * component).sum(dim=1, keepdim=True)
        for component in (objects.phi.cos(), objects.phi.sin())
    )
    none = torch.zeros_like(x)
    magnitude = (x.square() + y.square()).sqrt()  # not torch.hypot, which ONNX does not know
    return Objects(pt=magnitude, eta=none, phi=torch.atan2(y, x), btag=none.long())


def tagged_pair_mass(objects: Objects) -> PerEvent:
    """m_bb in GeV: the mass of the first two jets with a b-tag; 0 of events that list fewer."""
    tagged = objects.btag > 0
    first, second = tagged.long().argsort(dim=1, descending=True, stable=True)[:, :2].split(1, dim=1)
    (pt_1, pt_2), (eta_1, eta_2), (phi_1, phi_2) = (
        (each.gather(1, first).squeeze(1), each.gather(1, second).squeeze(1))
        for each in (objects.pt, objects.eta, objects.phi)
    )
    squared = 2 * pt_1 * pt_2 * ((eta_1 - eta_2).cosh() - (phi_1 - phi_2).cos())
    return squared.clamp(min=0).sqrt() * (tagged.sum(dim=1) > 1)


def pair_invariants(objects: Objects) -> Float[Tensor, "B P I=6"]:
    """Invariants under boosts along the beam of each pair of six or seven objects, of order one.

    In the order of :data:`PAIRS` and :data:`PAIR_INVARIANTS`, for massless objects i and j::

        m^2   = 2 pT_i pT_j (cosh(Delta eta) - cos(Delta phi))
        m_T^2 = 2 pT_i pT_j (1 - cos(Delta phi))
        (Delta R)^2 = (Delta eta)^2 + (Delta phi)^2

    Differences are absolute. Missing energies have no pseudorapidity: for their pairs Delta eta is 0, so that
    m equals m_T. Logarithms are of 1 GeV^2, 1 GeV and radians, shifted and scaled by fixed constants.
    """
    num_objects = objects.pt.shape[1]
    num_pairs = num_objects * (num_objects + 1) // 2
    i, j = (each.on(objects.pt)[:num_pairs] for each in (_FIRST, _SECOND))
    pt_i, pt_j = objects.pt.index_select(1, i), objects.pt.index_select(1, j)
    delta_phi = wrap(objects.phi.index_select(1, i) - objects.phi.index_select(1, j)).abs()
    delta_eta = (objects.eta.index_select(1, i) - objects.eta.index_select(1, j)).abs()
    delta_eta = delta_eta * _BOTH_HAVE_ETA.on(delta_eta)[:num_pairs].to(delta_eta.dtype)
    scale = 2 * pt_i * pt_j
    transverse = 1 - delta_phi.cos()
    mass_squared = scale * (delta_eta.cosh() - 1 + transverse)
    return torch.stack(
        [
            (mass_squared + 1).log() / 2 - 4,
            (scale * transverse + 1).log() / 2 - 4,
            (delta_eta.square() + delta_phi.square() + 1e-4).log() / 2,
            delta_phi,
            delta_eta,
            torch.minimum(pt_i, pt_j).clamp(min=1).log() - 4,
        ],
        dim=-1,
    )
