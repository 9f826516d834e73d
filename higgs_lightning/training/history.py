"""The history of a run: one row an epoch, in ``metrics.csv``."""

import csv
import time
from argparse import Namespace
from pathlib import Path
from typing import Any

from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import RichProgressBar
from lightning.pytorch.loggers.logger import Logger
from lightning.pytorch.utilities import rank_zero_only


def read_history(path: Path) -> list[dict[str, float]]:
    """The rows of a table that :class:`History` wrote; none where it is not there."""
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return [{k: float(value) for k, value in row.items() if value} for row in csv.DictReader(file)]


class History(Logger):
    """Keeps the metrics of each epoch in one row of a table and on disk.

    Training and validation log at different moments of an epoch; here they meet. A run that continues reads
    the rows that are there and writes its own epochs over them.

    Args:
        path: the CSV file.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self._epochs = {int(row["epoch"]): row for row in read_history(path)}

    @property
    def rows(self) -> list[dict[str, float]]:
        """One row an epoch, in order: ``epoch``, counted from 0, then ``split/metric``."""
        return [{**row, "epoch": epoch} for epoch, row in sorted(self._epochs.items())]

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def version(self) -> int:
        return 0

    @rank_zero_only
    def log_hyperparams(self, params: dict[str, Any] | Namespace, *args: Any, **kwargs: Any) -> None:
        """The run's folder holds the configuration already."""

    @rank_zero_only
    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        epoch = int(metrics["epoch"])
        self._epochs.setdefault(epoch, {}).update({k: float(v) for k, v in metrics.items() if k != "epoch"})
        # epochs that a continued run has yet to repeat are not its own
        self._epochs = {e: row for e, row in self._epochs.items() if e <= epoch}
        names = ["epoch", *sorted({name for row in self._epochs.values() for name in row})]
        partial = self.path.with_suffix(".partial")
        with partial.open("w", newline="") as file:
            writer = csv.DictWriter(file, names)
            writer.writeheader()
            writer.writerows(self.rows)
        partial.replace(self.path)


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
        self._end = time.perf_counter()

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        of_this_process = self._num_events / (self._end - self._start)  # the others have as many
        pl_module.log("events_per_second", trainer.world_size * of_this_process)


class ProgressBar(RichProgressBar):
    """Shows the losses and the ROC-AUC; the other metrics are for the table."""

    def get_metrics(self, trainer: Trainer, pl_module: LightningModule) -> dict[str, Any]:
        metrics = trainer.progress_bar_metrics
        return {name: metrics[name] for name in ("train/loss", "val/loss", "val/auc") if name in metrics}
