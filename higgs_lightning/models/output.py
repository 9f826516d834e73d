"""What every model returns."""

from typing import NamedTuple

from torch import Tensor


class Output(NamedTuple):
    """A model's view of B events.

    Attributes:
        logits: (B,), the log-odds of signal.
        latent: (B, latent_dim), the bottleneck.
        encoded: what the encoder says to the decoder, (B, ...).
    """

    logits: Tensor
    latent: Tensor
    encoded: Tensor


class Reconstruction(NamedTuple):
    """What a decoder makes of B events.

    Attributes:
        features: (B, 21) in HIGGS units.
        errors: (B, 21), the error of each feature, in the measure that the model trains on.
    """

    features: Tensor
    errors: Tensor
