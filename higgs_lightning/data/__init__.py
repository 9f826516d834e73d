"""HIGGS events: file -> cache -> split -> batches."""

from higgs_lightning.data.datamodule import HiggsDataModule, sample_csv

__all__ = ["HiggsDataModule", "sample_csv"]
