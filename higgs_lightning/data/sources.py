"""The files that are meant: one, a list, a pattern or a folder."""

import os
from collections.abc import Iterator, Mapping, Sequence
from glob import glob
from pathlib import Path
from typing import Any, NamedTuple

from higgs_lightning.errors import UserError
from higgs_lightning.files import local_path

#: What names files: a path, a pattern such as ``sim/*.csv.gz``, a folder, or several of them.
Paths = str | Path | Sequence[str | Path]
#: The same, or those of each class: ``{"signal": ..., "background": ...}``.
Files = Paths | Mapping[str, Paths]
#: The classes and their labels.
LABELS = {"signal": 1.0, "background": 0.0}


def as_text(files: Files) -> Any:
    """What names files as text; a number is a name too."""
    if isinstance(files, Mapping):
        return {str(name): as_text(each) for name, each in files.items()}
    return str(files) if isinstance(files, str | Path | int) else [str(each) for each in files]


class Source(NamedTuple):
    """A file of events.

    Attributes:
        path: absolute.
        tree: of a ROOT file, the tree that is meant; empty where there is one only.
        label: of all its events, where the file is said to hold one class; None where a column tells.
    """

    path: Path
    tree: str = ""
    label: float | None = None

    def __str__(self) -> str:
        return f"{self.path}:{self.tree}" if self.tree else str(self.path)


def find_sources(files: Files, key: str) -> list[Source]:
    """The files that ``files`` names, in its order; those of a folder or pattern in the order of their names.

    Args:
        files: paths, patterns or folders; ``FILE.root:TREE`` names a tree. Or those of signal and those of
            background, whose events need no label.
        key: of the configuration, for the sentence.

    Raises:
        UserError: there is no such file, or one is named twice.
    """
    if isinstance(files, Mapping):
        if files.keys() != LABELS.keys():
            raise UserError(f"{key}={{{', '.join(files)}}}: say {key}={{signal: FILES, background: FILES}}")
        of_class = {name: find_sources(files[name], f"{key}.{name}") for name in LABELS}
        twice = {*of_class["signal"]} & {*of_class["background"]}
        if twice:
            raise UserError(f"{key} names {twice.pop()} as signal and as background: it can't be both")
        return [each._replace(label=LABELS[name]) for name, found in of_class.items() for each in found]
    named = [files] if isinstance(files, str | Path) else list(files)
    found = [source for name in named for source in _found(str(name), key)]
    if not found:
        raise UserError(f"{key}=[] names no file: give a file, a list, a pattern or a folder")
    seen: set[tuple[Path, str]] = set()
    for source in found:
        same = source.path.resolve(), source.tree
        if same in seen:
            raise UserError(f"{key} names {source} twice: its events would count double")
        seen.add(same)
    return found


def _found(name: str, key: str) -> Iterator[Source]:
    path = local_path(key, name)
    path = Path(os.path.abspath(name)) if ".." in name else path.absolute()
    stem, _, tree = name.partition(".root:")
    # unlike those of Path, these do not raise where a folder above may not be entered
    if os.path.isfile(path):
        yield Source(path)
    elif tree:
        yield from (Source(source.path, tree) for source in _found(f"{stem}.root", key))
    elif os.path.isdir(path):
        inside = list(_files_in(path))
        if not inside:
            raise UserError(f"{key}={name} is a folder that holds no files: give another, or a file")
        yield from map(Source, inside)
    elif any(each in name for each in "*?["):
        matching = [Path(each).absolute() for each in sorted(glob(name)) if os.path.isfile(each)]
        if not matching:
            raise UserError(f"{key}={name} matches no file: correct the pattern")
        yield from map(Source, matching)
    else:
        sample = ", or data=sample for the embedded sample" if key == "data.csv" else ""
        raise UserError(f"{path} is not a file: give {key}=PATH{sample}")


def _files_in(folder: Path) -> Iterator[Path]:
    """The files of a folder, and of folders in it that are parts of a Parquet dataset (``label=0``)."""
    for child in sorted(folder.iterdir()):
        if child.name.startswith((".", "_")):  # what writers leave beside the data
            continue
        if child.is_file():
            yield child
        elif child.is_dir() and "=" in child.name:
            yield from _files_in(child)
