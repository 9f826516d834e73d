"""What is learned: the losses of a batch, and which events, whole or masked, they are taken from."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from higgs_lightning.evaluation.scores import Step
from higgs_lightning.kinematics import measuring_errors, mirrored, signs, smear
from higgs_lightning.masking import hidden_features, hide_objects
from higgs_lightning.models.base import Model, Output
from higgs_lightning.shapes import Features, ObjectMask, PerEvent


class Objective(Protocol):
    """What a model is trained on. An instance is made of ``conf/objective/NAME.yaml`` under ``_target_``."""

    #: The names of the losses of a step; ``loss`` is minimised.
    losses: Sequence[str]

    def __call__(
        self,
        model: Model,
        features: Features,
        labels: PerEvent,
        generator: torch.Generator,
        weights: PerEvent | None = None,
    ) -> Step:
        """Score a batch, and weigh the losses.

        Args:
            model: in training or in evaluation mode, which tells whether this is a step of training.
            features: in HIGGS units.
            labels: 1 for signal.
            generator: the source of all that is random, on the device of the batch.
            weights: of the events, in the mean 1 over all events of a split; given only where they have some,
                see ``data.weights`` and ``data.class_balance``. A loss is the mean of what events lose times
                their weights.
        """
        ...

    def to(self, device: torch.device) -> Any:
        """Move what it holds, such as a teacher, to the device that trains."""
        ...

    def compile(self, batch_size: int, **options: Any) -> None:
        """Let steps of training of so many events be compiled; without it ``compile=true`` is refused.

        Args:
            batch_size: others, such as the last batch of an epoch, and validation are left as they are.
            options: of ``torch.compile``.
        """
        ...


class Chance(NamedTuple):
    """All that is random in a step but dropout, drawn before its arithmetic; None is left out.

    Attributes:
        signs: of the pseudorapidities and of the azimuths of each event.
        errors: see :func:`~higgs_lightning.kinematics.smear`.
        hidden: the objects hidden from the events that are seen masked.
    """

    signs: tuple[Int[Tensor, "B 1"], Int[Tensor, "B 1"]] | None = None
    errors: Float[Tensor, "3 B O=6"] | None = None
    hidden: ObjectMask | None = None


class MaskedObjective:
    """BCE of the logits, plus the reconstruction error of the objects that are hidden from the model.

    Scores and the classification loss come from whole events. Reconstruction comes from events with objects
    hidden: in training the first ``mask_fraction`` of each batch once more, in validation and test every
    event, always with the same masks. The scores of masked events are trained too, with the weight of their
    share, so that the model can score events of which an object is missing. With ``mask_ratio`` 0 nothing is
    hidden, and the reconstruction loss counts every feature: a plain autoencoder. With
    ``classification_weight`` 0, labels play no part: pretraining. What an event loses counts by its weight.

    Args:
        classification_weight: weight of the BCE loss.
        reconstruction_weight: weight of the reconstruction loss.
        mask_ratio: share of the objects of a masked event to hide.
        mask_fraction: share of the training events that are also seen masked.
        teacher_weight: weight of the teacher's scores in what is learned; the rest is the labels'.
        reflect: mirror training events at random, see :func:`~higgs_lightning.kinematics.reflect`.
        smearing: of training events, 0 for none, see :func:`~higgs_lightning.kinematics.smear`.
        teacher: a trained model, whose probabilities of whole training events, as they are seen, mirrored and
            smeared, are learned beside the labels: distillation (G. Hinton, O. Vinyals and J. Dean,
            arXiv:1503.02531).
    """

    losses: Sequence[str] = ("loss", "classification_loss", "reconstruction_loss")

    def __init__(
        self,
        classification_weight: float,
        reconstruction_weight: float,
        mask_ratio: float,
        mask_fraction: float,
        teacher_weight: float,
        reflect: bool,
        smearing: float,
        teacher: Model | None = None,
    ) -> None:
        self.classification_weight = classification_weight
        self.reconstruction_weight = reconstruction_weight
        self.mask_ratio = mask_ratio
        self.mask_fraction = mask_fraction
        self.teacher_weight = teacher_weight
        self.reflect = reflect
        self.smearing = smearing
        self.teacher = teacher
        self._compiled_size = 0
        if teacher is not None:
            teacher.eval().requires_grad_(False)
            if reflect:
                # of events that are mirrored at random, the student itself learns the mean over images
                teacher.look_once()

    def to(self, device: torch.device) -> None:
        if self.teacher is not None:
            self.teacher.to(device)

    def compile(self, batch_size: int, **options: Any) -> None:
        torch.compiler.reset()  # a process may compile a function only so often, and a sweep has many runs
        self._compiled_size = batch_size
        self._compiled = torch.compile(self.step, fullgraph=True, dynamic=False, **options)

    def __call__(
        self,
        model: Model,
        features: Features,
        labels: PerEvent,
        generator: torch.Generator,
        weights: PerEvent | None = None,
    ) -> Step:
        chance = self.chance(model, len(features), generator)
        if not (model.training and len(features) == self._compiled_size):
            return self.step(model, features, labels, chance, weights)
        if features.is_cuda:
            torch.compiler.cudagraph_mark_step_begin()  # what the last step returned may be written over
        return self._compiled(model, features, labels, chance, weights)

    def chance(self, model: Model, num_events: int, generator: torch.Generator) -> Chance:
        """Draw what is random in a step of so many events."""
        mirrors = signs(num_events, generator) if model.training and self.reflect else None
        errors = None
        if model.training and self.smearing:
            errors = measuring_errors(num_events, self.smearing, generator)
        hidden = None
        if self.mask_ratio > 0 and model.has_decoder:
            hidden = hide_objects(self._num_decoded(model, num_events), self.mask_ratio, generator)
        return Chance(mirrors, errors, hidden)

    def step(
        self,
        model: Model,
        features: Features,
        labels: PerEvent,
        chance: Chance,
        weights: PerEvent | None = None,
    ) -> Step:
        """The arithmetic of a step, one graph: nothing of it depends on a value that must be waited for."""
        if chance.signs is not None:
            features = mirrored(features, *chance.signs)
        if chance.errors is not None:
            features = smear(features, chance.errors)
        targets = self._targets(features, labels) if model.training else labels

        seen = features[: self._num_decoded(model, len(features))]
        counted = ~seen.isnan()
        hidden = chance.hidden
        if hidden is not None:
            counted = counted & hidden_features(hidden)
        whole, masked = self._outputs(model, features, seen, hidden)
        classification = F.binary_cross_entropy_with_logits(whole.logits, targets, weights)
        loss = self.classification_weight * classification
        penalties = self.penalties(whole, features, labels, weights)
        for weight, penalty in penalties.values():
            loss = loss + weight * penalty
        if hidden is not None:
            masked_classification = F.binary_cross_entropy_with_logits(
                masked.logits,
                targets[: len(seen)],
                None if weights is None else weights[: len(seen)],
                reduction="sum",
            )
            weight = self.classification_weight * self.mask_fraction / max(1, len(seen))
            loss = loss + weight * masked_classification
        reconstruction: Features | None = None
        btag = None
        if not model.has_decoder:
            reconstruction, errors = seen, torch.zeros_like(seen)
        elif model.training:
            errors = model.reconstruction_errors(masked.encoded, seen, hidden)
        else:
            reconstruction, errors, btag = model.reconstruct(masked.encoded, seen, hidden)
        # the mean over hidden features only; 0 where there are none
        errors = errors * counted
        if weights is not None:
            errors = errors * weights[: len(seen), None]
        reconstruction_loss = errors.sum() / counted.sum().clamp(min=1)
        return Step(
            losses={
                "loss": loss + self.reconstruction_weight * reconstruction_loss,
                "classification_loss": classification.detach(),
                "reconstruction_loss": reconstruction_loss.detach(),
                **{name: penalty.detach() for name, (_, penalty) in penalties.items()},
            },
            probabilities=whole.logits.detach().float().sigmoid(),
            labels=labels,
            latent=whole.latent.detach(),
            features=seen,
            reconstruction=None if reconstruction is None else reconstruction.detach(),
            counted=counted,
            btag=None if btag is None else btag.detach(),
        )

    def penalties(
        self, whole: Output, features: Features, labels: PerEvent, weights: PerEvent | None
    ) -> dict[str, tuple[float, Float[Tensor, ""]]]:
        """What else is minimised, by the name of the loss: its weight and the loss of whole events; none."""
        return {}

    def _outputs(
        self,
        model: Model,
        features: Features,
        seen: Float[Tensor, "M F=21"],
        hidden: Bool[Tensor, "M O=6"] | None,
    ) -> tuple[Output, Output]:
        """What a model says of whole events, and of those that are seen with objects hidden, if any are."""
        if hidden is None:
            whole = model(features)
            return whole, whole
        learns_from_whole = self.classification_weight > 0
        if model.training and learns_from_whole and not model.mixes_events:  # in one pass
            return model.whole_and_masked(features, hidden)
        # unlabelled pretraining looks at the scores without learning from them
        with torch.set_grad_enabled(torch.is_grad_enabled() and learns_from_whole):
            whole = model(features)
        return whole, model(seen, hidden)

    def _targets(self, features: Features, labels: PerEvent) -> PerEvent:
        """What a training batch should score: its labels, mixed with the teacher's scores."""
        if self.teacher is None:
            return labels
        with torch.no_grad():
            return labels.lerp(self.teacher(features).logits.float().sigmoid(), self.teacher_weight)

    def _num_decoded(self, model: Model, num_events: int) -> int:
        """How many events of a batch are decoded, which are its first ones."""
        if not model.has_decoder:
            return 0
        return (
            math.ceil(self.mask_fraction * num_events) if model.training and self.mask_ratio else num_events
        )
