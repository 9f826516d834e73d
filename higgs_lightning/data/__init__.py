"""HIGGS events: file -> cache -> split -> batches."""

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from higgs_lightning.data.download import fetch

if TYPE_CHECKING:
    from higgs_lightning.data.datamodule import HiggsDataModule

__all__ = ["HiggsDataModule", "fetch", "sample_csv"]


def sample_csv() -> Path:
    """Path of the embedded sample: 60,000 **simulated** events in HIGGS format."""
    return Path(str(files("higgs_lightning.data") / "sample.csv.gz"))


def __getattr__(name: str) -> Any:
    """Import Lightning, which takes two seconds, where the data module is wanted: not to score events."""
    if name == "HiggsDataModule":
        from higgs_lightning.data.datamodule import HiggsDataModule

        return HiggsDataModule
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
