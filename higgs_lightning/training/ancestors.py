"""What a model has learned from: the events of its training, of the weights it began with, of its teacher.

Each training puts those of the runs that it builds on into its checkpoints, so that none of them must be at
hand when the model is tested.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from higgs_lightning import runs
from higgs_lightning.addresses import is_address
from higgs_lightning.configuration import as_data
from higgs_lightning.data import HiggsDataModule
from higgs_lightning.data.seen import SeenEvents, names_several, seen_events
from higgs_lightning.errors import UserError, one_line
from higgs_lightning.evaluation.page import Unknown
from higgs_lightning.files import output_file
from higgs_lightning.models.weights import load_checkpoint, recorded_trainings, save_model

#: Of a checkpoint: the trainings that came before its own.
ANCESTORS = "ancestors"
#: Options of data that don't tell which of its events were trained on.
_OF_A_MACHINE = ("_target_", "csv", "test_csv", "dir", "device_resident")


def ancestors_of(config: Mapping[str, Any], resume: Path | None) -> list[dict[str, Any]]:
    """The trainings behind a run, plain data: ``file``, ``data`` (its identity) and ``options`` of its data.

    Args:
        config: of the run.
        resume: the checkpoint that it goes on with.

    Raises:
        UserError: a run that it names is not there, or what one says of trainings is damaged.
    """
    if resume is None:
        return [each for ckpt in _before(config) for each in trainings_of(ckpt, "init or teacher")]
    checkpoint = load_checkpoint(resume)
    teachers = [] if config["teacher"] == checkpoint["config"].get("teacher") else _members(config["teacher"])
    new = [each for ckpt in teachers if ckpt != "pretrained" for each in trainings_of(ckpt, "teacher")]
    return [*_recorded_ancestors(checkpoint, resume), *new]


def _recorded_ancestors(checkpoint: Mapping[str, Any], path: Path) -> list[dict[str, Any]]:
    """Those that a checkpoint holds; one of an earlier version holds none, and only names are known."""
    unknown: list[dict[str, Any]] = [
        {"file": str(ckpt), "data": None, "options": {}} for ckpt in _before(checkpoint["config"])
    ]
    recorded = checkpoint.get(ANCESTORS, unknown)
    return _checked(recorded if isinstance(recorded, list) else [recorded], path)


def _checked(trainings: Sequence[Any], path: Path) -> list[dict[str, Any]]:
    """What a file says of trainings, once it is known that :func:`_read` can read it.

    Raises:
        UserError: it is damaged.
    """
    try:
        for training in trainings:
            _read(training)
    except (TypeError, LookupError, ValueError) as error:
        raise UserError(
            f"{path}: what it says of the events behind its weights is damaged: it is not to be trusted"
        ) from error
    return list(trainings)


def _before(config: Mapping[str, Any]) -> list[Any]:
    """The runs that a run names as its beginning and its teachers, but for the package's own weights."""
    named = [config.get("init"), *_members(config.get("teacher"))]
    return [ckpt for ckpt in named if ckpt not in (None, "pretrained")]


def _members(ckpt: Any) -> list[Any]:
    return ckpt if isinstance(ckpt, list) else [ckpt]


def trainings_of(ckpt: str | Path, key: str = "ckpt", is_alone: bool = False) -> Iterator[dict[str, Any]]:
    """The trainings behind the weights of a run: its own and its ancestors'.

    Args:
        ckpt: the run.
        key: of the configuration that names it, for the sentence.
        is_alone: whether the file holds nothing but weights, so that nothing is known of them.

    Raises:
        UserError: there is no such run, or what it says of trainings is damaged.
    """
    path = runs.find_checkpoint(ckpt, "best", key)
    if is_alone or path.suffix == ".safetensors":
        unknown: dict[str, Any] = {
            "file": str(ckpt if is_address(ckpt) else path),
            "data": None,
            "options": {},
        }
        yield from ([] if is_alone else _checked(recorded_trainings(path), path)) or [unknown]
        return
    checkpoint = load_checkpoint(path)
    config = checkpoint["config"]
    data = config.get("data") if isinstance(config.get("data"), dict) else {}
    options = {key: value for key, value in data.items() if key not in _OF_A_MACHINE}
    if names_several(data.get("csv")):
        options["csv"] = data["csv"]
    identity = checkpoint.get("data") or runs.recorded_data(path.parent.parent)
    yield from _checked([{"file": str(path), "data": identity, "options": options}], path)
    yield from _recorded_ancestors(checkpoint, path)


def _without_paths(training: dict[str, Any], name: str) -> dict[str, Any]:
    """One of :func:`trainings_of` for others: rows and checksums tell the events, wherever they lie."""
    _, data, options = _read(training)
    return {
        "file": name,
        "data": data and [{**each, "file": names_of(each["file"])} for each in data],
        "options": {key: value for key, value in options.items() if key != "csv"},
    }


def _read(training: Any) -> tuple[str, list[dict[str, Any]] | None, dict[str, Any]]:
    """File, identity of the data, None where it is not known, and options of one of :func:`trainings_of`."""
    path, identity, options = training["file"], training["data"], training["options"]
    if not isinstance(path, str) or (identity is not None and runs.identity_of(identity) is None):
        raise ValueError("no file or no identity")
    read: dict[str, Any] = as_data({"data": options}, path, {})["data"]
    if not isinstance(read, dict):
        raise TypeError("options without names")
    return path, runs.identity_of(identity or 0), read


def names_of(files: str) -> str:
    """The names of the files of an identity, without their folders."""
    return ", ".join(Path(each).name for each in files.split(", "))


def save_weights(
    ckpt: str | Path | Sequence[str | Path],
    output: str | Path,
    model_class: str | None = None,
    name: str | None = None,
) -> None:
    """Write the weights of a run, or the average of several runs', and which events they were trained on.

    Args:
        ckpt: as for :func:`~higgs_lightning.models.weights.save_model`.
        output: a .safetensors file, which is safe to give away: it holds no path.
        model_class: as for :func:`~higgs_lightning.models.weights.save_model`.
        name: by which others will have the weights; the file's own by default.

    Raises:
        UserError: there is no such run, it can't be read, models differ, or the file can't be written.
    """
    path = output_file("output", str(output), (".safetensors",))
    members = [ckpt] if isinstance(ckpt, str | Path | int) else list(ckpt)  # 12 may be a folder
    known = [each for each in members if str(each) != "pretrained"]
    trainings = [_without_paths(each, name or path.name) for run in known for each in trainings_of(run)]
    once = [each for number, each in enumerate(trainings) if each not in trainings[:number]]
    save_model(members, path, once, model_class)


def seen_by(trainings: Sequence[Any], datamodule: HiggsDataModule) -> list[SeenEvents]:
    """Look for the test events of ``datamodule`` among those of some trainings, see :func:`trainings_of`."""
    found = []
    for training in trainings:
        path, identity, options = _read(training)
        here = {"dir": datamodule.cache_dir.parent}
        found.append(seen_events({**options, **here}, identity, path, datamodule))
    return found


def most_trained_on(seen: Sequence[SeenEvents]) -> int | Unknown:
    """The most of the test events that any training had, if that is known of each of them, and of any."""
    most = 0
    for each in seen:
        if each.trained_on is None:
            return Unknown(f"which events {one_line(each.path)} was trained on is not known")
        most = max(most, each.trained_on)
    return most if seen else Unknown("the weights in the package don't say which events they were trained on")


def tell(seen: Sequence[SeenEvents], allowed: bool) -> None:
    """Say what is known of the test events' part in training, where nobody overlooks it.

    Raises:
        UserError: the model was trained on some of them, and that is not allowed.
    """
    for each in seen:
        if each.trained_on and not allowed:
            raise UserError(
                f"{each.path} was trained on {each.trained_on:,} of the {each.tested:,} test events, whose "
                "metrics would flatter it: test it on others (a run's own are its own choice: say nothing of "
                "data), or say allow_seen_events=true"
            )
        if each.remark:
            console = Console(stderr=True)
            remark = Text(one_line(each.remark))  # it names files of a stranger's, maybe
            console.print(Panel(remark, title="other events than the run's", border_style="red"))
