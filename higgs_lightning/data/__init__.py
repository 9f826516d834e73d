"""HIGGS events: file -> cache -> split -> batches."""

from higgs_lightning.data.datamodule import HiggsDataModule, sample_csv
from higgs_lightning.data.download import fetch

__all__ = ["HiggsDataModule", "fetch", "sample_csv"]
