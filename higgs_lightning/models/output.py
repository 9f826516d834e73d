"""What every model returns."""

from typing import NamedTuple

from torch import Tensor


class Output(NamedTuple):
    """A model's view of B events.

    Attributes:
        logits: (B,), the log-odds of signal.
        reconstruction: (B, 21), the features in HIGGS units as the decoder gives them back.
        latent: (B, latent_dim), the bottleneck.
        errors: (B, 21), the reconstruction error of each feature, in the measure that the model trains on.
    """

    logits: Tensor
    reconstruction: Tensor
    latent: Tensor
    errors: Tensor
