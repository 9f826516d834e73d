"""The evaluate command: the training's own numbers, and what physicists ask beyond them."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import command, composed, make_events, write_csv

from higgs_lightning.training.testing import evaluate

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
    assert str(folder) in done.stdout


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
    binned = [metrics[f"test/auc_jet_1_pt_bin_{number}"] for number in (1, 2, 3, 4)]
    assert all(0.5 < auc < 1 for auc in binned)


@pytest.mark.slow
def test_temperature_on_request(run: Path, tmp_path: Path):
    cfg = composed(f"ckpt={run}", "fit_temperature=true", *SAME_EVENTS, name="evaluate")
    metrics = evaluate(cfg, tmp_path / "out")
    assert 0.2 < metrics["temperature"] < 5
    # both splits have the same share of signal, so that what fits one calibrates the other
    assert metrics["test/calibration_error_tempered"] < metrics["test/calibration_error"] + 0.01


def test_other_events(run: Path, tmp_path: Path):
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
    metrics = evaluate(composed(f"ckpt={run}", *QUIET, *data, name="evaluate"), tmp_path / "out")
    assert metrics["test/events"] == 500
    assert 0 < metrics["test/auc_missing_energy_magnitude_bin_4"] < 1


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        ([], "say which model: ckpt=RUN"),
        (["ckpt=nowhere"], "nowhere does not exist"),
    ],
)
def test_bad_input_ends_with_one_sentence(overrides: list[str], sentence: str, refusal: Callable[..., str]):
    assert re.search(f"^error: .*{re.escape(sentence)}.*$", refusal("evaluate", *overrides))
