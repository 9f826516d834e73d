"""Weights: how a trained model comes back from a file, and how it is written as one.

A checkpoint holds tensors and plain data only and is read with ``weights_only=True``. The resolved
configuration of its run travels in it under ``config``, and what it says of the model is data too: the name
of one of this package's classes, and numbers for it. A stranger's file can execute nothing.
"""

import inspect
import json
import math
import zlib
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, NamedTuple
from zipfile import BadZipFile, ZipFile

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from higgs_lightning import models
from higgs_lightning.configuration import LARGEST_SIZE, NAMED, as_data, as_written, is_small
from higgs_lightning.errors import UserError, one_line
from higgs_lightning.files import replaced
from higgs_lightning.models.base import Model
from higgs_lightning.models.ensemble import Ensemble
from higgs_lightning.runs import find_checkpoint, identity_of

#: Values in a checkpoint, of which an optimizer's state has a few for each weight.
_MOST_VALUES = 1_000_000

#: The weights that come with the package, trained on simulated events alone.
PRETRAINED = Path(str(files("higgs_lightning") / "pretrained.safetensors"))


class Weights(NamedTuple):
    """The weights of a model, as a file holds them.

    Attributes:
        config: of the model: its class under ``_target_``, and the class's arguments.
        tensors: by their names in the model's state dict.
        path: the file.
        is_alone: whether the file holds nothing but tensors, and the configuration is the user's own.
    """

    config: dict[str, Any]
    tensors: dict[str, Tensor]
    path: Path
    is_alone: bool = False

    @property
    def source(self) -> str:
        """Where the configuration is from, see :func:`build_model`."""
        return "" if self.is_alone else str(self.path)


def _load(path: Path) -> Any:
    """What is in a file of ``torch.save``'s, on the CPU: tensors and plain data."""
    try:
        with ZipFile(path) as archive:  # torch looks at no checksum, and writes nothing compressed
            if sum(entry.file_size for entry in archive.infolist()) > path.stat().st_size:
                raise BadZipFile("it says that it holds more than it does")
            if archive.testzip() is not None:
                raise BadZipFile("a checksum is wrong")
        content: Any = torch.load(path, map_location="cpu", weights_only=True)
    except (BadZipFile, UnpicklingError, RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        raise UserError(
            f"{path} is not a readable checkpoint: damaged, or not tensors and plain data"
        ) from error
    if not _holds_what_it_says(content, path.stat().st_size):
        raise UserError(f"{path} says that it holds more than it does: it is not to be trusted")
    return content


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint onto the CPU; nothing in it is executed.

    Raises:
        UserError: the file is damaged, is no checkpoint of this project, or holds anything but plain data.
    """
    checkpoint = _load(path)
    if not isinstance(checkpoint, dict) or not {"config", "state_dict"} <= checkpoint.keys():
        raise UserError(
            f"{path} is not a checkpoint of higgs_lightning: it holds no config beside its weights; "
            "of weights alone, tell evaluate the model, as in model=seed model.num_layers=2"
        )
    if not isinstance(checkpoint["config"], dict) or not isinstance(checkpoint["state_dict"], dict):
        raise UserError(f"{path} is not a checkpoint of higgs_lightning: its config or weights have no names")
    if "data" in checkpoint and identity_of(checkpoint["data"]) is None:
        raise UserError(f"{path} is not a checkpoint of higgs_lightning: its data have no rows and checksum")
    return checkpoint


def _holds_what_it_says(content: Any, size: int) -> bool:
    """Whether what was read from a file of ``size`` bytes takes no more memory, gone through piece by piece.

    One number can stand for many in a tensor, one tensor for many weights, one list for many lists.
    """
    pending: list[Any] = [content]
    values = 0
    while pending:
        value = pending.pop()
        if isinstance(value, Tensor):
            size -= value.numel() * value.element_size()
        elif isinstance(value, dict | list | tuple):
            pending += value.values() if isinstance(value, dict) else value
            values += len(value)
        if size < 0 or values > _MOST_VALUES:
            return False
    return True


def read_weights(ckpt: str | Path, model_class: str | None = None, key: str = "ckpt") -> Weights:
    """The model's configuration and its weights; nothing is executed.

    Args:
        ckpt: ``pretrained`` for the weights that come with the package, a run folder (its best weights are
            taken), a checkpoint or .safetensors file, ``last``, or an address of a .safetensors file, see
            :mod:`higgs_lightning.addresses`.
        model_class: the import path of a model class from outside of this package that the file may name.
        key: of the configuration that names it, for the sentence.

    Raises:
        UserError: there is no such file, it can't be read, or it names another class.
    """
    path = PRETRAINED if str(ckpt) == "pretrained" else find_checkpoint(ckpt, "best", key)
    if path.suffix == ".safetensors":
        try:
            with safe_open(path, "pt") as file:
                metadata = file.metadata() or {}
                config: Any = json.loads(metadata["model"])
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            if metadata.get("crc32", checksum(tensors)) != checksum(tensors):  # the format itself has none
                raise ValueError("a checksum is wrong")
        except (SafetensorError, KeyError, ValueError, RecursionError, OSError) as error:
            raise UserError(f"{path} is damaged, or holds no weights of higgs_lightning") from error
    else:
        checkpoint, prefix = load_checkpoint(path), "model."
        config = checkpoint["config"].get("model")
        tensors = {
            name.removeprefix(prefix): tensor
            for name, tensor in checkpoint["state_dict"].items()
            if str(name).startswith(prefix)
        }
    return Weights(model_as_data(config, path, model_class), tensors, path)


def read_weights_alone(ckpt: str | Path, config: Mapping[str, Any]) -> Weights:
    """Weights out of a file that holds nothing else, a state dict, such as the original notebook's.

    Args:
        ckpt: the file.
        config: of the model, which the file does not say: its class under ``_target_``, and its arguments.

    Raises:
        UserError: there is no such file, it can't be read, or it holds anything else.
    """
    path = PRETRAINED if str(ckpt) == "pretrained" else find_checkpoint(ckpt, "best")
    tensors = {} if path.suffix == ".safetensors" else _load(path)
    if not isinstance(tensors, dict) or "config" in tensors or path.suffix == ".safetensors":
        raise UserError(f"{path} says itself what model it holds, or holds no weights: leave model= away")
    for name, tensor in tensors.items():
        if not isinstance(tensor, Tensor):
            raise UserError(f"{path} holds a {type(tensor).__name__} as {one_line(name)}, not weights alone")
    return Weights(dict(config), tensors, path, is_alone=True)


def model_as_data(config: Any, path: Path, model_class: str | None = None) -> dict[str, Any]:
    """A model's configuration out of a file, see :func:`~higgs_lightning.configuration.as_data`."""
    allowed = {} if model_class is None else {"model": model_class}
    read: dict[str, Any] = as_data({"model": config}, str(path), allowed)["model"]
    if not isinstance(read, dict) or "_target_" not in read:
        raise UserError(f"{path} names no model: it is not a file of higgs_lightning")
    return read


def require_same_model(
    config: dict[str, Any], recorded: dict[str, Any], path: Path, mend: str = "give the same model options"
) -> None:
    """Refuse to put weights into another model than theirs; dropout may differ, it has no weights.

    An option that one does not name, as earlier versions had fewer, has its class's default.

    Args:
        config: of the model.
        recorded: of the model that the weights were trained in.
        path: where they are, for the sentence.
        mend: what to do about it.

    Raises:
        UserError: an option differs.
    """
    if config["_target_"] == recorded.get("_target_"):
        parameters = inspect.signature(model_class_of(config)).parameters.values()
        defaults = {each.name: each.default for each in parameters if each.default is not each.empty}
        config, recorded = {**defaults, **config}, {**defaults, **recorded}
    differing = {key for key, value in config.items() if recorded.get(key) != value} - {"dropout"}
    if differing:
        key = min(differing)
        raise UserError(f"{path} was trained with model.{key}={as_written(recorded.get(key))}: {mend}")


def model_class_of(config: dict[str, Any]) -> type[Model]:
    """The class that a model's configuration names: one of this package's, or what its import path leads to.

    Raises:
        UserError: there is no such class, or it is no :class:`~higgs_lightning.models.Model`.
    """
    target = str(config.get("_target_"))
    module, _, name = target.rpartition(".")
    if target in NAMED["model"]:
        found: Any = getattr(models, name)
    else:
        try:
            found = getattr(import_module(module), name)
        except (ImportError, AttributeError, ValueError) as error:
            raise UserError(f"model._target_={target} can't be imported: {one_line(error)}") from error
    if not (isinstance(found, type) and issubclass(found, Model)):
        raise UserError(f"model._target_={target} is no subclass of higgs_lightning.models.Model")
    return found


def build_model(config: dict[str, Any], source: str = "") -> Model:
    """A new model from its configuration.

    Args:
        config: its class under ``_target_`` and the class's arguments.
        source: the file that the configuration is from, for the sentence; nothing for the command's own.

    Raises:
        UserError: an argument is none of the class, is of another type, or is out of bounds.
    """
    model_class = model_class_of(config)
    prefix = f"{source}: " if source else ""
    arguments = {key: value for key, value in config.items() if key != "_target_"}
    parameters = inspect.signature(model_class).parameters
    takes_all = any(each.kind is each.VAR_KEYWORD for each in parameters.values())
    for key, value in arguments.items():
        if key not in parameters and not takes_all:
            if source:
                raise UserError(_other_version(source))
            raise UserError(f"model.{key} is no option of {model_class.__name__}: see conf/model/")
        words = _refusal(model_class, key, parameters[key].annotation, value) if key in parameters else ""
        if words:
            raise UserError(f"{prefix}model.{key}={value}: give {words}")
    try:
        return model_class(**arguments)
    except (ValueError, TypeError) as error:
        raise UserError(f"{prefix}{one_line(error)}") from error


def _other_version(source: str) -> str:
    return f"{source} holds a model of another version of higgs_lightning: train it again"


def _refusal(model_class: type[Model], key: str, annotation: Any, value: Any) -> str:
    """What to give instead of a value, or nothing where it fits."""
    if annotation is bool:
        return "" if isinstance(value, bool) else "true or false"
    if annotation is int:
        least = model_class.least_sizes.get(key, 1)
        fits = type(value) is int and least <= value <= LARGEST_SIZE
        return "" if fits else f"a whole number from {least} to {LARGEST_SIZE}"
    if annotation is float:
        is_number = type(value) in (int, float) and math.isfinite(value)
        if key == "dropout":
            return "" if is_number and 0 <= value < 1 else "a number from 0 below 1"
        return "" if is_number else "a number"
    return ""


def load_model(
    ckpt: str | Path | Sequence[str | Path],
    model_class: str | None = None,
    key: str = "ckpt",
    model: Mapping[str, Any] | None = None,
) -> Model:
    """The trained model of a run, ready to score: ``load_model("outputs/2026-11-23/12-00-00")``.

    Args:
        ckpt: as for :func:`read_weights`; ``pretrained`` needs no run. Several of them, which must be of the
            same model, are an :class:`~higgs_lightning.models.Ensemble`.
        model_class: as for :func:`read_weights`.
        key: as for :func:`read_weights`.
        model: the configuration of the model where the files hold weights alone, see
            :func:`read_weights_alone`.

    Returns:
        The model in evaluation mode, on the CPU. It takes features (B, 21) in HIGGS units.

    Raises:
        UserError: there is no such file, it can't be read, or models differ.
    """
    if model is None:
        members = _read_members(ckpt, model_class, key)
    else:
        members = [read_weights_alone(each, model) for each in _each(ckpt, key)]
    loaded = [_with_weights(member) for member in members]
    return loaded[0] if len(loaded) == 1 else Ensemble(loaded).eval()


def _each(ckpt: str | Path | Sequence[str | Path], key: str) -> Sequence[str | Path]:
    each = [ckpt] if isinstance(ckpt, str | Path | int) else ckpt
    if not each:
        raise UserError(f"{key}=[]: name at least one run")
    return each


def _read_members(
    ckpt: str | Path | Sequence[str | Path], model_class: str | None = None, key: str = "ckpt"
) -> list[Weights]:
    """The weights of one run or of several, which are of the same model."""
    members = [read_weights(each, model_class, key) for each in _each(ckpt, key)]
    for member in members[1:]:
        mend = f"{members[0].path} was not, and a mean is of runs of one model, so leave one of them out"
        require_same_model(members[0].config, member.config, member.path, mend)
    return members


def _with_weights(weights: Weights) -> Model:
    require_room(weights)
    model = build_model(weights.config, weights.source)
    load_weights(model, weights)
    return model.eval()


def require_room(weights: Weights) -> None:
    """Refuse a model of this package that does not fit the weights beside it, before memory is asked for.

    Raises:
        UserError: it does not.
    """
    # the package's own file is no stranger's, and the meta device takes half a second to import
    if weights.path == PRETRAINED or weights.config["_target_"] not in NAMED["model"]:
        return
    with torch.device("meta"):  # shapes alone
        _require_fit(build_model(weights.config, weights.source), weights)


def _require_fit(model: Model, weights: Weights) -> None:
    def forms(tensors: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: (each.shape, each.is_floating_point(), each.layout) if isinstance(each, Tensor) else None
            for name, each in tensors.items()
        }

    wanted, found = forms(model.state_dict()), forms(weights.tensors)
    if wanted == found:
        return
    if not weights.is_alone:
        raise UserError(_other_version(str(weights.path)))
    name = next(name for name in {**wanted, **found} if wanted.get(name) != found.get(name))
    words = "no" if name not in found else "a" if name not in wanted else "another"
    raise UserError(
        f"{weights.path} has {words} {one_line(name)}, unlike {type(model).__name__} with these options: "
        "give those that it was trained with, as in model.num_layers=2 model.standardize=false"
    )


def load_weights(model: Model, weights: Weights) -> None:
    """Put weights into a model of the same options.

    Raises:
        UserError: they don't fit, or are no numbers.
    """
    _require_fit(model, weights)
    wrong = [name for name, tensor in weights.tensors.items() if tensor.is_meta]
    if not wrong:
        model.load_state_dict(weights.tensors)
        # those of the model: what is finite in another type may not be in its own
        wrong = [name for name, tensor in model.state_dict().items() if not torch.isfinite(tensor).all()]
    if wrong:
        raise UserError(
            f"{weights.path}: its weights {wrong[0]} are not finite: damaged, or of a run that diverged"
        )


def save_model(
    ckpt: str | Path | Sequence[str | Path],
    output: str | Path,
    trainings: Sequence[Mapping[str, Any]] = (),
    model_class: str | None = None,
) -> None:
    """Write the weights of a run and the configuration of its model as one .safetensors file.

    Of several runs, the average of their weights is written (M. Wortsman et al., *Model soups*, ICML 2022).
    It is one model, as quick as each of them, and good where they began with the same weights.

    Args:
        ckpt: as for :func:`load_model`.
        output: the file.
        trainings: what the weights were trained on, as
            :func:`~higgs_lightning.training.ancestors.trainings_of` says it and finds it there again.
        model_class: as for :func:`read_weights`.

    Raises:
        UserError: there is no such run, it can't be read, or models differ.
    """
    members = _read_members(ckpt, model_class)
    states = [_with_weights(member).state_dict() for member in members]
    tensors = {name: _average([state[name] for state in states]) for name in states[0]}
    with replaced(Path(output)) as partial:
        metadata = {"model": json.dumps(members[0].config), "crc32": checksum(tensors)}
        if trainings:
            metadata["trainings"] = json.dumps(trainings)
        save_file(tensors, partial, metadata)


def _average(tensors: Sequence[Tensor]) -> Tensor:
    """Of tensors of one shape and type; whole numbers, such as steps, are the first one's."""
    if len(tensors) == 1 or not tensors[0].is_floating_point():
        return tensors[0].clone(memory_format=torch.contiguous_format)  # two names may share one
    return torch.stack([each.double() for each in tensors]).mean(0).to(tensors[0].dtype)


def recorded_trainings(path: Path) -> list[Any]:
    """What a .safetensors file says of its trainings, see :func:`save_model`, as it says it; or nothing.

    Raises:
        UserError: the file is damaged.
    """
    try:
        with safe_open(path, "pt") as file:
            trainings: Any = json.loads((file.metadata() or {}).get("trainings", "[]"))
        if not isinstance(trainings, list) or not is_small(trainings):
            raise ValueError("no list, or an endless one")
    except (SafetensorError, ValueError, RecursionError, OSError) as error:
        raise UserError(f"{path} is damaged, or holds no weights of higgs_lightning") from error
    return trainings


def checksum(tensors: Mapping[str, Tensor]) -> str:
    """The CRC-32 of the bytes of some tensors, in the order of their names."""
    crc = 0
    for name in sorted(tensors):
        crc = zlib.crc32(tensors[name].contiguous().flatten().view(torch.uint8).numpy().data, crc)
    return f"{crc:08x}"
