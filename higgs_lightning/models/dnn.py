"""The fully connected network that Baldi et al. (2014) brought to HIGGS, for comparison."""

from itertools import pairwise

from torch import nn

from higgs_lightning import schema
from higgs_lightning.masking import hidden_features, hidden_or_missing
from higgs_lightning.models.base import Model, Output
from higgs_lightning.models.layers import ScoreLayer, Standardize
from higgs_lightning.shapes import Features, ObjectMask


class DeepNetwork(Model):
    """z-scores, then layers of tanh units: P. Baldi, P. Sadowski and D. Whiteson, Nat. Commun. 5:4308 (2014).

    It is a classifier alone and decodes nothing. They trained it with SGD for hundreds of epochs; here it
    gets the optimizer of the configuration.

    Args:
        num_layers: hidden layers.
        dim: units of a hidden layer.
    """

    has_decoder = False

    def __init__(self, num_layers: int = 4, dim: int = 300) -> None:
        super().__init__()
        self.standardize = Standardize()
        widths = [schema.NUM_FEATURES] + num_layers * [dim]
        self.hidden_layers = nn.Sequential(
            *(layer for pair in pairwise(widths) for layer in (nn.Linear(*pair), nn.Tanh()))
        )
        self.classifier = ScoreLayer(dim)

    def forward(self, features: Features, hidden: ObjectMask | None = None) -> Output:
        """As :meth:`Model.forward`; what is hidden or missing enters as its mean."""
        hidden = hidden_or_missing(features, hidden)
        latent = self.hidden_layers(self.standardize(features).masked_fill(hidden_features(hidden), 0.0))
        return Output(self.classifier(latent).squeeze(1), latent, latent)
