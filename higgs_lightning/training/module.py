"""The LightningModule: one step for every model and every objective, and its metrics."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
from lightning import LightningModule
from torch import Tensor, nn
from torch.optim import Optimizer
from torchmetrics import MetricCollection
from torchmetrics.classification import BinaryAccuracy, BinaryAUROC
from torchmetrics.functional.classification import binary_auroc

from higgs_lightning.compilation import fused_multiply_add
from higgs_lightning.constants import Constant
from higgs_lightning.data.batches import Batch
from higgs_lightning.errors import UserError, one_line
from higgs_lightning.evaluation.metrics import accuracy, roc_auc_interval
from higgs_lightning.evaluation.scores import SPLITS, Evaluation, Gatherer, Step, from_every_process
from higgs_lightning.models.base import Model
from higgs_lightning.training.objective import Objective

_CHECK_EVERY = 50  # steps: each look at a loss waits for the accelerator


def _made(key: str, make: Callable[..., Any], *arguments: Any, **more: Any) -> Any:
    """Call what a key of the configuration describes: it refuses its options, such as a negative rate, now.

    Raises:
        UserError: it does.
    """
    try:
        return make(*arguments, **more)
    except (ValueError, TypeError) as error:
        raise UserError(f"{key}: {one_line(error)}") from error


def fused(optimizer: Optimizer) -> Optimizer:
    """The optimizer, made to step all weights in one call where it can and no other way was asked for.

    Set so, and not by its argument, with which it would refuse clipping under mixed precision.
    """
    for group in optimizer.param_groups:
        on_their_device = all(weight.device.type in ("cpu", "cuda") for weight in group["params"])
        is_free = not any(group.get(way) for way in ("foreach", "differentiable", "capturable"))
        if "fused" in group and group["fused"] is None and on_their_device and is_free:
            group["fused"] = True
    return optimizer


class HiggsModule(LightningModule):
    """Train a model on an objective, and gather what it says of validation and test events.

    Args:
        model: what is trained.
        objective: makes the losses of a batch.
        optimizer: makes the optimizer of some parameters; None where nothing is to be trained.
        scheduler: makes Lightning's description of a schedule from ``optimizer`` and ``total_steps``.
        seed: of all that is random in a step, which is a function of it and the step alone.
        compiled: compile the steps of training, see
            :meth:`higgs_lightning.training.objective.Objective.compile`.
    """

    def __init__(
        self,
        model: Model,
        objective: Objective,
        optimizer: Callable[[Iterable[nn.Parameter]], Optimizer] | None,
        scheduler: Callable[..., dict[str, Any]] | None,
        seed: int,
        compiled: bool = False,
    ) -> None:
        super().__init__()
        self.model = model
        self.objective = objective
        self.optimizer = optimizer
        self.scheduler = scheduler
        self.seed = seed
        self.compiled = compiled
        self.train_metrics = EpochMetrics("train", objective.losses)
        self.evaluations: dict[str, Evaluation] = {}

    def setup(self, stage: str) -> None:
        # deterministic algorithms would fill each new tensor before it is written to: a pass for nothing
        torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
        if stage == "fit":
            self.model.standardize_by(*self.trainer.datamodule.statistics())  # type: ignore[attr-defined]

    def on_fit_start(self) -> None:
        self.objective.to(self.device)  # only now is it known which
        if self.compiled:
            Constant.put_all_on(self.device)
            trainer = self.trainer
            # a graph of CUDA keeps its gradients in its own memory, where no others can be added to them
            as_graph = (
                self.device.type == "cuda" and trainer.world_size * trainer.accumulate_grad_batches == 1
            )
            batch_size: int = trainer.datamodule.batch_size  # type: ignore[attr-defined]
            of_this_process = len(range(trainer.global_rank, batch_size, trainer.world_size))
            options = {"mode": "reduce-overhead"} if as_graph else {"options": fused_multiply_add()}
            self.objective.compile(of_this_process, **options)

    def configure_optimizers(self) -> Any:
        return self.scheduled_optimizer(int(self.trainer.estimated_stepping_batches))

    def scheduled_optimizer(self, total_steps: int) -> dict[str, Any]:
        """An optimizer of the weights and its schedule, as Lightning describes them.

        Raises:
            UserError: one of them refuses its options.
        """
        assert self.optimizer is not None and self.scheduler is not None  # noqa: PT018
        optimizer = fused(_made("optimizer", self.optimizer, self.model.parameters()))
        schedule = _made("scheduler", self.scheduler, optimizer, total_steps=total_steps)
        return {"optimizer": optimizer, "lr_scheduler": schedule}

    # one step ---------------------------------------------------------------------------------------------

    def _shared_step(self, batch: Batch, step: int) -> Step:
        """Score a batch and weigh its losses; ``step`` and the seed fix what is random."""
        features, labels, *weights = batch
        found = self.objective(self.model, features, labels, self._generator(step), *weights)
        return found._replace(weights=weights[0]) if weights else found

    def _gather(self, gatherer: Gatherer, batch: Batch, batch_idx: int) -> None:
        first = batch_idx * self.trainer.datamodule.batch_size + self.global_rank  # type: ignore[attr-defined]
        rows = first + self.trainer.world_size * torch.arange(len(batch[0]))  # see BatchOrder
        gatherer.add(self._shared_step(batch, batch_idx), rows)

    def _generator(self, step: int) -> torch.Generator:
        return torch.Generator(self.device).manual_seed(self._seed_of(step))

    def _seed_of(self, step: int) -> int:
        (state,) = np.random.SeedSequence([self.seed, step, self.global_rank]).generate_state(1, np.uint64)
        return int(state)

    def _seed_dropout(self, step: int) -> None:
        """Fix what dropout draws, as ``torch.manual_seed`` would.

        That looks for every kind of accelerator, and for each that is not there it formats the stack: 0.4 ms
        a step below Lightning's loops.
        """
        seed = self._seed_of(step)
        torch.default_generator.manual_seed(seed)
        if self.device.type != "cpu":
            torch.get_device_module(self.device).manual_seed(seed)

    def configure_gradient_clipping(
        self,
        optimizer: Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Clip by the norm in a call or two for all weights, which Lightning does in one for each."""
        weights = (weight for group in optimizer.param_groups for weight in group["params"])
        gradients = [weight.grad for weight in weights if weight.grad is not None]
        if not gradient_clip_val or gradient_clip_algorithm not in (None, "norm") or not gradients:
            self.clip_gradients(optimizer, gradient_clip_val, gradient_clip_algorithm)
            return
        norm = torch.cat([gradient.flatten() for gradient in gradients]).norm()
        torch._foreach_mul_(gradients, (gradient_clip_val / (norm + 1e-6)).clamp(max=1))

    # train ------------------------------------------------------------------------------------------------

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        accumulated = self.trainer.accumulate_grad_batches  # batches of one step, each with its own chance
        number = self.global_step * accumulated + batch_idx % accumulated
        self._seed_dropout(number)
        step = self._shared_step(batch, number)
        self.train_metrics.update(step)
        if batch_idx % _CHECK_EVERY == 0:
            self._stop_if_not_finite(step.losses["loss"])
        return step.losses["loss"]

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["train_metrics"] = from_every_process(self.train_metrics.state())  # of the epoch so far

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        # a run may go on with more or fewer processes
        for state in checkpoint["train_metrics"][self.global_rank :: self.trainer.world_size]:
            self.train_metrics.add_state(state)

    def on_train_epoch_end(self) -> None:
        self.trainer.datamodule.end_epoch()  # type: ignore[attr-defined]
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
        self._gather(self._val_gatherer, batch, batch_idx)

    def on_validation_epoch_end(self) -> None:
        losses = self._val_gatherer.losses()
        self._stop_if_not_finite(torch.tensor(losses["loss"]))
        val = self._val_gatherer.evaluation()
        if val.weights is None:
            scores = torch.from_numpy(val.probabilities), torch.from_numpy(val.labels).long()
            auc = binary_auroc(*scores, validate_args=False)
        else:
            auc = torch.tensor(val.auc.auc)
        metrics: dict[str, Any] = {**losses, "accuracy": val.accuracy, "auc": auc}
        self.log_dict({f"val/{name}": value for name, value in metrics.items()}, prog_bar=True)
        self.evaluations = {"val": val}

    # test -------------------------------------------------------------------------------------------------

    def on_test_start(self) -> None:
        self._gatherers = [Gatherer() for _ in SPLITS]

    def test_step(self, batch: Batch, batch_idx: int, dataloader_idx: int = 0) -> None:
        self._gather(self._gatherers[dataloader_idx], batch, batch_idx)

    def on_test_epoch_end(self) -> None:
        gathered = zip(SPLITS, self._gatherers, strict=True)
        self.evaluations = {split: gatherer.evaluation() for split, gatherer in gathered}


class EpochMetrics(nn.Module):
    """The metrics of one epoch of one split, named ``split/metric``; exact, over all its events.

    A step only adds to sums and keeps its scores, which nothing looks at before the epoch's end. torchmetrics
    has no ROC-AUC of weighted events, so that theirs are this package's.

    Args:
        split: prefix of the names.
        losses: their names.
    """

    def __init__(self, split: str, losses: Iterable[str]) -> None:
        super().__init__()
        self.prefix = f"{split}/"
        self.losses = tuple(losses)
        # given probabilities in float32: BinaryAUROC takes a batch with scores outside of [0, 1] for logits
        self.scores = MetricCollection(
            {"accuracy": BinaryAccuracy(validate_args=False), "auc": BinaryAUROC(validate_args=False)},
            compute_groups=False,
        )
        self._start()

    def _start(self) -> None:
        self.sums = torch.zeros(len(self.losses))  # of each loss, over events; nan where a batch's loss is
        self.num_events = 0
        self.batches: list[tuple[Tensor, ...]] = []  # probabilities and labels
        self.weights: list[Tensor] = []  # of each batch, where events have some

    def update(self, step: Step) -> None:
        """Take one batch."""
        losses = torch.stack([step.losses[name].detach() for name in self.losses])
        self.sums = torch.add(self.sums.to(losses), losses, alpha=len(step.labels))
        self.num_events += len(step.labels)
        # copied, because a graph of CUDA writes its next scores to the same place
        self.batches.append((step.probabilities.clone(), step.labels))
        if step.weights is not None:
            self.weights.append(step.weights)

    def state(self) -> dict[str, dict[str, Any]]:
        """What has been accumulated since the last :meth:`compute`, as plain tensors."""
        weight = torch.tensor(float(self.num_events))
        losses = zip(self.losses, self.sums, strict=True)
        weights = {"weights": {"of_batches": list(self.weights)}} if self.weights else {}
        return {
            **weights,
            **{name: {"mean_value": total, "weight": weight} for name, total in losses},
            **{name: dict(metric.metric_state) for name, metric in self._filled_scores().items()},
        }

    def add_state(self, state: dict[str, dict[str, Any]]) -> None:
        """Take the batches of a :meth:`state`."""
        self.sums = self.sums + torch.stack([state[name]["mean_value"] for name in self.losses])
        self.num_events += int(state[self.losses[0]]["weight"])
        self.batches += zip(state["auc"]["preds"], state["auc"]["target"], strict=True)
        self.weights += state.get("weights", {"of_batches": []})["of_batches"]

    def compute(self) -> dict[str, Tensor]:
        """The metrics of the batches since the last call, of all processes; starts anew."""
        shares = from_every_process((self.sums.cpu(), self.num_events))
        sums, num_events = (sum(column) for column in zip(*shares, strict=True))
        losses = zip(self.losses, sums / num_events, strict=True)
        scores = self._weighted_scores() if self.weights else self._filled_scores().compute()
        values = {**dict(losses), **scores}
        self._start()
        return {f"{self.prefix}{name}": value for name, value in values.items()}

    def _weighted_scores(self) -> dict[str, Tensor]:
        columns = [torch.cat([batch.cpu() for batch in column]) for column in zip(*self.batches, strict=True)]
        shares = from_every_process((*columns, torch.cat([batch.cpu() for batch in self.weights])))
        probabilities, labels, weights = (torch.cat(column).numpy() for column in zip(*shares, strict=True))
        found = {
            "accuracy": accuracy(labels, probabilities, weights),
            "auc": roc_auc_interval(labels, probabilities, weights).auc,
        }
        return {name: torch.tensor(value) for name, value in found.items()}

    def _filled_scores(self) -> MetricCollection:
        self.scores.reset()
        if self.batches:
            columns = zip(*self.batches, strict=True)
            probabilities, labels = (torch.cat([batch.to(self.sums.device) for batch in c]) for c in columns)
            self.scores.update(probabilities, labels.long())
        return self.scores
