"""Simulation: what is in the file, that it depends on the seed alone, and that the physics is HIGGS' own."""

import gzip
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import COLLISION, SHARED, command, started

from higgs_lightning import schema, simulate
from higgs_lightning.data import sample_csv
from higgs_lightning.data.cache import open_events
from higgs_lightning.errors import UserError
from higgs_lightning.simulation import run as simulation
from higgs_lightning.simulation.tuning import TUNED, UNCERTAINTY

PHYSICS = {**COLLISION, "measurements": 1}  # of simulate_chunk


def run(output: Path, events: int = 60, seed: int = 1, workers: int = 2, **changed: Any) -> bytes:
    simulation.simulate(
        events=events, seed=seed, output=output, workers=workers, **({"spread": 0} | PHYSICS | changed)
    )
    return output.read_bytes()


def physical(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Lepton (N, 3), missing energy (N, 2), jets (N, 4, 4) and masses (N, 7) of HIGGS rows (N, 29)."""
    from higgs_lightning.simulation.rows import SCALES

    features = rows[:, 1:] * SCALES
    jets = features[:, 5:21].reshape(-1, 4, 4)
    jets[..., 3] = jets[..., 3].round()
    return features[:, :3], features[:, 3:5], jets, features[:, 21:]


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    """(300, 29) simulated events."""
    pytest.importorskip("pythia8mc")
    output = tmp_path_factory.mktemp("simulated") / "events.csv.gz"
    run(output, events=300, workers=1)
    return np.loadtxt(output, delimiter=",")


@pytest.mark.slow
@pytest.mark.parametrize("spread", [0, 1])
def test_the_file_does_not_depend_on_the_workers(
    spread: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    chunks = pytest.importorskip("higgs_lightning.simulation.chunks")
    monkeypatch.setattr(chunks, "_CHUNK_EVENTS", 11)  # several chunks of each class, the last one smaller
    two_workers = run(tmp_path / "2.csv.gz", events=41, workers=2, spread=spread)
    assert run(tmp_path / "1.csv.gz", events=41, workers=1, spread=spread) == two_workers
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.csv.gz", "2.csv.gz"]
    lines = gzip.decompress(two_workers).splitlines()
    assert len(set(lines)) == 41
    assert sum(line.startswith(b"1,") for line in lines) == 20


def test_a_spread_draws_the_tuned_numbers_with_their_uncertainties():
    assert TUNED.varied(0, 7) == TUNED
    assert TUNED.varied(1, 7) == TUNED.varied(1, 7)
    drawn = {spread: np.array([TUNED.varied(spread, seed) for seed in range(2000)]) for spread in (1, 2)}
    uncertainty = drawn[1].std(0)
    assert dict(zip(TUNED._fields, uncertainty, strict=True)) == pytest.approx(
        UNCERTAINTY._asdict(), rel=0.05
    )
    distance = np.abs(drawn[1] - TUNED) / UNCERTAINTY
    assert distance.max() == pytest.approx(3**0.5, abs=0.01)
    np.testing.assert_allclose(drawn[2] - TUNED, 2 * (drawn[1] - TUNED), atol=1e-9)
    correlation = np.corrcoef(drawn[1].T) - np.eye(len(TUNED))
    assert np.abs(correlation).max() < 0.1


def test_tuned_numbers_reach_pythia():
    generator = pytest.importorskip("higgs_lightning.simulation.generator")
    tuning = TUNED._replace(
        **{"signal_radiation": 0.12, "background_radiation": 0.11, "final_radiation": 0.13},
        **{"signal_radiation_end": 0.8, "background_radiation_end": 0.7},
        **{"top_mass": 173.5, "light_higgs_offset": 2.5},
    )
    for label, strength, end in ((1, 0.12, 0.8), (0, 0.11, 0.7)):
        pythia = generator.Collider(label, **COLLISION, tuning=tuning)._pythia
        for key, value in (
            ("SpaceShower:alphaSvalue", strength),
            ("SpaceShower:pTmaxFudge", end),
            ("TimeShower:alphaSvalue", 0.13),
        ):
            assert pythia.settings.parm(key) == value
        assert pythia.particleData.m0(25) == 122.5
        if label == 0:
            assert pythia.particleData.m0(6) == 173.5


def test_parquet_holds_the_same_events(tmp_path: Path):
    """Bit for bit in the cache that training reads; whatever the digits are."""
    generator = np.random.default_rng(1)
    rows = generator.normal(size=(500, 29)) * 10.0 ** generator.integers(-5, 3, (500, 29))
    rows[:, 0] = np.arange(500) % 2
    for name in ("a.csv.gz", "a.parquet"):
        simulation.write(rows, tmp_path / name)
    text, table = (open_events(str(tmp_path / name), tmp_path) for name in ("a.csv.gz", "a.parquet"))
    np.testing.assert_array_equal(text, table)
    first = (tmp_path / "a.parquet").read_bytes()
    simulation.write(rows, tmp_path / "a.parquet")
    assert (tmp_path / "a.parquet").read_bytes() == first


@pytest.mark.slow
@pytest.mark.parametrize("launcher", ["joblib", "submitit_local"])
def test_a_sweep_over_seeds_is_trained_on(launcher: str, tmp_path: Path):
    """As docs/clusters.md has it, with the launchers that need no cluster; a job that fails is told."""
    pytest.importorskip("pythia8mc")
    (tmp_path / "sim").mkdir()
    sweep = ["-m", f"hydra/launcher={launcher}", "events=80", "workers=1"]
    done = started(*sweep, "seed=1,2", "output=sim/${seed}.parquet", cwd=tmp_path, name="simulate")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "sim").iterdir()) == ["1.parquet", "2.parquet"]
    data = ["data=higgs", "data.csv=sim/*.parquet", "model.num_layers=1", "model.dim=8"]
    done = command(*data, "trainer=debug", "figures_every=0", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    done = started(*sweep, "energy=20,30", "output=sim/a.parquet", cwd=tmp_path, name="simulate")
    assert done.returncode == 1
    assert re.search(r"error: 2 jobs failed \(0: .*energy=20.*; 1: .*energy=30", done.stderr.splitlines()[-1])


@pytest.mark.slow
def test_workers_end_with_a_killed_parent():
    pytest.importorskip("pythia8mc")
    script = """
import os, time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from higgs_lightning.simulation.chunks import end_with_parent
pool = ProcessPoolExecutor(1, get_context("spawn"), end_with_parent)
pool.submit(os.write, 1, b"started")
pool.submit(time.sleep, 600).result()
"""
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    assert parent.stdout.read(7) == b"started"
    parent.kill()
    parent.communicate(timeout=60)  # what the worker holds open too ends with it


def test_a_chunk_depends_on_its_seed_and_number():
    chunks = pytest.importorskip("higgs_lightning.simulation.chunks")

    def simulated(seed: int, number: int) -> np.ndarray:
        return chunks.simulate_chunk(chunks.Chunk(chunks.BACKGROUND, number, 3), seed=seed, **PHYSICS)

    np.testing.assert_array_equal(simulated(1, 0), simulated(1, 0))
    assert not np.isin(simulated(1, 0)[:, 1], [simulated(2, 0)[:, 1], simulated(1, 1)[:, 1]]).any()


@pytest.mark.slow
def test_a_chunk_does_not_depend_on_what_its_process_simulated_before():
    """Its Pythia is one for all chunks of a class, and starts each of them in the same state."""
    chunks = pytest.importorskip("higgs_lightning.simulation.chunks")
    for label in (chunks.SIGNAL, chunks.BACKGROUND):
        chunks._collider.cache_clear()
        first, second = (
            chunks.simulate_chunk(chunks.Chunk(label, number, 60), seed=3, **PHYSICS) for number in (0, 1)
        )
        chunks._collider.cache_clear()
        for number, expected in ((1, second), (0, first), (1, second)):
            again = chunks.simulate_chunk(chunks.Chunk(label, number, 60), seed=3, **PHYSICS)
            np.testing.assert_array_equal(again, expected)


def test_w_bosons_are_polarised():
    """Decays at any angle alike become sin^2 theta*, with the same energy and momentum in all."""
    pythia8mc = pytest.importorskip("pythia8mc")
    from higgs_lightning.simulation.generator import _polarise

    generator = np.random.default_rng(1)
    w_mass, quark_mass = 80.4, 1.5  # and a massless second quark
    momentum = (w_mass**2 - quark_mass**2) / (2 * w_mass)
    other_mass, boson_momentum = 325.0, 60.0
    boson_energy = np.hypot(w_mass, boson_momentum)

    def particle(kind: int, vector: Any, mass: float) -> Any:
        return pythia8mc.Particle(kind, 22, 0, 0, 0, 0, 0, 0, vector, mass)

    cosines = []
    for _ in range(3000):
        cosine, azimuth = generator.uniform(-1, 1), generator.uniform(-np.pi, np.pi)
        sine = np.sqrt(1 - cosine**2)
        direction = momentum * np.array([sine * np.cos(azimuth), sine * np.sin(azimuth), cosine])
        # in the mother's frame the boson flies along z; then all fly on with the mother
        boson = pythia8mc.Vec4(0, 0, boson_momentum, boson_energy)
        mother = pythia8mc.Vec4(0, 0, 0, boson_energy + np.hypot(other_mass, boson_momentum))
        first = pythia8mc.Vec4(*direction, np.hypot(momentum, quark_mass))
        first.bst(boson)
        for vector in (boson, mother, first):
            vector.bst(0.2, -0.3, 0.5)
        w, c, s = particle(24, boson, w_mass), particle(4, first, quark_mass), particle(-3, boson - first, 0)
        _polarise(w, particle(35, mother, mother.mCalc()), c, s)

        total = c.p() + s.p() - boson
        assert [total.px(), total.py(), total.pz(), total.e()] == pytest.approx([0] * 4, abs=1e-9)
        assert c.p().mCalc() == pytest.approx(quark_mass, abs=1e-3)
        assert s.p().m2Calc() == pytest.approx(0, abs=1e-3)
        turned, of_boson = c.p(), w.p()
        turned.bstback(mother)
        of_boson.bstback(mother)
        turned.bstback(of_boson)
        assert np.arctan2(turned.py(), turned.px()) == pytest.approx(azimuth, abs=1e-6)
        cosines.append(turned.pz() / turned.pAbs())
        assert (3 * cosines[-1] - cosines[-1] ** 3) / 2 == pytest.approx(cosine, abs=1e-6)
    assert np.mean(cosines) == pytest.approx(0, abs=4 * np.sqrt(0.2 / 3000))
    assert np.mean(np.square(cosines)) == pytest.approx(0.2, abs=0.01)


def test_collisions_can_be_measured_more_than_once():
    """Measurements of one collision share its physics: turned about the beam, its lepton hardly differs."""
    chunks = pytest.importorskip("higgs_lightning.simulation.chunks")
    rows = chunks.simulate_chunk(chunks.Chunk(chunks.SIGNAL, 0, 30), seed=1, **PHYSICS | {"measurements": 8})
    assert rows.shape == (30, 29)
    assert len(np.unique(rows, axis=0)) == 30
    lepton_eta, counts = np.unique(rows[:, 2], return_counts=True)  # measured without error
    assert 3 < len(lepton_eta) < 25
    assert counts.max() > 1
    twins = rows[rows[:, 2] == lepton_eta[counts.argmax()]]
    assert np.abs(np.diff(twins[:, 3])).min() > 1e-3  # azimuth
    assert np.ptp(twins[:, 1]) < 0.2 * twins[0, 1]  # transverse momentum


def test_rows_are_in_higgs_format(rows: np.ndarray):
    assert rows.shape == (300, len(schema.COLUMNS))
    labels = rows[:, 0]
    assert labels.sum() == 150
    assert 100 < np.count_nonzero(np.diff(labels)) < 200  # in random order
    for column in schema.columns("btag"):
        values = np.arange(schema.NUM_BTAG_LEVELS) / schema.LOW_LEVEL[column].scale
        distance = np.abs(rows[:, 1 + column, None] - values)
        assert distance.min(axis=1).max() < 1e-4
    # HIGGS divided momenta by their mean and directions by their deviation
    for column, feature in enumerate(schema.LOW_LEVEL, start=1):
        if feature.quantity != "btag":
            values = rows[:, column]
            one = values.mean() if feature.quantity == "pt" else values.std()
            assert one == pytest.approx(1, abs=0.2), feature.name


def test_the_selection_holds(rows: np.ndarray):
    lepton, _, jets, _ = physical(rows)
    assert 14.99 < lepton[:, 0].min() < 18
    assert np.abs(lepton[:, 1]).max() < 2.5
    assert 14.99 < jets[..., 0].min() < 16
    assert np.abs(jets[..., 1]).max() < 3
    tags = (jets[..., 3] > 0).sum(axis=1)
    assert tags.max() == 2  # of all jets; the others may come after the first four
    assert (tags == 2).mean() > 0.6


def test_particles_have_their_masses(rows: np.ndarray):
    signal = rows[:, 0] == 1
    m_jj, m_jjj, m_lv, _, m_bb, _, m_wwbb = physical(rows)[3].T
    assert np.median(m_jj) == pytest.approx(80.4, abs=5)
    assert np.median(m_lv) == pytest.approx(80.4, abs=1)
    assert np.median(m_jjj[~signal]) == pytest.approx(172.5, abs=10)
    assert np.median(m_wwbb[signal]) == pytest.approx(425, abs=25)
    # b-jets lose neutrinos, so h0 -> b bbar is found below its 120 GeV; background has no such peak
    near_h0 = (m_bb > 85) & (m_bb < 130)
    assert near_h0[signal].mean() > 1.5 * near_h0[~signal].mean()


def test_signal_follows_its_masses(rows: np.ndarray):
    chunks = pytest.importorskip("higgs_lightning.simulation.chunks")
    heavier = PHYSICS | {"masses": {"heavy_higgs": 625, "charged_higgs": 425, "light_higgs": 225}}
    heavy = chunks.simulate_chunk(chunks.Chunk(chunks.SIGNAL, 0, 50), seed=1, **heavier)
    m_bb_of_h0, m_bb_of_heavy = (physical(events)[3][:, 4] for events in (rows[rows[:, 0] == 1], heavy))
    assert np.median(m_bb_of_heavy) > np.median(m_bb_of_h0) + 40


@pytest.mark.skipif(not SHARED.exists(), reason="needs real HIGGS events")
def test_masses_of_real_events_are_reproduced():
    """From low-level features alone, where the file's m_jj shows that no fifth jet took part."""
    pytest.importorskip("pythia8mc")
    from higgs_lightning.simulation.rows import masses

    with gzip.open(SHARED / "data" / "higgs-real-train.csv.gz", "rt") as file:
        real = np.loadtxt(file, delimiter=",", max_rows=10_000)
    real = real[(real[:, [1 + c for c in schema.columns("btag")]] > 0).sum(axis=1) == 2]
    lepton, missing_energy, jets, expected = physical(real)
    ratio = masses(lepton, missing_energy, jets) / expected
    four_jets = np.abs(ratio[:, 0] - 1) < 2e-3
    assert four_jets.mean() > 0.6
    assert np.median(ratio[four_jets], axis=0) == pytest.approx(np.ones(7), abs=1e-3)
    # where two pairs are equally good, the file may have the other one
    agree = np.abs(ratio[four_jets] - 1) < 3e-3
    assert dict(zip([f.name for f in schema.HIGH_LEVEL], agree.mean(axis=0), strict=True)) == {
        "m_jj": 1,
        **{
            name: pytest.approx(1, abs=0.06) for name in ("m_jjj", "m_lv", "m_jlv", "m_bb", "m_wbb", "m_wwbb")
        },
    }


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"events": 0}, "events=0: give a whole number"),
        ({"events": 1.5}, "events=1.5: give a whole number"),
        ({"seed": -1}, "seed=-1: give a whole number, 0 or more"),
        ({"workers": -2}, "workers=-2: give a whole number"),
        ({"jet_pt": "hard"}, "jet_pt=hard: give a number of GeV above 0"),
        ({"energy": 0}, "energy=0: give a number of GeV above 0"),
        ({"masses": PHYSICS["masses"] | {"light_higgs": -1}}, "light_higgs=-1: give a number of GeV above 0"),
        ({"hadronisation": "maybe"}, "hadronisation=maybe: give true or false"),
    ],
)
def test_bad_arguments_are_one_sentence(changed: dict[str, Any], sentence: str, tmp_path: Path):
    with pytest.raises(UserError, match=sentence):
        run(tmp_path / "events.csv.gz", **changed)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("output", ["nowhere/events.csv.gz", ".", "events.csv"])
def test_an_output_that_cannot_be_written_is_named(output: str, tmp_path: Path):
    sentence = "give the name of a file in a folder that exists|end the name in .csv.gz or .parquet"
    with pytest.raises(UserError, match=sentence):
        run(tmp_path / output)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"masses": PHYSICS["masses"] | {"charged_higgs": 400}}, "each needs 80.4 GeV more"),
        ({"energy": 20}, "energy=20 with .*: Pythia can't"),
    ],
)
def test_impossible_physics_is_one_sentence(changed: dict[str, Any], sentence: str):
    chunks = pytest.importorskip("higgs_lightning.simulation.chunks")
    with pytest.raises(UserError, match=sentence):
        chunks.simulate_chunk(chunks.Chunk(chunks.SIGNAL, 0, 1), seed=1, **(PHYSICS | changed))


def test_collisions_in_vain_end(monkeypatch: pytest.MonkeyPatch):
    """Cuts that hardly any collision passes would otherwise take for ever."""
    chunks = pytest.importorskip("higgs_lightning.simulation.chunks")
    monkeypatch.setattr(chunks, "_MOST_IN_VAIN", 10)
    hard = {**COLLISION, "lepton_pt": 200.0, "jet_pt": 60.0}
    with pytest.raises(UserError, match="none of 10 collisions in a row"):
        chunks.simulate_chunk(chunks.Chunk(0, 0, 50), seed=1, measurements=1, **hard)


def test_without_pythia_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "pythia8mc", None)
    for module in ("chunks", "detector", "generator"):
        monkeypatch.delitem(sys.modules, f"higgs_lightning.simulation.{module}", raising=False)
    with pytest.raises(UserError, match=r"pip install 'higgs_lightning\[simulate\]'"):
        run(tmp_path / "events.csv.gz")


@pytest.mark.slow
def test_pythia_without_its_data_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """As after ``pip install --target``, where pythia8mc does not find what came with it."""
    pytest.importorskip("pythia8mc")
    monkeypatch.setenv("PYTHIA8DATA", str(tmp_path))
    done = started("events=20", "workers=1", "output=events.csv.gz", cwd=tmp_path, name="simulate")
    assert done.returncode == 1
    assert "error: Pythia finds no table of particles: set PYTHIA8DATA to the folder" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


def test_the_command_writes_its_output_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: np.ndarray
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["simulate", "events=20", "workers=1", "output=events.csv.gz"])
    simulate.main()
    assert [path.name for path in tmp_path.iterdir()] == ["events.csv.gz"]
    # the same defaults as above: the first events of a seed do not depend on how many follow
    written = {tuple(row) for row in np.loadtxt("events.csv.gz", delimiter=",")}
    assert written <= {tuple(row) for row in rows}


def test_the_command_ends_on_a_mistake_with_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    for overrides, sentence in ((["events=0", "output=a.gz"], "events=0"), ([], "output=FILE")):
        monkeypatch.setattr(sys, "argv", ["simulate", *overrides])
        with pytest.raises(SystemExit, match=sentence):
            simulate.main()


def test_the_embedded_sample_is_half_signal_and_small():
    assert sample_csv().stat().st_size < 5e6
    sample = np.loadtxt(sample_csv(), delimiter=",")
    assert sample.shape == (60_000, len(schema.COLUMNS))
    assert sample[:, 0].sum() == 30_000
    assert len(np.unique(sample, axis=0)) == 60_000
    assert 29_000 < np.count_nonzero(np.diff(sample[:, 0])) < 31_000
