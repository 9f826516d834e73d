"""The evaluate command: the training's own numbers, and what physicists ask beyond them."""

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import command, composed, make_events, write_csv

from higgs_lightning.data import HiggsDataModule
from higgs_lightning.data.datamodule import UCI_HIGGS
from higgs_lightning.evaluation import report
from higgs_lightning.training.testing import evaluate, published

QUIET = ["trainer.enable_progress_bar=false"]
#: What the events of the small run were.
SAME_EVENTS = [*QUIET, "data.train_events=20000"]


@pytest.mark.slow
def test_the_training_s_own_numbers(run: Path, tmp_path: Path):
    done = command(f"ckpt={run}", *SAME_EVENTS, cwd=tmp_path, name="evaluate")
    assert done.returncode == 0, done.stderr
    (folder,) = tmp_path.glob("outputs/*/*-evaluation")
    trained, evaluated = (json.loads((f / "metrics.json").read_text()) for f in (run, folder))
    own = {name: value for name, value in trained.items() if "/" in name}
    assert {name: evaluated[name] for name in own} == own
    assert {path.stem for path in (folder / "plots").iterdir()} == {
        "roc",
        "scores",
        "reconstruction",
        "significance",
        "reliability",
    }
    assert str(folder / "report.html") in done.stdout
    page = (folder / "report.html").read_text()
    assert page.count("data:image/png;base64,") == 5
    assert not re.search(r'(src|href)="(?!data:|#)', page)  # nothing to load
    low, high = (f"{evaluated[f'test/auc_{bound}']:.4f}" for bound in ("low", "high"))
    for words in (f"{evaluated['test/auc']:.4f}", f"{low} to {high}", "6,000", run.name):
        assert words in page
    assert f"python -m higgs_lightning.evaluate ckpt={run}" in page
    written = " ".join(path.read_text() for path in (folder / "tables").glob("*.csv"))
    for name, value in evaluated.items():
        if isinstance(value, float):
            assert str(value) in written, name


def test_what_physicists_ask(run: Path, tmp_path: Path):
    metrics = evaluate(composed(f"ckpt={run}", *SAME_EVENTS, name="evaluate"), tmp_path / "out")
    rejections = [metrics[f"test/background_rejection_{share}%"] for share in (30, 50, 70)]
    assert rejections == sorted(rejections, reverse=True)
    # a cut that keeps everything has 100 / sqrt(1000) = 3.1, with 5 % on the background 1.8
    assert 3.1 < metrics["test/significance"] < 10
    assert 1.7 < metrics["test/significance_with_uncertainty"] < metrics["test/significance"]
    assert 0 < metrics["test/best_cut_signal_efficiency"] <= 1
    assert 0 <= metrics["test/calibration_error"] < 0.5
    errors = [value for name, value in metrics.items() if name.startswith("test/reconstruction_error_")]
    assert len(errors) == 6
    assert all(0 < value < 1.5 for value in errors)
    bins = ("0_to_75_gev", "75_to_100_gev", "100_to_135_gev", "above_135_gev")
    assert all(0.5 < metrics[f"test/auc_jet_1_pt_{each}"] < 1 for each in bins)
    with (tmp_path / "out" / "tables" / "momenta.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["quantity"] == "jet 1 pT"]
    assert [row["bin"] for row in rows] == ["0 to 75 GeV", "75 to 100 GeV", "100 to 135 GeV", "above 135 GeV"]
    assert sum(int(row["events"]) for row in rows) == metrics["test/events"]


@pytest.mark.slow
def test_a_full_report(run: Path, tmp_path: Path):
    options = ["report=full", "importance.events=300", "importance.repeats=2", "events=5"]
    metrics = evaluate(composed(f"ckpt={run}", *options, *SAME_EVENTS, name="evaluate"), tmp_path / "out")
    page = (tmp_path / "out" / "report.html").read_text()
    for title in ("Scores", "Cuts", "Calibration", "Importance", "Sculpting", "Events"):
        assert f">{title}</h2>" in page
    assert {"importance", "sculpting", "roc"} < {path.stem for path in (tmp_path / "out/plots").iterdir()}
    assert len(list((tmp_path / "out" / "plots").glob("event_*.png"))) == 5
    assert -1 < metrics["test/importance_lepton"] < 1
    assert 0 <= metrics["test/sculpting_m_bb_70%"] <= 1
    for key, value in json.loads((tmp_path / "out" / "metrics.json").read_text()).items():
        assert value is not None or key in metrics["unknown"]


def test_numbers_that_there_are_not_say_why(run: Path, tmp_path: Path):
    """Ten test events of which a bin holds none, and no background that passes a tight cut."""
    events = make_events(10)
    events[:, 0] = [0, 1] * 5
    events[:, 6] = 0.2  # jet 1 at 22 GeV
    data = [
        *("data=higgs", f"data.csv={write_csv(tmp_path / 'train.csv', make_events(1_000))}"),
        *(f"data.test_csv={write_csv(tmp_path / 'test.csv', events)}", f"data.dir={tmp_path}"),
    ]
    options = [f"ckpt={run}", *QUIET, *data, "report=[sculpting,fit]", "events=3"]
    metrics = evaluate(composed(*options, name="evaluate"), tmp_path / "out")
    assert metrics["test/auc_jet_1_pt_above_135_gev"] is None
    assert metrics["unknown"]["test/auc_jet_1_pt_above_135_gev"] == "no events"
    assert "too few for a shape" in metrics["unknown"]["test/sculpting_missing_energy_magnitude_30%"]
    few = "5 background events, fewer than fit.least_background=100"
    assert metrics["unknown"]["fit/significance"] == few
    assert not (tmp_path / "out" / "workspace.json").exists()
    text = (tmp_path / "out" / "metrics.json").read_text()
    assert json.loads(text) == metrics
    assert "NaN" not in text
    assert "Infinity" not in text
    page = (tmp_path / "out" / "report.html").read_text()
    assert "too few for a shape" in page
    assert "nan" not in re.sub(r"base64,[^\"]*", "", page).lower()


def test_a_page_escapes_what_comes_from_outside(run: Path, tmp_path: Path):
    cfg = composed(f"ckpt={run}", *QUIET, "data=higgs", f"data.dir={tmp_path}", name="evaluate")
    cfg.data.csv = str(write_csv(tmp_path / "<b>train.csv", make_events(1_000)))
    cfg.data.name = "<script>alert(1)</script> $x"
    evaluate(cfg, tmp_path / "out")
    page = (tmp_path / "out" / "report.html").read_text()
    assert "<script" not in page
    assert "<b>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; $x" in page


@pytest.mark.slow
def test_temperature_on_request(run: Path, tmp_path: Path):
    cfg = composed(f"ckpt={run}", "fit_temperature=true", *SAME_EVENTS, name="evaluate")
    metrics = evaluate(cfg, tmp_path / "out")
    assert 0.2 < metrics["temperature"] < 5
    # both splits have the same share of signal, so that what fits one calibrates the other
    assert metrics["test/calibration_error_tempered"] < metrics["test/calibration_error"] + 0.01


def test_other_events(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A file of its own, with missing objects, of which all events are tested."""
    events = make_events(500)
    events[:100, 4:6] = np.nan  # missing energy
    events[100:200, 6:10] = np.nan  # jet 1
    data = [
        "data=higgs",
        f"data.csv={write_csv(tmp_path / 'train.csv', make_events(1_000))}",
        f"data.test_csv={write_csv(tmp_path / 'test.csv', events)}",
        f"data.dir={tmp_path}",
    ]
    titles: list[str] = []

    def draw(_: Any, title: str, *__: Any) -> dict[str, Any]:
        titles.append(title)
        return {}

    monkeypatch.setattr(report, "draw_evaluations", draw)
    metrics = evaluate(composed(f"ckpt={run}", *QUIET, *data, name="evaluate"), tmp_path / "out")
    tested = "train.csv, tested on test.csv"
    assert metrics["dataset"] == tested
    assert titles[0].startswith(f"{tested}; ParticleAutoencoder; run ")
    assert f"ParticleAutoencoder on {tested}" in (tmp_path / "out" / "report.html").read_text()
    assert metrics["test/events"] == 500
    assert 0 < metrics["test/auc_missing_energy_above_75_gev"] < 1


def test_published_values_are_told_over_the_events_that_they_are_about():
    def values(**options: Any) -> list[float]:
        found = published(HiggsDataModule("events.csv", **options))
        return [] if found is None else [*found.values()]

    assert values(name=UCI_HIGGS, split="paper") == [0.880, 0.868]
    assert values(name=UCI_HIGGS, test_csv="official.csv") == [0.880, 0.868]
    assert values(name=UCI_HIGGS, split="gsoc") == [0.833]
    assert values(name=UCI_HIGGS) == values(split="paper") == []


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        ([], "say which model: ckpt=RUN"),
        (["ckpt=nowhere"], "nowhere does not exist"),
        (
            ["ckpt=pretrained", "report=[sculpting,colours]"],
            "report=['sculpting', 'colours']: give full, or what you want of importance, sculpting, ",
        ),
    ],
)
def test_bad_input_ends_with_one_sentence(overrides: list[str], sentence: str, refusal: Callable[..., str]):
    assert re.search(f"^error: .*{re.escape(sentence)}.*$", refusal("evaluate", *overrides))
