"""Layers that models share."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

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

    Tokens come first and events second, so that products are one large matrix. Within attention events come
    last: an event has a few tokens only, and what it asks of each pair of them is one operation on all events
    at once, several times as fast as a tiny product of matrices for each event and head.

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
        self, x: Float[Tensor, "T B D"], bias: Float[Tensor, "H T T B"] | None = None
    ) -> Float[Tensor, "T B D"]:
        """Map tokens to tokens, with a bias of each head's attention from one of them to another."""
        num_tokens, num_events, dim = x.shape
        normed = self.attention_norm(x).flatten(0, 1)
        qkv = torch.addmm(self.qkv.bias[:, None], self.qkv.weight, normed.T)
        q, k, v = qkv.view(3, self.num_heads, dim // self.num_heads, num_tokens, num_events).unbind()
        attended = attention(q, k, v, bias).flatten(0, 1).flatten(1).T
        x = x + self.dropout(self.projection(attended).view_as(x))
        transformed: Tensor = x + self.feed_forward(x)
        return transformed


def attention(
    q: Float[Tensor, "H C T B"],
    k: Float[Tensor, "H C T B"],
    v: Float[Tensor, "H C T B"],
    bias: Float[Tensor, "H T T B"] | None,
) -> Float[Tensor, "H C T B"]:
    """Mean of the values of an event's tokens, weighted by softmax(q k / sqrt(C) + bias) over the keys."""
    # all have five axes from here on: H, C, T of queries, T of keys, B
    q, k, v = q.unsqueeze(3), k.unsqueeze(2), v.unsqueeze(2)
    scale = q.shape[1] ** -0.5
    agreement: Tensor = SumOfProducts.apply(q, k, 1, 3, 2)  # type: ignore[no-untyped-call]
    logits = agreement * scale if bias is None else torch.add(bias.unsqueeze(1), agreement, alpha=scale)
    weights = logits.softmax(dim=3).to(v.dtype)  # mixed precision makes it float32
    mean: Tensor = SumOfProducts.apply(weights, v, 3, 1, 2)  # type: ignore[no-untyped-call]
    return mean.squeeze(3)


class SumOfProducts(torch.autograd.Function):
    """The sum of a * b along one axis, where a and b broadcast against each other along one other axis each.

    ``a.mul(b).sum(axis)``, but the tensor of all products, which leaves the processor's caches, is never
    there, forward or backward: each gradient is again such a sum, along the axis that the factor lacks.
    """

    @staticmethod
    def forward(ctx: Any, a: Tensor, b: Tensor, axis: int, lacks_a: int, lacks_b: int) -> Tensor:
        ctx.save_for_backward(a, b)
        ctx.lacks = lacks_a, lacks_b
        return _sum_of_products(a, b, axis)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        a, b = ctx.saved_tensors
        lacks_a, lacks_b = ctx.lacks
        of_a, of_b = _sum_of_products(gradient, b, lacks_a), _sum_of_products(gradient, a, lacks_b)
        return of_a, of_b, None, None, None


def _sum_of_products(a: Tensor, b: Tensor, axis: int) -> Tensor:
    ones = a.shape[axis] * [1]
    first, *others = zip(
        torch.split_with_sizes(a, ones, axis), torch.split_with_sizes(b, ones, axis), strict=True
    )
    total = first[0] * first[1]
    for slice_of_a, slice_of_b in others:
        total.addcmul_(slice_of_a, slice_of_b)
    return total
