"""An objective whose scores of background say little about the mass of the two tagged jets."""

from typing import Any

from jaxtyping import Bool, Float
from torch import Tensor

from higgs_lightning.kinematics import tagged_pair_mass, to_objects
from higgs_lightning.masking import hidden_features, missing_objects
from higgs_lightning.models.base import Output
from higgs_lightning.shapes import Features, PerEvent
from higgs_lightning.training.objective import MaskedObjective

_LEAST = 1e-12  # of a variance: what does not vary depends on nothing
_FEWEST = 3  # events: any two of them depend on each other


class DecorrelatedObjective(MaskedObjective):
    """The masked objective, plus a penalty on scores of background that depend on m_bb: DisCo.

    A cut on the score then changes the shape of the background's m_bb less, in which an analysis would look
    for a peak; it costs ROC-AUC. Added is the squared distance correlation of m_bb and the score (the
    probability) over the background events of a batch with two tagged jets listed, by their weights: G.
    Kasieczka and D. Shih, Phys. Rev. Lett. 125 (2020) 122001, arXiv:2001.05310.

    Args:
        decorrelation_weight: weight of the penalty.
        masked: options of :class:`~higgs_lightning.training.objective.MaskedObjective`.
    """

    losses = (*MaskedObjective.losses, "distance_correlation")

    def __init__(self, decorrelation_weight: float, **masked: Any) -> None:
        super().__init__(**masked)
        self.decorrelation_weight = decorrelation_weight

    def penalties(
        self, whole: Output, features: Features, labels: PerEvent, weights: PerEvent | None
    ) -> dict[str, tuple[float, Float[Tensor, ""]]]:
        incomplete = hidden_features(missing_objects(features))  # such a jet has no mass
        m_bb = tagged_pair_mass(to_objects(features.masked_fill(incomplete, 0.0)))
        chosen = (labels < 0.5) & (m_bb > 0)
        scores = whole.logits.float().sigmoid()
        correlation = squared_distance_correlation(scores, m_bb, chosen, weights)
        return {"distance_correlation": (self.decorrelation_weight, correlation)}


def squared_distance_correlation(
    one: Float[Tensor, " N"],
    other: Float[Tensor, " N"],
    chosen: Bool[Tensor, " N"],
    weights: Float[Tensor, " N"] | None = None,
) -> Float[Tensor, ""]:
    """The squared distance correlation of two numbers of the chosen events: 0 if independent, 1 if linear.

    G. J. Szekely, M. L. Rizzo and N. K. Bakirov, Ann. Statist. 35 (2007) 2769, definitions 4 and 5: of the
    distances between all pairs, less the means of row and column, the mean product over the root of the mean
    squares. Every mean is by the weights of the events, if they have some: one of weight 2 is two.
    Of few independent events it is a little above 0. 0 where one of the two does not vary, or of fewer than
    three events. Events are chosen by factors of 0 and 1, so that shapes do not depend on them.
    """
    factors = chosen.to(one.dtype) if weights is None else weights * chosen
    of_pairs = factors[:, None] * factors
    a, b = _centred_distances(one, factors), _centred_distances(other, factors)
    # each sum over pairs, whose number cancels in the ratio but for the least
    least = _LEAST * of_pairs.sum().clamp(min=1)
    covariance = (of_pairs * a * b).sum()
    variances = (of_pairs * a.square()).sum() * (of_pairs * b.square()).sum()
    return covariance / variances.clamp(min=least**2).sqrt() * (chosen.sum() >= _FEWEST)


def _centred_distances(values: Float[Tensor, " N"], weights: Float[Tensor, " N"]) -> Float[Tensor, "N N"]:
    """Distances of all pairs, less the means of their row and their column, plus the mean of all."""
    number = weights.sum().clamp(min=_LEAST)
    squares = weights * (values - (weights * values).sum() / number).detach().square()
    deviation = (squares.sum() / number).sqrt()
    values = values / deviation.clamp(min=_LEAST)  # the result has no unit
    distances = (values[:, None] - values).abs()
    of_rows = (distances * weights).sum(dim=1) / number
    return distances - of_rows - of_rows[:, None] + (of_rows * weights).sum() / number
