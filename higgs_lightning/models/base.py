"""What every model is and returns."""

from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float
from numpy.typing import ArrayLike
from torch import Tensor, nn

from higgs_lightning import schema
from higgs_lightning.models.layers import Standardize
from higgs_lightning.shapes import Features, ObjectMask, PerEvent, PerFeature
from higgs_lightning.units import UNITS, wrong_units

_BATCH = 1024  # events: larger ones leave the processor's caches
_UNITS_CHECKED = 2000  # events, whose units show in a few milliseconds


class Output(NamedTuple):
    """A model's view of B events.

    Attributes:
        logits: the log-odds of signal.
        latent: the bottleneck, of L = latent_dim numbers.
        encoded: what the encoder says to the decoder, in whatever shape.
    """

    logits: PerEvent
    latent: Float[Tensor, "B L"]
    encoded: Float[Tensor, "B ..."]


class Reconstruction(NamedTuple):
    """What a decoder makes of B events.

    Attributes:
        features: in HIGGS units.
        errors: the error of each feature, in the measure that the model trains on.
        btag: the probability of each b-tag level of each jet; None of a model that tells a level alone.
    """

    features: Features
    errors: Features
    btag: Float[Tensor, "B J=4 K=3"] | None = None


class Model(nn.Module):
    """Scores events, and reconstructs them from what it encoded where it has a decoder."""

    #: Whether the score of an event depends on the other events of its batch.
    mixes_events = False
    #: Whether :meth:`reconstruct` can be called.
    has_decoder = True
    #: Of sizes that may be less than 1, such as a number of layers, the least.
    least_sizes: ClassVar[Mapping[str, int]] = {}

    def forward(self, features: Features, hidden: ObjectMask | None = None) -> Output:
        """Score events.

        Args:
            features: in HIGGS units; an object with a NaN is missing, and hidden too.
            hidden: ``True`` = hidden from the encoder. None hides nothing.
        """
        raise NotImplementedError

    def whole_and_masked(self, features: Features, hidden: Bool[Tensor, "M O=6"]) -> tuple[Output, Output]:
        """Score events whole, and the first M of them once more with objects hidden: a step of training.

        Nothing reads ``encoded`` of whole events, which may be less than :meth:`forward` returns. It is not
        called of a model that mixes events, nor where whole events are not learned from or none are masked.

        Args:
            features: in HIGGS units.
            hidden: ``True`` = hidden from the encoder, of the first M events.
        """
        both = self(*with_masked(features, hidden))
        whole, masked = zip(*(field.split([len(features), len(hidden)]) for field in both), strict=True)
        return Output(*whole), Output(*masked)

    def reconstruct(
        self, encoded: Float[Tensor, "B ..."], features: Features, hidden: ObjectMask | None = None
    ) -> Reconstruction:
        """Decode what :meth:`forward` encoded of the same features and mask."""
        raise NotImplementedError

    def reconstruction_errors(
        self, encoded: Float[Tensor, "B ..."], features: Features, hidden: ObjectMask | None = None
    ) -> Features:
        """The errors of :meth:`reconstruct`, of which a step of training looks at nothing else."""
        return self.reconstruct(encoded, features, hidden).errors

    def standardize_by(self, mean: PerFeature, std: PerFeature) -> None:
        """Let z-scores, where the model has them, be of events with this mean and standard deviation."""
        for part in self.modules():
            if isinstance(part, Standardize):
                part.fit(mean, std)

    def look_once(self) -> None:
        """Score an event from one look at it, where the model takes several, such as at mirror images."""

    @torch.inference_mode()
    def predict_proba(self, features: ArrayLike, units: str = "higgs") -> Float[np.ndarray, "N 2"]:
        """Probability of background and of signal, as scikit-learn orders them.

        The scores are those of evaluation, whatever mode the model is in, and that stays.

        Args:
            features: (N, 21) in HIGGS units; what is NaN, NA or masked is missing. Of a table with named
                columns, such as a pandas.DataFrame, those that the features are named by are taken, in any
                order and spelling.
            units: ``higgs``; ``gev`` for GeV, radians and b-tag levels 0, 1, 2; or ``unchecked`` for HIGGS
                units, whatever the numbers look like.

        Raises:
            ValueError: it has another shape, lacks a column, is plainly in other units, or holds what is no
                number or what no detector measures.
        """
        events = torch.from_numpy(checked_features(features, units))
        device = next(self.parameters()).device
        batches = events.split(_BATCH) if len(events) else ()
        in_training = [part for part in self.modules() if part.training]
        self.eval()
        try:
            scores = [self(batch.to(device)).logits.sigmoid().cpu() for batch in batches]
        finally:
            for part in in_training:
                part.training = True
        signal = torch.cat(scores).numpy() if scores else np.empty(0, np.float32)
        return np.stack([1 - signal, signal], axis=1)


def with_masked(
    features: Features, hidden: Bool[Tensor, "M O=6"]
) -> tuple[Float[Tensor, "N F=21"], Bool[Tensor, "N O=6"]]:
    """The N events of one pass over all events whole and then the first M masked, and what is hidden."""
    nothing = hidden.new_zeros(len(features), hidden.shape[1])
    return torch.cat([features, features[: len(hidden)]]), torch.cat([nothing, hidden])


def checked_features(features: Any, units: str = "higgs") -> Float[np.ndarray, "N 21"]:
    """Events of an array or a table as a new array in HIGGS units; NaN for what is missing.

    Args and errors: see :meth:`Model.predict_proba`.
    """
    events = _numbers(_named_features(features))
    if events.ndim != 2 or events.shape[1] != schema.NUM_FEATURES:
        raise ValueError(f"features are {tuple(events.shape)}: give (N, {schema.NUM_FEATURES})")
    if units not in UNITS:
        raise ValueError(f"units={units!r} is unknown: give {', '.join(UNITS)}")
    if units == "gev":
        events /= np.array([feature.scale for feature in schema.LOW_LEVEL], np.float32)
    wrong = wrong_units(events[:_UNITS_CHECKED], units)
    if wrong is not None:
        raise ValueError(wrong)
    impossible = schema.impossible_value(events)
    if impossible is not None:
        raise ValueError(f"row {impossible.row} of the features: {impossible}")
    return events


def _numbers(features: Any) -> np.ndarray:
    """Features as a new array of float32; NaN for what is NA or masked."""
    if hasattr(features, "toarray"):
        raise ValueError("the features are a sparse matrix, which is not supported: give .toarray() of it")
    is_pandas, is_masked = hasattr(features, "iloc"), isinstance(features, np.ma.MaskedArray)
    if not (is_pandas or is_masked):
        features = np.asarray(features)
    for kind in np.ravel(features.dtypes) if is_pandas else [features.dtype]:
        if kind.kind not in "fiu":
            raise ValueError(f"the features hold {kind}, not numbers: give floats, NaN for what is missing")
    with np.errstate(over="ignore"):  # what is too large is infinite, which is told
        if is_pandas:  # its NA is no number to numpy
            return np.array(features.to_numpy(dtype=np.float32, na_value=np.nan))
        if is_masked:
            return np.array(features.astype(np.float32).filled(np.nan))
        return np.array(features, np.float32)


def _named_features(features: Any) -> Any:
    """Of a table whose columns have names, the features in HIGGS' order; anything else as it is."""
    names = getattr(features, "columns", None)
    if names is None or not any(isinstance(name, str) for name in names):
        return features
    named = [str(name) for name in names]
    found = [schema.places(feature.name, named) for feature in schema.LOW_LEVEL]
    for feature, places in zip(schema.LOW_LEVEL, found, strict=True):
        if not places:
            lacking = sum(not each for each in found)
            raise ValueError(f"the table has no column {feature.name!r} ({lacking} of 21 are missing)")
        if len(places) > 1:
            both = " and ".join(repr(named[place]) for place in places[:2])
            raise ValueError(f"the table has two columns, {both}, that may be {feature.name}: leave one out")
    return features[[names[place] for (place,) in found]]
