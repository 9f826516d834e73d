"""Hydra's sweeper for searches with Optuna, see conf/hparams_search/optuna.yaml.

Hydra takes sweepers from the package ``hydra_plugins`` alone, and imports them whenever a command starts:
Optuna is imported where it is needed.
"""

import json
import shlex
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import IntervalSweep, Override, RangeSweep, Transformer
from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from hydra.utils import instantiate
from omegaconf import DictConfig

from higgs_lightning import runs
from higgs_lightning.errors import UserError, one_line
from higgs_lightning.sweeps import study_storage

if TYPE_CHECKING:
    from optuna import Study
    from optuna.distributions import BaseDistribution

Direction = Literal["maximize", "minimize"]
#: By the words of Optuna, and of ``selection.mode``.
_DIRECTIONS: dict[str, Direction] = {
    **{"maximize": "maximize", "minimize": "minimize"},
    **{"max": "maximize", "min": "minimize"},
}
_COMMAND = "command"  # what a trial keeps: how to train it again


class Search(Sweeper):
    """Jobs whose parameters Optuna chooses by what the jobs before them came to.

    A job's values are those of ``metrics`` in its ``metrics.json``. One that has none counts as failed.

    Args:
        params: of the search, by name, as Hydra writes them, choice(2,3) or tag(log,interval(1e-4,1));
            the command line adds to them and replaces them. Other values are the same in every job.
        n_trials: jobs of this command.
        n_jobs: of them at the same time, where the launcher can.
        metrics: what the search is about, one or several.
        direction: ``maximize`` or ``minimize``, or ``max`` or ``min``, one for each of ``metrics``.
        storage: see :func:`higgs_lightning.sweeps.study_storage`.
        study_name: in there. A study that is there goes on.
        sampler: of Optuna, its class as ``_target_`` and its arguments.
    """

    config: Any
    launcher: Any

    def __init__(
        self,
        params: Mapping[str, str],
        n_trials: int,
        n_jobs: int,
        metrics: Sequence[str],
        direction: str | Sequence[str],
        storage: str,
        study_name: str,
        sampler: Mapping[str, Any],
    ) -> None:
        self.params = params
        self.n_trials = n_trials
        self.n_jobs = n_jobs
        self.metrics = list(metrics)
        self.direction = [direction] if isinstance(direction, str) else list(direction)
        self.directions = [_DIRECTIONS[each] for each in self.direction if each in _DIRECTIONS]
        self.storage = storage
        self.study_name = study_name
        self.sampler = sampler

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        self.config = config
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> None:
        """Run the jobs and print the best.

        Raises:
            UserError: there is nothing to search, the study is of another kind, or Optuna is not installed.
        """
        try:
            import optuna
            import optuna.storages.journal  # which old ones lack
        except ModuleNotFoundError:
            raise UserError("a search needs Optuna 5: pip install 'higgs_lightning[sweep]'") from None

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        if not len(self.metrics) == len(self.directions) == len(self.direction) or None in self.metrics:
            raise UserError(
                f"hydra.sweeper.metrics={self.metrics} and hydra.sweeper.direction={self.direction}: "
                "say a direction for each metric, maximize or minimize"
            )
        for name, number in (("n_trials", self.n_trials), ("n_jobs", self.n_jobs)):
            if type(number) is not int or number < 1:
                raise UserError(f"hydra.sweeper.{name}={number}: give a whole number, 1 or more")
        lines = [*(f"{name}={value}" for name, value in self.params.items()), *arguments]
        overrides = {each.get_key_element(): each for each in OverridesParser.create().parse_overrides(lines)}
        space = {name: distribution(each) for name, each in overrides.items() if each.is_sweep_override()}
        fixed = [str(each.input_line) for name, each in overrides.items() if name not in space]
        if not space:
            raise UserError(
                "a search needs a parameter with several values, such as optimizer.lr='interval(1e-4,1e-2)'"
            )
        study = self._study(space)
        for first in range(0, self.n_trials, self.n_jobs):
            trials = [study.ask(space) for _ in range(min(self.n_jobs, self.n_trials - first))]
            jobs = [
                [*fixed, *(f"{name}={value}" for name, value in trial.params.items())] for trial in trials
            ]
            for trial, job in zip(trials, jobs, strict=True):
                trial.set_user_attr(_COMMAND, self._command(job))
                if len(self.metrics) == 1 and self.config.get("pruning"):  # Optuna prunes by one value alone
                    job.append(f"pruning.trial={trial.number}")
            values: list[list[float] | None] = [None] * len(trials)
            try:
                values = [self._values(job) for job in self.launcher.launch(jobs, initial_job_idx=first)]
            finally:
                for trial, found in zip(trials, values, strict=True):
                    study.tell(trial, found, None if found else optuna.trial.TrialState.FAIL)
        self._print_best(study)

    def _study(self, space: Mapping[str, "BaseDistribution"]) -> "Study":
        import optuna

        try:
            study = optuna.create_study(
                storage=study_storage(self.storage),
                study_name=self.study_name,
                directions=self.directions,
                sampler=instantiate(self.sampler),
                load_if_exists=True,
            )
            directions = [each.name.lower() for each in study.directions]
            if directions != self.directions:
                raise ValueError(f"of direction={directions}")
            for trial in study.trials:
                for name in trial.distributions.keys() & space.keys():
                    optuna.distributions.check_distribution_compatibility(
                        trial.distributions[name], space[name]
                    )
        except (ValueError, RuntimeError) as error:
            raise UserError(
                f"{self.study_name} in {self.storage} is another search ({one_line(error)}): "
                "give another pruning.study_name or pruning.storage"
            ) from error
        return study

    def _command(self, overrides: Sequence[str]) -> str:
        own = [each for each in overrides if not each.startswith(("hparams_search=", "pruning."))]
        return shlex.join(["python", "-m", f"higgs_lightning.{self.config.hydra.job.name}", *own])

    def _values(self, job: JobReturn) -> list[float] | None:
        hydra = job.hydra_cfg.hydra  # type: ignore[union-attr]
        path = Path(hydra.runtime.output_dir) / runs.METRICS
        metrics = json.loads(path.read_text()) if path.is_file() else {}
        values: list[Any] = [metrics.get(name) for name in self.metrics]
        return None if None in values else values

    def _print_best(self, study: "Study") -> None:
        import optuna

        done = study.get_trials(states=[optuna.trial.TrialState.COMPLETE])
        if not done:
            return  # CompareJobs says why each failed
        for trial in study.best_trials if len(self.metrics) > 1 else [study.best_trial]:
            values = ", ".join(
                f"{name} {value:.4g}" for name, value in zip(self.metrics, trial.values, strict=True)
            )
            params = " ".join(f"{name}={value}" for name, value in trial.params.items())
            print(f"best of {len(done)}: {values} with {params}")
            print(f"train it again: {trial.user_attrs[_COMMAND]}")
        if len(done) > 1:
            with warnings.catch_warnings(action="ignore"):  # that many of so few values are the same
                importances = optuna.importance.get_param_importances(study)
            print("importance: " + ", ".join(f"{name} {value:.2f}" for name, value in importances.items()))


def distribution(override: Override) -> "BaseDistribution":
    """What Optuna knows of a sweep in Hydra's syntax; a range has no end, as in Hydra.

    Raises:
        UserError: it has no values, or none that can be drawn as it says.
    """
    try:
        return _distribution(override)
    except ValueError as error:
        raise UserError(f"{override.input_line}: {one_line(error)}") from error


def _distribution(override: Override) -> "BaseDistribution":
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    value = override.value()
    is_log = "log" in getattr(value, "tags", ())
    if isinstance(value, IntervalSweep):
        kind: Any = IntDistribution if type(value.start) is type(value.end) is int else FloatDistribution
        return kind(value.start, value.end, log=is_log)  # type: ignore[no-any-return]
    choices: list[Any] = list(
        override.sweep_iterator(lambda x: x if isinstance(x, int | float) else Transformer.str(x))
    )
    if not choices:
        raise UserError(f"{override.input_line} has no values")
    if is_log:
        raise UserError(
            f"{override.input_line}: of single values none is nearer to another: say tag(log,interval(...)) "
            "or tag(log,int(interval(...)))"
        )
    if isinstance(value, RangeSweep) and not value.shuffle and value.step > 0:
        if isinstance(choices[0], int):
            return IntDistribution(choices[0], choices[-1], step=int(value.step))
        # sums of steps such as 0.1 are a little off: Optuna would leave the last one out
        return FloatDistribution(choices[0], float(f"{choices[-1]:.12g}"), step=value.step)
    return CategoricalDistribution(choices)
