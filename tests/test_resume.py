"""A run that was stopped, wherever it was, and goes on ends as one that never was."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import forked
import pytest
import torch
from conftest import composed
from lightning.pytorch.utilities import rank_zero_only
from omegaconf import DictConfig

from higgs_lightning import files
from higgs_lightning.errors import UserError
from higgs_lightning.evaluation import report
from higgs_lightning.models.weights import load_checkpoint
from higgs_lightning.runs import read_history
from higgs_lightning.training.module import HiggsModule
from higgs_lightning.training.run import train

pytestmark = pytest.mark.usefixtures("without_plots")
STEPS = 15  # 3 epochs of 5 batches


@pytest.fixture(scope="module")
def overrides(higgs_csv: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """A small run with dropout, so that random numbers are drawn in every step."""
    return [
        "data=higgs",
        f"data.csv={higgs_csv}",
        f"data.dir={tmp_path_factory.mktemp('data')}",
        "model.num_layers=1",
        "model.dim=16",
        "model.dropout=0.2",
        "trainer.max_epochs=3",
        "trainer.enable_progress_bar=false",
        "scheduler=plateau",
    ]


@pytest.fixture(scope="module")
def whole(overrides: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run that is never stopped."""
    run = tmp_path_factory.mktemp("whole")
    train(composed(*overrides), run)
    return run


def assert_same(one: Path, other: Path, steps: int = STEPS) -> None:
    checkpoints = [load_checkpoint(run / "checkpoints" / "last.ckpt") for run in (one, other)]
    assert checkpoints[0]["global_step"] == checkpoints[1]["global_step"] == steps
    weights, others = (checkpoint["state_dict"] for checkpoint in checkpoints)
    assert all(torch.equal(weights[name], others[name]) for name in weights)
    rows = [read_history(run / "metrics.csv") for run in (one, other)]
    for row in rows[0] + rows[1]:
        del row["events_per_second"]
    assert rows[0] == rows[1]


def stopping(
    monkeypatch: pytest.MonkeyPatch, at: int, cfg: DictConfig, run: Path, by: signal.Signals = signal.SIGTERM
) -> None:
    """Train until a signal comes within a step."""
    training_step = HiggsModule.training_step

    def signalled(self: HiggsModule, *args: Any) -> torch.Tensor:
        if self.global_step == at:
            os.kill(os.getpid(), by)
        return training_step(self, *args)

    with monkeypatch.context() as patch:
        patch.setattr(HiggsModule, "training_step", signalled)
        with pytest.raises(SystemExit) as stopped:
            train(cfg, run)
    assert stopped.value.code == 143


@pytest.mark.parametrize(
    "step", [0, 7, *(pytest.param(step, marks=pytest.mark.slow) for step in (1, 3, 4, 5, 9, 10, 12, 14))]
)
def test_sigterm_in_any_step(
    step: int,
    overrides: list[str],
    whole: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    stopping(monkeypatch, step, composed(*overrides), tmp_path / "run")
    assert f"terminated: go on with it by ckpt={tmp_path / 'run'}" in capsys.readouterr().err
    assert load_checkpoint(tmp_path / "run" / "checkpoints" / "last.ckpt")["global_step"] == step + 1
    train(composed(*overrides, f"ckpt={tmp_path / 'run'}"), tmp_path / "run")
    assert_same(tmp_path / "run", whole)


def test_sigusr1_in_a_job_of_slurm_saves_as_sigterm_does(
    overrides: list[str], whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Lightning's own handler would write another file, and queue the job again."""
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    (tmp_path / "scontrol").write_text(f"#!/bin/sh\ntouch {tmp_path / 'queued-again'}\n")
    (tmp_path / "scontrol").chmod(0o755)
    run = tmp_path / "run"
    with monkeypatch.context() as job:
        for name in ("JOB_ID", "NTASKS", "NTASKS_PER_NODE", "NNODES"):
            job.setenv(f"SLURM_{name}", "1")
        job.setenv("SLURM_JOB_NAME", "higgs")
        job.setenv("SLURM_PROCID", "0")
        job.setenv("SLURM_LOCALID", "0")
        stopping(job, 7, composed(*overrides), run, by=signal.SIGUSR1)
    assert not (tmp_path / "queued-again").exists()
    assert not list(run.rglob("hpc_ckpt_*"))
    train(composed(*overrides, f"ckpt={run}"), run)
    assert_same(run, whole)


@pytest.mark.slow
def test_stopped_twice(overrides: list[str], whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    run = tmp_path / "run"
    stopping(monkeypatch, 2, composed(*overrides), run)
    stopping(monkeypatch, 8, composed(*overrides, f"ckpt={run}"), run)
    train(composed(*overrides, f"ckpt={run}"), run)
    assert_same(run, whole)


@pytest.mark.slow
def test_accumulated_gradients_are_not_lost(
    overrides: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Five batches make three steps an epoch; SIGTERM comes in the first batch of a step."""
    overrides = [*overrides, "trainer.accumulate_grad_batches=2"]
    train(composed(*overrides), tmp_path / "whole")
    stopping(monkeypatch, 4, composed(*overrides), tmp_path / "run")
    assert load_checkpoint(tmp_path / "run" / "checkpoints" / "last.ckpt")["global_step"] == 5
    train(composed(*overrides, f"ckpt={tmp_path / 'run'}"), tmp_path / "run")
    assert_same(tmp_path / "run", tmp_path / "whole", steps=9)


@pytest.mark.parametrize("batches", [2, 5])
def test_epochs_that_are_cut_short(batches: int, overrides: list[str], tmp_path: Path):
    """The next one begins with its first batch, in a run that goes on, too."""
    overrides = [*overrides, f"trainer.limit_train_batches={batches}"]
    train(composed(*overrides), tmp_path / "whole")
    train(composed(*overrides, "trainer.max_epochs=1"), tmp_path / "run")
    train(composed(*overrides, f"ckpt={tmp_path / 'run'}"), tmp_path / "run")
    assert_same(tmp_path / "run", tmp_path / "whole", steps=3 * batches)


def test_the_first_checkpoint_on_a_full_disk(
    overrides: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(UserError, match=r"\.ckpt can't be written \(No space left .*; none is saved"):
        train(composed(*overrides, "trainer.max_epochs=1"), tmp_path / "run")


def train_until_killed(step: int, overrides: list[str], run: Path) -> None:
    training_step = HiggsModule.training_step

    def killed(self: HiggsModule, *args: Any) -> torch.Tensor:
        if self.global_step == step:
            os.kill(os.getpid(), signal.SIGKILL)
        return training_step(self, *args)

    HiggsModule.training_step = killed  # type: ignore[assignment, method-assign]
    train(composed(*overrides), run)


@pytest.mark.slow
@pytest.mark.parametrize("step", [7, 12])
def test_sigkill(step: int, overrides: list[str], whole: Path, tmp_path: Path):
    """Nothing can be saved; the last epoch's checkpoint is whole."""
    child = forked.SERVER.Process(target=train_until_killed, args=(step, overrides, tmp_path / "run"))
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    train(composed(*overrides, f"ckpt={tmp_path / 'run'}"), tmp_path / "run")
    assert_same(tmp_path / "run", whole)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("name", ["best.ckpt", "last.ckpt"])
def test_a_full_disk(
    name: str, overrides: list[str], whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """What is being saved is lost, and nothing else."""
    run = tmp_path / "run"
    overrides = [*overrides, "selection.monitor=null"]  # so that both are saved after each epoch
    train(composed(*overrides, "trainer.max_epochs=1"), run)

    def folder(*args: Any, **kwargs: Any) -> Any:
        made = TemporaryDirectory(*args, **kwargs)
        (Path(made.name) / name).symlink_to("/dev/full")
        return made

    monkeypatch.setattr(files, "TemporaryDirectory", folder)
    with pytest.raises(UserError, match=rf"{name} can't be written \(No space left on device\).* ckpt={run}"):
        train(composed(*overrides, f"ckpt={run}"), run)
    monkeypatch.undo()
    assert load_checkpoint(run / "checkpoints" / name)["global_step"] == STEPS / 3
    assert not list(run.rglob(".partial-*"))
    train(composed(*overrides, f"ckpt={run}"), run)
    assert_same(run, whole)


TWO_PROCESSES = ["trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2"]


def train_as_one_of_two(rank: int, port: int, overrides: list[str], run: Path) -> None:
    """As torchrun would start it."""
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": "2"}
    os.environ |= {"LOCAL_RANK": str(rank), "NODE_RANK": "0", "GROUP_RANK": "0", "RANK": str(rank)}
    # Lightning looks for it when it is imported, which it is by now
    rank_zero_only.rank = rank  # type: ignore[attr-defined]
    report.draw_history = report.draw_evaluations = lambda *_: {}  # type: ignore[assignment]
    train(composed(*overrides, *TWO_PROCESSES), run)


def two_processes(overrides: list[str], run: Path) -> None:
    """A training with two processes to its end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    children = [
        forked.SERVER.Process(target=train_as_one_of_two, args=(rank, port, overrides, run))
        for rank in (0, 1)
    ]
    for child in children:
        child.start()
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0, 0]


def two_processes_stopped(overrides: list[str], run: Path, signalled_rank: int) -> int:
    """Exit status of a training, started as a user would, of whose two processes one receives SIGTERM."""
    script = run.with_suffix(".py")
    script.write_text(f"""
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parent)!r})
from conftest import composed
from higgs_lightning.training.module import HiggsModule
from higgs_lightning.training.run import train
training_step = HiggsModule.training_step
def signalled(self, *args):
    if self.global_step == 7 and self.global_rank == {signalled_rank}:
        os.kill(os.getpid(), signal.SIGTERM)
    return training_step(self, *args)
HiggsModule.training_step = signalled
train(composed(*{[*overrides, *TWO_PROCESSES]!r}), Path({str(run)!r}))
""")
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False, timeout=200)
    assert "Traceback" not in done.stderr
    return done.returncode


@pytest.mark.slow
def test_two_processes_stop_together(overrides: list[str], tmp_path: Path):
    """Whichever of them is told."""
    two_processes(overrides, tmp_path / "whole")
    for rank in (0, 1):
        run = tmp_path / str(rank)
        assert two_processes_stopped(overrides, run, rank) == 143
        assert load_checkpoint(run / "checkpoints" / "last.ckpt")["global_step"] == 8
        two_processes([*overrides, f"ckpt={run}"], run)
        assert_same(run, tmp_path / "whole")
