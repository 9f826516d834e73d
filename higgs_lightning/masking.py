"""Which objects of an event are hidden from the encoder. One polarity everywhere: ``True`` = hidden.

Shape legend: B events, O objects, F low-level features.
"""

import torch
from torch import Tensor

from higgs_lightning import schema

_OBJECT_OF_FEATURE = torch.tensor(schema.OBJECT_OF_FEATURE)


def hide_objects(num_events: int, ratio: float, fraction: float, generator: torch.Generator) -> Tensor:
    """Hide whole objects at random: (B, O) bool on the generator's device, ``True`` = hidden.

    Args:
        num_events: B.
        ratio: share of the six objects to hide in a masked event, rounded to whole objects. At least one
            object stays visible.
        fraction: share of events that are masked; the others stay whole.
        generator: source of the randomness.
    """
    num_hidden = min(round(ratio * schema.NUM_OBJECTS), schema.NUM_OBJECTS - 1)
    device = generator.device
    rank = torch.rand(num_events, schema.NUM_OBJECTS, generator=generator, device=device).argsort(dim=1)
    masked = torch.rand(num_events, 1, generator=generator, device=device) < fraction
    return (rank < num_hidden) & masked


def hidden_features(hidden: Tensor) -> Tensor:
    """Spread a mask of objects (B, O) over their features: (B, F), ``True`` = hidden."""
    return hidden[:, _OBJECT_OF_FEATURE.to(hidden.device)]
