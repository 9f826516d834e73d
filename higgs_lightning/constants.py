"""Small tensors that never change, such as the scale of each feature, on whatever device they are needed."""

from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F  # noqa: N812


class Constant:
    """A tensor that is copied to a device once.

    A copy in each step would make it wait for the device, and keep it from being a graph of CUDA.
    """

    _all: ClassVar[list["Constant"]] = []

    def __init__(self, values: Tensor) -> None:
        self._of = {str(values.device): values}
        self._values = values
        self._all.append(self)

    def on(self, where: Tensor) -> Tensor:
        """The constant on the device of a tensor."""
        device = str(where.device)
        if device not in self._of:
            self._of[device] = self._values.to(where.device)
        return self._of[device]

    @classmethod
    def put_all_on(cls, device: torch.device) -> None:
        """Copy every constant there now, before what needs them is compiled."""
        for constant in cls._all:
            constant.on(torch.empty(0, device=device))


class Choice:
    """Entries of the second axis of a tensor, of which each is chosen a few times at most.

    The gradient of an entry is gathered from where the entry went. PyTorch's own way adds to it from there,
    an addition at a time: it is slower, and a GPU sorts the additions first for the sake of their order.

    Args:
        positions: (M,) of what is chosen of N entries; -1 for zeros.
        num_entries: N.
    """

    def __init__(self, positions: Tensor, num_entries: int) -> None:
        places = [(positions == entry).nonzero().flatten() for entry in range(num_entries)]
        most = max(len(each) for each in places)
        all_places = torch.stack([F.pad(each, (0, most - len(each)), value=-1) for each in places], dim=1)
        self._has_zeros = bool((positions < 0).any())
        self._positions = Constant(positions % (num_entries + 1))
        self._places = Constant(all_places.clamp(min=0))  # (K, N)
        self._is_place = Constant((all_places >= 0).float())

    def of(self, x: Tensor) -> Tensor:
        """What is chosen of (A, N, ...): (A, M, ...)."""
        if self._has_zeros:
            x = torch.cat([x, torch.zeros_like(x[:, :1])], dim=1)
        constants = (self._positions.on(x), self._places.on(x), self._is_place.on(x))
        chosen: Tensor = _Chosen.apply(x, *constants)  # type: ignore[no-untyped-call]
        return chosen


class _Chosen(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, positions: Tensor, places: Tensor, is_place: Tensor) -> Tensor:
        ctx.save_for_backward(places, is_place)
        ctx.num_zeros = x.shape[1] - places.shape[1]
        return x.index_select(1, positions)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None]:
        places, is_place = ctx.saved_tensors
        ones = (gradient.dim() - 2) * [1]
        parts = [
            gradient.index_select(1, of_entry) * factor.to(gradient.dtype).view(-1, *ones)
            for of_entry, factor in zip(places, is_place, strict=True)
        ]
        total = sum(parts[1:], start=parts[0])
        if ctx.num_zeros:
            total = torch.cat([total, torch.zeros_like(total[:, :1])], dim=1)
        return total, None, None, None
