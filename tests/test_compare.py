"""Runs side by side: what differs, how good each is, and whether the difference is chance."""

import csv
import json
import re
import shutil
import sys
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest
import yaml
from conftest import SMALL_PARTICLE, command, composed
from filelock import FileLock

from higgs_lightning import compare as compare_command
from higgs_lightning.errors import UserError
from higgs_lightning.evaluation.comparison import compare
from higgs_lightning.evaluation.metrics import difference_p_value, roc_auc_interval
from higgs_lightning.files import write_csv
from higgs_lightning.runs import run_folders
from higgs_lightning.training.run import train


def rows_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "compare.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def altered(run: Path, copy: Path, noise: float) -> Path:
    """A copy of a run with more layers, noisier scores and a worse validation AUC."""
    shutil.copytree(run, copy)
    config = (copy / "config.yaml").read_text()
    (copy / "config.yaml").write_text(config.replace("num_layers: 1", "num_layers: 2"))
    scores = pyarrow.parquet.read_table(copy / "test_scores.parquet").to_pydict()
    labels = np.array(scores["label"])
    noisy = np.array(scores["score"]) + np.random.default_rng(1).normal(0, noise, len(labels))
    pyarrow.parquet.write_table(pa.table({"label": labels, "score": noisy}), copy / "test_scores.parquet")
    metrics = json.loads((copy / "metrics.json").read_text())
    metrics |= {"test/auc": roc_auc_interval(labels, noisy).auc, "val/auc": 0.5}
    (copy / "metrics.json").write_text(json.dumps(metrics))
    return copy


@pytest.mark.slow
def test_two_runs_through_the_command(run: Path, tmp_path: Path):
    other = altered(run, tmp_path / "other", noise=0.1)
    done = command(str(other), str(run), "--output", "out", cwd=tmp_path, name="compare")
    assert done.returncode == 0, done.stderr
    first, second = rows_of(tmp_path / "out")
    assert (first["model.num_layers"], second["model.num_layers"]) == ("1", "2")
    assert not [name for name in first if "." in name and name != "model.num_layers"]
    assert float(first["AUC"]) == json.loads((run / "metrics.json").read_text())["test/auc"]
    assert float(second["difference"]) == pytest.approx(float(second["AUC"]) - float(first["AUC"]))
    assert 0 < float(second["p-value"]) < 0.05
    assert first["difference"] == first["p-value"] == ""
    page = (tmp_path / "out" / "compare.html").read_text()
    assert page.count("data:image/png;base64,") == 2
    assert not re.search(r'(src|href)="(?!data:)', page)  # nothing to load
    assert re.search(r"test\s+95 % interval\s+difference\s+p", done.stdout)


def test_other_test_events_are_not_compared(run: Path, tmp_path: Path):
    other = altered(run, tmp_path / "other", noise=0.1)
    table = pyarrow.parquet.read_table(other / "test_scores.parquet")
    pyarrow.parquet.write_table(table.slice(10), other / "test_scores.parquet")
    metrics = json.loads((other / "metrics.json").read_text()) | {"test/events": len(table) - 10}
    (other / "metrics.json").write_text(json.dumps(metrics))
    compare([run, other], tmp_path / "out")
    assert [row["p-value"] for row in rows_of(tmp_path / "out")] == ["", ""]


def test_the_table_is_a_frame(run: Path, tmp_path: Path):
    """Whole numbers stay whole where others lack; and other weights of test events are no chance."""
    other, third = (altered(run, tmp_path / name, noise=0.1) for name in ("other", "third"))
    scores = pd.read_parquet(third / "test_scores.parquet")
    scores.assign(weight=np.linspace(1, 2, len(scores))).to_parquet(third / "test_scores.parquet")
    frame = compare([run, other, third], tmp_path / "out").set_index("run")
    assert frame["p-value"].notna().sum() == 1
    assert frame["compared with"].fillna("").tolist() == [
        "",
        frame.index[0],
        "none: other weights of test events",
    ]
    assert "compared with" in (tmp_path / "out" / "compare.html").read_text()
    assert frame["AUC"].notna().all()
    assert {row["parameters"] for row in rows_of(tmp_path / "out")} == {str(frame["parameters"].iloc[0])}


def test_a_first_run_that_is_weighted_otherwise_keeps_no_others_from_comparison(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """Weights that are the same within each class are none: no ROC-AUC depends on them."""
    folders = [altered(run, tmp_path / name, noise=0.1) for name in ("one", "two", "three")]
    for folder, of_signal in zip(folders, (None, 1.0, 3.0), strict=True):
        scores = pd.read_parquet(folder / "test_scores.parquet")
        weights = np.linspace(1, 2, len(scores)) if of_signal is None else 1 + of_signal * scores.label
        scores.assign(weight=weights).to_parquet(folder / "test_scores.parquet")
    metrics = json.loads((folders[0] / "metrics.json").read_text()) | {"val/auc": 0.99}
    (folders[0] / "metrics.json").write_text(json.dumps(metrics))
    frame = compare([*folders, run], tmp_path / "out").set_index("run")
    first, second, *others = frame.index
    assert first.endswith("/one")
    assert frame["compared with"].tolist() == ["none: other weights of test events", None, second, second]
    assert frame.loc[others, "p-value"].notna().all()
    assert "/one is compared with none: other weights of test events" in capsys.readouterr().out


@pytest.mark.slow
def test_other_events_with_the_same_labels_are_not_compared(run: Path, tmp_path: Path):
    """As of two files that are sorted by class: whose events these are stands in the metrics."""
    for change in ({"crc32": 1}, {"rows": 1}):
        other = altered(run, tmp_path / f"other{len(list(tmp_path.iterdir()))}", noise=0.1)
        metrics = json.loads((other / "metrics.json").read_text())
        metrics["data"][-1] |= change
        (other / "metrics.json").write_text(json.dumps(metrics))
        compare([run, other], tmp_path / "out")
        assert [row["p-value"] for row in rows_of(tmp_path / "out")] == ["", ""]
    reseeded = altered(run, tmp_path / "reseeded", noise=0.1)
    config = yaml.safe_load((reseeded / "config.yaml").read_text())
    config["data"]["seed"] = 2
    (reseeded / "config.yaml").write_text(yaml.safe_dump(config))
    compare([run, reseeded], tmp_path / "out")
    assert [row["p-value"] for row in rows_of(tmp_path / "out")] == ["", ""]


@pytest.mark.slow
def test_a_training_and_an_evaluation(run: Path, tmp_path: Path):
    """An evaluation of the same weights on the same events is the same result."""
    arguments = [
        f"ckpt={run}",
        "trainer.enable_progress_bar=false",
        f"hydra.run.dir={tmp_path / 'evaluation'}",
    ]
    assert command(*arguments, "data.train_events=20000", cwd=tmp_path, name="evaluate").returncode == 0
    compare([run, tmp_path / "evaluation"], tmp_path / "out")
    first, second = rows_of(tmp_path / "out")
    assert first["AUC"] == second["AUC"]
    assert {first["p-value"], second["p-value"]} == {"", "1.0"}


def test_what_is_not_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for path, sentence in ((tmp_path / "nowhere", "is not a folder"), (tmp_path, "holds no run")):
        with pytest.raises(UserError, match=sentence):
            compare([path], tmp_path / "out")
    monkeypatch.setattr(sys, "argv", ["compare", str(tmp_path)])
    with pytest.raises(SystemExit, match=r"^error: "):  # Python's status for a sentence is 1
        compare_command.main()


def test_jobs_are_in_their_order(tmp_path: Path):
    for number in range(12):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "config.yaml").touch()
    (tmp_path / "plots").mkdir()
    assert [folder.name for folder in run_folders(tmp_path)] == [str(number) for number in range(12)]


@pytest.mark.slow
def test_a_failed_job_does_not_take_the_sweep_down(higgs_csv: Path, tmp_path: Path):
    data = ["data=higgs", f"data.csv={higgs_csv}", "data.train_events=500"]
    done = command("-m", "model.num_heads=3,4", "trainer=debug", *data, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "error: 1 of 2 jobs failed (0): the table says why"
    (sweep,) = tmp_path.glob("outputs/*/*")
    good, bad = rows_of(sweep)
    assert (good["run"], good["model.num_heads"], good["failure"]) == ("1", "4", "")
    assert (bad["run"], bad["model.num_heads"]) == ("0", "3")
    assert bad["failure"] == "num_heads=3 does not divide dim=64"
    assert "run 0 (model.num_heads=3): num_heads=3 does not divide dim=64" in done.stdout
    assert float(good["AUC"]) > 0.5
    assert "num_heads=3 does not divide" in (sweep / "compare.html").read_text()


def test_a_folder_belongs_to_one_run(run: Path, tmp_path: Path):
    cfg = composed(*SMALL_PARTICLE)
    before = sorted(run.rglob("*"))
    with pytest.raises(UserError, match="holds a run: go on with it by ckpt="):
        train(cfg, run)
    assert sorted(run.rglob("*")) == before
    with FileLock(tmp_path / ".lock"), pytest.raises(UserError, match="another process trains in"):
        train(cfg, tmp_path)


def test_p_value_against_the_bootstrap():
    """The variance of the difference that DeLong's p-value implies is that of resampled events."""
    generator = np.random.default_rng(3)
    labels = np.repeat([0, 1], [400, 300])
    truth = labels + generator.normal(0, 1, 700)
    one, two = truth + generator.normal(0, 0.5, 700), truth + generator.normal(0, 0.8, 700)

    def difference(rows: np.ndarray) -> float:
        return roc_auc_interval(labels[rows], one[rows]).auc - roc_auc_interval(labels[rows], two[rows]).auc

    resampled = [
        difference(np.concatenate([generator.choice(400, 400), 400 + generator.choice(300, 300)]))
        for _ in range(2000)
    ]
    expected = 2 * NormalDist().cdf(-abs(difference(np.arange(700))) / float(np.std(resampled)))
    assert difference_p_value(labels, one, two) == pytest.approx(expected, rel=0.25)
    assert difference_p_value(labels, two, one) == pytest.approx(difference_p_value(labels, one, two))
    assert difference_p_value(labels, one, one) == 1


def test_no_cell_is_a_formula(tmp_path: Path):
    """What a run's configuration holds may be a stranger's, and spreadsheets compute what begins with =."""
    row = {"run": "=1+1", "data.name": "@SUM(A1)", "+key": "-2", "AUC": -0.5, "p": None, "plain": "a=b"}
    write_csv(tmp_path / "table.csv", [list(row), row.values()])
    (head, cells) = csv.reader((tmp_path / "table.csv").read_text().splitlines())
    assert head == ["run", "data.name", "'+key", "AUC", "p", "plain"]
    assert cells == ["'=1+1", "'@SUM(A1)", "'-2", "-0.5", "", "a=b"]
