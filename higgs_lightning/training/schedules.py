"""Learning-rate schedules, each with the moments at which Lightning steps it."""

import math
from typing import Any

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, ReduceLROnPlateau


def warmup_cosine(optimizer: Optimizer, total_steps: int, warmup: float) -> dict[str, Any]:
    """Rise linearly over the first ``warmup`` share of the steps, then fall to 0 along a half cosine."""
    warmup_steps = max(1, round(warmup * total_steps))

    def factor(step: int) -> float:
        if step < warmup_steps:
            return (step + 1) / warmup_steps
        progress = (step - warmup_steps) / max(1, total_steps - warmup_steps)
        return (1 + math.cos(math.pi * min(1.0, progress))) / 2

    return {"scheduler": LambdaLR(optimizer, factor), "interval": "step"}


def reduce_on_plateau(
    optimizer: Optimizer, total_steps: int, monitor: str, factor: float, patience: int, threshold: float
) -> dict[str, Any]:
    """Multiply by ``factor`` after more than ``patience`` epochs in which ``monitor`` did not fall.

    A fall counts from the relative ``threshold`` on. ``total_steps`` makes no difference.
    """
    plateau = ReduceLROnPlateau(optimizer, factor=factor, patience=patience, threshold=threshold)
    return {"scheduler": plateau, "interval": "epoch", "monitor": monitor}
