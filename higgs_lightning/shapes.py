"""Shapes of tensors, as they stand in signatures; the tests check every call against them.

Legend, here and wherever a shape is written: B events, F = 21 low-level features in the order of
:data:`higgs_lightning.schema.LOW_LEVEL`, O = 6 objects in that of :data:`higgs_lightning.schema.OBJECTS`.
In one signature a letter stands for one size. Outside of the tests nothing is checked, which costs nothing.
"""

from jaxtyping import Bool, Float
from torch import Tensor

#: Events in HIGGS units; NaN for what is missing.
Features = Float[Tensor, "B F=21"]
#: Of some features something is true.
FeatureMask = Bool[Tensor, "B F=21"]
#: Of some objects something is true, such as that they are hidden.
ObjectMask = Bool[Tensor, "B O=6"]
#: A number for each object.
PerObject = Float[Tensor, "B O=6"]
#: A number for each event.
PerEvent = Float[Tensor, " B"]
#: A number for each feature, whatever the event.
PerFeature = Float[Tensor, "F=21"]
