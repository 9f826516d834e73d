"""Layers that models share."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from numpy.polynomial import Chebyshev, Polynomial
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


class Gelu(nn.GELU):
    """GELU, by polynomials where it is compiled for a processor in bfloat16.

    That keeps 8 bits of a number, and the error function in float32 would take a seventh of a step.
    """

    def forward(self, x: Tensor) -> Tensor:
        if x.dtype == torch.bfloat16 and x.device.type == "cpu" and torch.compiler.is_compiling():
            return _RoundedGelu.apply(x)  # type: ignore[no-any-return, no-untyped-call]
        return super().forward(x)


class _RoundedGelu(torch.autograd.Function):
    """x times the share of a normal distribution below x, and its derivative.

    The share is right to 2e-5 and the derivative to 4e-4, where bfloat16 rounds by 4e-3 of a number.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        exact = x.float()
        # of what is far below 0, a share that is not quite 0 would be much
        return (exact.clamp(min=-_FLAT) * _half_and_odd(exact, _SHARE)).to(x.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        return (gradient * _half_and_odd(x.float(), _DERIVATIVE)).to(x.dtype)


_FLAT = 4.5  # standard deviations, beyond which 3e-6 is left of the distribution


def _polynomial(odd: Callable[[float], float]) -> list[float]:
    """The polynomial of x^2 by which x is to be multiplied for an odd function that ends at 1/2."""
    of_square = Chebyshev.interpolate(
        lambda squares: np.array([odd(x) / x for x in np.sqrt(squares)]), deg=10, domain=(0, _FLAT**2)
    )
    factor = 0.5 / _FLAT / float(of_square(_FLAT**2))
    return [factor * float(coefficient) for coefficient in of_square.convert(kind=Polynomial).coef]


def _half_of_error_function(x: float) -> float:
    return math.erf(x / math.sqrt(2)) / 2


_SHARE = _polynomial(_half_of_error_function)
_DERIVATIVE = _polynomial(
    lambda x: _half_of_error_function(x) + x * math.exp(-x * x / 2) / math.sqrt(2 * math.pi)
)


def _half_and_odd(x: Tensor, coefficients: list[float]) -> Tensor:
    """1/2 and the odd function of these coefficients, which is flat from :data:`_FLAT` on."""
    x = x.clamp(-_FLAT, _FLAT)
    square = x * x
    *others, highest = coefficients
    polynomial = torch.full_like(x, highest)
    for coefficient in reversed(others):
        polynomial = polynomial * square + coefficient
    return 0.5 + x * polynomial


class Block(nn.Module):
    """Pre-norm transformer block: attention with an additive bias, then a feed-forward layer of 2 x dim.

    Tokens come first and events second, so that products are one large matrix. Within attention events come
    last: an event has a few tokens only, and what it asks of each pair of them is one operation on all events
    at once, more than twice as fast as a tiny product of matrices for each event and head.

    Shape legend: T tokens, R rows, each a token of an event, D = dim width, H heads, C channels of a head.
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
            Gelu(),
            nn.Linear(2 * dim, dim),
            nn.Dropout(dropout),
        )
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, x: Float[Tensor, "T B D"], bias: Float[Tensor, "H T T B"] | None = None
    ) -> Float[Tensor, "T B D"]:
        """Map tokens to tokens.

        Args:
            x: the tokens.
            bias: of each head's attention, from the token that asks (second axis) to the one that is asked.
        """
        return self.rows(x, bias, len(x)).view_as(x)

    def rows(
        self,
        x: Float[Tensor, "T B D"],
        bias: Float[Tensor, "H T T B"] | None,
        num_wanted: int,
        num_full: int = 0,
    ) -> Float[Tensor, "R D"]:
        """Of what :meth:`forward` returns only the tokens that are wanted; the others are not made.

        Args:
            x: the tokens.
            bias: as there.
            num_wanted: how many of the first tokens of an event are wanted.
            num_full: of how many events, the last ones, all tokens are wanted.

        Returns:
            First the first ``num_wanted`` tokens of all other events, then all tokens of the last
            ``num_full``; within each, tokens first and events second.
        """
        if _is_precision_mixed(x):  # then what lies between the products reads half the memory, too
            x = x.to(torch.get_autocast_dtype(x.device.type))
        num_tokens, num_events, dim = x.shape
        if not (self.training or torch.is_grad_enabled() or num_full):
            return self._evaluated(x, bias, num_wanted)
        tokens = x.flatten(0, 1)
        qkv = torch.addmm(self.qkv.bias[:, None], self.qkv.weight, self.attention_norm(tokens).T)
        qkv = qkv.view(3, self.num_heads, dim // self.num_heads, num_tokens, num_events)
        if torch.compiler.is_compiling():
            attended = [attended_values(*group) for group in _groups(qkv, bias, num_wanted, num_full)]
        else:
            attended = Attention.apply(qkv, bias, num_wanted, num_full)  # type: ignore[no-untyped-call]
        asked, wanted = attended[0].view(dim, -1), tokens[: num_wanted * num_events]
        if num_full:
            asked = torch.cat([asked, attended[1].view(dim, -1)], dim=1)
            others, full = x.split([num_events - num_full, num_full], dim=1)
            wanted = torch.cat([others[:num_wanted].flatten(0, 1), full.flatten(0, 1)])
        wanted = wanted + self.dropout(self.projection(asked.T))
        transformed: Tensor = wanted + self.feed_forward(wanted)
        return transformed

    def _evaluated(
        self, x: Float[Tensor, "T B D"], bias: Float[Tensor, "H T T B"] | None, num_wanted: int
    ) -> Float[Tensor, "R D"]:
        """What :meth:`rows` returns where no gradient is wanted, in fewer passes over fewer tokens.

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
        return wanted.addmm_(widened, narrow.weight.to(widened).T)  # type: ignore[arg-type]

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

    Shape legend: H heads, C channels of a head, T tokens, of which S ask, b events of a group. Within, all
    have the axes H, C, queries, keys, events.
    """

    @staticmethod
    def forward(
        ctx: Any,
        qkv: Float[Tensor, "3 H C T B"],
        bias: Float[Tensor, "H T T B"] | None,
        num_wanted: int,
        num_full: int,
    ) -> tuple[Float[Tensor, "H C S b"], ...]:
        """The means of each group of events, see :func:`_groups`."""
        groups = _groups(qkv, bias, num_wanted, num_full)
        found = [_attended(*_with_all_axes(*group), of_pairs) for *group, of_pairs in groups]
        means, weights = zip(*found, strict=True)
        ctx.save_for_backward(qkv, *weights)
        ctx.wanted = num_wanted, num_full
        return means

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        qkv, *weights = ctx.saved_tensors
        num_tokens, num_events = qkv.shape[3:]
        of_qkv, of_bias = torch.empty_like(qkv), None
        if ctx.needs_input_grad[1]:
            of_bias = qkv.new_empty(qkv.shape[1], num_tokens, num_tokens, num_events)
        if ctx.wanted != (num_tokens, 0):  # queries that nobody wanted have no gradient
            of_qkv[0] = 0
            if of_bias is not None:
                of_bias.zero_()
        groups = _groups(qkv, None, *ctx.wanted), _groups(of_qkv, of_bias, *ctx.wanted)
        for gradient, weight, (*group, _), (*of_group, of_pairs) in zip(
            gradients, weights, *groups, strict=True
        ):
            (q, k, v), (of_q, of_k, of_v) = _with_all_axes(*group), _with_all_axes(*of_group)
            of_mean = gradient[:, :, :, None]
            of_weights = _sum_of_products(of_mean, v, axis=1).mul_(weight)
            of_logits = of_weights.addcmul_(weight, of_weights.sum(dim=3, keepdim=True), value=-1)
            of_agreement = of_logits * q.shape[1] ** -0.5
            _sum_of_products(of_agreement, k, axis=3, out=of_q)
            _sum_of_products(of_agreement, q, axis=2, out=of_k)
            _sum_of_products(of_mean, weight, axis=2, out=of_v)
            if of_pairs is not None:
                of_pairs.copy_(of_logits[:, 0])
        return of_qkv, of_bias, None, None


def _groups(
    qkv: Float[Tensor, "3 H C T B"],
    bias: Float[Tensor, "H T T B"] | None,
    num_wanted: int,
    num_full: int,
) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor | None]]:
    """Queries, keys, values and bias of each group of events, as views: see :meth:`Block.rows`.

    In the first group the first tokens ask, in the second, if there is one, all.
    """
    if not num_full:
        q, k, v = qkv.unbind()
        yield q[:, :, :num_wanted], k, v, None if bias is None else bias[:, :num_wanted]
        return
    sizes = [qkv.shape[4] - num_full, num_full]
    biases = (None, None) if bias is None else bias.split(sizes, dim=3)
    for group, of_pairs, number in zip(qkv.split(sizes, dim=4), biases, (num_wanted, None), strict=True):
        q, k, v = group.unbind()
        yield q[:, :, :number], k, v, None if of_pairs is None else of_pairs[:, :number]


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
    # two channels at a time halve the calls, and what is added up last is small; more leave the caches
    at_a_time = math.gcd(2, a.shape[axis]) if axis == 1 and out is None else 1
    sizes = a.shape[axis] // at_a_time * [at_a_time]
    slices = zip(torch.split_with_sizes(a, sizes, axis), torch.split_with_sizes(b, sizes, axis), strict=True)
    total = torch.mul(*next(slices), out=out)
    for slice_of_a, slice_of_b in slices:
        total.addcmul_(slice_of_a, slice_of_b)
    return total.sum(dim=axis, keepdim=True) if at_a_time > 1 else total
