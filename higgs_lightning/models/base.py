"""What every model is and returns."""

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from higgs_lightning import schema

_BATCH = 1024  # events: larger ones leave the processor's caches


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


class Model(nn.Module):
    """Scores events, and reconstructs them from what it encoded where it has a decoder."""

    #: Whether the score of an event depends on the other events of its batch.
    mixes_events = False
    #: Whether :meth:`reconstruct` can be called.
    has_decoder = True

    def forward(self, features: Tensor, hidden: Tensor | None = None) -> Output:
        """Score events.

        Args:
            features: (B, 21) in HIGGS units; an object with a NaN is missing, and hidden too.
            hidden: (B, 6) bool, ``True`` = hidden from the encoder. None hides nothing.
        """
        raise NotImplementedError

    def reconstruct(self, encoded: Tensor, features: Tensor, hidden: Tensor | None = None) -> Reconstruction:
        """Decode what :meth:`forward` encoded of the same features and mask."""
        raise NotImplementedError

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Compile :meth:`forward` and :meth:`reconstruct` in place, as ``torch.compile`` would."""
        super().compile(*args, **kwargs)
        self.reconstruct = torch.compile(self.reconstruct, *args, **kwargs)  # type: ignore[method-assign]

    @torch.inference_mode()
    def predict_proba(self, features: ArrayLike) -> np.ndarray:
        """Probability of background and of signal, (N, 2), as scikit-learn orders them.

        Args:
            features: (N, 21) in HIGGS units; NaN for what is missing.

        Raises:
            ValueError: it has another shape.
        """
        events = torch.as_tensor(np.asarray(features, np.float32))
        if events.ndim != 2 or events.shape[1] != schema.NUM_FEATURES:
            raise ValueError(f"features are {tuple(events.shape)}: give (N, {schema.NUM_FEATURES})")
        device = next(self.parameters()).device
        batches = events.split(_BATCH) if len(events) else ()
        scores = [self(batch.to(device)).logits.sigmoid().cpu() for batch in batches]
        signal = torch.cat(scores).numpy() if scores else np.empty(0, np.float32)
        return np.stack([1 - signal, signal], axis=1)
