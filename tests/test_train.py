"""The command: a run, a multirun, going on, and what they leave."""

import csv
import gzip
import json
import os
import re
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from conftest import (
    REPOSITORY,
    SMALL,
    SMALL_PARTICLE,
    command,
    composed,
    make_events,
    started,
    write_csv,
)
from omegaconf import DictConfig, OmegaConf

from higgs_lightning import load_model
from higgs_lightning.compilation import fused_multiply_add
from higgs_lightning.data import sample_csv
from higgs_lightning.errors import UserError, one_sentence
from higgs_lightning.models.weights import load_checkpoint, read_weights, save_model
from higgs_lightning.runs import read_history
from higgs_lightning.training.objective import MaskedObjective
from higgs_lightning.training.run import begun, train

EXPERIMENTS = sorted(path.stem for path in (REPOSITORY / "conf" / "experiment").glob("*.yaml"))


def history(run: Path) -> list[dict[str, str]]:
    with (run / "metrics.csv").open() as file:
        return list(csv.DictReader(file))


def test_a_run_leaves_what_it_promises(run: Path):
    names = {str(path.relative_to(run)) for path in run.rglob("*") if path.is_file()}
    assert {
        "config.yaml",
        "metrics.csv",
        "metrics.json",
        "provenance.json",
        "checkpoints/best.ckpt",
        "checkpoints/last.ckpt",
        "report.html",
        "tables/splits.csv",
        "tables/reconstruction.csv",
    } <= names
    page = (run / "report.html").read_text()
    assert page.count("data:image/png;base64,") == 6
    assert f"{json.loads((run / 'metrics.json').read_text())['test/auc']:.4f}" in page
    plots = {"loss", "accuracy", "auc", "roc", "scores", "reconstruction"}
    assert {f"plots/{plot}.png" for plot in plots} <= names
    assert any("tfevents" in name for name in names)
    assert not [name for name in names if "partial" in name]


def test_provenance(run: Path):
    (start,) = json.loads((run / "provenance.json").read_text())
    assert start["packages"]["torch"].split("+")[0] == torch.__version__.split("+")[0]  # 2.13.0+cu130
    (data,) = start["data"]
    assert Path(data["file"]) == sample_csv()
    with gzip.open(sample_csv(), "rt") as file:
        events = np.loadtxt(file, delimiter=",", dtype=np.float32)[:, :22]
    assert (data["rows"], data["crc32"]) == (60_000, zlib.crc32(events.tobytes()))
    inside = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert (start["git"] or "").removesuffix("-dirty") == inside.stdout.strip()


def test_metrics_of_every_epoch(run: Path):
    rows = history(run)
    assert [row["epoch"] for row in rows] == ["0", "1"]
    for metric in ("loss", "reconstruction_loss", "classification_loss", "accuracy", "auc"):
        assert all(float(row[f"{split}/{metric}"]) > 0 for row in rows for split in ("train", "val"))
    assert all(float(row["events_per_second"]) > 0 and float(row["lr"]) >= 0 for row in rows)


def test_final_metrics(run: Path):
    metrics = json.loads((run / "metrics.json").read_text())
    assert (metrics["train/events"], metrics["val/events"], metrics["test/events"]) == (20_000, 6000, 6000)
    assert metrics["train/signal_events"] == 10_000
    assert metrics["dataset"] == "embedded sample (simulated)"
    assert metrics["seed"] == 1
    assert 0.5 < metrics["test/auc_low"] < metrics["test/auc"] < metrics["test/auc_high"] < 1
    assert 0.5 < metrics["test/accuracy"] < 1
    assert metrics["test/loss"] > 0


def test_the_best_epoch_is_tested(run: Path):
    """The final validation AUC is the best of the history: the same weights, the same number."""
    metrics = json.loads((run / "metrics.json").read_text())
    best = max(history(run), key=lambda row: float(row["val/auc"]))
    assert metrics["best_epoch"] == int(best["epoch"])
    assert metrics["val/auc"] == pytest.approx(float(best["val/auc"]), abs=1e-6)
    assert metrics["val/loss"] == pytest.approx(float(best["val/loss"]), rel=1e-5)


@pytest.mark.slow
def test_a_fresh_process_needs_the_checkpoint_alone(run: Path, tmp_path: Path, features: torch.Tensor):
    alone = tmp_path / "moved.ckpt"
    alone.write_bytes((run / "checkpoints" / "best.ckpt").read_bytes())
    code = (
        "import sys, torch, higgs_lightning; model = higgs_lightning.load_model(sys.argv[1]);"
        "torch.save(model(torch.load(sys.argv[2])).logits.detach(), sys.argv[3])"
    )
    torch.save(features, tmp_path / "features.pt")
    arguments = [str(tmp_path / name) for name in ("moved.ckpt", "features.pt", "logits.pt")]
    subprocess.run([sys.executable, "-c", code, *arguments], cwd=tmp_path, check=True)
    torch.testing.assert_close(torch.load(tmp_path / "logits.pt"), load_model(run)(features).logits)


def test_the_checkpoint_holds_the_resolved_configuration(run: Path):
    config = load_checkpoint(run / "checkpoints" / "best.ckpt")["config"]
    assert config == OmegaConf.to_container(OmegaConf.load(run / "config.yaml"))
    assert config["data"]["seed"] == 1
    assert config["model"]["dim"] == 16


@pytest.mark.slow
def test_a_run_is_repeatable_from_its_folder(run: Path, tmp_path: Path):
    done = command("--config-path", str(run / ".hydra"), "--config-name", "config", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (again,) = tmp_path.glob("outputs/*/*")
    first, second = (json.loads((folder / "metrics.json").read_text()) for folder in (run, again))
    for name in ("seconds", "train_seconds"):
        del first[name], second[name]
    assert first == second


@pytest.mark.slow
def test_multirun_leaves_a_folder_a_job(higgs_csv: Path, tmp_path: Path):
    data = ["data=higgs", f"data.csv={higgs_csv}", "data.train_events=500"]
    done = command("-m", "model.num_layers=1,2", "trainer=debug", *data, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    jobs = sorted(tmp_path.glob("outputs/*/*/[0-9]"))
    configs = [load_checkpoint(job / "checkpoints" / "best.ckpt")["config"] for job in jobs]
    assert [config["model"]["num_layers"] for config in configs] == [1, 2]
    assert all((job / "metrics.json").exists() for job in jobs)


@pytest.mark.usefixtures("without_plots")
def test_a_log_has_a_line_an_epoch(higgs_csv: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture):
    """Where no progress bar shows, as in a pipe or on a cluster."""
    caplog.set_level("INFO", "higgs_lightning.training.history")
    options = ["data=higgs", f"data.csv={higgs_csv}", f"data.dir={tmp_path}", "trainer.max_epochs=2"]
    train(composed(*SMALL_PARTICLE, *options), tmp_path / "run")
    epochs = [record for record in caplog.records if record.name == "higgs_lightning.training.history"]
    lines = [record.getMessage() for record in epochs]
    rows = read_history(tmp_path / "run" / "metrics.csv")
    for number, (line, row) in enumerate(zip(lines, rows, strict=True), start=1):
        numbers = f"loss {row['train/loss']:.4f}, {row['val/loss']:.4f} in validation, ROC-AUC "
        assert line.startswith(
            f"epoch {number} of 2: {numbers}{row['train/auc']:.4f}, {row['val/auc']:.4f} in"
        )
        assert f" {row['events_per_second']:,.0f} events a second, at most 0:00:0" in line


@pytest.mark.slow
@pytest.mark.usefixtures("without_plots")
def test_a_stopped_run_goes_on_in_its_folder(higgs_csv: Path, tmp_path: Path):
    """Two epochs, then two more by the command with `ckpt=last`, end as four epochs in one go."""
    options = ["data=higgs", f"data.csv={higgs_csv}", *SMALL_PARTICLE, "scheduler=plateau"]
    whole, parts = tmp_path / "whole", tmp_path / "outputs" / "2026-01-01" / "12-00-00"
    train(composed(*options, "trainer.max_epochs=4", f"data.dir={tmp_path}"), whole)
    train(composed(*options, f"data.dir={tmp_path}"), parts)
    done = command(*options, "trainer.max_epochs=4", "ckpt=last", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    rows = [history(folder) for folder in (whole, parts)]
    for row in rows[0] + rows[1]:
        del row["events_per_second"]
    assert rows[0] == rows[1]
    weights = [load_checkpoint(r / "checkpoints" / "last.ckpt")["state_dict"] for r in (whole, parts)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


@pytest.mark.usefixtures("without_plots")
def test_the_last_epoch_is_kept_even_if_it_is_not_the_best(higgs_csv: Path, tmp_path: Path):
    """The learning rate, which falls, makes the first epoch the best; the last is kept to go on from."""
    data = ["data=higgs", f"data.csv={higgs_csv}", f"data.dir={tmp_path}", "selection.monitor=lr"]
    run = tmp_path / "run"
    train(composed(*SMALL_PARTICLE, *data), run)
    assert load_checkpoint(run / "checkpoints" / "best.ckpt")["epoch"] == 0
    assert load_checkpoint(run / "checkpoints" / "last.ckpt")["epoch"] == 1
    assert sorted(path.name for path in (run / "checkpoints").iterdir()) == ["best.ckpt", "last.ckpt"]


@pytest.mark.slow
@pytest.mark.usefixtures("without_plots")
def test_without_a_choice_the_last_epoch_is_tested(higgs_csv: Path, tmp_path: Path):
    data = ["data=higgs", f"data.csv={higgs_csv}", f"data.dir={tmp_path}", "selection.monitor=null"]
    for mode in ("min", "max"):
        metrics = train(composed(*SMALL_PARTICLE, *data, f"selection.mode={mode}"), tmp_path / mode)
        assert metrics["best_epoch"] == 1
        checkpoints = (tmp_path / mode / "checkpoints").iterdir()
        assert {load_checkpoint(path)["epoch"] for path in checkpoints} == {1}


@pytest.mark.usefixtures("without_plots")
def test_a_separate_test_file(higgs_csv: Path, tmp_path: Path):
    test_csv = write_csv(tmp_path / "test.csv", make_events(700, seed=1))
    data = ["data=higgs", f"data.csv={higgs_csv}", f"data.test_csv={test_csv}", f"data.dir={tmp_path}"]
    metrics = train(composed(*SMALL_PARTICLE, *data, "data.train_events=null"), tmp_path / "run")
    assert (metrics["train/events"], metrics["val/events"], metrics["test/events"]) == (2700, 300, 700)
    assert metrics["dataset"] == f"{higgs_csv.name}, tested on test.csv"


@pytest.mark.slow
@pytest.mark.usefixtures("without_plots")
def test_pretraining_then_fine_tuning(higgs_csv: Path, tmp_path: Path):
    """Masked pretraining leaves weights that a second run begins with; an epoch at rate 0 keeps them."""
    data = ["data=higgs", f"data.csv={higgs_csv}", f"data.dir={tmp_path}"]
    first, second = tmp_path / "pretrained", tmp_path / "finetuned"
    train(composed(*SMALL_PARTICLE, *data, "stage=pretrain"), first)
    rows = history(first)
    assert float(rows[-1]["val/reconstruction_loss"]) < float(rows[0]["val/reconstruction_loss"])
    options = [*SMALL_PARTICLE, "model.dropout=0.1"]  # which has no weights
    train(composed(*options, *data, "stage=finetune", f"init={first}", "optimizer.lr=0.0"), second)
    before, after = (read_weights(run)[1] for run in (first, second))
    assert all(torch.equal(before[name], after[name]) for name in before)
    with pytest.raises(UserError, match=r"was trained with model.dim=16: give the same model options"):
        train(composed(*SMALL, *data, f"init={first}"), tmp_path / "other")


@pytest.mark.slow
@pytest.mark.usefixtures("without_plots")
def test_distillation(higgs_csv: Path, tmp_path: Path):
    """With all weight on the teacher its scores are learned, whatever the labels say; it stays as it is."""
    events = np.loadtxt(higgs_csv, delimiter=",")
    events[:, 0] = np.random.default_rng(9).integers(2, size=len(events))
    lies = write_csv(tmp_path / "lies.csv", events[:, :22].astype(np.float32))
    truth = ["data=higgs", f"data.csv={higgs_csv}", f"data.dir={tmp_path}"]
    many_steps = [*SMALL_PARTICLE, "data.batch_size=32", "trainer.max_epochs=3"]
    train(composed(*many_steps, *truth), tmp_path / "teacher")
    before = read_weights(tmp_path / "teacher")[1]
    data = ["data=higgs", f"data.csv={lies}", f"data.test_csv={higgs_csv}", f"data.dir={tmp_path}"]
    options = [*many_steps, *data, f"teacher={tmp_path / 'teacher'}", "selection.monitor=null"]
    with pytest.raises(UserError, match=r"this run was trained on 1,500 of the 3,000 test events"):
        train(composed(*options), tmp_path / "other")
    options.append("allow_seen_events=true")
    student, liar = (
        train(composed(*options, f"objective.teacher_weight={weight}"), tmp_path / str(weight))["test/auc"]
        for weight in (1, 0)
    )
    assert student > 0.8
    assert liar < student - 0.1
    after, of_student = (read_weights(tmp_path / name)[1] for name in ("teacher", "1"))
    assert before.keys() == after.keys() == of_student.keys()  # no teacher in the student's checkpoint
    assert all(torch.equal(before[name], after[name]) for name in before)
    with pytest.raises(UserError, match="nowhere does not exist"):
        train(composed(*options, "teacher=nowhere"), tmp_path / "other")


def test_weights_in_one_safetensors_file(run: Path, tmp_path: Path, features: torch.Tensor):
    save_model(run, f"{tmp_path}/weights.safetensors")  # as the README does
    torch.testing.assert_close(
        load_model(tmp_path / "weights.safetensors")(features).logits, load_model(run)(features).logits
    )
    (tmp_path / "damaged.safetensors").write_bytes((tmp_path / "weights.safetensors").read_bytes()[:-9])
    (tmp_path / "text.safetensors").write_text("not weights at all")
    safetensors.torch.save_file({"a": torch.ones(1)}, tmp_path / "stranger.safetensors")
    for name in ("damaged", "text", "stranger"):
        with pytest.raises(UserError, match=f"{name}.safetensors is damaged, or holds no weights"):
            load_model(tmp_path / f"{name}.safetensors")


@pytest.mark.slow
def test_missing_objects_from_file_to_plots(tmp_path: Path):
    """A tenth of the jets are nan in the file: training, evaluation and plots go on without them."""
    events = make_events(3_000)
    missing = np.random.default_rng(0).random(len(events)) < 0.1
    events[missing, 14:18] = np.nan  # jet 3
    source = write_csv(tmp_path / "events.csv", events)
    data = ["data=higgs", f"data.csv={source}", f"data.dir={tmp_path}"]
    for model in ("particle", "dnn", "seed"):
        small = SMALL_PARTICLE if model == "particle" else SMALL
        metrics = train(composed(f"model={model}", *small, *data), tmp_path / model)
        assert metrics["test/auc"] > 0.6 or model == "seed"


@pytest.mark.slow
@pytest.mark.usefixtures("without_plots")
def test_two_processes_train_and_test_like_one(higgs_csv: Path, tmp_path: Path):
    """Two processes test the weights of one to the same numbers, and train to a consistent run."""
    options = ["data=higgs", f"data.csv={higgs_csv}", *SMALL_PARTICLE, "data.train_events=1497"]
    two_processes = ["trainer.accelerator=cpu", "trainer.devices=2"]

    def metrics_after(*overrides: str) -> dict[str, Any]:
        done = started(*options, *overrides, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        latest = max(tmp_path.glob("outputs/*/*/metrics.json"), key=lambda path: path.stat().st_mtime)
        return {**json.loads(latest.read_text()), "run": str(latest.parent)}

    first = tmp_path / "outputs" / "2026-01-01" / "12-00-00"
    one = {**train(composed(*options, f"data.dir={tmp_path}"), first), "run": str(first)}
    two = metrics_after("ckpt=last", *two_processes)
    assert two["run"] == one["run"]
    # the reconstruction loss differs: other objects of an event are hidden
    exact = [name for name in one if re.search("events|auc|accuracy", name)]
    assert {name: two[name] for name in exact} == pytest.approx(
        {name: one[name] for name in exact}, rel=1e-12
    )
    for split in ("train", "val", "test"):
        name = f"{split}/classification_loss"
        assert two[name] == pytest.approx(one[name], rel=1e-6)

    trained = metrics_after(*two_processes)
    assert trained["run"] != one["run"]
    best = max(history(Path(trained["run"])), key=lambda row: float(row["val/auc"]))
    assert trained["val/auc"] == pytest.approx(float(best["val/auc"]), abs=1e-6)
    assert trained["test/auc"] > 0.6


@pytest.mark.slow
@pytest.mark.usefixtures("without_plots", "without_shape_checks")
def test_compiled(higgs_csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """By a backend that needs no compiler: the same training."""
    options = [*SMALL_PARTICLE, "data=higgs", f"data.csv={higgs_csv}", f"data.dir={tmp_path}"]
    plain = train(composed(*options, "trainer.max_epochs=1"), tmp_path / "plain")
    compile_by, sizes = MaskedObjective.compile, []

    def by_eager(objective: MaskedObjective, batch_size: int, **options: Any) -> None:
        sizes.append((batch_size, options))
        compile_by(objective, batch_size, backend="eager")

    monkeypatch.setattr(MaskedObjective, "compile", by_eager)
    metrics = train(composed(*options, "trainer.max_epochs=1", "compile=true"), tmp_path / "compiled")
    assert sizes == [(512, {"options": fused_multiply_add()})]
    assert metrics["test/auc"] == pytest.approx(plain["test/auc"], abs=1e-4)
    assert metrics["test/loss"] == pytest.approx(plain["test/loss"], abs=1e-4)
    assert load_model(tmp_path / "compiled")


@pytest.mark.slow
def test_without_a_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CXX", str(tmp_path / "g++"))
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "cache"))
    done = started("trainer=debug", "trainer.accelerator=cpu", "compile=true", cwd=tmp_path)
    assert done.returncode == 1
    assert "error: compile=true needs a C++ compiler" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
@pytest.mark.usefixtures("without_plots")
@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_every_experiment_runs(experiment: str, higgs_csv: Path, tmp_path: Path):
    """On a small file, so without the splits that need millions of events."""
    data = ["data=higgs", f"data.csv={higgs_csv}", f"data.dir={tmp_path}", "data.split=random"]
    options = [*SMALL, "trainer.max_epochs=1", *data]
    if experiment == "distilled":
        options.append("teacher=pretrained")
    cfg = composed(f"experiment={experiment}", *options)
    metrics = train(cfg if cfg.init is None else begun(cfg, []), tmp_path / "run")
    assert 0 < metrics["test/auc"] < 1


def test_the_notebook_s_recipe():
    cfg = composed("experiment=seed")
    assert (cfg.trainer.max_epochs, cfg.trainer.gradient_clip_val, cfg.data.batch_size) == (17, 3.0, 1024)
    assert (cfg.optimizer.lr, cfg.optimizer.weight_decay) == (1e-3, 5e-4)
    assert (cfg.scheduler.factor, cfg.scheduler.patience, cfg.scheduler.threshold) == (0.4, 1, 1e-2)
    assert (cfg.objective.classification_weight, cfg.objective.reconstruction_weight) == (0.5, 0.5)
    assert (cfg.model.num_layers, cfg.selection.monitor, cfg.objective.mask_ratio) == (3, "val/accuracy", 0.0)


@pytest.mark.parametrize("experiment", [None, *EXPERIMENTS])
def test_every_key_is_read(experiment: str | None):
    """Each top-level key is read by name; the keys below are arguments, so that strangers fail."""
    cfg = composed() if experiment is None else composed(f"experiment={experiment}")
    source = (REPOSITORY / "higgs_lightning" / "training" / "run.py").read_text()
    callbacks = (REPOSITORY / "conf" / "callbacks" / "default.yaml").read_text()
    read = re.findall(r'config(?:\[|, )"(\w+)"', source) + re.findall(r"\$\{(\w+)\}", callbacks)
    assert set(cfg) == set(read)
    targets = {key for key in cfg if isinstance(cfg[key], DictConfig) and "_target_" in cfg[key]}
    assert {key for key in cfg if isinstance(cfg[key], DictConfig)} - targets == {
        "callbacks",
        "logger",
        "selection",
    }
    assert re.search(r"\*\*config\[\"selection\"\]", source)
    assert all("_target_" in callback for callback in cfg.callbacks.values() if callback is not None)


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (
            ["model.num_layer=2"],
            "model.num_layer is not a key of the configuration; model.num_layers is the nearest",
        ),
        (["modle=dnn"], "modle is not a key of the configuration; model is the nearest"),
        (["ckpt=last"], "no run below .* has a checkpoint"),
        (["experiment=distilled", "data.csv=missing.csv"], "nothing but a teacher is learned: say teacher="),
        (["data=higgs", "data.csv=missing.csv"], "missing.csv"),
        (["data.split=paper"], "needs 1,000,001 rows and the file has 60,000"),
        (["data.split=gsoc", "data.test_csv=x.csv"], "data.test_csv goes with data.split=random"),
    ],
)
def test_bad_input_ends_with_one_sentence(overrides: list[str], sentence: str, refusal: Callable[..., str]):
    assert re.search(f"^error: .*{sentence}.*$", refusal("train", *overrides))


@pytest.mark.slow
def test_bad_input_ends_a_process(tmp_path: Path):
    done = started("ckpt=nowhere", cwd=tmp_path)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert re.search("^error: .*nowhere does not exist", done.stderr.splitlines()[-1])


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("trainer.max_epochs=0", "trainer.max_epochs=0: give a whole number, 1 or more"),
        ("data.batch_size=0", "data.batch_size=0: give a whole number"),
        ("data.val_fraction=0", "the val split of .* has 0 signal"),
        ("data.train_events=1", "the train split of .* has 0 signal and 1 background"),
        ("optimizer.lr=-1", "optimizer.lr=-1: give a number from 0"),
        ("optimizer.lr=1e15", "the loss became (nan|inf) in epoch 0, .*lower optimizer.lr"),
        ("model.num_heads=5", "num_heads=5 does not divide dim=16"),
        ("trainer.devices=0", "devices"),
        ("trainer.precision=foo", "foo"),
    ],
)
def test_wrong_use_is_one_sentence(override: str, sentence: str, higgs_csv: Path, tmp_path: Path):
    data = ["data=higgs", f"data.csv={higgs_csv}", f"data.dir={tmp_path}"]
    options = [*SMALL_PARTICLE, "data.train_events=null", "trainer.max_epochs=1"]
    with pytest.raises(SystemExit, match=f"^error: .*{sentence}"):
        one_sentence(train)(composed(*options, *data, override), tmp_path / "run")


@pytest.mark.usefixtures("without_plots")
def test_a_batch_may_be_larger_than_the_data(higgs_csv: Path, tmp_path: Path):
    data = ["data=higgs", f"data.csv={higgs_csv}", f"data.dir={tmp_path}", "data.batch_size=100000"]
    metrics = train(composed(*SMALL_PARTICLE, *data, "trainer.max_epochs=1"), tmp_path / "run")
    assert metrics["train/events"] == 1500


def test_checkpoints_of_other_versions(run: Path, tmp_path: Path):
    path = tmp_path / "run" / "checkpoints" / "last.ckpt"
    path.parent.mkdir(parents=True)
    checkpoint = load_checkpoint(run / "checkpoints" / "last.ckpt")
    del checkpoint["train_metrics"]
    torch.save(checkpoint, path)
    with pytest.raises(UserError, match=r"by an older version, which can't go on: .* init="):
        train(composed(*SMALL_PARTICLE, f"ckpt={path}"), tmp_path / "run")
    for config in ({"no_such_option": 1}, {"num_layers": 2}):
        torch.save(checkpoint | {"config": {"model": checkpoint["config"]["model"] | config}}, path)
        with pytest.raises(UserError, match="holds a model of another version of higgs_lightning"):
            load_model(path)


def test_another_model_does_not_go_on(run: Path):
    with pytest.raises(UserError, match=r"was trained with model.dim=16: give the same model options"):
        train(composed(*SMALL, f"ckpt={run}"), run)


def test_a_multirun_does_not_go_on(run: Path, tmp_path: Path):
    with pytest.raises(UserError, match="without --multirun"):
        train(composed(*SMALL_PARTICLE, f"ckpt={run}"), tmp_path / "0")


class Payload:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_a_checkpoint_executes_nothing(tmp_path: Path):
    torch.save({"config": Payload(tmp_path / "executed"), "state_dict": {}}, tmp_path / "stranger.ckpt")
    with pytest.raises(UserError, match="not a readable checkpoint"):
        load_checkpoint(tmp_path / "stranger.ckpt")
    assert not (tmp_path / "executed").exists()


def test_a_checkpoint_builds_models_of_ours_only(tmp_path: Path):
    config = {"model": {"_target_": "subprocess.run", "args": ["touch", str(tmp_path / "executed")]}}
    torch.save({"config": config, "state_dict": {}}, tmp_path / "stranger.ckpt")
    with pytest.raises(UserError, match=r"subprocess\.run as its model, which is not one of higgs_"):
        load_model(tmp_path / "stranger.ckpt")
    assert not (tmp_path / "executed").exists()


@pytest.mark.slow
def test_help_comes_before_torch():
    """It lists groups and overrides; the overrides it advertises compose; nothing slow is imported for it."""
    code = (
        "import sys; sys.argv = ['train', '--help']\n"
        "from higgs_lightning.train import main\n"
        "try: main()\n"
        "finally: assert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    often_used = done.stdout.split("== Often used ==")[1].split("==")[0].strip().splitlines()
    assert len(often_used) == 10
    for line in often_used:
        overrides = [word for word in line.split() if "=" in word]
        assert composed(*overrides) != composed()


@pytest.mark.slow
def test_tasks_of_a_cluster_job(higgs_csv: Path, tmp_path: Path):
    """Two processes that Slurm started, as far as they can tell from their environment."""
    options = ["trainer=slurm", "trainer.devices=2", "trainer.accelerator=cpu", "data=higgs"]
    arguments = [sys.executable, "-m", "higgs_lightning.train", *options, f"data.csv={higgs_csv}"]
    of_job = {
        "SLURM_JOB_ID": "17",
        "SLURM_JOB_NAME": "higgs",
        "SLURM_NTASKS": "2",
        "SLURM_NTASKS_PER_NODE": "2",
        "SLURM_NNODES": "1",
        "SLURM_NODEID": "0",
        "SLURM_NODELIST": "127.0.0.1",
        "SLURM_JOB_NODELIST": "127.0.0.1",
        "MASTER_ADDR": "127.0.0.1",
        "OMP_NUM_THREADS": "1",
    }
    tasks = [
        subprocess.Popen(
            [*arguments, *SMALL_PARTICLE],
            cwd=tmp_path,
            env={**os.environ, **of_job, "SLURM_PROCID": rank, "SLURM_LOCALID": rank},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in ("0", "1")
    ]
    errors = [task.communicate(timeout=300)[1] for task in tasks]
    assert [task.returncode for task in tasks] == [0, 0], errors
    assert (tmp_path / "outputs" / "slurm-17" / "metrics.json").exists()
    assert json.loads((tmp_path / "outputs/slurm-17/metrics.json").read_text())["test/events"] == 300


def test_tf32_needs_a_gpu_that_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """In a run that goes on elsewhere, tf32 can't be left out."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UserError, match="say tf32=false"):
        train(composed("tf32=true"), tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_test_events_of_one_class(tmp_path: Path):
    """A look at the first batches of a file in the order of its classes sees background alone."""
    events = make_events(1_800)
    data = write_csv(tmp_path / "events.csv", events[events[:, 0].argsort()])
    options = ["data=higgs", f"data.csv={data}", "data.batch_size=16", "model=dnn", "hydra.run.dir=run"]
    done = command("trainer=debug", *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["test/auc"] is None
    assert metrics["test/accuracy"] is not None
    done = command("run", "output=comparison", cwd=tmp_path, name="compare")
    assert done.returncode == 0, done.stderr
