"""Layers that models share."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from higgs_lightning import schema
from higgs_lightning.shapes import Features, PerFeature


class Standardize(nn.Module):
    """(x - mean) / standard deviation, feature by feature; both travel with the weights.

    Until :meth:`fit` it leaves the features as they are.
    """

    mean: PerFeature
    std: PerFeature

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(schema.NUM_FEATURES))
        self.register_buffer("std", torch.ones(schema.NUM_FEATURES))
        self._is_loaded = False

    def fit(self, mean: PerFeature, std: PerFeature) -> None:
        """Take mean and standard deviation of the events that define the z-scores.

        Those that came with weights stay, because the weights were trained with them.
        """
        if not self._is_loaded:
            self.mean.copy_(mean)
            self.std.copy_(std)

    def _load_from_state_dict(self, *args: object, **kwargs: object) -> None:
        super()._load_from_state_dict(*args, **kwargs)
        self._is_loaded = True

    def forward(self, features: Features) -> Features:
        return (features - self.mean) / self.std

    def inverse(self, standardized: Features) -> Features:
        return standardized * self.std + self.mean


class Block(nn.Module):
    """Pre-norm transformer block: attention with an additive bias, then a feed-forward layer of 2 x dim.

    Shape legend: T tokens, D = dim width, H heads.
    """

    def __init__(self, dim: int, num_heads: int, dropout: float) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.attention_norm = nn.LayerNorm(dim)
        self.qkv = nn.Linear(dim, 3 * dim)
        self.projection = nn.Linear(dim, dim)
        self.feed_forward = nn.Sequential(
            nn.LayerNorm(dim),
            nn.Linear(dim, 2 * dim),
            nn.GELU(),
            nn.Linear(2 * dim, dim),
            nn.Dropout(dropout),
        )
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, x: Float[Tensor, "B T D"], bias: Float[Tensor, "B H T T"] | None = None
    ) -> Float[Tensor, "B T D"]:
        """Map tokens to tokens, with a bias of each head's attention between two of them."""
        q, k, v = (  # (B, H, T, D / H) each
            self.qkv(self.attention_norm(x)).unflatten(-1, (3, self.num_heads, -1)).permute(2, 0, 3, 1, 4)
        )
        attended = F.scaled_dot_product_attention(q, k, v, attn_mask=bias)
        x = x + self.dropout(self.projection(attended.transpose(1, 2).flatten(2)))
        transformed: Tensor = x + self.feed_forward(x)
        return transformed
