"""z-scores of the features, for models that do not use physical units."""

import torch
from torch import Tensor, nn

from higgs_lightning import schema


class Standardize(nn.Module):
    """(x - mean) / standard deviation, feature by feature; both travel with the weights.

    Until :meth:`fit` it leaves the features as they are.
    """

    mean: Tensor
    std: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(schema.NUM_FEATURES))
        self.register_buffer("std", torch.ones(schema.NUM_FEATURES))

    def fit(self, mean: Tensor, std: Tensor) -> None:
        """Take mean and standard deviation, each (21,), of the events that define the z-scores."""
        self.mean.copy_(mean)
        self.std.copy_(std)

    def forward(self, features: Tensor) -> Tensor:
        return (features - self.mean) / self.std

    def inverse(self, standardized: Tensor) -> Tensor:
        return standardized * self.std + self.mean
