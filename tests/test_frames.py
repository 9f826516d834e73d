"""Runs as pandas has them."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest

import higgs_lightning
from higgs_lightning.errors import UserError
from higgs_lightning.evaluation.metrics import roc_auc_interval


def test_a_run(run: Path):
    read = higgs_lightning.read_run(run)
    metrics = json.loads((run / "metrics.json").read_text())
    assert read.metrics["test/auc"] == metrics["test/auc"]
    assert read.metrics.dtype == float
    assert read.metrics.attrs["dataset"] == "embedded sample (simulated)"
    assert {*read.metrics.index, *read.metrics.attrs} == {*metrics}
    assert read.config["model.num_layers"] == 1
    assert read.history.index.tolist() == [0, 1]
    assert read.history.index.name == "epoch"
    assert read.history["val/auc"].max() == pytest.approx(metrics["val/auc"], abs=1e-4)
    assert len(read.scores) == metrics["test/events"]
    assert set(read.scores["label"]) == {0, 1}
    assert roc_auc_interval(*(read.scores[name].to_numpy() for name in ("label", "score"))).auc == (
        pytest.approx(metrics["test/auc"], abs=1e-6)
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of an evaluation, by hand."""
    (tmp_path / "config.yaml").write_text("seed: 1\n")
    (tmp_path / "metrics.json").write_text('{"test/events": 2, "test/auc": 1.0, "val/auc": null, "seed": 1}')
    pd.DataFrame({"label": [1.0, 0.0], "score": [0.9, 0.2]}).to_parquet(tmp_path / "test_scores.parquet")
    return tmp_path


def test_an_evaluation(folder: Path):
    read = higgs_lightning.read_run(folder)
    assert read.history.empty
    assert read.metrics.isna().sum() == 1
    assert read.scores["score"].tolist() == [0.9, 0.2]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("config.yaml", None, "holds no run: give the folder of one, or last"),
        ("config.yaml", "a: !!python/object/apply:os.system [ls]", "can't be read"),
        ("metrics.json", None, "has no metrics (it has not ended): give a run that has ended"),
        ("metrics.json", '{"test/events": 2, "val/auc": 1' + "0" * 400 + "}", "its val/auc is '1000"),
        ("metrics.csv", "epoch\nnan\n", "an epoch is nan"),
        ("metrics.csv", "epoch\n1e300\n", "an epoch is 1e+300"),
        ("test_scores.parquet", None, "can't be read"),
    ],
)
def test_what_is_no_run(name: str, content: str | None, says: str, folder: Path):
    (folder / name).unlink(missing_ok=True)
    if content is not None:
        (folder / name).write_text(content)
    with pytest.raises(UserError, match=re.escape(says)):
        higgs_lightning.read_run(folder)
