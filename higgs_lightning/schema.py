"""The HIGGS table: its columns, the objects they describe, and what a number in them means.

This is the only module that knows a column number. HIGGS rows hold the label (1 signal, 0 background),
21 low-level features and 7 high-level masses, without a header. P. Baldi, P. Sadowski and D. Whiteson
(Nature Communications 5:4308, 2014) divided the features that are never negative by their mean and
standardised the others, so the file has no units. :attr:`Feature.scale` gives them back.

Where the scales come from: all were fitted on real events by reproducing the file's own seven masses, with
the definitions in :func:`higgs_lightning.simulation.rows.masses`. Azimuth, pseudorapidities and
the ratios of the jet scales follow from m_bb, the product lepton x missing energy from the transverse mass
behind m_lv, the ratios of leptons, missing energy and jets from the masses that hold all of them, and the
size of a GeV from the W mass, 80.4, in m_lv. In events of exactly four jets, two of them tagged, the median
ratio of each mass to the file's is 1 within 0.03 %, and 68 % of the events lie within 0.03 % of it (m_lv:
0.06 %). In these GeV both leptons and jets begin at 15.0. The b-tag steps are the distance between the three
values that the file holds for each jet.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Feature(NamedTuple):
    """One column of a HIGGS row.

    Attributes:
        name: the column's name in the UCI archive's own list.
        object: the name in :data:`OBJECTS` that the column describes; empty for a mass of several objects.
        quantity: ``pt``, ``eta``, ``phi``, ``btag`` or ``mass``.
        scale: the physical value of 1.0 in the file: GeV for ``pt`` and ``mass``, radians for ``phi``,
            1 for ``eta``, b-tag levels (0, 1, 2) for ``btag``.
        label: axis label, with its unit.
    """

    name: str
    object: str
    quantity: str
    scale: float
    label: str


#: The reconstructed objects of an event, in the file's order. A model's masks and tokens follow this order.
OBJECTS = ("lepton", "missing energy", "jet 1", "jet 2", "jet 3", "jet 4")
LEPTON, MISSING_ENERGY, FIRST_JET = 0, 1, 2

#: The number of b-tag levels of a jet: untagged, loosely tagged, tightly tagged.
NUM_BTAG_LEVELS = 3

_AZIMUTH = 1.80276


def _jet(number: int, pt: float, eta: float, btag_step: float) -> list[Feature]:
    jet = f"jet {number}"
    return [
        Feature(f"jet_{number}_pt", jet, "pt", pt, f"{jet} $p_T$ [GeV]"),
        Feature(f"jet_{number}_eta", jet, "eta", eta, f"{jet} $\\eta$"),
        Feature(f"jet_{number}_phi", jet, "phi", _AZIMUTH, f"{jet} $\\phi$ [rad]"),
        Feature(f"jet_{number}_b-tag", jet, "btag", 1 / btag_step, f"{jet} b-tag level"),
    ]


#: The 21 low-level features, in the file's order.
LOW_LEVEL = (
    Feature("lepton_pT", "lepton", "pt", 54.6402, "lepton $p_T$ [GeV]"),
    Feature("lepton_eta", "lepton", "eta", 1.0267, "lepton $\\eta$"),
    Feature("lepton_phi", "lepton", "phi", _AZIMUTH, "lepton $\\phi$ [rad]"),
    Feature("missing_energy_magnitude", "missing energy", "pt", 58.2008, "missing energy [GeV]"),
    Feature("missing_energy_phi", "missing energy", "phi", _AZIMUTH, "missing energy $\\phi$ [rad]"),
    *_jet(1, 109.152, 1.00985, 1.0865381),
    *_jet(2, 79.417176, 1.02948, 1.1074361),
    *_jet(3, 56.931864, 1.09861, 1.2741122),
    *_jet(4, 41.077536, 1.20075, 1.5509807),
)

#: The 7 high-level masses. They follow the low-level features in the file and are never read by a model.
HIGH_LEVEL = (
    Feature("m_jj", "", "mass", 87.68544, "$m_{jj}$ [GeV]"),
    Feature("m_jjj", "", "mass", 179.67, "$m_{jjj}$ [GeV]"),
    Feature("m_lv", "", "mass", 81.4, "$m_{\\ell\\nu}$ [GeV]"),
    Feature("m_jlv", "", "mass", 195.18, "$m_{j\\ell\\nu}$ [GeV]"),
    Feature("m_bb", "", "mass", 126.52536, "$m_{bb}$ [GeV]"),
    Feature("m_wbb", "", "mass", 336.17, "$m_{Wbb}$ [GeV]"),
    Feature("m_wwbb", "", "mass", 511.38, "$m_{WWbb}$ [GeV]"),
)

LABEL = "label"
#: Every column of the file, in order.
COLUMNS = (LABEL, *(feature.name for feature in LOW_LEVEL + HIGH_LEVEL))
#: The columns that are read from the file and kept in the cache, in order: the label, then the features.
CACHED_COLUMNS = COLUMNS[: 1 + len(LOW_LEVEL)]

NUM_OBJECTS = len(OBJECTS)
NUM_FEATURES = len(LOW_LEVEL)

#: For each low-level feature the position of its object in :data:`OBJECTS`.
OBJECT_OF_FEATURE = tuple(OBJECTS.index(feature.object) for feature in LOW_LEVEL)


def columns(quantity: str) -> list[int]:
    """Positions among the low-level features that hold ``quantity``, in the order of the objects.

    Examples:
        >>> columns("pt")
        [0, 3, 5, 9, 13, 17]
    """
    return [i for i, feature in enumerate(LOW_LEVEL) if feature.quantity == quantity]


def objects_with(quantity: str) -> list[int]:
    """Positions in :data:`OBJECTS` of the objects that have ``quantity``, in the order of :func:`columns`.

    Examples:
        >>> [OBJECTS[o] for o in objects_with("btag")]
        ['jet 1', 'jet 2', 'jet 3', 'jet 4']
    """
    return [OBJECT_OF_FEATURE[i] for i in columns(quantity)]


def spelling(name: str) -> str:
    """What the spellings of a column's name have in common.

    Examples:
        >>> {spelling(name) for name in ("jet_1_b-tag", "jet_1_btag", "jet1b-tag", "JET 1 B-TAG")}
        {'jet1btag'}
    """
    return re.sub(r"[^a-z0-9]", "", name.lower())


def places(wanted: str, names: Sequence[str]) -> list[int]:
    """Where a column is among others: by its exact name, or else by another spelling of it.

    Examples:
        >>> places("jet_1_pt", ["jet1pt", "jet_2_pt"])
        [0]
    """
    exact = [i for i, name in enumerate(names) if name == wanted]
    return exact or [i for i, name in enumerate(names) if spelling(name) == spelling(wanted)]


class ImpossibleValue(NamedTuple):
    """A value that no detector measures, which says that columns are shifted or units are wrong.

    Attributes:
        row: counted from 0.
        name: of the column.
        value: in the units of the file.
    """

    row: int
    name: str
    value: float

    def __str__(self) -> str:
        if self.value <= -9 and self.value % 1 == 0 and set(f"{-self.value:.0f}") == {"9"}:
            return (
                f"{self.name} is {self.value:g}, which no detector measures: if it says that the object was "
                f"not measured, leave it empty, or say missing={self.value:g} (in training "
                f"data.missing={self.value:g})"
            )
        return (
            f"{self.name} is {self.value:g}, which no detector measures: correct it, leave it empty if the "
            "object was not measured, and look whether columns and units are those of HIGGS"
        )


# what a detector can measure, by quantity: GeV (half of the LHC's energy), pseudorapidity, radians, levels
_MEASURABLE = {"pt": (0, 7000), "eta": (-10, 10), "phi": (-3.2, 3.2), "btag": (-0.5, 2.5)}
_LEAST, _MOST = (
    np.array([_MEASURABLE[f.quantity][end] / f.scale for f in LOW_LEVEL], np.float32) for end in (0, 1)
)


def impossible_value(features: np.ndarray, in_gev: bool = False) -> ImpossibleValue | None:
    """The first value of events (N, 21) in HIGGS units that can't be a measurement; NaN is a missing one.

    Args:
        features: the events.
        in_gev: tell the value in GeV, radians or levels, as it was in a file in these units.

    Examples:
        >>> events = np.zeros((2, NUM_FEATURES))
        >>> events[1, 3] = 1000  # 58 TeV
        >>> impossible_value(events)
        ImpossibleValue(row=1, name='missing_energy_magnitude', value=1000.0)
    """
    beyond = (features < _LEAST) | (features > _MOST)
    if not beyond.any():
        return None
    row, column = (int(index) for index in np.argwhere(beyond)[0])
    scale = LOW_LEVEL[column].scale if in_gev else 1
    return ImpossibleValue(row, LOW_LEVEL[column].name, float(f"{features[row, column] * scale:.6g}"))
