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
from higgs_lightning.configuration import LARGEST_SIZE, NAMED, as_data
from higgs_lightning.errors import UserError, one_line
from higgs_lightning.files import replaced
from higgs_lightning.models.base import Model
from higgs_lightning.models.ensemble import Ensemble
from higgs_lightning.runs import find_checkpoint, identity_of

#: The weights that come with the package, trained on simulated events alone.
PRETRAINED = Path(str(files("higgs_lightning") / "pretrained.safetensors"))


class Weights(NamedTuple):
    """The weights of a model, as a file holds them.

    Attributes:
        config: of the model: its class under ``_target_``, and the class's arguments.
        tensors: by their names in the model's state dict.
        path: the file.
    """

    config: dict[str, Any]
    tensors: dict[str, Tensor]
    path: Path


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint onto the CPU; nothing in it is executed.

    Raises:
        UserError: the file is damaged, is no checkpoint of this project, or holds anything but plain data.
    """
    try:
        with ZipFile(path) as archive:  # torch looks at no checksum, and writes nothing compressed
            if sum(entry.file_size for entry in archive.infolist()) > path.stat().st_size:
                raise BadZipFile("it says that it holds more than it does")
            if archive.testzip() is not None:
                raise BadZipFile("a checksum is wrong")
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    except (BadZipFile, UnpicklingError, RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        raise UserError(
            f"{path} is not a readable checkpoint: damaged, or not tensors and plain data"
        ) from error
    if not isinstance(checkpoint, dict) or not {"config", "state_dict"} <= checkpoint.keys():
        raise UserError(
            f"{path} is not a checkpoint of higgs_lightning: it holds no config beside its weights"
        )
    if not isinstance(checkpoint["config"], dict) or not isinstance(checkpoint["state_dict"], dict):
        raise UserError(f"{path} is not a checkpoint of higgs_lightning: its config or weights have no names")
    if "data" in checkpoint and identity_of(checkpoint["data"]) is None:
        raise UserError(f"{path} is not a checkpoint of higgs_lightning: its data have no rows and checksum")
    return checkpoint


def read_weights(ckpt: str | Path, model_class: str | None = None) -> Weights:
    """The model's configuration and its weights; nothing is executed.

    Args:
        ckpt: ``pretrained`` for the weights that come with the package, a run folder (its best weights are
            taken), a checkpoint or .safetensors file, or ``last``.
        model_class: the import path of a model class from outside of this package that the file may name.

    Raises:
        UserError: there is no such file, it can't be read, or it names another class.
    """
    path = PRETRAINED if str(ckpt) == "pretrained" else find_checkpoint(ckpt, "best")
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


def model_as_data(config: Any, path: Path, model_class: str | None = None) -> dict[str, Any]:
    """A model's configuration out of a file, see :func:`~higgs_lightning.configuration.as_data`."""
    allowed = {} if model_class is None else {"model": model_class}
    read: dict[str, Any] = as_data({"model": config}, str(path), allowed)["model"]
    if not isinstance(read, dict) or "_target_" not in read:
        raise UserError(f"{path} names no model: it is not a file of higgs_lightning")
    return read


def require_same_model(config: dict[str, Any], recorded: dict[str, Any], path: Path) -> None:
    """Refuse to put weights into another model than theirs; dropout may differ, it has no weights.

    Raises:
        UserError: an option differs.
    """
    differing = {key for key, value in config.items() if recorded.get(key) != value} - {"dropout"}
    if differing:
        key = min(differing)
        raise UserError(
            f"{path} was trained with model.{key}={recorded.get(key)}: give the same model options"
        )


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


def load_model(ckpt: str | Path | Sequence[str | Path], model_class: str | None = None) -> Model:
    """The trained model of a run, ready to score: ``load_model("outputs/2026-11-23/12-00-00")``.

    Args:
        ckpt: as for :func:`read_weights`; ``pretrained`` needs no run. Several of them, which must be of the
            same model, are an :class:`~higgs_lightning.models.Ensemble`.
        model_class: as for :func:`read_weights`.

    Returns:
        The model in evaluation mode, on the CPU. It takes features (B, 21) in HIGGS units.

    Raises:
        UserError: there is no such file, it can't be read, or models differ.
    """
    members = [read_weights(c, model_class) for c in ([ckpt] if isinstance(ckpt, str | Path | int) else ckpt)]
    if not members:
        raise UserError("ckpt=[]: name at least one run")
    for member in members[1:]:
        require_same_model(members[0].config, member.config, member.path)
    loaded = [_with_weights(member) for member in members]
    return loaded[0] if len(loaded) == 1 else Ensemble(loaded).eval()


def _with_weights(weights: Weights) -> Model:
    path = str(weights.path)
    if weights.config["_target_"] in NAMED["model"]:
        # one number can stand for many in a file's tensor, and one tensor for many weights
        tensors = [each for each in weights.tensors.values() if isinstance(each, Tensor)]
        if sum(each.numel() * each.element_size() for each in tensors) > weights.path.stat().st_size:
            raise UserError(f"{path} says that it holds more weights than it does: it is not to be trusted")
        with torch.device("meta"):  # shapes alone: what does not fit the file's weights gets no memory
            _require_fit(build_model(weights.config, path), weights)
    model = build_model(weights.config, path)
    load_weights(model, weights)
    return model.eval()


def _require_fit(model: Model, weights: Weights) -> None:
    def forms(tensors: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: (each.shape, each.is_floating_point(), each.layout) if isinstance(each, Tensor) else None
            for name, each in tensors.items()
        }

    if forms(model.state_dict()) != forms(weights.tensors):
        raise UserError(_other_version(str(weights.path)))


def load_weights(model: Model, weights: Weights) -> None:
    """Put weights into a model of the same options.

    Raises:
        UserError: they don't fit, or are no numbers.
    """
    _require_fit(model, weights)
    for name, tensor in weights.tensors.items():
        if tensor.is_meta or not torch.isfinite(tensor).all():
            raise UserError(
                f"{weights.path}: its weights {name} are not finite: damaged, or of a run that diverged"
            )
    model.load_state_dict(weights.tensors)


def save_model(ckpt: str | Path, output: str | Path) -> None:
    """Write the weights of a run and the configuration of its model as one .safetensors file.

    Raises:
        UserError: there is no such run.
    """
    weights = read_weights(ckpt)
    with replaced(Path(output)) as partial:
        metadata = {"model": json.dumps(weights.config), "crc32": checksum(weights.tensors)}
        save_file(weights.tensors, partial, metadata)


def checksum(tensors: Mapping[str, Tensor]) -> str:
    """The CRC-32 of the bytes of some tensors, in the order of their names."""
    crc = 0
    for name in sorted(tensors):
        crc = zlib.crc32(tensors[name].contiguous().flatten().view(torch.uint8).numpy().data, crc)
    return f"{crc:08x}"
