"""The LightningModule: one step for every model, its losses and its metrics."""

import logging
import math
import warnings
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
from lightning import LightningModule
from lightning.pytorch.utilities import rank_zero_warn
from torch import Tensor, distributed, nn
from torch.nn import functional as F  # noqa: N812
from torch.optim import Optimizer
from torchmetrics import MeanMetric, MetricCollection
from torchmetrics.classification import BinaryAccuracy, BinaryAUROC

from higgs_lightning.errors import UserError
from higgs_lightning.evaluation.scores import LOSSES, SPLITS, Evaluation, Gatherer, Step
from higgs_lightning.kinematics import reflect, smear
from higgs_lightning.masking import hidden_features, hide_objects
from higgs_lightning.models.base import Model, Reconstruction
from higgs_lightning.models.layers import Standardize
from higgs_lightning.models.particle import ParticleAutoencoder

# batches are slices of a memory map: worker processes would only slow them down
warnings.filterwarnings("ignore", ".*does not have many workers.*")
# metrics are logged once an epoch
warnings.filterwarnings("ignore", ".*smaller than the logging interval.*")
# a run that goes on writes into its own folder
warnings.filterwarnings("ignore", ".*exists and is not empty.*")
# the metrics of several processes are synchronised by torchmetrics before they are logged
warnings.filterwarnings("ignore", ".*sync_dist=True.*")
# Lightning 2.6 under torch 2.13
warnings.filterwarnings("ignore", ".*LeafSpec.*")

# nor need a user be told which accelerators there are not
logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)

Batch = tuple[Tensor, Tensor]  # features (B, 21) in HIGGS units and labels (B,)

_CHECK_EVERY = 50  # steps: each look at a loss waits for the accelerator


class HiggsModule(LightningModule):
    """Train a model on BCE of its logits plus the reconstruction error of the objects hidden from it.

    Scores and the classification loss come from whole events. Reconstruction comes from a second pass with
    objects hidden: in training over the first ``mask_fraction`` of each batch, in validation and test over
    every event, always with the same masks. The scores of masked events are trained too, with the weight of
    their share, so that the model can score events of which an object is missing. With ``mask_ratio`` 0
    there is one pass, nothing is hidden, and the reconstruction loss counts every feature: a plain
    autoencoder. With ``classification_weight`` 0, labels play no part: pretraining.

    Args:
        model: what is trained.
        optimizer: makes the optimizer of some parameters; None where nothing is to be trained.
        scheduler: makes Lightning's description of a schedule from ``optimizer`` and ``total_steps``.
        classification_weight: weight of the BCE loss.
        reconstruction_weight: weight of the reconstruction loss.
        mask_ratio: share of the objects of a masked event to hide.
        mask_fraction: share of the training events that are also seen masked.
        teacher_weight: weight of the teacher's scores in what is learned; the rest is the labels'.
        reflect: mirror training events at random, see :func:`~higgs_lightning.kinematics.reflect`.
        smearing: of training events, 0 for none, see :func:`~higgs_lightning.kinematics.smear`.
        seed: of masks, reflections and smearing, which are functions of it and the step alone.
        teacher: a trained model, whose probabilities of whole training events, as they are seen, mirrored and
            smeared, are learned beside the labels: distillation (G. Hinton, O. Vinyals and J. Dean,
            arXiv:1503.02531).
    """

    def __init__(
        self,
        model: Model,
        optimizer: Callable[[Iterable[nn.Parameter]], Optimizer] | None,
        scheduler: Callable[..., dict[str, Any]] | None,
        classification_weight: float,
        reconstruction_weight: float,
        mask_ratio: float,
        mask_fraction: float,
        teacher_weight: float,
        reflect: bool,
        smearing: float,
        seed: int,
        teacher: Model | None = None,
    ) -> None:
        super().__init__()
        self.model = model
        self.optimizer = optimizer
        self.scheduler = scheduler
        self.classification_weight = classification_weight
        self.reconstruction_weight = reconstruction_weight
        self.mask_ratio = mask_ratio
        self.mask_fraction = mask_fraction
        self.teacher_weight = teacher_weight
        self.reflect = reflect
        self.smearing = smearing
        self.seed = seed
        self._teacher = (teacher,)  # in a tuple, it is no part of what is trained and saved
        self.train_metrics = EpochMetrics("train")
        self.val_metrics = EpochMetrics("val")
        self.evaluations: dict[str, Evaluation] = {}

    def setup(self, stage: str) -> None:
        if stage == "fit":
            for part in self.model.modules():
                if isinstance(part, Standardize):
                    part.fit(*self.trainer.datamodule.statistics())  # type: ignore[attr-defined]

    def on_fit_start(self) -> None:
        (teacher,) = self._teacher
        if teacher is not None:  # only now is it known on which device
            teacher.to(self.device).eval().requires_grad_(False)
            for part in teacher.modules():
                if isinstance(part, ParticleAutoencoder):
                    # of events that are mirrored at random, the student itself learns the mean over images
                    part.average_mirrors &= not self.reflect

    def configure_optimizers(self) -> Any:
        assert self.optimizer is not None and self.scheduler is not None  # noqa: PT018
        try:
            optimizer = self.optimizer(self.model.parameters())
        except ValueError as error:  # such as a negative learning rate
            raise UserError(f"optimizer: {error}") from error
        total_steps = int(self.trainer.estimated_stepping_batches)
        return {"optimizer": optimizer, "lr_scheduler": self.scheduler(optimizer, total_steps=total_steps)}

    # one step ---------------------------------------------------------------------------------------------

    def _shared_step(self, batch: Batch, step: int) -> Step:
        """Score and reconstruct a batch and weigh the losses; ``step`` and the seed fix what is random."""
        features, labels = batch
        generator = self._generator(step)
        if self.training and self.reflect:
            features = reflect(features, generator)
        if self.training and self.smearing:
            features = smear(features, self.smearing, generator)
        targets = self._targets(features, labels)

        # unlabelled pretraining looks at the scores without learning from them
        learns_from_whole = self.classification_weight > 0 or self.mask_ratio == 0
        with torch.set_grad_enabled(torch.is_grad_enabled() and learns_from_whole):
            whole = self.model(features)
            classification = F.binary_cross_entropy_with_logits(whole.logits, targets)
        loss = self.classification_weight * classification

        seen = features[: self._num_masked(len(features))]
        counted = ~seen.isnan()
        if not self.model.has_decoder:
            decoded = Reconstruction(seen, torch.zeros_like(seen))
        elif self.mask_ratio == 0:
            decoded = self.model.reconstruct(whole.encoded, seen)
        else:
            hidden = hide_objects(len(seen), self.mask_ratio, generator)
            masked = self.model(seen, hidden)
            decoded = self.model.reconstruct(masked.encoded, seen, hidden)
            counted &= hidden_features(hidden)
            of_masked = F.binary_cross_entropy_with_logits(
                masked.logits, targets[: len(seen)], reduction="sum"
            )
            weight = self.classification_weight * self.mask_fraction
            loss = loss + weight * of_masked / max(1, len(seen))
        # the mean over hidden features only; 0 where there are none
        reconstruction = (decoded.errors * counted).sum() / counted.sum().clamp(min=1)
        return Step(
            loss=loss + self.reconstruction_weight * reconstruction,
            classification_loss=classification.detach(),
            reconstruction_loss=reconstruction.detach(),
            probabilities=whole.logits.detach().float().sigmoid(),
            labels=labels,
            latent=whole.latent.detach(),
            features=seen,
            reconstruction=decoded.features.detach(),
            counted=counted,
        )

    def _targets(self, features: Tensor, labels: Tensor) -> Tensor:
        """What a batch should score, (B,): its labels, in training mixed with the teacher's scores."""
        (teacher,) = self._teacher
        if teacher is None or not self.training:
            return labels
        with torch.no_grad():
            return labels.lerp(teacher(features).logits.sigmoid(), self.teacher_weight)

    def _num_masked(self, num_events: int) -> int:
        """How many events of a batch are decoded, which are its first ones."""
        if not self.model.has_decoder:
            return 0
        return math.ceil(self.mask_fraction * num_events) if self.training and self.mask_ratio else num_events

    def _generator(self, step: int) -> torch.Generator:
        return torch.Generator(self.device).manual_seed(self._seed_of(step))

    def _seed_of(self, step: int) -> int:
        (state,) = np.random.SeedSequence([self.seed, step, self.global_rank]).generate_state(1, np.uint64)
        return int(state)

    # train ------------------------------------------------------------------------------------------------

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        accumulated = self.trainer.accumulate_grad_batches  # batches of one step, each with its own chance
        number = self.global_step * accumulated + batch_idx % accumulated
        torch.manual_seed(self._seed_of(number))  # dropout draws from it
        step = self._shared_step(batch, number)
        self.train_metrics.update(step)
        if batch_idx % _CHECK_EVERY == 0:
            self._stop_if_not_finite(step.loss)
        return step.loss

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["train_metrics"] = of_all_processes(self.train_metrics.state())  # of the epoch so far

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        # a run may go on with more or fewer processes
        for state in checkpoint["train_metrics"][self.global_rank :: self.trainer.world_size]:
            self.train_metrics.add_state(state)

    def on_train_epoch_end(self) -> None:
        metrics = self.train_metrics.compute()
        self._stop_if_not_finite(metrics["train/loss"])
        self.log_dict(metrics, prog_bar=True)
        self.log("lr", self.optimizers().param_groups[0]["lr"])  # type: ignore[union-attr]

    def _stop_if_not_finite(self, loss: Tensor) -> None:
        if not torch.isfinite(loss):
            raise UserError(
                f"the loss became {loss.item()} in epoch {self.current_epoch}, by step {self.global_step}: "
                "lower optimizer.lr or look for outliers in the data; checkpoints of earlier epochs are good"
            )

    # validate ---------------------------------------------------------------------------------------------

    def on_validation_start(self) -> None:
        self._val_gatherer = Gatherer()

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        step = self._shared_step(batch, batch_idx)
        self.val_metrics.update(step)
        self._val_gatherer.add(step)

    def on_validation_epoch_end(self) -> None:
        metrics = self.val_metrics.compute()
        self._stop_if_not_finite(metrics["val/loss"])
        self.log_dict(metrics, prog_bar=True)
        self.evaluations = {"val": self._val_gatherer.evaluation()}

    # test -------------------------------------------------------------------------------------------------

    def on_test_start(self) -> None:
        self._gatherers = [Gatherer() for _ in SPLITS]

    def test_step(self, batch: Batch, batch_idx: int, dataloader_idx: int = 0) -> None:
        self._gatherers[dataloader_idx].add(self._shared_step(batch, batch_idx))

    def on_test_epoch_end(self) -> None:
        gathered = zip(SPLITS, self._gatherers, strict=True)
        self.evaluations = {split: gatherer.evaluation() for split, gatherer in gathered}

    # predict ----------------------------------------------------------------------------------------------

    def on_predict_start(self) -> None:
        if self.model.mixes_events:
            rank_zero_warn(
                f"{type(self.model).__name__} attends across the events of a batch: a score depends on the "
                "batch size and on the order of the events"
            )

    def predict_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Probability of signal of each event, (B,)."""
        return self.model(batch[0]).logits.sigmoid()


class EpochMetrics(nn.Module):
    """The metrics of one epoch of one split, named ``split/metric``; exact, over all its events."""

    def __init__(self, split: str) -> None:
        super().__init__()
        prefix = f"{split}/"
        self.losses = MetricCollection(
            {name: MeanMetric() for name in LOSSES}, prefix=prefix, compute_groups=False
        )
        # given probabilities in float32: BinaryAUROC takes a batch with scores outside of [0, 1] for logits
        self.scores = MetricCollection(
            {"accuracy": BinaryAccuracy(validate_args=False), "auc": BinaryAUROC(validate_args=False)},
            prefix=prefix,
            compute_groups=False,
        )

    def update(self, step: Step) -> None:
        """Take one batch."""
        for name, metric in self.losses.items(keep_base=True):
            metric.update(getattr(step, name).detach(), len(step.labels))
        self.scores.update(step.probabilities, step.labels.long())

    def state(self) -> dict[str, dict[str, Any]]:
        """What has been accumulated since the last :meth:`compute`, as plain tensors."""
        return {name: dict(metric.metric_state) for name, metric in self._metrics()}

    def add_state(self, state: dict[str, dict[str, Any]]) -> None:
        """Take the batches of a :meth:`state`."""
        for name, metric in self._metrics():
            metric.merge_state(state[name])

    def _metrics(self) -> list[tuple[str, Any]]:
        return [*self.losses.items(keep_base=True), *self.scores.items(keep_base=True)]

    def compute(self) -> dict[str, Tensor]:
        """The metrics of the batches since the last call; starts anew."""
        values = {**self.losses.compute(), **self.scores.compute()}
        self.losses.reset()
        self.scores.reset()
        return values


def of_all_processes(value: Any) -> list[Any]:
    """The value of each process of a run, by rank."""
    if not (distributed.is_available() and distributed.is_initialized()):
        return [value]
    values = [None] * distributed.get_world_size()
    distributed.all_gather_object(values, value)
    return values
