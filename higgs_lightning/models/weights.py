"""Checkpoints: where they are, what is in them, and how a model comes back from one.

A checkpoint holds tensors and plain data only and is read with ``weights_only=True``: a stranger's file can
execute nothing. The resolved configuration of its run travels in it under ``config``.
"""

import json
import os
import signal
import threading
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from hydra.errors import InstantiationException
from hydra.utils import instantiate
from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.plugins.io import TorchCheckpointIO
from lightning.pytorch.utilities.exceptions import SIGTERMException
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from higgs_lightning.errors import UserError
from higgs_lightning.models import Ensemble, Model

#: The folder of all runs, below which ``ckpt=last`` looks.
RUNS = Path("outputs")

#: The weights that come with the package, trained on simulated events alone.
PRETRAINED = Path(str(files("higgs_lightning") / "pretrained.safetensors"))


class ConfigInCheckpoint(Callback):
    """Puts the resolved configuration, plain data, into every checkpoint."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config

    def on_save_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        checkpoint["config"] = self.config


class WholeCheckpoints(TorchCheckpointIO):
    """Writes checkpoints beside their final name, then renames them: there is always a whole one.

    Lightning's own way writes into the system's temporary folder, and copies where that is another disk.
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None
    ) -> None:
        """Write a checkpoint.

        Raises:
            UserError: the disk is full, or the folder can't be written to.
        """
        path = Path(path)
        partial = path.with_name(f"{path.name}.partial")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with partial.open("wb") as file:
                torch.save(checkpoint, file)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        except OSError as error:
            partial.unlink(missing_ok=True)
            raise UserError(
                f"{path} can't be written ({error.strerror}); the one before it is whole: mend that and go "
                f"on with the same command and ckpt={path.parent.parent}"
            ) from error


class SaveWhenTerminated(Callback):
    """On SIGTERM, as clusters send it before they stop a job, saves a checkpoint after the step at hand.

    After the last step of an epoch, its validation is awaited. All processes of a run stop after the same
    step, whichever of them were told. Lightning's own handler is replaced, because from within it the
    processes exchange messages amid those of the step.

    Raises:
        SIGTERMException: out of the trainer, once the checkpoint is written; or in a test, where there is
            nothing to save.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._received = False

    def _receive(self, *args: Any) -> None:
        self._received = True

    def _must_stop(self, trainer: Trainer) -> bool:
        return trainer.strategy.reduce_boolean_decision(self._received, all=False)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if threading.current_thread() is threading.main_thread():  # others can't handle signals
            signal.signal(signal.SIGTERM, self._receive)

    on_test_start = on_train_start

    def on_train_epoch_start(self, trainer: Trainer, *args: Any) -> None:
        if self._must_stop(trainer):  # the epoch before has just been saved
            raise SIGTERMException

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        ends_a_step = (batch_idx + 1) % trainer.accumulate_grad_batches == 0
        if ends_a_step and not trainer.is_last_batch and self._must_stop(trainer):
            trainer.save_checkpoint(self.path)
            raise SIGTERMException

    def on_test_batch_end(self, trainer: Trainer, *args: Any) -> None:
        if self._must_stop(trainer):
            raise SIGTERMException


def find_checkpoint(ckpt: str | Path, which: str) -> Path:
    """Path of a checkpoint file.

    Args:
        ckpt: a checkpoint file, a run folder, or ``last`` for the run that was written to last.
        which: the checkpoint to take from a run folder, ``best`` or ``last``.

    Raises:
        UserError: there is none.
    """
    if str(ckpt) == "last":
        found = list(RUNS.glob("**/checkpoints/last.ckpt"))
        if not found:
            raise UserError(f"ckpt=last: no run below {RUNS.resolve()} has a checkpoint; give ckpt=PATH")
        return max(found, key=lambda path: path.stat().st_mtime).with_name(f"{which}.ckpt")
    path = Path(ckpt)
    if path.is_dir():
        path = path / "checkpoints" / f"{which}.ckpt"
    if not path.is_file():
        raise UserError(f"ckpt={ckpt}: {path} does not exist; give a checkpoint file, a run folder or last")
    return path


def run_folder_of(ckpt: str | Path) -> Path:
    """The folder of the run that ``ckpt`` belongs to, for a run that continues it."""
    return find_checkpoint(ckpt, "last").absolute().parent.parent


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint onto the CPU; nothing in it is executed.

    Raises:
        UserError: the file is damaged, is no checkpoint of this project, or holds anything but plain data.
    """
    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    except (UnpicklingError, RuntimeError, EOFError, OSError) as error:
        raise UserError(
            f"{path} is not a readable checkpoint: damaged, or not tensors and plain data"
        ) from error
    if not isinstance(checkpoint, dict) or not {"config", "state_dict"} <= checkpoint.keys():
        raise UserError(
            f"{path} is not a checkpoint of higgs_lightning: it holds no config beside its weights"
        )
    return checkpoint


def read_weights(ckpt: str | Path) -> tuple[dict[str, Any], dict[str, Tensor], Path]:
    """The model's configuration, its weights by name, and the file they came from; nothing is executed.

    Args:
        ckpt: ``pretrained`` for the weights that come with the package, a run folder (its best weights are
            taken), a checkpoint or .safetensors file, or ``last``.

    Raises:
        UserError: there is no such file, or it can't be read.
    """
    path = PRETRAINED if str(ckpt) == "pretrained" else find_checkpoint(ckpt, "best")
    if path.suffix == ".safetensors":
        try:
            with safe_open(path, "pt") as file:
                config = json.loads((file.metadata() or {})["model"])
                return config, {name: file.get_tensor(name) for name in file.keys()}, path  # noqa: SIM118
        except (SafetensorError, KeyError, ValueError) as error:
            raise UserError(f"{path} is damaged, or holds no weights of higgs_lightning") from error
    checkpoint = load_checkpoint(path)
    prefix = "model."
    weights = {k.removeprefix(prefix): v for k, v in checkpoint["state_dict"].items() if k.startswith(prefix)}
    return checkpoint["config"]["model"], weights, path


def require_same_model(config: dict[str, Any], of_checkpoint: dict[str, Any], path: Path) -> None:
    """Refuse to put weights into another model than theirs; dropout may differ, it has no weights.

    Raises:
        UserError: an option differs.
    """
    differing = {key for key, value in config.items() if of_checkpoint.get(key) != value} - {"dropout"}
    if differing:
        key = min(differing)
        raise UserError(
            f"{path} was trained with model.{key}={of_checkpoint.get(key)}: give the same model options"
        )


def load_model(ckpt: str | Path | Sequence[str]) -> Model:
    """The trained model of a run, ready to score: ``load_model("outputs/2026-11-23/12-00-00")``.

    Args:
        ckpt: as for :func:`read_weights`; ``pretrained`` needs no run. Several of them, which must be of the
            same model, are an :class:`~higgs_lightning.models.Ensemble`.

    Returns:
        The model in evaluation mode, on the CPU. It takes features (B, 21) in HIGGS units.

    Raises:
        UserError: there is no such file, it can't be read, or models differ.
    """
    members = [read_weights(c) for c in ([ckpt] if isinstance(ckpt, str | Path) else ckpt)]
    if not members:
        raise UserError("ckpt=[]: name at least one run")
    for config, _, path in members[1:]:
        require_same_model(members[0][0], config, path)
    models = [_build(*member) for member in members]
    return models[0] if len(models) == 1 else Ensemble(models).eval()


def _build(config: dict[str, Any], weights: dict[str, Tensor], path: Path) -> Model:
    if not str(config.get("_target_")).startswith("higgs_lightning.models."):
        raise UserError(
            f"{path} asks for the model {config.get('_target_')}, which is not one of higgs_lightning's"
        )
    try:
        model: Model = instantiate(config)
        model.load_state_dict(weights)
    except (InstantiationException, RuntimeError) as error:
        raise UserError(
            f"{path} holds a model of another version of higgs_lightning: train it again"
        ) from error
    return model.eval()


def save_model(ckpt: str | Path, output: str | Path) -> None:
    """Write the weights of a run and the configuration of its model as one .safetensors file."""
    config, weights, _ = read_weights(ckpt)
    output = Path(output)
    partial = output.with_name(output.name + ".part")
    save_file(weights, partial, {"model": json.dumps(config)})
    partial.replace(output)
