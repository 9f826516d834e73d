"""Callbacks: what happens beside the steps of a training.

Those of ``conf/callbacks/`` are a run's choice; :func:`higgs_lightning.training.run.train` adds those without
which there is no run.
"""

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint, RichProgressBar
from lightning.pytorch.plugins.io import TorchCheckpointIO
from lightning.pytorch.utilities.exceptions import SIGTERMException

from higgs_lightning.errors import UserError
from higgs_lightning.evaluation import plots, report
from higgs_lightning.files import replaced
from higgs_lightning.runs import checkpoint_path
from higgs_lightning.sweeps import study_storage
from higgs_lightning.training.ancestors import ANCESTORS


class StartOfRun(Callback):
    """Writes a run down once everything that it goes on with is restored: what fails before leaves no trace.

    Args:
        record: writes it down, in the first of its processes.
    """

    def __init__(self, record: Callable[[], None]) -> None:
        self.record = record
        self.has_started = False

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if not self.has_started and trainer.is_global_zero:
            self.record()
        self.has_started = True


class RunInCheckpoint(Callback):
    """Puts what a run is made of into every checkpoint, plain data.

    Args:
        config: the resolved configuration.
        data: the identity of the data, see :meth:`higgs_lightning.data.HiggsDataModule.identity`.
        ancestors: see :func:`higgs_lightning.training.ancestors.ancestors_of`.
    """

    def __init__(
        self, config: dict[str, Any], data: list[dict[str, Any]], ancestors: list[dict[str, Any]]
    ) -> None:
        self.config = config
        self.data = data
        self.ancestors = ancestors

    def on_save_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        checkpoint["config"] = self.config
        checkpoint["data"] = self.data
        checkpoint[ANCESTORS] = self.ancestors


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
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with replaced(path) as partial, partial.open("wb") as file:
                torch.save(checkpoint, file)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            run = path.parent.parent
            is_saved = checkpoint_path(run, "last").exists()
            mend = f"the one before it is whole: mend that and go on with it by ckpt={run}"
            raise UserError(
                f"{path} can't be written ({error.strerror}); {mend if is_saved else 'none is saved yet'}"
            ) from error


class RunCheckpoint(ModelCheckpoint):
    """Keeps one checkpoint of a run, whose folder may be moved: what is saved of it names no folder."""

    # what Lightning saves the state under: a run goes on whichever of the two wrote it
    __qualname__ = "ModelCheckpoint"

    def state_dict(self) -> dict[str, Any]:
        state = super().state_dict()
        paths = ("best_model_path", "kth_best_model_path", "last_model_path")
        state |= {name: Path(state[name]).name for name in paths}
        kept = {Path(path).name: score for path, score in state["best_k_models"].items()}
        return {**state, "dirpath": "", "best_k_models": kept}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        path = Path(self.dirpath or "") / f"{self.filename}.ckpt"  # the only file it keeps
        if self.monitor and state_dict.get("best_model_path") and not path.is_file():
            raise UserError(f"{path} is missing, the best epoch so far: put it back, or begin a new run")
        here = str(path)
        paths = ("best_model_path", "kth_best_model_path", "last_model_path")
        state = {**state_dict, **{name: here if state_dict.get(name) else "" for name in paths}}
        kept = [(here, score) for score in state_dict.get("best_k_models", {}).values()]
        super().load_state_dict({**state, "dirpath": self.dirpath, "best_k_models": dict(kept)})


class Patience(EarlyStopping):
    """Early stopping whose patience is that of the configuration, also in a run that goes on with more."""

    __qualname__ = "EarlyStopping"

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        super().load_state_dict({**state_dict, "patience": self.patience})


class SaveWhenTerminated(Callback):
    """On SIGTERM or SIGUSR1, as clusters send them before they stop a job, saves after the step at hand.

    After the last step of an epoch, its validation is awaited. All processes of a run stop after the same
    step, whichever of them were told. Lightning's own handlers are replaced, because from within them the
    processes exchange messages amid those of the step; and its own of SIGUSR1 in a job of Slurm writes a file
    of another name and queues the job again, whose start would find its folder taken.

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
            if hasattr(signal, "SIGUSR1"):  # not all systems have it
                signal.signal(signal.SIGUSR1, self._receive)

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


class Throughput(Callback):
    """Logs ``events_per_second`` of training, of all processes together, without validation."""

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.on_train_epoch_start(trainer, pl_module)  # which is not called for the rest of a stopped epoch

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._num_events = 0
        self._start = self._end = time.perf_counter()

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        self._num_events += len(batch[0])
        if trainer.is_last_batch and pl_module.device.type == "cuda":
            torch.cuda.synchronize()  # it lags behind what was asked of it
        self._end = time.perf_counter()

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        of_this_process = self._num_events / (self._end - self._start)  # the others have as many
        pl_module.log("events_per_second", trainer.world_size * of_this_process)


class EpochFigures(Callback):
    """Draws validation events for the loggers that take pictures every few epochs, while a run goes on.

    Args:
        every: so many epochs, from the first one on, 0 for never; drawing takes a second or two.
    """

    def __init__(self, every: int) -> None:
        self.every = every

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        epoch = trainer.current_epoch
        is_last = epoch + 1 == trainer.max_epochs  # the figures of the whole run follow
        is_seen = any(isinstance(each, report.TAKES_PICTURES) for each in trainer.loggers)
        if is_seen and trainer.is_global_zero and self.every and epoch % self.every == 0 and not is_last:
            title = report.about(
                trainer.datamodule.name,  # type: ignore[attr-defined]
                type(pl_module.model).__name__,
                f"{Path(trainer.default_root_dir).name}, after epoch {epoch}",
            )
            figures = report.draw_evaluations(pl_module.evaluations, title)  # type: ignore[arg-type]
            for tag, figure in figures.items():
                report.show(
                    plots.pixels(figure, report.EPOCH_DPI), f"validation/{tag}", epoch, trainer.loggers
                )


class ProgressBar(RichProgressBar):
    """Shows the losses and the ROC-AUC; the other metrics are for the table."""

    def get_metrics(self, trainer: Trainer, pl_module: LightningModule) -> dict[str, Any]:
        metrics = trainer.progress_bar_metrics
        return {name: metrics[name] for name in ("train/loss", "val/loss", "val/auc") if name in metrics}


class Pruning(Callback):
    """Tells the study how a job does after each epoch, and ends the job when the study's median was better.

    A job that was ended counts with its best epoch. See conf/hparams_search/optuna.yaml.

    Args:
        storage: of the study, see :func:`higgs_lightning.sweeps.study_storage`.
        study_name: its name there.
        monitor: the metric that the study is about.
        trial: the job's number in the study; None where it has several metrics, and nothing is told.
    """

    def __init__(self, storage: str, study_name: str, monitor: str, trial: int | None) -> None:
        self.monitor = monitor
        self.trial = None
        if trial is not None:
            import optuna

            pruner = optuna.pruners.MedianPruner()
            study = optuna.load_study(study_name=study_name, storage=study_storage(storage), pruner=pruner)
            self.trial = optuna.trial.Trial(study, study.trials[trial]._trial_id)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if self.trial is None:
            return
        self.trial.report(float(trainer.callback_metrics[self.monitor]), trainer.current_epoch)
        if self.trial.should_prune():
            trainer.should_stop = True
