"""Sweeps: jobs that fail alone, the table of them all, and the name of a search."""

import logging
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from higgs_lightning import runs
from higgs_lightning.errors import UserError, one_line, one_sentence, user_error_in
from higgs_lightning.files import write_text

_log = logging.getLogger(__name__)


def job(function: Callable[[DictConfig], Any]) -> Callable[[DictConfig], Any]:
    """Make a function of a configuration what Hydra runs.

    Alone, a mistake ends it with one sentence. In a sweep, whatever goes wrong is written to its log and to
    ``failure.txt`` in its folder, and it returns None: the other jobs go on, and Optuna counts it as failed.
    """

    @wraps(function)
    def run(cfg: DictConfig) -> Any:
        hydra = HydraConfig.get()
        if hydra.mode != RunMode.MULTIRUN:
            return one_sentence(function)(cfg)
        try:
            return function(cfg)
        except Exception as error:
            mistake = user_error_in(error)
            reason = str(mistake or f"{type(error).__name__}: {one_line(error)}").replace("\n", " ")
            _log.error("job %s failed: %s", hydra.job.num, reason, exc_info=mistake is None)
            folder = Path(hydra.runtime.output_dir)
            if not runs.holds_run(folder):  # of an earlier sweep in the same folder
                folder.mkdir(parents=True, exist_ok=True)  # what was refused at once left none
                write_text(folder / runs.FAILURE, reason + "\n")
                write_text(folder / runs.CONFIG, _as_far_as_known(cfg))
            return None

    return run


def _as_far_as_known(cfg: DictConfig) -> str:
    """A configuration as YAML, resolved if it can be: what failed may be just that."""
    try:
        return OmegaConf.to_yaml(cfg, resolve=True)
    except Exception:
        return OmegaConf.to_yaml(cfg)


def study_name(data: Any, model: str, objective: str, monitor: str | None) -> str:
    """`${study_name:DATA,MODEL,OBJECTIVE,MONITOR}`: a search is named by what it seeks.

    By the identity of the events and what they are weighed by, the classes of model and objective, and what
    is to be best: values that were found for others must not be ranked among them. Every job must come to the
    same name, so the options of these classes, which are what a search varies, play no part.
    """
    from hydra.utils import instantiate  # what it makes imports torch, which --help must not wait for

    if monitor is None:
        raise UserError(
            "a search ranks its jobs by selection.monitor, which is null: say selection.monitor=val/auc"
        )
    datamodule = instantiate(data)
    checksums = "-".join(
        f"{each[name]:08x}"
        for each in datamodule.identity()
        for name in ("crc32", "weights_crc32")
        if name in each
    )
    classes = (name.rsplit(".", 1)[-1] for name in (model, objective))
    balance = ["class_balance"] if datamodule.class_balance else []
    return ", ".join([*classes, monitor, f"{datamodule.name} {checksums}", *balance])


def study_storage(storage: str) -> Any:
    """The storage of searches that a name is of: an address of Optuna's, or the path of a journal file."""
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    if "://" in storage:
        return storage
    Path(storage).parent.mkdir(parents=True, exist_ok=True)
    return JournalStorage(JournalFileBackend(storage))


class CompareJobs(Callback):
    """When a sweep has ended, compares its jobs, see :mod:`higgs_lightning.evaluation.comparison`."""

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        from higgs_lightning.evaluation.comparison import compare  # it imports torch

        folder = Path(config.hydra.sweep.dir)
        compared = compare([folder], folder)
        failed = list(compared["run"][compared["failure"].notna()])
        if failed:
            raise SystemExit(
                f"error: {len(failed)} of {len(compared)} jobs failed ({', '.join(failed)}): "
                "the table says why"
            )


class TellFailures(Callback):
    """When a sweep has ended whose jobs leave no runs, says which of them failed and why."""

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        failures = sorted(Path(config.hydra.sweep.dir).glob(f"*/{runs.FAILURE}"))
        if failures:
            told = "; ".join(f"{path.parent.name}: {one_line(path.read_text())}" for path in failures)
            jobs = "1 job" if len(failures) == 1 else f"{len(failures)} jobs"
            raise SystemExit(f"error: {jobs} failed ({told})")
