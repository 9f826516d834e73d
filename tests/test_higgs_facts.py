"""The main numbers of docs/higgs.md: on real events where they are at hand, else on the embedded sample."""

import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from typing import Any

import numpy as np
import pytest
from conftest import REPOSITORY, SHARED

from higgs_lightning.data import sample_csv

SCRIPT = REPOSITORY / "tests" / "benchmarks" / "higgs_facts.py"
REAL = SHARED / "data" / "higgs-real-test.csv.gz"
pytestmark = pytest.mark.slow
needs_real = pytest.mark.skipif(not REAL.exists(), reason="needs real HIGGS events")


@pytest.fixture(scope="module")
def facts() -> Any:
    spec = spec_from_file_location("higgs_facts", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def real(facts: Any) -> Any:
    return facts.Data(REAL, rows=20_000)


@pytest.fixture(scope="module")
def sample(facts: Any) -> Any:
    return facts.Data(sample_csv(), rows=20_000)


@needs_real
def test_values_are_decimals_divided_by_one_number_a_column(facts: Any, real: Any):
    found = facts.units(real)
    assert found["least coherence"] > 0.98
    assert found["lepton_pT"] == pytest.approx(54.6420937, abs=1e-5)
    assert found["m_wwbb"] == pytest.approx(511.4395722, abs=1e-4)
    assert found["schema off by at most"] < 1e-3
    found = facts.decimals(real)
    assert found["pT: share within 0.02 steps"] == found["eta: share within 0.02 steps"] == 1
    assert found["phi: distinct values, most"] <= 6284
    assert min(value for name, value in found.items() if "share" in name) > 0.9


@needs_real
def test_divisors_are_running_sums_in_float32(facts: Any, real: Any):
    found = facts.divisors(real)
    assert found["in float64: masses alone, %"] > 3
    assert found["signal first: masses alone, %"] > 1
    assert found["background first: masses alone, %"] < 0.5 * found["signal first: masses alone, %"]
    assert facts.counts(real)["largest z"] < 4


@needs_real
def test_masses_are_reproduced(facts: Any, real: Any):
    found = facts.masses(real)
    for name in ("m_jj", "m_jjj", "m_lv", "m_bb"):
        assert found[f"{name}: within 1e-05"] > 0.999
    for name in ("m_jlv", "m_wbb", "m_wwbb"):
        assert found[f"{name}: within 1e-05"] > 0.98
    assert found["m_lv, neutrinos up to 5 instead of 3"] < 0.95


@needs_real
def test_missing_energy_counts_what_is_left_twice(facts: Any, real: Any):
    found = facts.missing(real)
    assert found["m_jj and tags listed: decimal"] == pytest.approx(0.22, abs=0.02)
    assert found["a tag is not listed: decimal"] < 0.003
    assert found["m_jj and tags listed: file's own"] < 0.003
    assert found["counted twice, GeV a direction"] == pytest.approx(9.5, abs=0.5)


@needs_real
def test_the_detector_of_real_events(facts: Any, real: Any):
    assert facts.cuts(real)["least jet pT"] == pytest.approx(15.01, abs=0.011)
    assert facts.cuts(real)["tagged jets beyond 1.85"] < 2e-4
    assert facts.tags(real)["more than two, background"] == 0
    assert facts.order(real)["jet 1 is softer than 2"] == pytest.approx(0.26, abs=0.02)
    assert facts.polarisation(real)["background: mean of |cos theta*|"] == pytest.approx(0.393, abs=0.015)
    assert facts.float32(real)["another float32 by way of float64"] == 0
    assert facts.rounding(real)["masses in GeV, last 2 of 6 digits"] == pytest.approx(0.5, abs=0.04)


def test_facts_of_the_sample(facts: Any, sample: Any):
    """The earlier simulation has cells, cones, tags and masses like real events, and 5 digits."""
    assert facts.digits(sample)["digits"] == 5
    for fact in (facts.units, facts.decimals, facts.missing, facts.rounding):
        with pytest.raises(facts.UnsuitableError, match="needs 7 significant digits"):
            fact(sample)
    found = facts.masses(sample)
    assert found["m_jj: within 0.001"] == 1
    assert found["m_bb: within 0.001"] > 0.95
    assert found["m_lv, neutrinos up to 5 instead of 3"] > 0.85  # where the simulation has its neutrinos
    assert facts.tags(sample)["more than two, signal"] == 0
    assert facts.cuts(sample)["tagged jets beyond 1.85"] < 0.001
    assert 0.2 < facts.order(sample)["jet 1 is softer than 2"] < 0.4
    assert facts.cones(sample)["nearest"] > 0.2
    assert max(facts.cells(sample).values()) > 0.22
    assert facts.duplicates(sample)["the same 28 features"] == 0
    assert facts.row_number(sample)["number"] == pytest.approx(0.5, abs=0.03)
    assert facts.drift(sample, permutations=10)["background: p"] > 0
    assert facts.against(sample, sample)["largest, signal"] == 0


def test_scores_of_the_sample(facts: Any, sample: Any):
    assert facts.overlap(sample, most=1000)["all"] > 0.8


def test_the_script_runs():
    command = [sys.executable, str(SCRIPT), str(sample_csv()), "cuts", "units", "--rows", "500"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    assert "least jet pT" in done.stdout
    assert "not shown: needs 7 significant digits" in done.stdout


def test_running_sums_in_float32_lose_what_they_hold(facts: Any):
    """What the divisors show, by itself: 11 million times 54 is summed up to something else in float32."""
    total = np.add.accumulate(np.full(11_000_000, 54.19, np.float32), dtype=np.float32)[-1]
    assert abs(total / 11_000_000 / 54.19 - 1) > 0.001
