"""Small tensors that never change, such as the scale of each feature, on whatever device they are needed."""

from typing import ClassVar

import torch
from torch import Tensor


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
