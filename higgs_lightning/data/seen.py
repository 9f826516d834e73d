"""Whether a model was trained on the events that are to test it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from higgs_lightning.data.batches import Events
from higgs_lightning.data.datamodule import HiggsDataModule
from higgs_lightning.errors import UserError

_CHUNK = 1_000_000  # rows
# 2^64 / the golden ratio: Fibonacci hashing (D. Knuth, The Art of Computer Programming 3, 6.4)
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class SeenEvents:
    """What is known of the part that test events had in a training.

    Attributes:
        path: of the checkpoint, or its address.
        trained_on: how many of the test events; None where it can't be told.
        tested: how many test events there are.
        remark: what the reader of the metrics must know, or nothing.
    """

    path: str
    trained_on: int | None
    tested: int
    remark: str


def seen_in_training(datamodule: HiggsDataModule) -> SeenEvents:
    """Look for test events among the training events at hand: a second file may hold some of the first's."""
    train, test = datamodule.events["train"], datamodule.events["test"]
    trained_on = 0  # of one file, no row is in two splits
    if datamodule.test_csv is not None:
        trained_on = int(np.isin(keys(test), keys(train)).sum())
    remark = f"{trained_on:,} of the {len(test):,} test events are trained on" if trained_on else ""
    return SeenEvents("this run", trained_on, len(test), remark)


def seen_events(
    options: Mapping[str, Any],
    identity: Sequence[Mapping[str, Any]] | None,
    path: str,
    datamodule: HiggsDataModule,
) -> SeenEvents:
    """Look for the test events of ``datamodule`` among those that a run was trained on.

    In the run's own file by their rows; in another by what they hold, bit for bit.

    Args:
        options: of the run's data module; where a single file is is not looked at.
        identity: of the run's data, see :meth:`~higgs_lightning.data.HiggsDataModule.identity`; None where
            it is not known.
        path: of the run's checkpoint, or its address.
        datamodule: the events at hand.
    """
    datamodule.setup("test")
    test = datamodule.events["test"]
    at_hand = datamodule.identity()
    if identity is None:
        remark = f"{path} does not say its training events, and so not whether these are among them"
        return SeenEvents(path, None, len(test), remark)
    is_same = _same(identity, at_hand)
    remark = (
        ""
        if is_same
        else f"{path} was trained on {identity[0]['rows']:,} events of {identity[0]['file']}; "
        f"these are {at_hand[0]['rows']:,} of {at_hand[0]['file']}."
    )
    csv = options.get("csv")
    options = {key: value for key, value in options.items() if key not in ("_target_", "csv", "test_csv")}
    # files of the same events may lie elsewhere by now, in another format
    file = csv if names_several(csv) else identity[0]["file"]
    if _same(identity[:1], at_hand[:1]):
        file = datamodule.csv
        options |= {name: value for name, value in asdict(datamodule.reading).items() if name != "prefix"}
    test_file = None if len(identity) == 1 else identity[1]["file"]
    if test_file is not None and not Path(test_file).is_file():
        test_file = file  # it makes no difference to the rows that are trained on
    try:
        run_data = HiggsDataModule(
            **{**options, "csv": file, "test_csv": test_file, "device_resident": False}
        )
        is_known = _same(identity[:1], run_data.identity()[:1])
        run_data.setup("fit")
    except (UserError, TypeError, ValueError):
        is_known = False
    if not is_known:
        remark += (
            " That file is not at hand, so whether test events are among its training events is not known."
        )
        return SeenEvents(path, None, len(test), remark.strip())
    train = run_data.events["train"]
    if _same(identity[:1], at_hand[-1:]):  # the file that the test events are of
        trained_on = len(np.intersect1d(train.rows, test.rows, assume_unique=True))
    else:
        trained_on = int(np.isin(keys(test), keys(train)).sum())
        if run_data.reading.units != datamodule.reading.units:  # so that digits of the same event differ
            which = "more" if trained_on else "test events"
            remark += (
                f" These are in units={datamodule.reading.units} and those in {run_data.reading.units}, so "
                f"whether {which} are among its training events is not known."
            )
            if not trained_on:
                return SeenEvents(path, None, len(test), remark.strip())
    if remark and not trained_on:
        remark += " None of the test events is among its training events."
    if trained_on:
        remark = f"{path} was trained on {trained_on:,} of the {len(test):,} test events. {remark}".strip()
    return SeenEvents(path, trained_on, len(test), remark)


def names_several(csv: Any) -> bool:
    """Whether a recorded ``data.csv`` names several files, of which an identity has one name."""
    return isinstance(csv, list) or (isinstance(csv, dict) and "_target_" not in csv)


def _same(one: Sequence[Mapping[str, Any]], other: Sequence[Mapping[str, Any]]) -> bool:
    return [(each["rows"], each["crc32"]) for each in one] == [
        (each["rows"], each["crc32"]) for each in other
    ]


def keys(events: Events) -> np.ndarray:
    """A number of 64 bits for each event, (M,), the same for the same features whatever its label."""
    found = np.empty(len(events), np.uint64)
    for start in range(0, len(events), _CHUNK):
        rows = events.rows[start : start + _CHUNK]
        bits = np.ascontiguousarray(events.cache[rows, 1:]).view(np.uint32)
        key = np.zeros(len(rows), np.uint64)
        for column in bits.T:
            key = (key ^ column) * _MULTIPLIER
            key ^= key >> np.uint64(29)
        found[start : start + _CHUNK] = key
    return found
