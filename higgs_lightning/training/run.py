"""One training from its configuration to its run folder: the map of the package."""

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import lightning
from filelock import FileLock, Timeout
from hydra.utils import instantiate
from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint
from lightning.pytorch.loggers import TensorBoardLogger
from lightning.pytorch.utilities import rank_zero_only
from lightning.pytorch.utilities.exceptions import SIGTERMException
from omegaconf import DictConfig, OmegaConf
from torch._dynamo.exc import BackendCompilerFailed

from higgs_lightning.errors import UserError
from higgs_lightning.evaluation import report
from higgs_lightning.models.weights import (
    ConfigInCheckpoint,
    SaveWhenTerminated,
    WholeCheckpoints,
    find_checkpoint,
    load_checkpoint,
    load_model,
    read_weights,
    require_same_model,
    run_folder_of,
)
from higgs_lightning.training.history import History, ProgressBar, Throughput
from higgs_lightning.training.module import HiggsModule
from higgs_lightning.training.provenance import record_start


def train(cfg: DictConfig, run_dir: Path) -> dict[str, Any]:
    """Train, test the best epoch on every split, and write it all into ``run_dir``.

    Returns:
        The content of ``metrics.json``.
    """
    config: dict[str, Any] = OmegaConf.to_container(cfg, resolve=True)  # type: ignore[assignment]
    with claimed(run_dir, config):
        return train_and_test(cfg, config, run_dir)


def train_and_test(cfg: DictConfig, config: dict[str, Any], run_dir: Path) -> dict[str, Any]:
    start = time.perf_counter()
    if cfg.trainer.max_epochs < 1:
        raise UserError(f"trainer.max_epochs={cfg.trainer.max_epochs}: give 1 or more; evaluate only scores")
    if cfg.teacher is None and cfg.objective.teacher_weight == 1:
        raise UserError("nothing but a teacher is learned: say teacher=RUN or teacher=[RUN,RUN,RUN]")
    resume = None if cfg.ckpt is None else checkpoint_to_resume(config, run_dir)
    lightning.seed_everything(cfg.seed, verbose=False)

    datamodule = instantiate(cfg.data)
    if is_first_process():
        record_start(run_dir / "provenance.json", datamodule)
    model = instantiate(cfg.model)
    if cfg.init is not None:
        of_checkpoint, weights, path = read_weights(cfg.init)
        require_same_model(config["model"], of_checkpoint, path)
        model.load_state_dict(weights)
    if cfg.compile:
        model.compile()
    module = HiggsModule(
        model=model,
        optimizer=instantiate(cfg.optimizer),
        scheduler=instantiate(cfg.scheduler),
        seed=cfg.seed,
        teacher=None if cfg.teacher is None else load_model(cfg.teacher),
        **cfg.objective,
    )

    history = History(run_dir / "metrics.csv")
    tensorboard = TensorBoardLogger(run_dir, name="", version="tensorboard", default_hp_metric=False)
    chooses = cfg.selection.monitor is not None
    best_in = (cfg.selection.monitor, cfg.selection.mode) if chooses else ("epoch", "max")
    monitors: dict[str, tuple[str | None, str]] = {"best": best_in, "last": (None, "min")}
    # two, because `save_last` alone writes no last.ckpt after an epoch that is not the best
    best, last = (
        ModelCheckpoint(
            run_dir / "checkpoints",
            name,
            monitor,
            mode=mode,
            save_on_train_epoch_end=True,
            enable_version_counter=False,
        )
        for name, (monitor, mode) in monitors.items()
    )
    last_path = run_dir / "checkpoints" / "last.ckpt"
    callbacks = [Throughput(), ConfigInCheckpoint(config), SaveWhenTerminated(last_path), best, last]
    if chooses:
        callbacks.append(EarlyStopping(**cfg.selection, check_on_train_epoch_end=True))
    if cfg.figures_every:
        callbacks.append(report.EpochFigures(cfg.figures_every, tensorboard, cfg.data.name))
    if cfg.pruning is not None:
        callbacks.append(instantiate(cfg.pruning))
    if cfg.trainer.enable_progress_bar:
        callbacks.append(ProgressBar())
    trainer = instantiate(
        cfg.trainer,
        callbacks=callbacks,
        logger=[history, tensorboard],
        plugins=[WholeCheckpoints()],
        default_root_dir=run_dir,
    )

    start_of_fit = time.perf_counter()
    try:
        trainer.fit(module, datamodule, ckpt_path=resume, weights_only=True)
        train_seconds = time.perf_counter() - start_of_fit
        trainer.test(module, datamodule, ckpt_path=best.best_model_path, weights_only=True, verbose=False)
    except SIGTERMException:
        mend = (
            f"go on with the same command and ckpt={run_dir}"
            if last_path.exists()
            else "nothing is saved yet"
        )
        print(f"terminated: {mend}", file=sys.stderr)
        raise SystemExit(128 + signal.SIGTERM) from None
    except BackendCompilerFailed as error:
        cause = str(error).splitlines()[0]
        raise UserError(
            f"compile=true needs a C++ compiler, such as g++, or on a GPU Triton: {cause}"
        ) from error

    metrics = {
        "dataset": cfg.data.name,
        "seed": cfg.seed,
        "parameters": sum(p.numel() for p in module.model.parameters()),
        "epochs": trainer.current_epoch,
        "best_epoch": load_checkpoint(Path(best.best_model_path))["epoch"],
        "train_seconds": train_seconds,
        "seconds": time.perf_counter() - start,
        **report.final_metrics(module.evaluations),
    }
    if trainer.is_global_zero:
        report.write(run_dir, metrics, module.evaluations, history.rows, tensorboard, config)
    return metrics


@contextmanager
def claimed(run_dir: Path, config: dict[str, Any]) -> Iterator[None]:
    """Hold a run folder for one run, and write its ``config.yaml``.

    Raises:
        UserError: another process trains in the folder, or another run's checkpoints lie there.
    """
    if not is_first_process():  # a run of several processes is one run
        yield
        return
    run_dir.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(run_dir / ".lock", timeout=0):
            if config["ckpt"] is None and any(run_dir.glob("checkpoints/*.ckpt")):
                raise UserError(
                    f"{run_dir} holds a run: go on with it by ckpt={run_dir}, or give another hydra.run.dir"
                )
            report.write_text(run_dir / "config.yaml", OmegaConf.to_yaml(config))
            yield
    except Timeout:
        raise UserError(f"another process trains in {run_dir}: give this run another hydra.run.dir") from None


def is_first_process() -> bool:
    """Whether this is the one process of a run, or the first of several."""
    return getattr(rank_zero_only, "rank", 0) == 0


def checkpoint_to_resume(config: dict[str, Any], run_dir: Path) -> Path:
    """Path of the checkpoint that ``config["ckpt"]`` names, if this run can go on from it.

    Raises:
        UserError: it belongs to another run's folder (as in a multirun) or to another model.
    """
    path = find_checkpoint(config["ckpt"], "last")
    if run_folder_of(config["ckpt"]) != run_dir.absolute():
        raise UserError(
            f"ckpt={config['ckpt']} goes on in its own run folder: start it alone, without --multirun"
        )
    checkpoint = load_checkpoint(path)
    require_same_model(config["model"], checkpoint["config"]["model"], path)
    if "train_metrics" not in checkpoint:
        raise UserError(
            f"{path} was written by an older version, which can't go on: begin a new run with "
            f"init={config['ckpt']}"
        )
    return path
