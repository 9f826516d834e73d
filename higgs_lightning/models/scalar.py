"""A transformer whose tokens are single numbers, as one does without physics, for comparison."""

import torch
from torch import nn

from higgs_lightning import schema
from higgs_lightning.masking import hidden_features, hidden_or_missing
from higgs_lightning.models.base import Model, Output
from higgs_lightning.models.layers import Block, ScoreLayer, Standardize
from higgs_lightning.shapes import Features, ObjectMask


class ScalarTransformer(Model):
    """A token a feature, as in the FT-Transformer (Y. Gorishniy et al., NeurIPS 2021); decodes nothing.

    Args:
        num_layers: encoder blocks.
        num_heads: attention heads; must divide ``dim``.
        dropout: dropout after attention and feed-forward.
        dim: width of a token.
    """

    has_decoder = False

    def __init__(self, num_layers: int = 3, num_heads: int = 4, dropout: float = 0.0, dim: int = 64) -> None:
        super().__init__()
        self.standardize = Standardize()
        self.direction = nn.Parameter(torch.randn(schema.NUM_FEATURES, dim) / dim**0.5)
        self.position = nn.Parameter(torch.randn(schema.NUM_FEATURES, dim) / dim**0.5)
        self.class_token = nn.Parameter(torch.randn(dim) / dim**0.5)
        self.encoder = nn.Sequential(*(Block(dim, num_heads, dropout) for _ in range(num_layers)))
        self.encoder_norm = nn.LayerNorm(dim)
        self.classifier = ScoreLayer(dim)

    def forward(self, features: Features, hidden: ObjectMask | None = None) -> Output:
        """As :meth:`Model.forward`; what is hidden or missing enters as its mean."""
        hidden = hidden_or_missing(features, hidden)
        z = self.standardize(features).masked_fill(hidden_features(hidden), 0.0)
        tokens = z.T[:, :, None] * self.direction[:, None] + self.position[:, None]
        tokens = torch.cat([self.class_token.expand(1, tokens.shape[1], -1), tokens])
        *blocks, last = self.encoder
        for block in blocks:
            tokens = block(tokens)  # tokens first, as within blocks
        latent = self.encoder_norm(last.rows(tokens, None, 1))  # type: ignore[operator]
        return Output(self.classifier(latent).squeeze(1), latent, latent)
