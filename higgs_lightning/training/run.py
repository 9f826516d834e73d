"""One training from its configuration to its run folder: the map of the package."""

import inspect
import logging
import os
import signal
import sys
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import lightning
import torch
from hydra.errors import InstantiationException
from hydra.utils import instantiate
from lightning import Callback, Trainer
from lightning.pytorch.loggers import Logger
from lightning.pytorch.utilities import rank_zero_only
from lightning.pytorch.utilities.exceptions import SIGTERMException
from omegaconf import DictConfig, OmegaConf
from rich.console import Console
from torch import Tensor
from torch.optim import Optimizer

from higgs_lightning import addresses, runs
from higgs_lightning.compilation import says_what_compilation_lacks
from higgs_lightning.configuration import as_data, as_written, literal, renewed, require_metric, validate
from higgs_lightning.data import HiggsDataModule
from higgs_lightning.data.seen import seen_in_training
from higgs_lightning.errors import UserError, one_line, user_error_in
from higgs_lightning.evaluation import report
from higgs_lightning.files import write_text
from higgs_lightning.models.weights import (
    build_model,
    load_checkpoint,
    load_model,
    load_weights,
    read_weights,
    require_room,
    require_same_model,
)
from higgs_lightning.precision import require_bfloat16
from higgs_lightning.threads import computing_with, tell_of_load
from higgs_lightning.training.ancestors import ANCESTORS, ancestors_of, most_trained_on, seen_by, tell
from higgs_lightning.training.callbacks import (
    Patience,
    ProgressBar,
    RunCheckpoint,
    RunInCheckpoint,
    SaveWhenTerminated,
    StartOfRun,
    WholeCheckpoints,
)
from higgs_lightning.training.history import EpochLines, History, TensorBoard
from higgs_lightning.training.module import HiggsModule
from higgs_lightning.training.provenance import record_start, recorded_starts

_EPOCH_METRICS = ("accuracy", "auc")  # of each split, beside the losses
#: What may change in a run that goes on; the rest is what its weights, optimizer and best epoch are made of.
_MAY_CHANGE = (
    *("trainer", "callbacks", "logger", "ckpt", "compile", "tf32", "threads", "figures_every", "pruning"),
    *("selection.patience", "allow_seen_events"),
    *("data.csv", "data.test_csv", "data.dir", "data.name", "data.device_resident", "model.dropout"),
)
#: What Lightning goes on with.
_STATE = {
    **{"epoch": int, "global_step": int, "loops": dict, "callbacks": dict, "train_metrics": list},
    **{"optimizer_states": list, "lr_schedulers": list, ANCESTORS: list},
}
_MAY_NOT_CHANGE = ("trainer.accumulate_grad_batches",)


def train(cfg: DictConfig, run_dir: Path, reports: bool = True) -> dict[str, Any]:
    """Train, test the best epoch on every split, and write it all into ``run_dir``.

    Nothing in the folder is touched before everything about the configuration and the data was checked.

    Args:
        cfg: as the command composes it.
        run_dir: the run's folder.
        reports: write metrics, scores and plots, and print the table; without them, which take seconds, the
            folder holds checkpoints and history.

    Returns:
        The content of ``metrics.json``.

    Raises:
        UserError: the configuration or the data can't be used, or do not go on with the run that ``ckpt`` is.
    """
    config = renewed(OmegaConf.to_container(cfg, resolve=True))  # type: ignore[arg-type]
    # of a version in which there was no choice
    config.setdefault("logger", {"tensorboard": {"_target_": f"{TensorBoard.__module__}.TensorBoard"}})
    config.setdefault("tf32", False)
    config.setdefault("threads", "auto")
    # a run of several processes is one run
    claim = runs.claimed(run_dir, config["ckpt"] is not None) if is_first_process() else nullcontext()
    with claim, wandb_of_its_own(), products_in_tf32(config["tf32"]):
        return _train(cfg, config, run_dir, reports)


def _train(cfg: DictConfig, config: dict[str, Any], run_dir: Path, reports: bool) -> dict[str, Any]:
    start = time.perf_counter()
    validate(config)
    config = runs.settled(config)
    resume, changes = (None, {}) if config["ckpt"] is None else checkpoint_to_resume(config, run_dir)
    lightning.seed_everything(config["seed"], verbose=False)

    weights = None
    if resume is not None:  # Lightning loads them too, but what is wrong with them takes a traceback
        weights = read_weights(resume, config["model"]["_target_"])
    elif config["init"] is not None:
        weights = read_weights(config["init"], config["model"]["_target_"], "init")
        require_same_model(config["model"], weights.config, weights.path)
    if weights is not None:
        require_room(weights)
    model = build_model(config["model"])
    if weights is not None:
        load_weights(model, weights)
    if not model.has_decoder and config["objective"].get("classification_weight") == 0:
        raise UserError(
            f"objective.classification_weight=0: {type(model).__name__} has no decoder, so that labels are "
            "all it can learn from; pretrain a model that has one"
        )
    objective = made(config, "objective", **teacher(config))
    metrics = [
        f"{split}/{name}" for split in ("train", "val") for name in (*objective.losses, *_EPOCH_METRICS)
    ]
    monitor, mode = config["selection"]["monitor"], config["selection"]["mode"]
    require_metric("selection.monitor", monitor, [*metrics, "lr", "events_per_second"])
    require_metric("scheduler.monitor", config["scheduler"].get("monitor"), metrics)
    datamodule = made(config, "data", HiggsDataModule)
    require_weighing(objective, datamodule)
    if config["compile"] and not hasattr(objective, "compile"):
        raise UserError(f"compile=true: {type(objective).__name__} has no method compile; leave it out")
    data = datamodule.identity()
    if resume is not None:
        require_same_data(config["ckpt"], load_checkpoint(resume), runs.recorded_data(run_dir), data)
    ancestors = ancestors_of(config, resume)

    module = HiggsModule(
        model=model,
        objective=objective,
        optimizer=made(config, "optimizer"),
        scheduler=made(config, "scheduler"),
        seed=config["seed"],
        compiled=config["compile"],
    )
    best_in = (monitor, mode) if monitor is not None else ("epoch", "max")
    # two, because `save_last` alone writes no last.ckpt after an epoch that is not the best
    best, last = (
        RunCheckpoint(
            runs.checkpoint_path(run_dir, name).parent,
            name,
            monitor=metric,
            mode=mode,
            save_on_train_epoch_end=True,
            enable_version_counter=False,
        )
        for name, (metric, mode) in {"best": best_in, "last": (None, "min")}.items()
    )
    last_path = runs.checkpoint_path(run_dir, "last")
    start_of_run = StartOfRun(lambda: record(cfg, config, run_dir, datamodule, changes))
    callbacks = [
        start_of_run,
        RunInCheckpoint(config, data, ancestors),
        SaveWhenTerminated(last_path),
        best,
        last,
    ]
    named = {f"callbacks.{name}": callback for name, callback in config["callbacks"].items()}
    callbacks += [made(named, key, Callback) for key, callback in named.items() if callback is not None]
    if monitor is not None:
        callbacks.append(Patience(**config["selection"], check_on_train_epoch_end=True))
    shows_progress = config["trainer"]["enable_progress_bar"] and Console().is_terminal
    if config["trainer"]["enable_progress_bar"]:
        callbacks.append(ProgressBar())
    epoch_lines = [] if shows_progress else [EpochLines(config["trainer"]["max_epochs"])]
    history = History(run_dir / runs.HISTORY)
    named = {f"logger.{name}": logger for name, logger in config["logger"].items() if logger is not None}
    loggers = [made(named, key, Logger, save_dir=str(run_dir)) for key in named]
    with quiet():
        trainer = made(
            config,
            "trainer",
            Trainer,
            callbacks=callbacks,
            logger=[history, *loggers, *epoch_lines],
            plugins=[WholeCheckpoints()],
            default_root_dir=run_dir,
        )
        require_bfloat16("trainer.precision", config["trainer"]["precision"], trainer.strategy.root_device)
        datamodule.trainer = trainer
        # what can't be split or trained leaves no run behind
        datamodule.setup("fit")
        datamodule.refuse_negative_weights()
        if config["compile"]:
            require_whole_batch(datamodule)
        seen = [seen_in_training(datamodule), *seen_by(ancestors, datamodule)]
        tell(seen, config["allow_seen_events"])
        scheduled = module.scheduled_optimizer(total_steps=1)
        if resume is not None:
            recorded_starts(run_dir / runs.PROVENANCE)
            require_whole_state(load_checkpoint(resume), scheduled, [datamodule, *callbacks], resume)

        fit_start = time.perf_counter()
        # processes that others started, such as Slurm, have cores of their own
        processes = trainer.num_devices if trainer.strategy.launcher is not None else 1
        with ends_in_a_sentence(run_dir), computing_with(config["threads"], processes) as threads:
            if is_first_process() and trainer.strategy.root_device.type == "cpu":
                tell_of_load(threads * processes)
            with restores_or_says_so(start_of_run, resume, config["ckpt"]):
                trainer.fit(module, datamodule, ckpt_path=resume, weights_only=True)
            start_of_run.on_train_start(trainer, module)  # of a run that had been trained to its end
            train_seconds = time.perf_counter() - fit_start
            trainer.test(module, datamodule, ckpt_path=best.best_model_path, weights_only=True, verbose=False)

    final = report.with_reasons(
        {
            "dataset": datamodule.dataset,
            "data": data,
            "test/events_trained_on": most_trained_on(seen),
            "seed": config["seed"],
            "parameters": sum(p.numel() for p in module.model.parameters()),
            "epochs": trainer.current_epoch,
            "best_epoch": load_checkpoint(Path(best.best_model_path))["epoch"],
            "train_seconds": train_seconds,
            "seconds": time.perf_counter() - start,
            **datamodule.weighting(),
            **report.final_metrics(module.evaluations),
        }
    )
    if reports and trainer.is_global_zero:
        report.write(run_dir, final, module.evaluations, history.rows, loggers, config)
    return final


def made(config: Mapping[str, Any], key: str, of: type = object, **more: Any) -> Any:
    """The object that a key of a configuration describes. Text that looks like an interpolation is text.

    Args:
        config: holds the class and its arguments under ``key``.
        key: for the sentence too.
        of: the class that it must be of.
        more: arguments that are no data.

    Raises:
        UserError: its class refuses an argument, or is another.
    """
    if not isinstance(config[key], dict):
        raise UserError(f"{key}={config[key]} is no object: say {key}._target_=CLASS")
    try:
        instance = instantiate(OmegaConf.create(literal(config[key])), **more)
    except InstantiationException as error:
        if isinstance(error.__cause__, ModuleNotFoundError):
            raise UserError(f"{key}: {one_line(error.__cause__)}") from error
        refused = user_error_in(error)
        if refused is None or isinstance(error.__cause__, UserError):
            raise
        reason = str(refused).split(", set env var")[0]  # Hydra's advice to its developers
        raise UserError(f"{key}: {reason}") from error
    if not isinstance(instance, of):
        raise UserError(f"{key}._target_={config[key].get('_target_')} is no {of.__name__}")
    return instance


def require_weighing(objective: Any, datamodule: HiggsDataModule) -> None:
    """Refuse an objective of the user's own that takes no weights, where events have some.

    Raises:
        UserError: it is such a one.
    """
    takes_weights = {"weights", "kwargs"} & inspect.signature(objective).parameters.keys()
    if datamodule.weighting() and not takes_weights:
        raise UserError(
            f"{type(objective).__name__} takes no weights of events: give it an argument weights, or leave "
            "data.weights and data.class_balance out"
        )


def require_whole_batch(datamodule: HiggsDataModule) -> None:
    """Refuse to compile steps of batches that are never there.

    Raises:
        UserError: a batch is larger than the training split.
    """
    num_events = len(datamodule.events["train"])
    if datamodule.batch_size > num_events:
        raise UserError(
            f"compile=true: no batch of {num_events:,} training events has "
            f"data.batch_size={datamodule.batch_size} events, so that nothing would be compiled; say "
            f"data.batch_size={num_events} or less, or compile=false"
        )


def teacher(config: Mapping[str, Any]) -> dict[str, Any]:
    """The teacher as an argument of the objective, which need not know one where there is none."""
    if config["teacher"] is None:
        return {}
    return {"teacher": load_model(config["teacher"], config["model"]["_target_"], "teacher")}


def record(
    cfg: DictConfig,
    config: Mapping[str, Any],
    run_dir: Path,
    datamodule: HiggsDataModule,
    changes: Mapping[str, Any],
) -> None:
    """Write down what runs from now on."""
    record_start(run_dir / runs.PROVENANCE, datamodule, changes)
    write_text(run_dir / runs.CONFIG, OmegaConf.to_yaml(OmegaConf.create(literal(config))))
    if config["ckpt"] is None:
        composed = run_dir / runs.HYDRA / runs.CONFIG
        composed.parent.mkdir(exist_ok=True)
        write_text(composed, OmegaConf.to_yaml(cfg))


@contextmanager
def quiet() -> Iterator[None]:
    """Lightning without what it says of every run, and nobody can act upon."""
    log = logging.getLogger("lightning.pytorch")
    level = log.level
    log.setLevel(logging.WARNING)  # which accelerators there are not
    try:
        with warnings.catch_warnings():
            # batches are slices of a memory map: worker processes would only slow them down
            warnings.filterwarnings("ignore", ".*does not have many workers.*")
            # metrics are logged once an epoch
            warnings.filterwarnings("ignore", ".*smaller than the logging interval.*")
            # a run that goes on writes into its own folder
            warnings.filterwarnings("ignore", ".*exists and is not empty.*")
            # the metrics of several processes are synchronised before they are logged
            warnings.filterwarnings("ignore", ".*sync_dist=True.*")
            # Lightning 2.6 under torch 2.13
            warnings.filterwarnings("ignore", ".*LeafSpec.*")
            yield
    finally:
        log.setLevel(level)


@contextmanager
def products_in_tf32(wanted: bool) -> Iterator[None]:
    """Let an NVIDIA GPU round the factors of its products to TF32, which keeps 10 bits of a fraction, or not.

    Raises:
        UserError: no GPU here can.
    """
    if wanted and not (torch.cuda.is_available() and torch.cuda.get_device_capability() >= (8, 0)):
        raise UserError("tf32=true needs an NVIDIA GPU, of the Ampere generation or later: say tf32=false")
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high" if wanted else "highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


@contextmanager
def wandb_of_its_own() -> Iterator[None]:
    """End the run of wandb that begins within: it is the process's, and the next job would go on in it."""

    def current() -> Any:
        return getattr(sys.modules.get("wandb"), "run", None)

    before = current()
    try:
        yield
    finally:
        if current() is not before:
            current().finish(exit_code=int(sys.exc_info()[0] is not None))


@contextmanager
def ends_in_a_sentence(run_dir: Path) -> Iterator[None]:
    """Say in one sentence how to go on after SIGTERM or Ctrl-C, and what compilation lacks."""
    try:
        with says_what_compilation_lacks("the step"):
            yield
    except SIGTERMException:
        print(f"terminated: {_how_to_go_on(run_dir)}", file=sys.stderr)
        raise SystemExit(128 + signal.SIGTERM) from None
    except SystemExit as end:  # what Lightning makes of Ctrl-C
        if isinstance(end.__context__, KeyboardInterrupt):
            raise KeyboardInterrupt(_how_to_go_on(run_dir)) from None
        raise


def _how_to_go_on(run_dir: Path) -> str:
    is_saved = runs.checkpoint_path(run_dir, "last").exists()
    return f"go on with it by ckpt={run_dir}" if is_saved else "nothing is saved yet"


def is_first_process() -> bool:
    """Whether this is the one process of a run, or the first of several."""
    return getattr(rank_zero_only, "rank", 0) == 0


# a run that goes on -----------------------------------------------------------------------------------------


def continued(cfg: DictConfig, said: Sequence[str]) -> DictConfig:
    """The configuration of a command that goes on with a run: the run's own, but for what is said.

    Args:
        cfg: as composed, with ``ckpt``.
        said: the keys that the command line decides, see :func:`higgs_lightning.command.said`.

    Raises:
        UserError: there is no such run, or its checkpoint names what a file may not.
    """
    composed: dict[str, Any] = OmegaConf.to_container(cfg, resolve=True)  # type: ignore[assignment]
    path = runs.find_checkpoint(composed["ckpt"], "last")
    recorded = recorded_configuration(load_checkpoint(path), path, composed, said)
    require_room_for(recorded["trainer"], said, path)
    require_no_download(recorded, said, path)
    # what the command line refers to by ${...} is the run's
    unresolved: Any = OmegaConf.to_container(cfg)
    return DictConfig(runs.own_configuration(literal(recorded), unresolved, [*said, "ckpt"]))


def begun(cfg: DictConfig, said: Sequence[str]) -> DictConfig:
    """The configuration of a command that begins with weights: their model, but for what is said.

    Args:
        cfg: as composed, with ``init``.
        said: the keys that the command line decides, see :func:`higgs_lightning.command.said`.

    Raises:
        UserError: there are no such weights, or their file names what it may not.
    """
    outside = cfg.model["_target_"] if "model._target_" in said else None
    recorded = {"model": literal(read_weights(cfg.init, outside, "init").config)}
    unresolved: Any = OmegaConf.to_container(cfg)
    of_model = [key for key in said if key.startswith("model.")]
    return DictConfig(runs.own_configuration(recorded, unresolved, of_model))


def require_room_for(trainer: Mapping[str, Any], said: Sequence[str], path: Path) -> None:
    """Refuse to start as many processes as a checkpoint says, where this machine has not the cores.

    Raises:
        UserError: it says so, and the user does not.
    """
    for key, most in (("devices", os.cpu_count() or 1), ("num_nodes", 1)):
        value, name = str(trainer.get(key)), f"trainer.{key}"
        if name not in said and value.isdigit() and int(value) > most:
            raise UserError(
                f"{path} was trained with {name}={value}, too many for this machine by itself: say {name}=1, "
                "or what you want"
            )


def require_no_download(recorded: Mapping[str, Any], said: Sequence[str], path: Path) -> None:
    """Refuse addresses that a checkpoint names, the user does not, and this machine has no copy of.

    Raises:
        UserError: there is one.
    """
    for key in ("init", "teacher"):
        named = recorded.get(key)
        for each in map(str, named if isinstance(named, list) else [named]):
            is_read = key == "teacher" or not addresses.is_settled(each)
            if addresses.is_address(each) and is_read and key not in said:
                addresses.require_copy(each, key, path)


def recorded_configuration(
    checkpoint: Mapping[str, Any], path: Path, composed: Mapping[str, Any], said: Sequence[str]
) -> dict[str, Any]:
    """The configuration in a checkpoint as data, on this machine.

    Args:
        checkpoint: its content.
        path: its file.
        composed: the command's own configuration.
        said: the keys that the command line decides; the classes among them may be named by the file too.
    """
    allowed = {place: target for place, target in _targets(composed) if f"{place}._target_" in said}
    recorded = renewed(as_data(_alone(checkpoint["config"]), str(path), allowed))
    # an earlier version may lack other groups than the model's: today's are taken
    groups = [key for key, group in composed.items() if isinstance(group, dict) and key in recorded]
    for key in ("model", *groups):
        if not isinstance(recorded.get(key), dict):
            raise UserError(f"{path} holds no {key}: it is no checkpoint of higgs_lightning")
    data = recorded.setdefault("data", {})
    data["dir"] = composed["data"]["dir"]
    for key in ("csv", "test_csv"):  # from where and whereto a download goes is not for a file to say
        if isinstance(data.get(key), dict) and "_target_" in data[key]:
            target = data[key]["_target_"]
            data[key] = {"_target_": target} | ({"folder": data["dir"]} if target.endswith(".fetch") else {})
    return recorded


def checkpoint_to_resume(config: dict[str, Any], run_dir: Path) -> tuple[Path, dict[str, Any]]:
    """The checkpoint that ``config["ckpt"]`` names, and what changes, if this run can go on from it.

    Raises:
        UserError: it belongs to another run's folder (as in a multirun), to another model, or to a training
            that can't change so on its way.
    """
    ckpt = config["ckpt"]
    path = runs.find_checkpoint(ckpt, "last")
    if runs.folder_of(ckpt).resolve() != run_dir.resolve():
        raise UserError(
            f"ckpt={ckpt} goes on in its own run folder: start it alone, without --multirun, and with "
            f"hydra.run.dir={runs.folder_of(ckpt)} or none"
        )
    checkpoint = load_checkpoint(path)
    recorded = renewed(as_data(_alone(checkpoint["config"]), str(path), dict(_targets(config))))
    require_same_model(config["model"], recorded["model"], path)
    for key, kind in _STATE.items():
        if key in checkpoint and not isinstance(checkpoint[key], kind):
            raise UserError(f"{path} is damaged ({key}): begin a new run with init={ckpt}")
    if "train_metrics" not in checkpoint:
        raise UserError(
            f"{path} was written by an older version, which can't go on: begin a new run with init={ckpt}"
        )
    before, now = dict(runs.flat(recorded)), dict(runs.flat(_alone(config)))
    changes = {k: [before.get(k), now.get(k)] for k in before | now if before.get(k) != now.get(k)}
    for key, (old, new) in changes.items():
        may = any(key == free or key.startswith(f"{free}.") for free in _MAY_CHANGE)
        may = may or (key == "teacher" and None not in (old, new))  # it may lie elsewhere by now
        if not may or key in _MAY_NOT_CHANGE:
            raise UserError(
                f"ckpt={ckpt} was trained with {key}={as_written(old)}, and {key}={as_written(new)} can't be "
                f"applied to a run that goes on: leave it out, or begin a new run with init={ckpt}"
            )
    return path, {key: values for key, values in changes.items() if key != "ckpt"}


def require_whole_state(
    checkpoint: Mapping[str, Any], scheduled: Mapping[str, Any], others: Sequence[Any], path: Path
) -> None:
    """Refuse to go on with a state that is damaged, before Lightning restores it and loggers write.

    Args:
        checkpoint: its content.
        scheduled: a new optimizer of the same weights and its schedule, see
            :meth:`~higgs_lightning.training.module.HiggsModule.scheduled_optimizer`.
        others: the data module and the callbacks, which take their state twice without harm.
        path: of the checkpoint, for the sentence.

    Raises:
        UserError: the state is not of these weights, or of another kind.
    """
    optimizer: Optimizer = scheduled["optimizer"]
    options = {key: type(value) for key, value in optimizer.param_groups[0].items() if value is not None}
    states = {**checkpoint["callbacks"], "HiggsDataModule": checkpoint.get("HiggsDataModule")}
    reading = "optimizer"
    try:
        optimizer.load_state_dict(*checkpoint["optimizer_states"])
        for group in optimizer.param_groups:
            for key, value in group.items():
                if value is not None and not isinstance(value, options.get(key, type(value))):
                    raise ValueError(f"{key} is {value!r}")
        for weights, of_weights in optimizer.state.items():
            for key, value in of_weights.items():
                if isinstance(value, Tensor) and value.dim() and value.shape != weights.shape:
                    raise ValueError(f"{key} is of other weights")
        reading = "schedule"
        scheduled["lr_scheduler"]["scheduler"].load_state_dict(*checkpoint["lr_schedulers"])
        for each in others:
            reading = type(each).__qualname__
            state = states.get(each.state_key if isinstance(each, Callback) else reading)
            if state is not None:
                each.load_state_dict(state)
    except (ValueError, TypeError, LookupError, AttributeError, RuntimeError) as error:
        raise UserError(
            f"{path} is damaged (its {reading}: {one_line(error)}): begin a new run with init={path}"
        ) from error


@contextmanager
def restores_or_says_so(start: StartOfRun, resume: Path | None, ckpt: str | Path | None) -> Iterator[None]:
    """Say in one sentence that a training can't go on where Lightning fails to restore it.

    Raises:
        UserError: it fails before the first step.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        if resume is None or start.has_started:
            raise
        raise UserError(
            f"{resume} can't be gone on with ({one_line(error)}): begin a new run with init={ckpt}"
        ) from error


def _alone(config: Any) -> Any:
    """A recorded configuration without its search and its loggers.

    A job that goes on is none of a search any more, and where metrics are sent is not for a file to say.
    """
    if not isinstance(config, dict):
        return config
    callbacks = config.get("callbacks")
    alone = {key: value for key, value in config.items() if key != "logger"} | {"pruning": None}
    if isinstance(callbacks, dict):
        alone["callbacks"] = {**callbacks, "pruning": None}
    return alone


def _targets(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in runs.flat(config):
        if key.endswith("._target_"):
            yield key.removesuffix("._target_"), value


def require_same_data(
    ckpt: str, checkpoint: Mapping[str, Any], in_folder: Any, data: Sequence[Mapping[str, Any]]
) -> None:
    """Refuse to go on with other events than those that the run was trained on.

    Args:
        ckpt: the run, for the sentence.
        checkpoint: its content.
        in_folder: the identity of the data by the run's folder, for checkpoints that don't hold it.
        data: the identity of the events at hand.

    Raises:
        UserError: rows or checksum differ.
    """
    recorded = checkpoint.get("data") or in_folder
    if recorded is None:
        return
    for then, now in zip(recorded, data, strict=False):
        if then.get("weights_crc32") != now.get("weights_crc32"):
            raise UserError(
                f"ckpt={ckpt} was trained with other weights of events than those of {now['file']}: give the "
                f"same file, or begin a new run with init={ckpt}"
            )
        if (then["rows"], then["crc32"]) != (now["rows"], now["crc32"]):
            raise UserError(
                f"ckpt={ckpt} was trained on {then['rows']:,} events of {then['file']}, and {now['file']} "
                f"holds {now['rows']:,} others: give the same data.csv, or begin a new run with init={ckpt}"
            )
    if len(recorded) != len(data):
        raise UserError(
            f"ckpt={ckpt} was trained with another data.test_csv: give the same, or use init={ckpt}"
        )
