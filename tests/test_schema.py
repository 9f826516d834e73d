"""The table of columns: what the UCI archive documents, and physics on real events."""

import gzip

import numpy as np
import pytest
from conftest import SHARED

from higgs_lightning import schema


def test_columns_are_those_of_the_archive_in_order():
    assert len(schema.COLUMNS) == 29
    assert schema.COLUMNS[:6] == (
        "label",
        "lepton_pT",
        "lepton_eta",
        "lepton_phi",
        "missing_energy_magnitude",
        "missing_energy_phi",
    )
    assert schema.COLUMNS[18:22] == ("jet_4_pt", "jet_4_eta", "jet_4_phi", "jet_4_b-tag")
    assert schema.COLUMNS[22:] == ("m_jj", "m_jjj", "m_lv", "m_jlv", "m_bb", "m_wbb", "m_wwbb")
    assert schema.COLUMNS[:22] == schema.CACHED_COLUMNS


def test_every_object_has_its_quantities():
    quantities = {
        name: [feature.quantity for feature in schema.LOW_LEVEL if feature.object == name]
        for name in schema.OBJECTS
    }
    assert quantities["lepton"] == ["pt", "eta", "phi"]
    assert quantities["missing energy"] == ["pt", "phi"]
    assert all(quantities[f"jet {n}"] == ["pt", "eta", "phi", "btag"] for n in range(1, 5))


def test_columns_of_a_quantity():
    assert schema.columns("btag") == [8, 12, 16, 20]
    assert schema.objects_with("btag") == [2, 3, 4, 5]
    assert schema.objects_with("eta") == [0, 2, 3, 4, 5]


@pytest.mark.skipif(not SHARED.exists(), reason="needs real HIGGS events")
def test_units_reproduce_the_masses_of_real_events():
    """The file's m_bb and m_jj, where exactly two jets are tagged, follow from jets in physical units."""
    with gzip.open(SHARED / "data" / "higgs-real-train.csv.gz", "rt") as file:
        rows = np.loadtxt(file, delimiter=",", max_rows=5000)
    physical = rows[:, 1:22] * [feature.scale for feature in schema.LOW_LEVEL]
    pt, eta, phi, btag = (
        physical[:, [c for c in schema.columns(q) if schema.OBJECT_OF_FEATURE[c] >= schema.FIRST_JET]]
        for q in ("pt", "eta", "phi", "btag")
    )
    tagged = btag.round() > 0
    rows, pt, eta, phi, tagged = (a[tagged.sum(axis=1) == 2] for a in (rows, pt, eta, phi, tagged))

    def mass(chosen: np.ndarray) -> np.ndarray:
        pt2, eta2, phi2 = (a[chosen].reshape(-1, 2) for a in (pt, eta, phi))
        cosh = np.cosh(eta2[:, 0] - eta2[:, 1]) - np.cos(phi2[:, 0] - phi2[:, 1])
        return np.sqrt(2 * pt2.prod(axis=1) * cosh)

    column = {feature.name: 22 + i for i, feature in enumerate(schema.HIGH_LEVEL)}
    scale = {feature.name: feature.scale for feature in schema.HIGH_LEVEL}
    for name, chosen in (("m_bb", tagged), ("m_jj", ~tagged)):
        ratio = mass(chosen) / (rows[:, column[name]] * scale[name])
        assert np.median(ratio) == pytest.approx(1, abs=0.01), name
        assert np.quantile(np.abs(ratio - np.median(ratio)), 0.5) < 0.01, name
