"""The loggers of a training: several, none, and what reaches each."""

import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import composed
from matplotlib.image import imread
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from higgs_lightning.errors import UserError
from higgs_lightning.runs import read_history
from higgs_lightning.training.run import continued, train

SMALL = ["trainer=debug", "data.train_events=500", "model.dim=16", "model.num_layers=1"]


def test_none_leaves_the_tables_alone(
    tmp_path: Path, without_plots: None, capsys: pytest.CaptureFixture[str]
):
    run = tmp_path / "run"
    train(composed(*SMALL, "logger=none"), run)
    assert (run / "metrics.csv").is_file()
    assert (run / "metrics.json").is_file()
    assert not (run / "tensorboard").exists()
    assert "tensorboard" not in capsys.readouterr().out


def test_one_more_is_named_by_its_class(tmp_path: Path, without_plots: None):
    """Any of Lightning's that takes a save_dir; a run that goes on has those of its own command line."""
    run = tmp_path / "run"
    more = ["+logger.mine._target_=lightning.pytorch.loggers.CSVLogger", "+logger.mine.version=x"]
    cfg = composed(*SMALL, *more)
    train(cfg, run)
    assert (run / "tensorboard").is_dir()
    (metrics,) = run.glob("*/x/metrics.csv")
    assert {"final/test/auc", "val/auc"} <= set(metrics.read_text().splitlines()[0].split(","))
    cfg = continued(composed(f"ckpt={run}", "trainer.max_epochs=2"), ["trainer.max_epochs"])
    assert set(cfg.logger) == {"tensorboard"}


@pytest.mark.slow
def test_wandb_without_a_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Metrics, pictures and hyperparameters of each job go into a run of its own."""
    wandb: Any = pytest.importorskip("wandb")
    logged: list[tuple[str, set[str]]] = []
    log = wandb.Run.log

    def noted(self: Any, data: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        logged.append((self.id, set(data)))
        return log(self, data, *args, **kwargs)

    monkeypatch.setattr(wandb.Run, "log", noted)
    for name in ("one", "other"):
        train(composed(*SMALL, "logger=[tensorboard,wandb]", "logger.wandb.offline=true"), tmp_path / name)
        assert wandb.run is None
        (folder,) = (tmp_path / name / "wandb").glob("offline-run-*")
        assert list(folder.glob("*.wandb"))
        assert (tmp_path / name / "tensorboard").is_dir()
    runs = dict.fromkeys(each for each, _ in logged)
    assert len(runs) == 2
    for each in runs:
        names = set().union(*(names for other, names in logged if other == each))
        assert {"train/loss", "val/auc", "final/test/auc", "final/roc"} <= names


@pytest.mark.slow
def test_pictures_in_tensorboard(tmp_path: Path):
    """At the epochs and at the end, when those of the end are those beside the report."""
    run = tmp_path / "run"
    train(composed(*SMALL, "trainer.max_epochs=2", "figures_every=1"), run)
    found: dict[str, dict[int, bytes]] = {}
    for file in (run / "tensorboard").glob("events*"):
        events = EventAccumulator(str(file), size_guidance={"images": 0}).Reload()
        for tag in events.Tags()["images"]:
            found.setdefault(tag, {}).update({e.step: e.encoded_image_string for e in events.Images(tag)})
    assert set(found["validation/roc"]) == {0}  # of the last epoch there is the end
    drawn = {f"final/{path.stem}": imread(path) for path in (run / "plots").glob("*.png")}
    assert len(drawn) > 3
    assert {tag for tag in found if tag.startswith("final/")} == set(drawn)
    for tag, picture in drawn.items():
        (logged,) = found[tag].values()
        np.testing.assert_array_equal(imread(BytesIO(logged)), picture)


@pytest.mark.slow
def test_mlflow_in_the_run_s_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Metrics by epoch, pictures and hyperparameters, and nothing outside of the run."""
    tracking = pytest.importorskip("mlflow.tracking")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")  # it sets it itself
    cfg = composed(*SMALL, "trainer.max_epochs=2", "logger=mlflow", "figures_every=1")
    metrics = train(cfg, tmp_path / "run")
    assert [path.name for path in tmp_path.iterdir() if path.name != "data"] == ["run"]
    client = tracking.MlflowClient(f"sqlite:///{tmp_path / 'run/mlflow.db'}")
    (experiment,) = (each for each in client.search_experiments() if each.name == "higgs_lightning")
    (found,) = client.search_runs([experiment.experiment_id])
    assert found.info.status == "FINISHED"
    assert found.data.tags["mlflow.runName"].endswith("/run")
    assert found.data.params["model/dim"] == "16"
    assert found.data.metrics["final/test/auc"] == metrics["test/auc"]
    history = client.get_metric_history(found.info.run_id, "val/auc")
    rows = read_history(tmp_path / "run/metrics.csv")
    assert {each.step: each.value for each in history} == {row["epoch"]: row["val/auc"] for row in rows}
    assert len(rows) == 2
    pictures = {path.name.split("+")[0] for path in (tmp_path / "run/mlflow").rglob("*.png")}
    assert {"validation~roc", "final~roc", "final~loss"} <= pictures


def test_mlflow_s_run_that_is_refused_leaves_nothing(tmp_path: Path):
    pytest.importorskip("mlflow")
    with pytest.raises(UserError, match="leave no training rows"):
        train(composed(*SMALL, "logger=mlflow", "data.val_fraction=0.95"), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_mlflow_without_the_extra(refusal: Callable[..., str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    assert refusal("train", "logger=mlflow").endswith("more packages: pip install -e '.[mlflow]'")


def test_what_is_no_logger_is_refused(refusal: Callable[..., str]):
    assert "logger.mine: " in refusal("train", "+logger.mine._target_=lightning.pytorch.loggers.CometLogger")
    assert "is no Logger" in refusal("train", "+logger.mine._target_=types.SimpleNamespace")
    assert "Could not find 'logger/nothing'" in refusal("train", "logger=nothing")
