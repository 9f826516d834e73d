"""What makes a function of a configuration a command: its configuration, known keys, and one sentence.

Nothing here imports torch: ``--help`` must not wait for it.
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from functools import cache, wraps
from pathlib import Path
from typing import Any

import hydra
from hydra._internal.utils import get_args_parser
from hydra.core.config_loader import ConfigLoader
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from higgs_lightning import runs
from higgs_lightning.addresses import quoted
from higgs_lightning.configuration import KINDS, nodes, require_kinds
from higgs_lightning.errors import UserError, one_sentence
from higgs_lightning.memory import keep_freed_memory
from higgs_lightning.sweeps import job, study_name
from higgs_lightning.threads import wait_briefly

_PACKAGE = Path(__file__).parent

#: The folder of the Hydra configuration: beside the package in a checkout, inside it in an installed wheel.
CONFIG_DIR = str(next(p for p in (_PACKAGE / "conf", _PACKAGE.parent / "conf") if p.is_dir()))

#: Groups that describe an object, maybe of a class of the user's own, which has other keys.
_MAY_LACK_KEYS = ("model", "objective", "optimizer", "scheduler", "callbacks")

_MULTIRUN = ("-m", "--multirun")


def _let_argparse_take_objects_as_help() -> None:
    """Hydra 1.3.8's help of --shell-completion is no text, which argparse of Python 3.14 refuses.

    Hydra itself turns it into text where it prints it. With a Hydra that gives text, nothing is changed.
    """
    try:
        get_args_parser()
    except ValueError:
        parser: Any = argparse.ArgumentParser
        check = parser._check_help
        parser._check_help = lambda self, action: isinstance(action.help, str) and check(self, action)


_let_argparse_take_objects_as_help()


def _run_folder(ckpt: Any, new: str) -> str:
    """`${run_folder:CKPT,NEW}`: the folder of the run that CKPT continues, or NEW.

    The tasks of one Slurm job do not start at the same moment: NEW is named by the job instead of the time.
    """
    if ckpt is None:
        is_one_of_many = int(os.environ.get("SLURM_NTASKS", 1)) > 1
        return f"outputs/slurm-{os.environ['SLURM_JOB_ID']}" if is_one_of_many else new
    try:
        return str(runs.folder_of(str(ckpt)))
    except UserError:  # the command says so once it runs; here Hydra would add a traceback
        return new


OmegaConf.register_new_resolver("run_folder", _run_folder, replace=True)
OmegaConf.register_new_resolver("study_name", study_name, replace=True)


def command(
    name: str, needs: Mapping[str, str] | None = None
) -> Callable[[Callable[[DictConfig], Any]], Callable[[], Any]]:
    """Make a function of a configuration a command, configured by ``conf/<name>.yaml`` and the command line.

    A mistake ends it with one sentence, see :func:`~higgs_lightning.errors.one_sentence`.

    Args:
        name: of the command.
        needs: the keys that have no default, and what to say where one is not given.
    """

    def decorate(function: Callable[[DictConfig], Any]) -> Callable[[], Any]:
        @wraps(function)
        def with_needs(cfg: DictConfig) -> Any:
            for key, sentence in (needs or {}).items():
                if OmegaConf.is_missing(cfg, key):
                    raise UserError(sentence)
            values: Any = OmegaConf.to_container(cfg, resolve=True)
            require_kinds(name, values)
            return function(cfg)

        main = hydra.main(version_base="1.3", config_path=CONFIG_DIR, config_name=name)(job(with_needs))

        @wraps(function)
        @one_sentence
        def run() -> Any:
            wait_briefly()
            keep_freed_memory()
            # argparse would refuse the values after a flag that follows others
            sys.argv[1:] = sorted(map(quoted, sys.argv[1:]), key=lambda argument: argument not in _MULTIRUN)
            if not _asks_for_completion(sys.argv[1:]):
                require_known_keys(name, sys.argv[1:])
            # Hydra then raises what went wrong, for the one sentence, instead of printing it
            os.environ.setdefault("HYDRA_FULL_ERROR", "1")
            return main()

        return run

    return decorate


def _asks_for_completion(arguments: list[str]) -> bool:
    """Whether a shell asks what a command line may go on with, as completion.bash does.

    Raises:
        UserError: the user asks for a script of completion, of which there is one for all commands.
    """
    asks = any(argument in ("-sc", "--shell-completion") for argument in arguments)
    if asks and not ("query=bash" in arguments and "COMP_LINE" in os.environ):
        raise UserError("one script completes all commands: say higgs --shell-completion install=bash")
    return asks


def require_known_keys(name: str, arguments: list[str]) -> None:
    """Refuse overrides that Hydra can't read, or of keys that ``conf/<name>.yaml`` does not have.

    Raises:
        UserError: there is one; with the way to quote it, or the nearest key. What else may be wrong with the
            arguments is for Hydra to say.
    """
    overrides = [_parsed(a) for a in arguments if ("=" in a or a.startswith("~")) and not a.startswith("-")]
    if any(argument.startswith(("--config", "-c", "-e")) for argument in arguments):
        return  # another configuration
    is_sweep = any(argument in _MULTIRUN for argument in arguments)
    groups = {path.name for path in Path(CONFIG_DIR).iterdir() if path.is_dir()}
    left_out = [o for o in overrides if o.is_delete() or (o.key_or_group in groups and o.value() is None)]
    chosen: list[str] = []
    for override in overrides:
        if override.is_sweep_override() and not is_sweep and not override.is_hydra_override():
            raise UserError(
                f"{override.input_line} names several values: quote a name that has commas, as in "
                f"{_quoted(override)}, write a list as [A,B], or sweep over them with -m"
            )
        if override.key_or_group in groups and not override.is_sweep_override() and override not in left_out:
            chosen.append(str(override.input_line))
    try:
        config = _composed(CONFIG_DIR, name, tuple(chosen))
    except HydraException:
        return
    known = groups | set(dict(nodes(config)))
    for override in overrides:
        key = override.key_or_group
        if override.is_add() and not override.is_force_add() and key in known - groups:
            raise UserError(f"{key} has a default: leave the plus away, as in {str(override.input_line)[1:]}")
        if override.is_add() or override.is_force_add() or override.is_hydra_override():
            continue
        group, _, within = key.partition(".")
        if override in left_out and key in (config if not within or group in _MAY_LACK_KEYS else known):
            raise UserError(f"{key} can't be left out: give it another value (see --help)")
        if key not in known and not override.is_delete():
            if key in KINDS.get(name, {}):
                raise UserError(f"{key} has no default: put a plus before it, as in +{override.input_line}")
            near = get_close_matches(key, known, n=1, cutoff=0)[0]
            raise UserError(f"{key} is not a key of the configuration; {near} is the nearest (see --help)")


@contextmanager
def configurations(folder: str = CONFIG_DIR) -> Iterator[None]:
    """Let Hydra compose what is in a folder; within a program that is Hydra's, too."""
    outer = GlobalHydra.instance().hydra
    GlobalHydra.instance().clear()
    try:
        with hydra.initialize_config_dir(folder, version_base="1.3"):
            yield
    finally:
        GlobalHydra.instance().hydra = outer


@cache  # a tenth of a second each, and the tests check hundreds of command lines
def _composed(folder: str, name: str, chosen: tuple[str, ...]) -> dict[str, Any]:
    with configurations(folder):
        return OmegaConf.to_container(hydra.compose(name, list(chosen)))  # type: ignore[return-value]


def _parsed(argument: str) -> Override:
    try:
        return OverridesParser.create().parse_override(argument)
    except HydraException:
        key, _, value = argument.partition("=")
        quoted = value.replace("\\", "\\\\").replace('"', '\\"')
        raise UserError(f"{argument} can't be read: quote it as in '{key}=\"{quoted}\"'") from None


def _quoted(override: Override) -> str:
    key, _, value = str(override.input_line).partition("=")
    return f"'{key}=\"{value}\"'"


def said(name: str, arguments: Sequence[str] | None = None) -> list[str]:
    """The keys that overrides decide: those that they name, and those of the groups that they choose.

    Whatever else is in the configuration is a default.

    Args:
        name: of the command.
        arguments: the overrides, where Hydra is initialised; None for those of the job that Hydra runs.

    Raises:
        UserError: a key is taken away, which a run's own configuration has.
    """
    if arguments is None:
        arguments = list(HydraConfig.get().overrides.task)
        name = HydraConfig.get().job.config_name or name  # --config-name
    overrides = OverridesParser.create().parse_overrides(list(arguments))
    lines = [str(override.input_line) for override in overrides]
    loader = GlobalHydra.instance().config_loader()  # knows the folders of --config-dir too
    config = dict(runs.flat(OmegaConf.to_container(hydra.compose(name, lines))))
    chosen = [override for override in overrides if loader.get_group_options(override.key_or_group)]
    keys = list(_keys_of_choices(loader, name, [str(override.input_line) for override in chosen]))
    for override in overrides:
        named = override.key_or_group
        if override.is_delete():
            raise UserError(f"~{named} can't be applied to a run's own configuration: give another value")
        keys += [key for key in config if key == named or key.startswith(f"{named}.")]
    keys += [key for key, value in config.items() if value in [f"${{{each}}}" for each in keys]]
    return [key for key in dict.fromkeys(keys) if key in config]


def _keys_of_choices(loader: ConfigLoader, name: str, chosen: list[str]) -> Iterator[str]:
    """What the files say that chosen groups bring along, be it what the defaults say too."""
    default = {each.config_path for each in loader.compute_defaults_list(name, [], RunMode.RUN).defaults}
    with_choices = loader.compute_defaults_list(name, chosen, RunMode.RUN)
    for each in with_choices.defaults:
        path = str(each.config_path)
        if path in default and path.rpartition("/")[0] not in with_choices.overrides.override_choices:
            continue
        source = next((source for source in loader.get_sources() if source.is_config(path)), None)
        content: Any = OmegaConf.to_container(source.load_config(path).config) if source else {}
        for key, _ in runs.flat(content):
            yield f"{each.package}.{key}" if each.package else key
