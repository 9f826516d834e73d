"""Tell Higgs events from background with a masked transformer autoencoder."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from higgs_lightning.models.weights import load_model, save_model

__all__ = ["load_model", "save_model"]


def __getattr__(name: str) -> Any:
    """Import torch when it is needed, not when a command prints its help."""
    if name in __all__:
        from higgs_lightning.models import weights

        return getattr(weights, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
