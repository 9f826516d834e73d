"""Searches and launchers: the plugins of the `sweep` extra run our jobs and survive those that fail."""

import csv
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import optuna
import pytest
import yaml
from conftest import REPOSITORY, command, composed, make_events, started, write_csv
from hydra.core.hydra_config import HydraConfig
from hydra_plugins.hydra_submitit_launcher.config import SlurmQueueConf

from higgs_lightning.training.callbacks import Pruning


@pytest.fixture
def small(higgs_csv: Path) -> list[str]:
    data = ["data=higgs", f"data.csv={higgs_csv}", "data.train_events=500"]
    return ["-m", "trainer=debug", "model.dim=16", *data]


def failures(sweep: Path) -> dict[str, str]:
    """Why each job failed, by its number; empty for those that did not."""
    with (sweep / "compare.csv").open(newline="") as file:
        return {row["run"]: row["failure"] for row in csv.DictReader(file)}


@pytest.mark.slow
@pytest.mark.parametrize("launcher", ["joblib", "submitit_local"])
def test_launchers(launcher: str, small: list[str], tmp_path: Path):
    done = started(*small, f"hydra/launcher={launcher}", "model.num_heads=3,4", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "error: 1 of 2 jobs failed (0): the table says why"
    (sweep,) = tmp_path.glob("outputs/*/*")
    assert failures(sweep) == {"0": "num_heads=3 does not divide dim=16", "1": ""}


def test_the_slurm_configuration_is_one_of_its_launcher():
    launcher = yaml.safe_load((REPOSITORY / "conf/hydra/launcher/submitit_slurm.yaml").read_text())
    assert set(launcher) <= set(SlurmQueueConf.__dataclass_fields__)
    assert launcher["_target_"] == SlurmQueueConf._target_


@pytest.mark.slow
def test_a_search_goes_on_where_it_was_stopped(small: list[str], tmp_path: Path):
    search = [*small, "hparams_search=optuna"]
    done = command(*search, "hydra.sweeper.n_trials=1", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    command(*search, "hydra.sweeper.n_trials=2", "model.num_heads=choice(3,4)", cwd=tmp_path)
    storage = f"sqlite:///{tmp_path}/outputs/optuna.db"
    (summary,) = optuna.get_all_study_summaries(storage)
    assert re.fullmatch(
        r"ParticleAutoencoder, MaskedObjective, val/auc, events.csv [0-9a-f]{8}", summary.study_name
    )
    study = optuna.load_study(summary.study_name, storage)
    assert len(study.trials) == 3
    for trial in study.trials:
        failed = trial.params.get("model.num_heads") == 3
        assert trial.state == (optuna.trial.TrialState.FAIL if failed else optuna.trial.TrialState.COMPLETE)
        # what Pruning told it after the only epoch is what the job returned
        assert failed or trial.intermediate_values == {0: pytest.approx(trial.value)}
    first, second = (failures(sweep) for sweep in sorted(tmp_path.glob("outputs/*/*")))
    assert first == {"0": ""}
    assert {bool(second[str(n)]) == (study.trials[1 + n].params["model.num_heads"] == 3) for n in (0, 1)} == {
        True
    }


@pytest.mark.parametrize(("value", "stops"), [(0.6, True), (0.9, False)])
def test_a_job_below_the_median_is_stopped(
    value: float, stops: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    storage = f"sqlite:///{tmp_path}/optuna.db"
    study = optuna.create_study(storage=storage, study_name="test", direction="maximize")
    for _ in range(6):
        trial = study.ask({"optimizer.lr": optuna.distributions.UniformDistribution(0, 1)})
        trial.report(0.8, 0)
        study.tell(trial, 0.8)
    killed, running = (study.ask() for _ in range(2))
    for trial in (killed, running):
        trial._suggest("optimizer.lr", optuna.distributions.UniformDistribution(0.5, 0.5))
    overrides = SimpleNamespace(overrides=SimpleNamespace(task=["seed=1", "optimizer.lr=0.5"]))
    monkeypatch.setattr(HydraConfig, "get", lambda: overrides)
    trainer: Any = SimpleNamespace(callback_metrics={"val/auc": value}, current_epoch=0, should_stop=False)
    pruning = Pruning(storage, "test", "val/auc")
    assert pruning.trial.number == running.number
    pruning.on_train_epoch_end(trainer, None)  # type: ignore[arg-type]
    assert trainer.should_stop == stops


def test_a_search_of_other_events_or_of_another_model_is_another(tmp_path: Path):
    """So that its values are not ranked among strangers; what a search varies makes no difference."""
    files = [write_csv(tmp_path / f"{seed}.csv", make_events(300, seed)) for seed in (1, 2)]

    def name(*overrides: str) -> str:
        options = ["hparams_search=optuna", "data=higgs", f"data.dir={tmp_path}", f"data.csv={files[0]}"]
        return str(composed(*options, *overrides).pruning.study_name)

    same = ["model.num_layers=1", "optimizer.lr=1", "objective.mask_ratio=0.5", "seed=3", "data.batch_size=7"]
    assert {name(override) for override in same} == {name()}
    others = [f"data.csv={files[1]}", "model=dnn", "selection.monitor=val/loss"]
    assert len({name(), *(name(override) for override in others)}) == 4


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "arguments", "left"),
    [
        ("evaluate", ["ckpt=nowhere,pretrained", "data.csv=none.csv"], []),
        (
            "predict",
            ["ckpt=pretrained", "input=events.csv,none.csv", "output='${input}.parquet'"],
            ["events.csv.parquet"],
        ),
        ("describe", ["input=none.csv,events.csv", "output='page-${input}'"], ["page-events.csv"]),
        ("export", ["ckpt=nowhere,none.csv", "output=model.onnx"], []),
    ],
)
def test_every_command_s_sweep_says_which_jobs_failed(
    name: str, arguments: list[str], left: list[str], tmp_path: Path
):
    write_csv(tmp_path / "events.csv", make_events(300))
    done = command("-m", *arguments, cwd=tmp_path, name=name)
    assert done.returncode == 1
    failed = 2 - len(left)
    said = rf"error: {failed} jobs? failed \({int(name == 'predict')}: .*(nowhere|none\.csv)"
    assert re.search(said, done.stderr.splitlines()[-1]), done.stderr
    assert all((tmp_path / each).exists() for each in left)
    assert len(list(tmp_path.glob(f"outputs/*/*-*{name[:4]}*/*/failure.txt"))) == failed
