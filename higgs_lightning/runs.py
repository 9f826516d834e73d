"""The run folder: the names of its files, how it is found, claimed and read.

Nothing else knows these names. What a run folder holds may be a stranger's: it is read as plain data.
"""

import csv
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from filelock import FileLock, Timeout

from higgs_lightning import addresses
from higgs_lightning.configuration import MOST_VALUES, is_small
from higgs_lightning.errors import UserError

#: The folder of all runs, below which ``ckpt=last`` looks.
RUNS = Path("outputs")

CONFIG = "config.yaml"  # resolved
HYDRA = ".hydra"  # the configuration as it was composed, for repeating the run
METRICS = "metrics.json"
HISTORY = "metrics.csv"
PROVENANCE = "provenance.json"
#: Why a job of a sweep failed, in one line.
FAILURE = "failure.txt"
#: The label and the score of each test event, in their order; and its weight, where events have some.
TEST_SCORES = "test_scores.parquet"
PLOTS = "plots"
#: The page that says how good a model is, and its tables as CSV files.
PAGE = "report.html"
TABLES = "tables"
CHECKPOINTS = "checkpoints"
_LOCK = ".lock"
_MOST_EVENTS = 50_000_000  # five times HIGGS
#: What else is a number in ``metrics.json``, beside what is named ``split/metric``.
_NUMBERS = ("parameters", "train_seconds", "seconds", "seed", "epochs", "best_epoch", "temperature")
_LARGEST = 1e300  # of such numbers: Python's may be larger than any float
_MOST_EPOCHS = 1_000_000_000


@dataclass(frozen=True)
class Run:
    """A run folder as it was read.

    Attributes:
        name: what tells it from the others.
        config: its resolved configuration, flat: ``model.num_layers``.
        metrics: of ``metrics.json``; empty for a run that failed or has not ended.
        history: rows of ``metrics.csv``; none for an evaluation.
        labels: (N,) of its test events.
        scores: (N,) of its test events.
        weights: (N,) of its test events; None where all count alike.
        failure: why it has no metrics, or empty.
    """

    name: str
    config: dict[str, Any]
    metrics: dict[str, Any]
    history: list[dict[str, float]]
    labels: np.ndarray
    scores: np.ndarray
    weights: np.ndarray | None
    failure: str


def checkpoint_path(folder: Path, which: str) -> Path:
    """Where a run keeps its checkpoint ``best`` or ``last``."""
    return folder / CHECKPOINTS / f"{which}.ckpt"


def find_checkpoint(ckpt: str | Path, which: str, key: str = "ckpt") -> Path:
    """Path of a checkpoint file.

    Args:
        ckpt: a checkpoint file, a run folder, ``last`` for the run that was written to last, or an address,
            see :mod:`higgs_lightning.addresses`.
        which: the checkpoint to take from a run folder, ``best`` or ``last``.
        key: of the configuration that names it, for the sentence.

    Raises:
        UserError: there is none.
    """
    if str(ckpt) == "last":
        found = list(RUNS.glob(f"**/{CHECKPOINTS}/last.ckpt"))
        if not found:
            raise UserError(f"{key}=last: no run below {RUNS.resolve()} has a checkpoint; give {key}=PATH")
        newest = max(found, key=lambda path: path.stat().st_mtime)
        return checkpoint_path(newest.parent.parent, which)
    if addresses.is_address(ckpt):
        if which == "last":  # wanted by what goes on
            raise UserError(f"{key}={ckpt} is weights alone: begin a new run with init={ckpt}")
        return addresses.fetched(str(ckpt), key)
    path = Path(str(ckpt))
    if os.path.isdir(path):
        path = checkpoint_path(path, which)
    if not os.path.isfile(path):  # unlike Path.is_file also where a folder above may not be entered
        raise UserError(f"{key}={ckpt}: {path} does not exist; give a checkpoint file, a run folder or last")
    return path


def folder_of(ckpt: str | Path) -> Path:
    """The folder of the run that ``ckpt`` belongs to, for a run that continues it."""
    path = find_checkpoint(ckpt, "last").absolute()
    if path.parent.name != CHECKPOINTS:
        raise UserError(f"{path} lies in no run folder to go on in: begin a new run with init={ckpt}")
    return path.parent.parent


def settled(config: dict[str, Any]) -> dict[str, Any]:
    """A configuration in which ``last`` and ``hf://`` are what they mean now: soon they may mean another."""

    def which(key: str, ckpt: Any) -> Any:
        if isinstance(ckpt, list):
            return [which(key, each) for each in ckpt]
        if addresses.is_address(ckpt):
            return addresses.settled(ckpt, key)
        return str(find_checkpoint("last", "last", key).absolute().parent.parent) if ckpt == "last" else ckpt

    return {
        **config,
        **{key: which(key, config[key]) for key in ("ckpt", "init", "teacher") if key in config},
    }


def name_of(ckpt: str | Path) -> str:
    """What a run is called in a title: its folder, or the repository or the file of an address."""
    return addresses.short(str(ckpt)) if addresses.is_address(ckpt) else Path(str(ckpt)).name


@contextmanager
def claimed(folder: Path, goes_on: bool) -> Iterator[None]:
    """Hold a folder for one run. Nothing in it is touched but its lock; what stays empty goes again.

    Args:
        folder: made where it is not there.
        goes_on: a run lies there, which goes on.

    Raises:
        UserError: another process runs in the folder, another run lies there, it can't be made, or what
            goes on there would be written elsewhere.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / _LOCK, timeout=0):
            if not goes_on and holds_run(folder):
                raise UserError(
                    f"{folder} holds a run: go on with it by ckpt={folder}, or give another hydra.run.dir"
                )
            for path in folder.rglob("*"):  # a folder from a stranger, maybe
                if path.is_symlink():
                    raise UserError(f"{path} is a link, and a run writes into its own folder: copy it there")
            try:
                yield
            except BaseException:
                if all(path.name == _LOCK for path in folder.iterdir()):  # nothing came of it
                    (folder / _LOCK).unlink(missing_ok=True)
                    folder.rmdir()
                raise
    except Timeout:
        raise UserError(f"another process trains in {folder}: give this run another hydra.run.dir") from None


def holds_run(folder: Path) -> bool:
    """Whether a run or an evaluation has left something that must not be written over."""
    return any(folder.glob(f"{CHECKPOINTS}/*.ckpt")) or (folder / METRICS).exists()


def require_no_file_of_a_run(key: str, path: Path) -> None:
    """Refuse to write over what a run keeps in its folder.

    Raises:
        UserError: ``path``, which ``key`` gives, is such a file.
    """
    if path.name in (CONFIG, METRICS, HISTORY, PROVENANCE, TEST_SCORES) and holds_run(path.parent):
        raise UserError(f"{key}={path} is the file of a run: give another name")


def config_path(folder: Path) -> Path | None:
    """The configuration of a run; of one that failed at once only Hydra's own is there."""
    return next((p for p in (folder / CONFIG, folder / HYDRA / CONFIG) if p.is_file()), None)


def run_folders(named: str | Path) -> list[Path]:
    """The run folders that a path means: itself, or those right in it.

    Raises:
        UserError: there is none.
    """
    if addresses.is_address(named):
        raise UserError(f"{named} is weights alone: evaluate them first, and give the evaluation's folder")
    path = Path(named)
    if not path.is_dir():
        raise UserError(f"{path} is not a folder; give run folders, or the folder of a sweep")
    if config_path(path):
        return [path]
    found = [child for child in path.iterdir() if child.is_dir() and config_path(child)]
    if not found:
        raise UserError(f"{path} holds no run: neither it nor a folder in it has a {CONFIG}")
    return sorted(found, key=lambda child: (len(child.name), child.name))  # 10 comes after 9


def read_run(folder: Path, name: str) -> Run:
    """Read what a run, or a failed job, left in its folder. What its configuration holds is text and numbers.

    Raises:
        UserError: a file of it is damaged or missing.
    """
    import pyarrow as pa

    failure, metrics, history = "", {}, []
    labels, scores, weights = np.empty(0), np.empty(0), None
    reading = config_path(folder) or folder / CONFIG
    try:
        config = yaml.load(_own(reading).read_text(), _PlainLoader)
        if not isinstance(config, dict):
            raise ValueError("it holds no keys")
        if not is_small(config):
            raise ValueError(f"it holds more than {MOST_VALUES:,} values")
        values = dict(flat(config))
        reading = folder / METRICS
        if reading.exists():
            metrics = _metrics(json.loads(_own(reading).read_text()))
            reading = folder / TEST_SCORES
            labels, scores, weights = _test_scores(reading, metrics)
            reading = folder / HISTORY
            history = read_history(reading)
        else:
            reading = folder / FAILURE
            failure = _own(reading).read_text() if reading.exists() else "it has not ended"
    except (OSError, ValueError, KeyError, RecursionError, yaml.YAMLError, pa.ArrowException) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"{reading} can't be read ({reason}): leave the run {folder} out") from error
    return Run(name, values, metrics, history, labels, scores, weights, failure.strip())


def _test_scores(path: Path, metrics: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Labels, scores and weights, (N,) each, of as many events as the run's metrics say, if they are such."""
    import pyarrow.parquet

    events, has_both = metrics.get("test/events"), metrics.get("test/auc") is not None
    with pyarrow.parquet.ParquetFile(_own(path)) as file:
        rows = file.metadata.num_rows
        # a few bytes of such a file can stand for more rows than any memory holds
        if rows != (rows if events is None else events) or rows > _MOST_EVENTS:
            raise ValueError(f"it has {rows:,} rows, and the run was tested on {events} events")
        has_weights = "weight" in file.schema_arrow.names
        test = file.read(["label", "score", *["weight"][: int(has_weights)]])
    labels, scores, *weights = (column.to_numpy().astype(float) for column in test.columns)
    classes = {*np.unique(labels)}
    if not classes <= {0.0, 1.0} or len(classes) < 1 + has_both or not np.isfinite(scores).all():
        raise ValueError("its labels are not 0 and 1, or a score is not a number")
    if has_weights and not (
        np.isfinite(weights[0]).all() and all(weights[0][labels == each].sum() > 0 for each in classes)
    ):
        raise ValueError("a weight is not a number, or those of a class have no positive sum")
    return labels, scores, weights[0] if weights else None


def _own(path: Path) -> Path:
    """A file of a run folder, if it is the folder's own: a stranger's link could lead anywhere."""
    in_link = path.parent.name == HYDRA and path.parent.is_symlink()
    if path.is_symlink() or in_link or (path.exists() and not path.is_file()):
        raise ValueError("it is a link, or no file")
    return path


class _PlainLoader(yaml.SafeLoader):  # type: ignore[misc]  # PyYAML has no types
    """YAML in which nothing refers to another part, which could stand for more than any memory holds."""

    def compose_node(self, *args: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("a part of it refers to another")
        return super().compose_node(*args)


def _metrics(content: Any) -> dict[str, Any]:
    """The content of a ``metrics.json``, if its numbers are numbers."""
    if not isinstance(content, dict):
        raise ValueError("it holds no metrics")
    for key, value in content.items():
        if is_number(key) and not (isinstance(value, float | None) or _is_small_integer(value)):
            raise ValueError(f"its {key} is {str(value)[:40]!r}")
    return content


def is_number(metric: str) -> bool:
    """Whether what has this name in ``metrics.json`` is a number, or null."""
    return metric in _NUMBERS or "/" in metric


def _is_small_integer(value: Any) -> bool:
    return isinstance(value, int) and abs(value) <= _LARGEST


def read_history(path: Path) -> list[dict[str, float]]:
    """The rows of a run's table of epochs; none where it is not there.

    Raises:
        ValueError: it is no such table.
    """
    if not path.exists():
        return []
    with _own(path).open(newline="") as file:
        rows = list(csv.DictReader(file))
    if any(None in row or not row.get("epoch") for row in rows):
        raise ValueError("a row has no epoch, or more fields than there are names")
    found = [{k: float(value) for k, value in row.items() if value} for row in rows]
    for row in found:
        if not (row["epoch"].is_integer() and 0 <= row["epoch"] < _MOST_EPOCHS):
            raise ValueError(f"an epoch is {row['epoch']:g}")
    return found


def flat(config: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of a nested configuration with its whole name, dots between its parts."""
    for key, value in config.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def own_configuration(
    recorded: dict[str, Any], composed: dict[str, Any], said: Sequence[str]
) -> dict[str, Any]:
    """The configuration of what continues or uses a run: the run's own, but for what the user says now.

    Args:
        recorded: the run's configuration, or some groups of it.
        composed: the command's configuration, from which comes what the run has not.
        said: the keys that the command line decides, see :func:`higgs_lightning.command.said`.
    """
    config: dict[str, Any] = _laid_over(composed, recorded)
    theirs, ours = dict(flat(recorded)), dict(flat(composed))
    for key in said:
        *parents, last = key.split(".")
        if last == "_target_":  # another class: its options are others too
            if theirs.get(key) == ours.get(key):
                continue
            *parents, last = parents
        source: Any = composed
        target: Any = config
        for parent in parents:
            source = source.get(parent, {})
            theirs_is_object = "_target_" in (target.get(parent) or ())
            if not isinstance(target.get(parent), dict) or (theirs_is_object and "_target_" not in source):
                target[parent] = {}
            target = target[parent]
        if last in source:
            target[last] = source[last]
    return config


def _laid_over(below: Any, above: Any) -> Any:
    """``above``, and of ``below`` the keys that it has not; what describes an object is taken whole."""
    if not isinstance(below, dict) or not isinstance(above, dict) or "_target_" in above:
        return above
    return {**below, **{key: _laid_over(below.get(key), value) for key, value in above.items()}}


def recorded_data(folder: Path) -> Any:
    """The identity of the data of a run's latest start, by its ``provenance.json``; None without one."""
    path = folder / PROVENANCE
    try:
        return identity_of(json.loads(path.read_text())[-1]["data"]) if path.is_file() else None
    except (OSError, ValueError, KeyError, IndexError, TypeError):
        return None


def identity_of(data: Any) -> list[dict[str, Any]] | None:
    """The identity of some data as a file holds it, see HiggsDataModule.identity; None of anything else."""
    try:
        return [
            {"file": str(each["file"]), "rows": int(each["rows"]), "crc32": int(each["crc32"])}
            for each in data
        ]
    except (ValueError, KeyError, TypeError, OverflowError):  # the last of a number without end
        return None
