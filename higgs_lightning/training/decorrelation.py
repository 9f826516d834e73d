"""An objective whose scores of background say little about the mass of the two tagged jets."""

from typing import Any

from jaxtyping import Float
from torch import Tensor

from higgs_lightning.kinematics import tagged_pair_mass, to_objects
from higgs_lightning.models.base import Output
from higgs_lightning.shapes import Features, PerEvent
from higgs_lightning.training.objective import MaskedObjective

_LEAST = 1e-12  # of a variance: what does not vary depends on nothing
_FEWEST = 3  # events: any two of them depend on each other


class DecorrelatedObjective(MaskedObjective):
    """The masked objective, plus a penalty on scores of background that depend on m_bb: DisCo.

    A cut on the score then changes the shape of the background's m_bb less, in which an analysis would look
    for a peak; it costs ROC-AUC. Added is the squared distance correlation of m_bb and the score (the
    probability) over the background events of a batch with two tagged jets listed: G. Kasieczka and D. Shih,
    Phys. Rev. Lett. 125 (2020) 122001, arXiv:2001.05310.

    Args:
        decorrelation_weight: weight of the penalty.
        masked: options of :class:`~higgs_lightning.training.objective.MaskedObjective`.
    """

    losses = (*MaskedObjective.losses, "distance_correlation")

    def __init__(self, decorrelation_weight: float, **masked: Any) -> None:
        super().__init__(**masked)
        self.decorrelation_weight = decorrelation_weight

    def penalties(
        self, whole: Output, features: Features, labels: PerEvent
    ) -> dict[str, tuple[float, Float[Tensor, ""]]]:
        m_bb = tagged_pair_mass(to_objects(features.nan_to_num()))
        chosen = (labels < 0.5) & (m_bb > 0)
        scores = whole.logits.float().sigmoid()[chosen]
        return {
            "distance_correlation": (
                self.decorrelation_weight,
                squared_distance_correlation(scores, m_bb[chosen]),
            )
        }


def squared_distance_correlation(one: Float[Tensor, " N"], other: Float[Tensor, " N"]) -> Float[Tensor, ""]:
    """The squared distance correlation of two numbers of N events: 0 of independent ones, 1 of linear ones.

    G. J. Szekely, M. L. Rizzo and N. K. Bakirov, Ann. Statist. 35 (2007) 2769, definitions 4 and 5: of the
    distances between all pairs, less the means of row and column, the mean product over the root of the mean
    squares. Of few independent events it is a little above 0. 0 where one of the two does not vary, or of
    fewer than three events.
    """
    if len(one) < _FEWEST:
        return one.sum() * 0
    a, b = _centred_distances(one), _centred_distances(other)
    variances = a.square().mean() * b.square().mean()
    return (a * b).mean() / variances.clamp(min=_LEAST**2).sqrt()


def _centred_distances(values: Float[Tensor, " N"]) -> Float[Tensor, "N N"]:
    """Distances of all pairs, less the means of their row and their column, plus the mean of all."""
    values = values / values.detach().std().clamp(min=_LEAST)  # the result has no unit
    distances = (values[:, None] - values).abs()
    return distances - distances.mean(dim=0) - distances.mean(dim=1, keepdim=True) + distances.mean()
