"""Which objects of an event are hidden from the encoder. One polarity everywhere: ``True`` = hidden."""

import torch

from higgs_lightning import schema
from higgs_lightning.constants import Constant
from higgs_lightning.shapes import FeatureMask, Features, ObjectMask

_OBJECT_OF_FEATURE = Constant(torch.tensor(schema.OBJECT_OF_FEATURE))
_IS_OF_OBJECT = Constant(torch.eye(schema.NUM_OBJECTS)[list(schema.OBJECT_OF_FEATURE)])  # (F, O)


def hide_objects(num_events: int, ratio: float, generator: torch.Generator) -> ObjectMask:
    """Hide whole objects at random, on the generator's device; ``True`` = hidden.

    Args:
        num_events: B.
        ratio: share of the six objects to hide in each event, rounded to whole objects. At least one stays
            visible.
        generator: source of the randomness.

    Examples:
        >>> hidden = hide_objects(2, ratio=0.5, generator=torch.Generator().manual_seed(0))
        >>> hidden.shape, hidden.sum(dim=1)
        (torch.Size([2, 6]), tensor([3, 3]))
    """
    num_hidden = min(round(ratio * schema.NUM_OBJECTS), schema.NUM_OBJECTS - 1)
    order = torch.rand(num_events, schema.NUM_OBJECTS, generator=generator, device=generator.device)
    return order.argsort(dim=1) < num_hidden


def missing_objects(features: Features) -> ObjectMask:
    """The objects of which a feature is NaN."""
    return features.isnan().float() @ _IS_OF_OBJECT.on(features) > 0


def hidden_features(hidden: ObjectMask) -> FeatureMask:
    """Spread a mask of objects over their features; ``True`` = hidden.

    Examples:
        >>> lepton = torch.tensor([[True, False, False, False, False, False]])
        >>> [schema.LOW_LEVEL[i].name for i in hidden_features(lepton)[0].nonzero()]
        ['lepton_pT', 'lepton_eta', 'lepton_phi']
    """
    return hidden.index_select(1, _OBJECT_OF_FEATURE.on(hidden))


def hidden_or_missing(features: Features, hidden: ObjectMask | None) -> ObjectMask:
    """What a model must not see of events: what is hidden, if anything, and what is missing."""
    missing = missing_objects(features)
    return missing if hidden is None else hidden | missing
