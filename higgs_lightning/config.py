"""Where the configuration lives, and what its files may ask for beyond plain values."""

from pathlib import Path

from omegaconf import OmegaConf

from higgs_lightning.checkpoints import run_folder_of

_PACKAGE = Path(__file__).parent

#: The folder of the Hydra configuration: beside the package in a checkout, inside it in an installed wheel.
CONFIG_DIR = str(next(p for p in (_PACKAGE / "conf", _PACKAGE.parent / "conf") if p.is_dir()))

# `${run_folder:CKPT,NEW}`: the folder of the run that CKPT continues, or NEW where nothing is continued
OmegaConf.register_new_resolver(
    "run_folder", lambda ckpt, new: new if ckpt is None else str(run_folder_of(ckpt)), replace=True
)
