"""Tell Higgs events from background with a masked transformer autoencoder."""

from higgs_lightning.checkpoints import load_model

__all__ = ["load_model"]
