"""Where the configuration lives, what its files may ask for beyond plain values, and commands made of it."""

import os
import sys
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from functools import wraps
from pathlib import Path
from typing import Any

import hydra
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf

from higgs_lightning.errors import UserError, one_sentence
from higgs_lightning.sweeps import job

_PACKAGE = Path(__file__).parent

#: The folder of the Hydra configuration: beside the package in a checkout, inside it in an installed wheel.
CONFIG_DIR = str(next(p for p in (_PACKAGE / "conf", _PACKAGE.parent / "conf") if p.is_dir()))


def _run_folder(ckpt: str | None, new: str) -> str:
    """`${run_folder:CKPT,NEW}`: the folder of the run that CKPT continues, or NEW.

    The tasks of one Slurm job do not start at the same moment: NEW is named by the job instead of the time.
    """
    if ckpt is None:
        of_many_tasks = int(os.environ.get("SLURM_NTASKS", 1)) > 1
        return f"outputs/slurm-{os.environ['SLURM_JOB_ID']}" if of_many_tasks else new
    from higgs_lightning.models.weights import run_folder_of  # it imports torch

    try:
        return str(run_folder_of(ckpt))
    except UserError:  # the command says so once it runs; here Hydra would add a traceback
        return new


OmegaConf.register_new_resolver("run_folder", _run_folder, replace=True)


def command(name: str) -> Callable[[Callable[[DictConfig], Any]], Callable[[], Any]]:
    """Make a function of a configuration a command, configured by ``conf/<name>.yaml`` and the command line.

    A mistake ends it with one sentence, see :func:`~higgs_lightning.errors.one_sentence`.
    """

    def decorate(function: Callable[[DictConfig], Any]) -> Callable[[], Any]:
        main = hydra.main(version_base="1.3", config_path=CONFIG_DIR, config_name=name)(job(function))

        @wraps(function)
        @one_sentence
        def run() -> Any:
            require_known_keys(name, sys.argv[1:])
            return main()

        return run

    return decorate


def require_known_keys(name: str, arguments: list[str]) -> None:
    """Refuse overrides of keys that ``conf/<name>.yaml`` does not have, with the nearest one that it has.

    Raises:
        UserError: there is one. What else may be wrong with the arguments is for Hydra to say.
    """
    if any(argument.startswith(("--config", "-c", "-e")) for argument in arguments):
        return  # another configuration
    overrides = dict(
        a.split("=", 1) for a in arguments if "=" in a and not a.startswith(("-", "+", "~", "hydra"))
    )
    groups = {path.name for path in Path(CONFIG_DIR).iterdir() if path.is_dir()}
    chosen = [f"{key}={value.split(',')[0]}" for key, value in overrides.items() if key in groups]
    try:
        with hydra.initialize_config_dir(CONFIG_DIR, version_base="1.3"):
            config: Any = OmegaConf.to_container(hydra.compose(name, chosen))
    except HydraException:
        return
    known = groups | set(_keys(config))
    for key in overrides:
        if key not in known:
            near = get_close_matches(key, known, n=1, cutoff=0)[0]
            raise UserError(f"{key} is not a key of the configuration; {near} is the nearest (see --help)")


def _keys(config: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """Every key of a configuration, dots between its parts."""
    for key, value in config.items():
        yield f"{prefix}{key}"
        if isinstance(value, dict):
            yield from _keys(value, f"{prefix}{key}.")
