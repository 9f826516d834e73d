"""From files of events to the batches of a run: cache, split, statistics, loaders."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from isal import isal_zlib
from lightning import LightningDataModule
from torch import Tensor

from higgs_lightning import schema
from higgs_lightning.data.batches import EventLoader, Events, batches
from higgs_lightning.data.cache import Cache, open_cache
from higgs_lightning.data.columns import Reading
from higgs_lightning.data.download import HIGGS_SIZE
from higgs_lightning.data.sources import LABELS, Files, as_text
from higgs_lightning.data.splits import draw_balanced, split_rows
from higgs_lightning.errors import UserError, one_line
from higgs_lightning.units import wrong_units

#: What the archive's events are called.
UCI_HIGGS = "UCI HIGGS"

_STATISTICS_CHUNK = 1_000_000  # rows
_UNITS_CHUNK, _UNITS_CHUNKS = 2_000, 50  # rows, and how many times so many


#: What names files, as text.
_Names = str | list[str] | dict[str, str | list[str]]


def _name_of(csv: _Names) -> str:
    if isinstance(csv, dict):
        return f"{_name_of(csv['signal'])} against {_name_of(csv['background'])}"
    if isinstance(csv, list):
        return one_line(Path(csv[0]).name) + (f" and {len(csv) - 1} more" if len(csv) > 1 else "")
    path = Path(csv)
    is_archive = path.is_file() and path.name == "HIGGS.csv.gz" and path.stat().st_size == HIGGS_SIZE
    return UCI_HIGGS if is_archive else one_line(path.name)


def _shown(files: _Names | None) -> str:
    if isinstance(files, dict):
        return ", ".join(f"{name}: {_shown(each)}" for name, each in files.items())
    return ", ".join(files) if isinstance(files, list) else str(files)


class HiggsDataModule(LightningDataModule):
    """Events of files, split and in batches.

    Args:
        csv: a file, several, a pattern or a folder, in any format of :mod:`higgs_lightning.data.formats`; or
            ``{"signal": ..., "background": ...}``, those of each class, without labels.
        name: what to call the events in tables and plots; None for the file's name, or UCI HIGGS where the
            file is the archive's. Test events of further files are told by these.
        test_csv: further files whose events are all test events; the first are then trained and validated on.
        dir: folder for the cache.
        skip_rows: lines to skip at the top of the files.
        columns: of HIGGS' names of columns, what the files call them instead, if not as is usual.
        label: what the files call the label, if not as is usual.
        weights: what the files call the weights of events; None where all count alike. Within each class of
            each split they are divided by their mean.
        class_balance: weigh events so that both classes of each split have the same sum of weights.
        missing: a number that says that a value is missing, such as -999.
        units: ``higgs``, the archive's; ``gev`` for GeV, radians and b-tag levels 0, 1, 2; ``unchecked`` for
            the archive's, whatever the numbers look like.
        split: ``random``, ``gsoc`` or ``paper``, see :func:`higgs_lightning.data.splits.split_rows`.
        val_fraction: share of events to draw for validation.
        test_fraction: share of events to draw for test (``random`` without ``test_csv``).
        train_events: how many labelled training events to use, half of them signal; None for all.
        statistics: the events whose mean and standard deviation define z-scores: ``train``, or ``all`` of
            every split.
        batch_size: events a batch, shared out where several processes train.
        device_resident: hold the events in the memory of the device that trains: ``true``, ``false``, or
            ``auto`` for an accelerator with room for twice their size.
        seed: of the split, the draw and the order of training.

    Raises:
        UserError: an argument makes no sense.
    """

    def __init__(
        self,
        csv: Files,
        name: str | None = None,
        test_csv: Files | None = None,
        dir: str | Path = "data",
        skip_rows: int = 0,
        split: str = "random",
        val_fraction: float = 0.1,
        test_fraction: float = 0.1,
        train_events: int | None = None,
        statistics: str = "train",
        batch_size: int = 512,
        device_resident: bool | str = "auto",
        seed: int = 1,
        columns: Mapping[str, str] | None = None,
        label: str | None = None,
        missing: float | None = None,
        units: str = "higgs",
        weights: str | None = None,
        class_balance: bool = False,
    ) -> None:
        super().__init__()
        if test_csv is not None and split != "random":
            raise UserError(f"data.test_csv goes with data.split=random, not with data.split={split}")
        if batch_size < 1:
            raise UserError(f"data.batch_size={batch_size}: give a whole number, 1 or more")
        if statistics not in ("train", "all"):
            raise UserError(f"data.statistics={statistics} is unknown: choose train or all")
        self.csv: _Names = as_text(csv)
        self.test_csv: _Names | None = None if test_csv is None else as_text(test_csv)
        for key, given in (("csv", self.csv), ("test_csv", self.test_csv)):
            if isinstance(given, dict) and given.keys() != LABELS.keys():
                raise UserError(f"data.{key}={given}: say data.{key}={{signal: FILES, background: FILES}}")
        if label is not None and isinstance(self.csv, dict) and not isinstance(self.test_csv, str | list):
            raise UserError(f"data.label={label} is of no use where data.csv tells the classes: leave it out")
        self.name: str = one_line(name) if name is not None else _name_of(self.csv)
        tested = self.name if self.test_csv is None else _name_of(self.test_csv)
        #: What to call the events of all splits: with a file of test events, that one too.
        self.dataset = self.name if tested == self.name else f"{self.name}, tested on {tested}"
        self.cache_dir = Path(str(dir)) / "cache"
        names = None if columns is None else dict(columns)
        self.reading = Reading(skip_rows, names, label, missing, units, weights=weights)
        self.class_balance = class_balance
        self.split = split
        self.val_fraction = val_fraction
        self.test_fraction = test_fraction
        self.train_events = train_events
        self.statistics_of = statistics
        self.batch_size = batch_size
        self.device_resident = device_resident
        self.seed = seed
        self.events: dict[str, Events] = {}
        self._position = {"position": 0}

    def prepare_data(self) -> None:
        """Build the caches that are not there yet; once a machine."""
        self._open()

    def setup(self, stage: str) -> None:
        """Open the caches and split them into :attr:`events`: ``train``, ``val`` and ``test``.

        Raises:
            UserError: the files can't be read or split, a split lacks signal or background, the events are
                plainly not in the units that they are said to be in, one holds what can't be a measurement,
                or the weights of a class have no positive sum.
        """
        if self.events:
            return
        (cache, weights), (test_cache, test_weights) = self._open()
        self._require_units(self.csv, cache)
        if test_cache is not None:
            self._require_units(self.test_csv, test_cache)
        test_fraction = self.test_fraction if test_cache is None else 0.0
        rows = split_rows(self.split, len(cache), self.val_fraction, test_fraction, self.seed)
        train = rows.train
        if self.train_events is not None:
            train = draw_balanced(train, cache[train, 0], self.train_events, self.seed)
        chosen = rows._replace(train=train)._asdict()
        sources = {split: (cache, of_split, weights) for split, of_split in chosen.items()}
        if test_cache is not None:
            sources["test"] = (test_cache, np.arange(len(test_cache)), test_weights)
        for split, source in sources.items():
            self._require_measurements(split, *source[:2])
        device = self._device(sum(len(rows) for _, rows, _ in sources.values()))
        found = {}
        for split, (events, of_split, given) in sources.items():
            labels = events[of_split, 0]
            signal = int(labels.sum())
            if not 0 < signal < len(labels):
                raise UserError(
                    f"the {split} split of {self._file_of(split)} has {signal:,} signal and "
                    f"{len(labels) - signal:,} background events and needs both: change data.split, its "
                    "fractions or data.train_events"
                )
            of_events = self._weights(split, labels, None if given is None else given[of_split])
            found[split] = Events(events, of_split, device, of_events)
        self.events = found

    def _weights(self, split: str, labels: np.ndarray, given: np.ndarray | None) -> np.ndarray | None:
        """(N,) float32 of the events of a split, in the mean 1; None where all count alike."""
        if given is None and not self.class_balance:
            return None
        weights = np.ones(len(labels)) if given is None else given.astype(float)
        for name, label in LABELS.items():
            of_class = labels == label
            total, num_events = weights[of_class].sum(), int(of_class.sum())
            if not total > 0:
                raise UserError(
                    f"data.weights={self.reading.weights}: {num_events:,} {name} events in the {split} split "
                    f"of {self._file_of(split)} have weights whose sum is {total:g}; correct them, or leave "
                    "data.weights out"
                )
            weights[of_class] *= (len(labels) / 2 if self.class_balance else num_events) / total
        return weights.astype(np.float32)

    def weighting(self) -> dict[str, Any]:
        """What the events are weighed by, for ``metrics.json``; nothing where all count alike."""
        weighted = {} if self.reading.weights is None else {"weighted": self.reading.weights}
        return weighted | ({"class_balance": True} if self.class_balance else {})

    def refuse_negative_weights(self) -> None:
        """Refuse to train with weights below 0, with which the loss has no least value.

        Raises:
            UserError: there are some among the events that train or validate.
        """
        for split in ("train", "val"):
            weights = self.events[split].weights
            if weights is not None and (negative := int((weights < 0).sum())):
                raise UserError(
                    f"data.weights={self.reading.weights}: {negative:,} of {len(weights):,} events in the "
                    f"{split} split of {self._file_of(split)} have weights below 0, with which a loss has no "
                    "least value: train with a column of their absolute values, and evaluate with these"
                )

    def _require_units(self, files: _Names | None, events: np.ndarray) -> None:
        """Look at some events from all over the files: several files may be in several units."""
        step = max(_UNITS_CHUNK, len(events) // _UNITS_CHUNKS)
        for start in range(0, len(events), step):
            found = wrong_units(events[start : start + _UNITS_CHUNK, 1:], self.reading.units, "data.units")
            if found is not None:
                raise UserError(f"{_shown(files)}, from row {start + 1} on: {found}")

    def _require_measurements(self, split: str, events: np.ndarray, rows: np.ndarray) -> None:
        for start in range(0, len(rows), _STATISTICS_CHUNK):
            chunk = rows[start : start + _STATISTICS_CHUNK]
            found = schema.impossible_value(events[chunk, 1:], self.reading.units == "gev")
            if found is not None:
                row = int(chunk[found.row]) + 1 + self.reading.skip_rows
                raise UserError(f"{self._file_of(split)}, row {row}: {found}")

    def _file_of(self, split: str) -> str:
        return _shown(self.test_csv if split == "test" and self.test_csv is not None else self.csv)

    def arrays(self, split: str) -> tuple[np.ndarray, np.ndarray]:
        """All features (N, 21) in HIGGS units and labels (N,) of ``train``, ``val`` or ``test``, as float32.

        Sets the module up, if it is not yet.

        Raises:
            UserError: there is no such split, or see :meth:`setup`.
        """
        if split not in ("train", "val", "test"):
            raise UserError(f"{split!r} is no split: say train, val or test")
        self.setup(split)
        rows = self.events[split].cache[self.events[split].rows]
        return rows[:, 1:], rows[:, 0]

    def frame(self, split: str) -> Any:
        """The events of ``train``, ``val`` or ``test`` as a pandas.DataFrame.

        Its columns are the label (0 or 1) and the 21 features by their names, in HIGGS units; see
        :meth:`arrays`. Where events have weights, the last one is ``weight``, as training and metrics use it.

        Raises:
            UserError: see :meth:`arrays`.
        """
        import pandas as pd  # it takes a third of a second

        features, labels = self.arrays(split)
        frame = pd.DataFrame(features, columns=list(schema.CACHED_COLUMNS[1:]))
        frame.insert(0, schema.LABEL, labels.astype(int))
        weights = self.events[split].weights
        if weights is not None:
            frame["weight"] = weights
        frame.attrs["units"] = "higgs"
        return frame

    def identity(self) -> list[dict[str, Any]]:
        """The name, the number of rows and the CRC-32 of the cached events of each file; of weights too."""
        return [
            {"file": _shown(file), "rows": len(events), "crc32": isal_zlib.crc32(events.data)}
            | ({} if weights is None else {"weights_crc32": isal_zlib.crc32(weights.data)})
            for file, (events, weights) in zip((self.csv, self.test_csv), self._open(), strict=True)
            if events is not None
        ]

    def statistics(self) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of each feature, (21,) each, over the events that define z-scores.

        Of a feature that is the same in all events, or missing in all of them, the deviation is 1.
        """
        splits = [self.events["train"]] if self.statistics_of == "train" else list(self.events.values())
        total = np.zeros((3, schema.NUM_FEATURES))
        for events in splits:
            for start in range(0, len(events), _STATISTICS_CHUNK):
                chunk = events.cache[events.rows[start : start + _STATISTICS_CHUNK], 1:].astype(np.float64)
                known = ~np.isnan(chunk)
                chunk[~known] = 0
                total += known.sum(axis=0), chunk.sum(axis=0), np.square(chunk).sum(axis=0)
        mean, mean_of_squares = total[1:] / np.maximum(total[0], 1)
        variance = mean_of_squares - mean**2
        is_constant = variance <= 1e-12 * mean_of_squares  # but for rounding
        std = np.sqrt(np.where(is_constant, 1.0, variance))
        return torch.from_numpy(mean).float(), torch.from_numpy(std).float()

    def train_dataloader(self) -> EventLoader:
        self._train_loader = batches(self.events["train"], self.batch_size, shuffle_seed=self.seed)
        self._train_loader.load_state_dict(self._position)
        return self._train_loader

    def end_epoch(self) -> None:
        """Let the next epoch begin with its first batch, also where this one was cut short."""
        self._train_loader.order.start_at(0)

    # Lightning 2.6 restores a loader's own state too late once the number of steps has been asked for

    def state_dict(self) -> dict[str, int]:
        return self._train_loader.state_dict()

    def load_state_dict(self, state_dict: dict[str, int]) -> None:
        position = state_dict.get("position")
        if type(position) is not int or position < 0:
            raise ValueError(f"{position!r} batches were trained on")
        self._position = state_dict

    def val_dataloader(self) -> EventLoader:
        return batches(self.events["val"], self.batch_size)

    def test_dataloader(self) -> list[EventLoader]:
        """Every split in the order of its file: train, validation, test."""
        return [batches(events, self.batch_size) for events in self.events.values()]

    def _open(self) -> tuple[Cache, Cache | tuple[None, None]]:
        cache = open_cache(self.csv, self.cache_dir, self.reading)
        if self.test_csv is None:
            return cache, (None, None)
        return cache, open_cache(self.test_csv, self.cache_dir, self.reading, "test_csv")

    def _device(self, num_events: int) -> torch.device | None:
        """The device whose memory is to hold the events, if any is."""
        device = torch.device("cpu") if self.trainer is None else self.trainer.strategy.root_device
        if self.device_resident == "auto":
            size = num_events * (1 + schema.NUM_FEATURES) * 4
            return device if device.type == "cuda" and torch.cuda.mem_get_info(device)[0] > 2 * size else None
        return device if self.device_resident else None
