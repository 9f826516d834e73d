"""Searches and launchers: the plugins of the `sweep` extra run our jobs and survive those that fail."""

import csv
import json
import re
import shlex
import sys
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import hydra
import numpy as np
import optuna
import pytest
import yaml
from conftest import REPOSITORY, command, composed, make_events, started, write_csv
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra_plugins.hydra_submitit_launcher.config import SlurmQueueConf
from omegaconf import OmegaConf
from omegaconf.errors import InterpolationResolutionError
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState

from higgs_lightning import schema
from higgs_lightning.command import CONFIG_DIR
from higgs_lightning.errors import UserError
from higgs_lightning.sweeps import study_storage
from higgs_lightning.training.callbacks import Pruning
from hydra_plugins.higgs_lightning_search import Search, distribution


@pytest.fixture
def small(higgs_csv: Path) -> list[str]:
    data = ["data=higgs", f"data.csv={higgs_csv}", "data.train_events=500"]
    return ["-m", "trainer=debug", "model.dim=16", *data]


def failures(sweep: Path) -> dict[str, str]:
    """Why each job failed, by its number; empty for those that did not."""
    with (sweep / "compare.csv").open(newline="") as file:
        return {row["run"]: row["failure"] for row in csv.DictReader(file)}


@pytest.mark.slow
@pytest.mark.parametrize("launcher", ["joblib", "submitit_local", "ray"])
def test_launchers(launcher: str, small: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    if launcher == "ray" and find_spec("hydra_plugins.hydra_ray_launcher") is None:
        pytest.skip("hydra-ray-launcher is not installed")
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
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
    two = ["hydra.sweeper.n_trials=2", "hydra.sweeper.n_jobs=2", "hydra/launcher=joblib"]
    done = started(*search, *two, "model.num_heads=choice(3,4)", cwd=tmp_path)
    storage = study_storage(f"{tmp_path}/outputs/optuna.journal")
    (name,) = optuna.get_all_study_names(storage)
    assert re.fullmatch(r"ParticleAutoencoder, MaskedObjective, val/auc, events.csv [0-9a-f]{8}", name)
    study = optuna.load_study(study_name=name, storage=storage)
    assert len(study.trials) == 3
    for trial in study.trials:
        failed = trial.params.get("model.num_heads") == 3
        assert trial.state == (TrialState.FAIL if failed else TrialState.COMPLETE)
        # what Pruning told it after the only epoch is what the job came to
        assert failed or trial.intermediate_values == {0: pytest.approx(trial.value)}
    first, second = (failures(sweep) for sweep in sorted(tmp_path.glob("outputs/*/*")))
    assert first == {"0": ""}
    table = sorted(tmp_path.glob("outputs/*/*"))[-1] / "compare.csv"
    columns = table.read_text().splitlines()[0].split(",")
    assert "optimizer.lr" in columns
    assert not [column for column in columns if "pruning" in column]
    assert [bool(second[str(n)]) for n in (0, 1)] == [t.state == TrialState.FAIL for t in study.trials[1:]]

    # what is printed trains the best job again
    (line,) = re.findall(r"^train it again: python -m higgs_lightning.train (.*)$", done.stdout, re.MULTILINE)
    done = command(*shlex.split(line), f"hydra.run.dir={tmp_path / 'best'}", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "best/metrics.json").read_text())["val/auc"] == study.best_value


@pytest.mark.parametrize(
    ("sweep", "expected"),
    [
        ("choice(2,3.5,a,true)", CategoricalDistribution([2, 3.5, "a", True])),
        ("dnn,null", CategoricalDistribution(["dnn", "null"])),
        ("choice('a b',[1,2])", CategoricalDistribution(["a\\ b", "[1,2]"])),
        ("range(1,10,2)", IntDistribution(1, 9, step=2)),
        ("range(1,10)", IntDistribution(1, 9)),
        ("range(0,1,0.25)", FloatDistribution(0, 0.75, step=0.25)),
        ("range(0,1,0.3)", FloatDistribution(0, 0.9, step=0.3)),
        ("range(3,0,-1)", CategoricalDistribution([3, 2, 1])),
        ("int(interval(1,8))", IntDistribution(1, 8)),
        ("interval(0,0.5)", FloatDistribution(0, 0.5)),
        ("tag(log,interval(1e-4,1))", FloatDistribution(1e-4, 1, log=True)),
        ("tag(log,int(interval(1,64)))", IntDistribution(1, 64, log=True)),
    ],
)
def test_ranges_are_those_of_hydra(sweep: str, expected: BaseDistribution):
    (override,) = OverridesParser.create().parse_overrides([f"key={sweep}"])
    assert distribution(override) == expected


class FakeLauncher:
    """Jobs that come to what a function of their overrides says, where it says something."""

    def __init__(self, folder: Path, outcome: Callable[[dict[str, str]], dict[str, float] | None]) -> None:
        self.folder = folder
        self.outcome = outcome
        self.launched: list[list[list[str]]] = []

    def launch(self, jobs: list[list[str]], initial_job_idx: int) -> list[Any]:
        self.launched.append(jobs)
        returned = []
        for overrides in jobs:
            folder = Path(tempfile.mkdtemp(dir=self.folder))
            metrics = self.outcome(dict(each.split("=", 1) for each in overrides))
            if metrics is not None:
                (folder / "metrics.json").write_text(json.dumps(metrics))
            runtime = SimpleNamespace(output_dir=str(folder))
            returned.append(
                SimpleNamespace(hydra_cfg=SimpleNamespace(hydra=SimpleNamespace(runtime=runtime)))
            )
        return returned


def search(folder: Path, outcome: Callable[[dict[str, str]], Any], *arguments: str, **options: Any) -> Any:
    """A search whose jobs are no trainings; returns its study and what was launched."""
    given: dict[str, Any] = {
        "metrics": ["val/auc"],
        "direction": "maximize",
        "n_trials": 4,
        "n_jobs": 2,
    } | options
    storage = given.pop("storage", str(folder / "optuna.journal"))
    sampler = {"_target_": "optuna.samplers.RandomSampler", "seed": 1}
    sweeper = Search(
        params={"lr": "interval(0.0,1.0)"}, storage=storage, study_name="s", sampler=sampler, **given
    )
    sweeper.config = OmegaConf.create({"hydra": {"job": {"name": "train"}}, "pruning": {"trial": None}})
    launcher = FakeLauncher(folder, outcome)
    sweeper.launcher = launcher
    sweeper.sweep(list(arguments))
    return optuna.load_study(study_name="s", storage=study_storage(storage)), launcher.launched


def test_a_search_runs_so_many_jobs_at_a_time_and_tells_the_best(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    study, launched = search(
        tmp_path,
        lambda job: {"val/auc": float(job["lr"])},
        "hparams_search=optuna",
        "data.csv='a b.csv'",
        n_trials=5,
    )
    assert [len(jobs) for jobs in launched] == [2, 2, 1]
    assert [job[-1] for jobs in launched for job in jobs] == [f"pruning.trial={n}" for n in range(5)]
    best = max(trial.params["lr"] for trial in study.trials)
    assert study.best_value == best
    printed = capsys.readouterr().out
    assert f"best of 5: val/auc {best:.4g} with lr={best}\n" in printed
    (line,) = re.findall("^train it again: (.*)$", printed, re.MULTILINE)
    assert shlex.split(line) == ["python", "-m", "higgs_lightning.train", "data.csv='a b.csv'", f"lr={best}"]
    assert "importance: lr 1.00\n" in printed


def test_jobs_that_fail_are_no_values(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    study, _ = search(tmp_path, lambda job: None)
    assert [trial.state for trial in study.trials] == [TrialState.FAIL] * 4
    assert capsys.readouterr().out == ""
    study, _ = search(tmp_path / "more", lambda job: {"val/auc": 1.0 if float(job["lr"]) > 0.5 else None})
    for trial in study.trials:
        assert trial.state == (TrialState.COMPLETE if trial.params["lr"] > 0.5 else TrialState.FAIL)


def test_a_search_that_is_interrupted_leaves_no_job_running(tmp_path: Path):
    def interrupt(job: dict[str, str]) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        search(tmp_path, interrupt)
    study, _ = search(tmp_path, lambda job: {"val/auc": 0.5})
    states = [TrialState.FAIL] * 2 + [TrialState.COMPLETE] * 4
    assert [trial.state for trial in study.trials] == states


def test_a_search_of_several_metrics(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Those are best that no other is better than in all."""
    two: dict[str, Any] = {"metrics": ["val/auc", "parameters"], "direction": ["maximize", "minimize"]}

    def outcome(job: dict[str, str]) -> dict[str, float]:
        return {"val/auc": float(job["lr"]), "parameters": 10 if job["wide"] == "True" else 5}

    study, launched = search(tmp_path, outcome, "wide=true,false", n_trials=8, **two)
    assert not any("pruning.trial" in each for jobs in launched for job in jobs for each in job)
    narrow = max(trial.params["lr"] for trial in study.trials if not trial.params["wide"])
    printed = capsys.readouterr().out
    assert f"best of 8: val/auc {narrow:.4g}, parameters 5 with" in printed
    assert re.search(r"^importance: (wide \S+, lr|lr \S+, wide) ", printed, re.MULTILINE)


@pytest.mark.parametrize(
    ("arguments", "options", "sentence"),
    [
        (["lr=0.5"], {}, "a search needs a parameter with several values"),
        ([], {"direction": ["maximize", "minimize"]}, "say a direction for each metric"),
        ([], {"direction": "up"}, "direction=.'up'.: say a direction for each metric, maximize or minimize"),
        ([], {"metrics": [None]}, "say a direction for each metric"),
        ([], {"n_trials": 0}, "hydra.sweeper.n_trials=0: give a whole number, 1 or more"),
        ([], {"n_jobs": 0}, "hydra.sweeper.n_jobs=0: give a whole number, 1 or more"),
        (["lr=range(0,0)"], {}, "lr=range.0,0. has no values"),
        (["lr=interval(1,0)"], {}, "lr=interval.1,0.: .*low <= high"),
        (["lr=tag(log,interval(0,1))"], {}, "lr=tag.log,interval.0,1..: .*low"),
        (["lr=tag(log,range(1,9))"], {}, r"say tag\(log,interval"),
    ],
)
def test_what_is_no_search_is_refused(arguments: list[str], options: Any, sentence: str, tmp_path: Path):
    with pytest.raises(UserError, match=sentence):
        search(tmp_path, lambda job: {}, *arguments, **options)
    assert not list(tmp_path.iterdir())


def test_a_search_without_a_metric_is_refused():
    cfg = composed("hparams_search=optuna", "selection.monitor=null")
    with pytest.raises(InterpolationResolutionError, match=r"selection.monitor, which is null: say"):
        cfg.pruning.study_name  # noqa: B018


def test_without_optuna_the_extra_is_named(refusal: Callable[..., str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "optuna.storages.journal", None)
    words = refusal("train", "-m", "hparams_search=optuna")
    assert words == "error: a search needs Optuna 5: pip install 'higgs_lightning[sweep]'"


@pytest.mark.parametrize(
    ("argument", "options"),
    [
        ("wide=true,false,null", {}),  # Optuna ranks values of the same choices alone
        ("wide=true,false", {"direction": "minimize"}),
        ("wide=true,false", {"metrics": ["val/auc", "parameters"], "direction": ["maximize", "minimize"]}),
    ],
)
def test_another_search_of_the_same_name_is_refused(argument: str, options: Any, tmp_path: Path):
    search(tmp_path, lambda job: {"val/auc": 0.5}, "wide=true,false")
    with pytest.raises(UserError, match=r"is another search .*: give another pruning\.study_name"):
        search(
            tmp_path / "more", lambda job: {}, argument, storage=str(tmp_path / "optuna.journal"), **options
        )


def test_a_search_looks_for_what_selects_epochs():
    options = ["hparams_search=optuna", "selection.monitor=val/loss", "selection.mode=min"]
    with hydra.initialize_config_dir(CONFIG_DIR, version_base="1.3"):
        cfg = hydra.compose("train", options, return_hydra_config=True)
    given = {**cfg.hydra.sweeper, "storage": "", "study_name": ""}
    assert (given["metrics"], given["direction"]) == (["val/loss"], "min")
    of_class = {name: value for name, value in given.items() if name[0] != "_"}
    assert Search(**of_class).directions == ["minimize"]


@pytest.mark.slow
def test_a_search_whose_every_job_fails_ends_with_a_sentence(small: list[str], tmp_path: Path):
    done = command(
        *small, "hparams_search=optuna", "hydra.sweeper.n_trials=2", "model.num_heads=3", cwd=tmp_path
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "error: 2 of 2 jobs failed (0, 1): the table says why"
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize(("value", "stops"), [(0.6, True), (0.9, False)])
def test_a_job_below_the_median_is_stopped(value: float, stops: bool, tmp_path: Path):
    storage = f"{tmp_path}/optuna.journal"
    study = optuna.create_study(storage=study_storage(storage), study_name="test", direction="maximize")
    for _ in range(6):
        trial = study.ask({"optimizer.lr": FloatDistribution(0, 1)})
        trial.report(0.8, 0)
        study.tell(trial, 0.8)
    running, other = study.ask(), study.ask()
    trainer: Any = SimpleNamespace(callback_metrics={"val/auc": value}, current_epoch=0, should_stop=False)
    pruning = Pruning(storage, "test", "val/auc", running.number)
    pruning.on_train_epoch_end(trainer, None)  # type: ignore[arg-type]
    assert trainer.should_stop == stops
    assert [study.trials[each.number].intermediate_values for each in (running, other)] == [{0: value}, {}]


def test_a_search_of_other_events_or_of_another_model_is_another(tmp_path: Path):
    """So that its values are not ranked among strangers; what a search varies makes no difference."""
    files = [tmp_path / f"{seed}.csv" for seed in (1, 2)]
    for seed, file in enumerate(files):
        events, weights = make_events(300, seed), np.arange(1, 301)
        names = [*schema.CACHED_COLUMNS, "one", "other"]
        columns = np.column_stack([events, weights, weights[::-1]])
        np.savetxt(file, columns, fmt="%.7g", delimiter=",", header=",".join(names), comments="")

    def name(*overrides: str) -> str:
        options = ["hparams_search=optuna", "data=higgs", f"data.dir={tmp_path}", f"data.csv={files[0]}"]
        return str(composed(*options, *overrides).pruning.study_name)

    same = ["model.num_layers=1", "optimizer.lr=1", "objective.mask_ratio=0.5", "seed=3", "data.batch_size=7"]
    assert {name(override) for override in same} == {name()}
    others = [
        *(f"data.csv={files[1]}", "model=dnn", "selection.monitor=val/loss"),
        *("data.weights=one", "data.weights=other", "data.class_balance=true"),
    ]
    assert len({name(), *(name(override) for override in others)}) == 7


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
