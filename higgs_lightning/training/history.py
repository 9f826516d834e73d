"""The history of a run: one row an epoch, in ``metrics.csv``."""

import csv
from argparse import Namespace
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers.logger import Logger
from lightning.pytorch.utilities import rank_zero_only

from higgs_lightning.errors import UserError, one_line
from higgs_lightning.files import replaced
from higgs_lightning.runs import read_history


class History(Logger):
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
        with replaced(self.path) as partial, partial.open("w", newline="") as file:
            writer = csv.DictWriter(file, names)
            writer.writeheader()
            writer.writerows(self.rows)
