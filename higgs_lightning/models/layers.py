"""Layers that models share."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

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


class ScoreLayer(nn.Linear):
    """A linear map to one number of each event, in float32 where products are in bfloat16.

    That has 8 bits of a fraction, so that thousands of events would have some hundred scores.
    """

    def __init__(self, in_dim: int) -> None:
        super().__init__(in_dim, 1)

    def forward(self, x: Float[Tensor, "B I"]) -> Float[Tensor, "B 1"]:
        if _is_precision_mixed(x):
            return (x.float() * self.weight).sum(dim=1, keepdim=True) + self.bias
        return super().forward(x)


class Block(nn.Module):
    """Pre-norm transformer block: attention with an additive bias, then a feed-forward layer of 2 x dim.

    Tokens come first and events second, so that products are one large matrix. Within attention events come
    last: an event has a few tokens only, and what it asks of each pair of them is one operation on all events
    at once, more than twice as fast as a tiny product of matrices for each event and head.

    Shape legend: T tokens, of which S are returned, D = dim width, H heads, C channels of a head.
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
        self,
        x: Float[Tensor, "T B D"],
        bias: Float[Tensor, "H T T B"] | None = None,
        num_wanted: int | None = None,
    ) -> Float[Tensor, "S B D"]:
        """Map tokens to tokens, with a bias of each head's attention from one of them to another.

        Args:
            x: the tokens.
            bias: from the token that asks (second axis) to the one that is asked.
            num_wanted: S, how many of the first tokens are returned; None for all.
        """
        if _is_precision_mixed(x):  # then what lies between the products reads half the memory, too
            x = x.to(torch.get_autocast_dtype(x.device.type))
        if not (self.training or torch.is_grad_enabled()):
            return self._evaluated(x, bias, len(x) if num_wanted is None else num_wanted)
        num_tokens, num_events, dim = x.shape
        tokens = x.flatten(0, 1)
        qkv = torch.addmm(self.qkv.bias[:, None], self.qkv.weight, self.attention_norm(tokens).T)
        qkv = qkv.view(3, self.num_heads, dim // self.num_heads, num_tokens, num_events)
        if torch.compiler.is_compiling():
            q, k, v = qkv.unbind()
            attended = attended_values(q, k, v, bias)
        else:
            attended = Attention.apply(qkv, bias)  # type: ignore[no-untyped-call]
        tokens = tokens + self.dropout(self.projection(attended.view(dim, num_tokens * num_events).T))
        transformed: Tensor = tokens + self.feed_forward(tokens)
        return transformed.view_as(x)[:num_wanted]

    def _evaluated(
        self, x: Float[Tensor, "T B D"], bias: Float[Tensor, "H T T B"] | None, num_wanted: int
    ) -> Float[Tensor, "S B D"]:
        """What :meth:`forward` returns where no gradient is wanted, in fewer passes over fewer tokens.

        A bias of the keys adds the same to all that a token asks, which softmax takes away; one of the values
        passes attention as it is, because its weights sum to 1. What is added to is added to in place.
        """
        num_tokens, num_events, dim = x.shape
        num_rows = num_wanted * num_events
        tokens = x.flatten(0, 1)
        normed = self.attention_norm(tokens).T
        of_queries, _, of_values = self.qkv.bias.view(3, dim)
        q = torch.addmm(of_queries[:, None], self.qkv.weight[:dim], normed[:, :num_rows])
        heads = self.num_heads, dim // self.num_heads
        k, v = torch.mm(self.qkv.weight[dim:], normed).view(2, *heads, num_tokens, num_events)
        q = q.view(*heads, num_wanted, num_events)
        mean = attended_values(q, k, v, None if bias is None else bias[:, :num_wanted])
        constant = torch.addmv(self.projection.bias, self.projection.weight, of_values)
        wanted = tokens[:num_rows] + constant.to(tokens)
        wanted = wanted.addmm_(mean.view(dim, num_rows).T, self.projection.weight.to(mean).T)
        norm, widen, activation, narrow, _ = self.feed_forward
        widened = activation(widen(norm(wanted)))
        wanted = wanted + narrow.bias.to(wanted)  # type: ignore[operator]
        wanted = wanted.addmm_(widened, narrow.weight.to(widened).T)  # type: ignore[arg-type]
        return wanted.view(num_wanted, num_events, dim)

    def attention(
        self, x: Float[Tensor, "T B D"], bias: Float[Tensor, "H T T B"] | None = None
    ) -> Float[Tensor, "H T T B"]:
        """The weights with which each token asks each, as in :meth:`forward`; to look at, not to train."""
        num_tokens, num_events, dim = x.shape
        qkv = self.qkv(self.attention_norm(x)).view(
            num_tokens, num_events, 3, self.num_heads, dim // self.num_heads
        )
        q, k, _ = qkv.unbind(2)
        agreement = torch.einsum("qbhc,kbhc->hqkb", q, k) * q.shape[-1] ** -0.5
        weights: Tensor = (agreement if bias is None else agreement + bias).softmax(dim=2)
        return weights


def _is_precision_mixed(x: Tensor) -> bool:
    """Whether products on the tensor's device are cast; for some devices, such as meta, they never are."""
    device = x.device.type
    return torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device)


def attended_values(
    q: Float[Tensor, "H C S B"],
    k: Float[Tensor, "H C T B"],
    v: Float[Tensor, "H C T B"],
    bias: Float[Tensor, "H S T B"] | None,
) -> Float[Tensor, "H C S B"]:
    """What :class:`Attention` does, without a backward of its own."""
    q, k, v = _with_all_axes(q, k, v)
    if not torch.compiler.is_compiling():
        return _attended(q, k, v, bias)[0]
    # a compiler merges the products itself, and knows no better than to follow loops over slices
    logits = (q * k).sum(dim=1, keepdim=True) * q.shape[1] ** -0.5
    weights = (logits if bias is None else logits + bias[:, None]).softmax(dim=3).to(v.dtype)
    attended: Tensor = (weights * v).sum(dim=3)
    return attended


class Attention(torch.autograd.Function):
    """Mean of the values of an event's tokens, weighted by softmax(q k / sqrt(C) + bias) over the keys.

    Every product is a sum of products of slices, so that the tensor of all products, which leaves the
    processor's caches, is never there. That holds backward too, because each gradient is such a sum again.

    Shape legend: H heads, C channels of a head, T tokens. Within, all have the axes H, C, queries, keys, B.
    """

    @staticmethod
    def forward(
        ctx: Any, qkv: Float[Tensor, "3 H C T B"], bias: Float[Tensor, "H T T B"] | None
    ) -> Float[Tensor, "H C T B"]:
        mean, weights = _attended(*_with_all_axes(*qkv.unbind()), bias)
        ctx.save_for_backward(qkv, weights)
        return mean

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor | None]:
        qkv, weights = ctx.saved_tensors
        q, k, v = _with_all_axes(*qkv.unbind())
        of_mean = gradient[:, :, :, None]
        of_weights = _sum_of_products(of_mean, v, axis=1).mul_(weights)
        of_logits = of_weights.addcmul_(weights, of_weights.sum(dim=3, keepdim=True), value=-1)
        of_agreement = of_logits * q.shape[1] ** -0.5
        of_qkv = torch.empty_like(qkv)
        of_q, of_k, of_v = _with_all_axes(*of_qkv.unbind())
        _sum_of_products(of_agreement, k, axis=3, out=of_q)
        _sum_of_products(of_agreement, q, axis=2, out=of_k)
        _sum_of_products(of_mean, weights, axis=2, out=of_v)
        return of_qkv, of_logits[:, 0] if ctx.needs_input_grad[1] else None


def _attended(q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None) -> tuple[Tensor, Tensor]:
    """The means of the values, and the weights."""
    scale = q.shape[1] ** -0.5
    agreement = _sum_of_products(q, k, axis=1)
    logits = agreement * scale if bias is None else torch.add(bias[:, None], agreement, alpha=scale)
    weights = logits.softmax(dim=3).to(v.dtype)  # mixed precision makes it float32
    return _sum_of_products(weights, v, axis=3).squeeze(3), weights


def _with_all_axes(q: Tensor, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    return q[:, :, :, None], k[:, :, None], v[:, :, None]


def _sum_of_products(a: Tensor, b: Tensor, axis: int, out: Tensor | None = None) -> Tensor:
    """``(a * b).sum(axis, keepdim=True)``"""
    ones = a.shape[axis] * [1]
    slices = zip(torch.split_with_sizes(a, ones, axis), torch.split_with_sizes(b, ones, axis), strict=True)
    total = torch.mul(*next(slices), out=out)
    for slice_of_a, slice_of_b in slices:
        total.addcmul_(slice_of_a, slice_of_b)
    return total
