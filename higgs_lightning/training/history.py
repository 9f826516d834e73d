"""The history of a run: one row an epoch, in ``metrics.csv``, and in a log one line."""

import csv
import logging
import os
import time
from argparse import Namespace
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from lightning.fabric.loggers.logger import rank_zero_experiment
from lightning.pytorch.loggers import MLFlowLogger, TensorBoardLogger
from lightning.pytorch.loggers.logger import Logger
from lightning.pytorch.utilities import rank_zero_only

from higgs_lightning.errors import UserError, one_line
from higgs_lightning.files import replaced
from higgs_lightning.runs import read_history

_log = logging.getLogger(__name__)


class _EpochLogger(Logger):
    """A logger of metrics alone."""

    @property
    def version(self) -> int:
        return 0

    @rank_zero_only
    def log_hyperparams(self, params: dict[str, Any] | Namespace, *args: Any, **kwargs: Any) -> None:
        """The run's folder holds the configuration already."""


class TensorBoard(TensorBoardLogger):
    """TensorBoard's files of a run, with epochs as the axis, and a card for training beside validation.

    Args:
        save_dir: the run's folder, in which they have one.
    """

    def __init__(self, save_dir: str | Path) -> None:
        super().__init__(save_dir, name="", version="tensorboard", default_hp_metric=False)
        self._has_cards = False

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        epoch = int(metrics["epoch"]) if "epoch" in metrics else step
        values = {name: value for name, value in metrics.items() if name != "epoch"}
        both = [name.removeprefix("val/") for name in values if name.startswith("val/")]
        if both and not self._has_cards:
            cards = {name: ["Multiline", [f"train/{name}", f"val/{name}"]] for name in both}
            self.experiment.add_custom_scalars({"training and validation": cards})
            self._has_cards = True
        super().log_metrics(values, epoch)


class MLFlow(MLFlowLogger):
    """MLflow's record of a run, with epochs as the axis; nothing is written before the first of them.

    Args:
        save_dir: the run's folder.
        experiment_name: under which MLflow lists the run.
        tracking_uri: a server, or a database that several runs share; without one, a database in the run's
            folder, with pictures beside it.

    Raises:
        UserError: MLflow is not installed.
    """

    def __init__(
        self,
        save_dir: str | Path,
        experiment_name: str = "higgs_lightning",
        tracking_uri: str | None = None,
    ) -> None:
        folder = Path(save_dir).absolute()
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # which it sends by itself; it looks once
        try:
            import alembic  # noqa: F401
            import sqlalchemy  # noqa: F401

            super().__init__(
                experiment_name,
                run_name="/".join(folder.parts[-2:]),
                tracking_uri="http://nowhere",  # not asked yet, where a database would be made at once
                artifact_location=None if tracking_uri else (folder / "mlflow").as_uri(),
            )
        except ImportError as error:
            raise UserError("logger=mlflow needs more packages: pip install -e '.[mlflow]'") from error
        self._tracking_uri = tracking_uri or f"sqlite:///{folder / 'mlflow.db'}"

    @property
    @rank_zero_experiment
    def experiment(self) -> Any:
        """MLflow's client; the run begins with the first look at it."""
        if not self._initialized:
            from mlflow.exceptions import MlflowException
            from mlflow.tracking import MlflowClient

            logging.disable(logging.WARNING)  # a new database has much to say
            try:
                self._mlflow_client = MlflowClient(self._tracking_uri)
                return super().experiment
            except MlflowException as error:
                reason = one_line(error)[:200]
                raise UserError(f"logger.mlflow.tracking_uri={self._tracking_uri}: {reason}") from error
            finally:
                logging.disable(logging.NOTSET)
        return self._mlflow_client

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        epoch = int(metrics["epoch"]) if "epoch" in metrics else step
        super().log_metrics({name: value for name, value in metrics.items() if name != "epoch"}, epoch)


class History(_EpochLogger):
    """Keeps the metrics of each epoch in one row of a table and on disk.

    Training and validation log at different moments of an epoch; here they meet. A run that continues reads
    the rows that are there and writes its own epochs over them.

    Args:
        path: the CSV file.

    Raises:
        UserError: it is damaged.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        try:
            self._epochs = {int(row.pop("epoch")): row for row in read_history(path)}
        except (ValueError, OverflowError) as error:
            raise UserError(
                f"{path} can't be read ({one_line(error)}): mend it, or move it away to do without"
            ) from error

    @property
    def rows(self) -> list[dict[str, float]]:
        """One row an epoch, in order: ``epoch``, counted from 0, then ``split/metric``."""
        return [{**row, "epoch": epoch} for epoch, row in sorted(self._epochs.items())]

    @property
    def name(self) -> str:
        return self.path.stem

    @rank_zero_only
    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        epoch = int(metrics["epoch"])
        self._epochs.setdefault(epoch, {}).update({k: float(v) for k, v in metrics.items() if k != "epoch"})
        # epochs that a continued run has yet to repeat are not its own
        self._epochs = {e: row for e, row in self._epochs.items() if e <= epoch}
        names = ["epoch", *sorted({name for row in self._epochs.values() for name in row})]
        with replaced(self.path) as partial, partial.open("w", newline="") as file:
            writer = csv.DictWriter(file, names)
            writer.writeheader()
            writer.writerows(self.rows)


class EpochLines(_EpochLogger):
    """Says in a line how each epoch went, for whoever reads a log, where no progress bar shows.

    Args:
        max_epochs: of the run.
    """

    def __init__(self, max_epochs: int) -> None:
        super().__init__()
        self.max_epochs = max_epochs
        self._values: dict[str, float] = {}
        self._starts = [time.monotonic()]  # of this start's epochs

    @property
    def name(self) -> str:
        return "epochs"

    @rank_zero_only
    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        self._values |= metrics
        if "train/loss" not in metrics:  # validation comes first
            return
        epoch = 1 + int(metrics["epoch"])
        self._starts.append(time.monotonic())
        seconds = (self._starts[-1] - self._starts[0]) / (len(self._starts) - 1)
        left = timedelta(seconds=round(seconds * (self.max_epochs - epoch)))
        parts = []
        for name, words in (("loss", "loss"), ("auc", "ROC-AUC")):
            parts.append(f"{words} {self._values[f'train/{name}']:.4f}")
            if f"val/{name}" in self._values:
                parts.append(f"{self._values[f'val/{name}']:.4f} in validation")
        if "events_per_second" in self._values:
            parts.append(f"{self._values['events_per_second']:,.0f} events a second")
        _log.info("epoch %d of %d: %s, at most %s left", epoch, self.max_epochs, ", ".join(parts), left)
