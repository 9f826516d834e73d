"""Sweeps: jobs that fail alone, and the table of them all."""

import logging
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import DictConfig

from higgs_lightning.errors import one_sentence, user_error_in

#: What a job that failed leaves in its folder: why, in one line.
FAILURE = "failure.txt"

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
            reason = str(mistake or f"{type(error).__name__}: {error}").replace("\n", " ")
            _log.error("job %s failed: %s", hydra.job.num, reason, exc_info=mistake is None)
            (Path(hydra.runtime.output_dir) / FAILURE).write_text(reason + "\n")
            return None

    return run


class CompareJobs(Callback):
    """When a sweep has ended, compares its jobs, see :mod:`higgs_lightning.evaluation.comparison`."""

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Make the folder before its first job, for the storage of a search lies beside it."""
        Path(config.hydra.sweep.dir).mkdir(parents=True, exist_ok=True)

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        from higgs_lightning.evaluation.comparison import compare  # it imports torch

        folder = Path(config.hydra.sweep.dir)
        runs = compare([folder], folder)
        failed = [run.name for run in runs if run.failure]
        if failed:
            raise SystemExit(
                f"error: {len(failed)} of {len(runs)} jobs failed ({', '.join(failed)}): the table says why"
            )
