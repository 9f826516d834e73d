"""Units that are plainly others than was said are noticed, and real events never are."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import SHARED, make_events, write_csv

from higgs_lightning import load_model, schema
from higgs_lightning.data import HiggsDataModule, sample_csv
from higgs_lightning.data.cache import open_events
from higgs_lightning.data.columns import Reading
from higgs_lightning.errors import UserError
from higgs_lightning.units import wrong_units

SCALES = np.array([feature.scale for feature in schema.LOW_LEVEL])
PT, PHI, BTAG = (schema.columns(quantity) for quantity in ("pt", "phi", "btag"))


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    """(60000, 21), simulated."""
    return np.array(open_events(sample_csv(), tmp_path_factory.mktemp("cache"))[:, 1:])


def in_mev(events: np.ndarray) -> np.ndarray:
    physical = events * SCALES
    physical[:, PT] *= 1000
    return physical


def in_degrees(events: np.ndarray) -> np.ndarray:
    changed = events.astype(np.float64)
    changed[:, PHI] = np.degrees(changed[:, PHI] * SCALES[PHI])
    return changed


def with_levels(events: np.ndarray) -> np.ndarray:
    changed = events.astype(np.float64)
    changed[:, BTAG] *= SCALES[BTAG]
    return changed


def with_scores(events: np.ndarray) -> np.ndarray:
    changed = events.astype(np.float64)
    changed[:, BTAG] = np.random.default_rng(1).random((len(events), 4))
    return changed


def to_range(events: np.ndarray) -> np.ndarray:
    return (events - events.min(axis=0)) / (events.max(axis=0) - events.min(axis=0))


WRONG: dict[str, tuple[Callable[[np.ndarray], np.ndarray], str, int]] = {
    "GeV": (
        lambda e: e * SCALES,
        r"the median of lepton_pT and 5 more is \d\d.*, about 1 in.*reach 3.14.*jet_1_b-tag and 3 more are "
        r"such as \d, .* 0, 1.087, 2.173 .*if they are GeV, .* say data\.units=gev",
        1,
    ),
    "MeV": (in_mev, r"lepton_pT and 5 more is [\d.]+e\+04, about 1 in.*; give HIGGS' own units", 1),
    "z-scores": (
        lambda e: (e - e.mean(axis=0)) / e.std(axis=0),
        "lepton_pT and 5 more are negative in [56].%.*scaled",
        200,
    ),
    "a range": (to_range, "all columns lie between 0 and 1, eta and phi too; they look scaled", 200),
    "degrees": (in_degrees, r"lepton_phi and 5 more reach 1[78]\d.*at most 1\.743 in these units", 2),
    "b-tag levels": (with_levels, r"b-tag .*such as [12], and the levels are 0, ", 20),
    "b-tag scores": (with_scores, "jet_1_b-tag and 3 more are such as 0", 2),
}


@pytest.mark.parametrize(("change", "sentence", "fewest"), WRONG.values(), ids=WRONG)
def test_wrong_units_are_noticed(
    change: Callable[[np.ndarray], np.ndarray], sentence: str, fewest: int, sample: np.ndarray
):
    """In a large file as in a small one."""
    for number in (2_000, 200, fewest):
        for start in (0, 10_000, 30_000):
            events = change(sample[start : start + number]).astype(np.float32)
            found = wrong_units(events, key="data.units")
            assert found is not None, (number, start)
            if number == 2_000:
                assert pd.Series([found]).str.contains(sentence).all(), found
                assert len(found) < 520
    assert wrong_units(events, "unchecked") is None


def test_units_that_are_not_gev(sample: np.ndarray):
    """The archive's own, said to be GeV."""
    events = Reading(units="gev").finish(np.hstack([np.zeros((2000, 1), np.float32), sample[:2000]]))[:, 1:]
    found = wrong_units(events, "gev", "data.units")
    assert found is not None
    assert "these are not GeV, radians and b-tag levels: the median of" in found
    assert "data.units=higgs" in found


@pytest.mark.parametrize("size", [1, 2, 5, 20, 2_000])
def test_real_and_simulated_events_are_never_refused(size: int, sample: np.ndarray, tmp_path: Path):
    """However few they are, the hardest and the softest of them too, and events with missing objects."""
    sources = [sample]
    real = SHARED / "data" / "higgs-real-train.csv.gz"
    if real.exists():
        sources.append(np.array(open_events(real, tmp_path / "cache")[:, 1:]))
    for events in sources:
        by_hardness = events[np.argsort(np.median(events[:, PT], axis=1))]
        missing = events.copy()
        missing[:, 13:] = np.nan
        for chosen in (events, by_hardness, by_hardness[::-1], missing):
            step = max(size, len(chosen) // 300)
            for start in range(0, len(chosen), step):
                assert wrong_units(chosen[start : start + size]) is None
    assert wrong_units(np.full((5, 21), np.nan, np.float32)) is None


def test_rounded_events_are_not_refused(sample: np.ndarray):
    for digits in (1, 2, 3):
        assert wrong_units(sample[:2000].round(digits)) is None, digits


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_events_in_gev_are_read(form: str, tmp_path: Path):
    events = make_events(2_000)
    frame = pd.DataFrame(events, columns=schema.CACHED_COLUMNS).astype(np.float64)
    frame[list(schema.CACHED_COLUMNS[1:])] *= SCALES
    path = tmp_path / f"events.{form}"
    frame.to_csv(path, index=False) if form == "csv" else frame.to_parquet(path)
    data = HiggsDataModule(path, dir=tmp_path, units="gev")
    data.setup("fit")
    np.testing.assert_allclose(data._open()[0].events, events, rtol=1e-6)
    with pytest.raises(UserError, match=r"from row 1 on: these are not HIGGS' units: .*data\.units=gev"):
        HiggsDataModule(path, dir=tmp_path).setup("fit")


def test_a_file_in_other_units_among_several_is_noticed(tmp_path: Path):
    """Not only the first one, nor the median of all."""
    for name in "abc":
        write_csv(tmp_path / f"{name}.csv", make_events(3_000))
    events = make_events(3_000)
    events[:, 1:] *= SCALES
    write_csv(tmp_path / "d.csv", events)
    with pytest.raises(UserError, match="from row 8001 on: these are not HIGGS' units"):
        HiggsDataModule(tmp_path / "*.csv", dir=tmp_path).setup("fit")


def test_a_placeholder_in_gev_is_told_as_it_was(tmp_path: Path):
    events = make_events(2_000)
    events[:, 1:] *= SCALES
    events[5, 1 + schema.columns("pt")[5]] = -999
    path = tmp_path / "events.csv"
    pd.DataFrame(events, columns=schema.CACHED_COLUMNS).to_csv(path, index=False)
    with pytest.raises(UserError, match=r"row 6: jet_4_pt is -999, .* data\.missing=-999"):
        HiggsDataModule(path, dir=tmp_path, units="gev").setup("fit")
    HiggsDataModule(path, dir=tmp_path, units="gev", missing=-999).setup("fit")


def test_predict_proba_knows_units(sample: np.ndarray):
    """Arrays as files: the same events in GeV score the same when it is said, and are refused otherwise."""
    events = sample[:500]
    model = load_model("pretrained")
    scores = model.predict_proba(events)
    np.testing.assert_allclose(model.predict_proba(events * SCALES, units="gev"), scores, atol=1e-5)
    for wrong, mend in ((events * SCALES, "units=gev"), ((events - 1) / 0.5, "z-scores")):
        with pytest.raises(ValueError, match=mend):
            model.predict_proba(wrong)
    assert model.predict_proba(events / 20, units="unchecked").shape == (500, 2)
    with pytest.raises(ValueError, match="higgs, gev, unchecked"):
        model.predict_proba(events, units="mev")
