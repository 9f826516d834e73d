"""Tell Higgs events from background with a masked transformer autoencoder."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from higgs_lightning.classifier import HiggsClassifier
    from higgs_lightning.frames import read_run
    from higgs_lightning.models.weights import load_model, save_model

__all__ = ["HiggsClassifier", "load_model", "read_run", "save_model"]

_MODULES = {
    **{"load_model": "models.weights", "save_model": "models.weights"},
    **{"read_run": "frames", "HiggsClassifier": "classifier"},
}


def __getattr__(name: str) -> Any:
    """Import torch and others when they are needed, not when a command prints its help."""
    if name in _MODULES:
        return getattr(import_module(f"higgs_lightning.{_MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
