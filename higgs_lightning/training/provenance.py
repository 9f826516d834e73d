"""What a run was made of, beside its configuration: program, packages, data."""

import json
import platform
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from higgs_lightning.data import HiggsDataModule
from higgs_lightning.errors import UserError, one_line
from higgs_lightning.files import write_json

_PACKAGES = ("higgs_lightning", "torch", "lightning", "torchmetrics", "hydra-core", "omegaconf", "numpy")
_ROOT = Path(__file__).parents[2]


def record_start(path: Path, datamodule: HiggsDataModule, changes: Mapping[str, Any]) -> None:
    """Add what runs now to a file of JSON, a list with an entry for each start of the run.

    Args:
        path: the file.
        datamodule: of the run.
        changes: of a run that goes on, the old and the new value of each key that changes.

    Raises:
        UserError: see :func:`recorded_starts`.
    """
    starts = recorded_starts(path)
    write_json(path, [*starts, {**provenance(datamodule), "changes": dict(changes)}])


def recorded_starts(path: Path) -> list[Any]:
    """The entries of such a file; none where it is not there.

    Raises:
        UserError: the file is damaged.
    """
    try:
        starts = json.loads(path.read_text()) if path.exists() else []
        if not isinstance(starts, list):
            raise ValueError("it holds no list")
    except ValueError as error:
        raise UserError(f"{path} can't be read ({one_line(error)}): move it away and start again") from error
    return starts


def provenance(datamodule: HiggsDataModule) -> dict[str, Any]:
    """The time, the command, the versions, the git revision where there is one, and the data's identity."""
    return {
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": sys.argv,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {name: version(name) for name in _PACKAGES},
        "git": git_revision(),
        "data": datamodule.identity(),
    }


def git_revision() -> str | None:
    """The commit of a checkout of this package, ``-dirty`` where files of it differ; None elsewhere."""

    def git(*arguments: str) -> str:
        done = subprocess.run(["git", "-C", _ROOT, *arguments], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    try:
        git("ls-files", "--error-unmatch", __file__)  # it could lie in a repository of its user's
        return git("rev-parse", "HEAD") + (
            "-dirty" if git("status", "--porcelain", "--untracked-files=no") else ""
        )
    except (OSError, subprocess.CalledProcessError):
        return None
