"""Files that a command writes: whole or not at all, and known to be writable before any work."""

import csv
import json
import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from higgs_lightning.errors import UserError


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """A name to write to, which becomes ``path`` when the block ends and disappears when it fails.

    It ends as ``path`` does, because some writers choose their format by that, and lies in a new folder next
    to it, so that no file or link that is there already can be meant.
    """
    with TemporaryDirectory(prefix=".partial-", dir=path.parent) as folder:
        partial = Path(folder) / path.name
        yield partial
        partial.replace(path)


def local_path(key: str, named: str | Path) -> Path:
    """The path that a key gives; of an address it would be another one, ``hf:/USER/REPO``.

    Raises:
        UserError: it is an address.
    """
    if "://" in str(named):
        raise UserError(f"{key}={named} is an address: give a path of this machine")
    return Path(named)


def output_file(key: str, named: str | Path, suffixes: Sequence[str], inputs: Sequence[Path] = ()) -> Path:
    """A file that a command is to write, once it is known that it may and can.

    Args:
        key: of the configuration, for the sentence.
        named: the file.
        suffixes: one of which its name must end in.
        inputs: files that it must not replace.

    Raises:
        UserError: the name ends otherwise, is a folder's, an input's or an address, or can't be written to.
    """
    path = local_path(key, named)
    if os.path.isdir(path) or not os.path.isdir(path.parent):  # Path.is_dir raises where a name is too long
        raise UserError(f"{key}={path}: give the name of a file in a folder that exists")
    if not path.name.endswith(tuple(suffixes)):
        endings = (" or " if len(suffixes) == 2 else ", ").join(suffixes)
        raise UserError(f"{key}={path}: end the name in {endings}")
    if os.path.exists(path) and any(os.path.exists(s) and os.path.samefile(path, s) for s in inputs):
        raise UserError(f"{key}={path} is the input: give another name")
    try:
        with TemporaryDirectory(prefix=".partial-", dir=path.parent) as folder:
            (Path(folder) / path.name).touch()
    except OSError as error:
        raise UserError(f"{key}={path} can't be written ({error.strerror}): give another name") from error
    return path


def write_text(path: Path, content: str) -> None:
    """Write a text file, whole or not at all."""
    with replaced(path) as partial:
        partial.write_text(content)


def write_csv(path: Path, rows: Iterable[Iterable[Any]]) -> None:
    """Write a table in CSV; no cell of text is a formula to a spreadsheet: it may be a stranger's."""
    text = StringIO()
    csv.writer(text).writerows(map(_no_formula, rows))
    write_text(path, text.getvalue())


def _no_formula(cells: Iterable[Any]) -> list[Any]:
    return [
        f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@") else cell for cell in cells
    ]


def write_json(path: Path, content: Mapping[str, Any] | Sequence[Any]) -> None:
    """Write JSON; what is no number, such as a ROC-AUC of one class or a rejection without end, is null."""
    write_text(path, json.dumps(_finite(content), indent=2, allow_nan=False) + "\n")


def _finite(content: Any) -> Any:
    if isinstance(content, Mapping):
        return {key: _finite(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_finite(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content
