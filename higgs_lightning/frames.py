"""A run as pandas has it."""

from pathlib import Path
from typing import Any, NamedTuple

from higgs_lightning import runs
from higgs_lightning.errors import UserError
from higgs_lightning.files import local_path


class RunFrames(NamedTuple):
    """What a run or an evaluation left in its folder.

    Attributes:
        config: a pandas.Series of its resolved configuration, ``model.num_layers`` and so on.
        metrics: a pandas.Series of every number in ``metrics.json``, ``test/auc`` and so on; NaN where it is
            null. What is there beside numbers, such as the name of the data set, is in its ``attrs``.
        history: a pandas.DataFrame of losses, accuracy and ROC-AUC of training and validation, a row an
            epoch, counted from 0 in its index; no rows for an evaluation.
        scores: a pandas.DataFrame of the test events in their order: ``label`` (1 signal, 0 background) and
            ``score``, the probability of signal; and ``weight``, where events have some.
    """

    config: Any
    metrics: Any
    history: Any
    scores: Any


def read_run(run: str | Path) -> RunFrames:
    """Read what a run left in its folder: ``read_run("outputs/2026-11-27/12-00-00").history``.

    The folder may be a stranger's: nothing in it is executed.

    Args:
        run: the folder of a run or an evaluation, or ``last`` for the run that was written to last.

    Raises:
        UserError: it is no such folder, has no metrics, or is damaged.
    """
    import pandas as pd  # it takes a third of a second

    folder = runs.folder_of(run) if str(run) == "last" else local_path("run", str(run))
    if not runs.config_path(folder):
        raise UserError(f"{folder} holds no run: give the folder of one, or last")
    read = runs.read_run(folder, str(folder))
    if not read.metrics:
        raise UserError(f"{folder} has no metrics ({read.failure}): give a run that has ended")
    numbers = {name: value for name, value in read.metrics.items() if runs.is_number(name)}
    metrics = pd.Series(numbers, dtype=float, name=read.name)
    metrics.attrs = {name: value for name, value in read.metrics.items() if name not in numbers}
    weights = {} if read.weights is None else {"weight": read.weights}
    history = pd.DataFrame(read.history, columns=list(dict.fromkeys(["epoch", *_names(read.history)])))
    return RunFrames(
        config=pd.Series(read.config, dtype=object, name=read.name),
        metrics=metrics,
        history=history.astype({"epoch": int}).set_index("epoch"),
        scores=pd.DataFrame({"label": read.labels.astype(int), "score": read.scores} | weights),
    )


def _names(history: list[dict[str, float]]) -> list[str]:
    return [name for row in history for name in row]
