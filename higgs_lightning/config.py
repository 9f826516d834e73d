"""Where the configuration lives, and what its files may ask for beyond plain values."""

from pathlib import Path

from omegaconf import OmegaConf

from higgs_lightning.errors import UserError

_PACKAGE = Path(__file__).parent

#: The folder of the Hydra configuration: beside the package in a checkout, inside it in an installed wheel.
CONFIG_DIR = str(next(p for p in (_PACKAGE / "conf", _PACKAGE.parent / "conf") if p.is_dir()))


def _run_folder(ckpt: str | None, new: str) -> str:
    """`${run_folder:CKPT,NEW}`: the folder of the run that CKPT continues, or NEW."""
    if ckpt is None:
        return new
    from higgs_lightning.checkpoints import run_folder_of  # it imports torch

    try:
        return str(run_folder_of(ckpt))
    except UserError:  # the command says so once it runs; here Hydra would add a traceback
        return new


OmegaConf.register_new_resolver("run_folder", _run_folder, replace=True)
