"""The step: which losses, from which events."""

import functools
import math
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from conftest import make_events
from sklearn.metrics import roc_auc_score
from torch import Tensor, nn

from higgs_lightning import masking, schema
from higgs_lightning.errors import UserError
from higgs_lightning.models import DeepNetwork, Model, Output, ParticleAutoencoder, Reconstruction
from higgs_lightning.training import schedules
from higgs_lightning.training.callbacks import Throughput
from higgs_lightning.training.module import EpochMetrics, HiggsModule
from higgs_lightning.training.objective import MaskedObjective


class Recorder(Model):
    """Scores by lepton pT and remembers its masks; its error is 1 on visible and 5 on hidden features."""

    def __init__(self) -> None:
        super().__init__()
        self.masks: list[Tensor | None] = []
        self.scale = nn.Parameter(torch.tensor(1.0))

    def forward(self, features: Tensor, hidden: Tensor | None = None) -> Output:
        self.masks.append(hidden)
        return Output(self.scale * features[:, 0], features[:, :2], features)

    def reconstruct(self, encoded: Tensor, features: Tensor, hidden: Tensor | None = None) -> Reconstruction:
        assert len(encoded) == len(features)
        errors = torch.ones_like(features)
        if hidden is not None:
            errors = torch.where(masking.hidden_features(hidden), 5.0, errors)
        return Reconstruction(features, errors)


def module(model: Model, seed: int = 1, **changes: Any) -> HiggsModule:
    arguments: dict[str, Any] = {
        "classification_weight": 1.0,
        "reconstruction_weight": 0.1,
        "mask_ratio": 0.5,
        "mask_fraction": 0.5,
        "teacher_weight": 0.25,
        "reflect": True,
        "smearing": 0.0,
    }
    return HiggsModule(
        model,
        objective=MaskedObjective(**{**arguments, **changes}),
        optimizer=torch.optim.AdamW,
        scheduler=functools.partial(schedules.warmup_cosine, warmup=0.1),
        seed=seed,
    )


@pytest.fixture
def batch() -> tuple[Tensor, Tensor]:
    events = torch.from_numpy(make_events(512))
    return events[:, 1:], events[:, 0]


def test_training_scores_whole_events_and_decodes_a_masked_share(batch):
    model = Recorder()
    step = module(model).train()._shared_step(batch, 0)
    (both,) = model.masks  # one pass, the masked events after the whole ones
    assert both is not None
    whole, hidden = both.split([512, 256])  # mask_fraction of 512
    assert not whole.any()
    assert len(step.features) == 256
    assert hidden.any(dim=1).all()
    assert torch.equal(step.counted, masking.hidden_features(hidden))
    assert len(step.probabilities) == 512
    assert step.losses["reconstruction_loss"].item() == pytest.approx(5.0)  # hidden features alone
    logits, labels = batch[0][:256, 0].abs(), batch[1][:256]  # what is mirrored keeps its lepton pT
    of_masked = nn.functional.binary_cross_entropy_with_logits(logits, labels)
    expected = step.losses["classification_loss"].item() + 0.5 * of_masked.item() + 0.5
    assert step.losses["loss"].item() == pytest.approx(expected)


def test_no_masked_events(batch):
    step = module(Recorder(), mask_fraction=0.0).train()._shared_step(batch, 0)
    assert step.losses["loss"] == step.losses["classification_loss"]
    assert step.losses["reconstruction_loss"] == 0


def test_evaluation_masks_all_events_and_always_alike(batch):
    model = Recorder()
    part = module(model).eval()
    first, again = part._shared_step(batch, 3), part._shared_step(batch, 3)
    whole, masked, _, masked_again = model.masks
    assert whole is None
    assert masked is not None
    assert masked_again is not None
    assert len(masked) == 512
    assert torch.equal(masked, masked_again)
    torch.testing.assert_close(first.probabilities, batch[0][:, 0].sigmoid())
    assert first.losses["loss"] == again.losses["loss"]


def test_dropout_of_a_step_draws_what_torch_seeded_so_would(monkeypatch):
    """torch.manual_seed formats the stack for each accelerator that is not there, which a step must not."""
    part = module(Recorder())
    torch.manual_seed(part._seed_of(7))
    expected = torch.rand(5)
    monkeypatch.setattr("traceback.format_stack", lambda: pytest.fail("a step formats its stack"))
    part._seed_dropout(7)
    assert torch.equal(torch.rand(5), expected)


def test_pretraining_learns_nothing_from_labels(batch):
    """With no weight on classification the parameter that scores gets no gradient, and labels no say."""
    features, labels = batch
    losses = []
    for labels_of_run in (labels, 1 - labels):
        model = ErrorParameter()
        step = module(model, classification_weight=0.0).train()._shared_step((features, labels_of_run), 0)
        step.losses["loss"].backward()
        assert model.scale.grad == 0
        assert model.errors.grad is not None
        losses.append(step.losses["loss"].item())
    assert losses[0] == losses[1]


def test_a_teacher_is_learned_beside_the_labels(batch):
    teacher = Recorder()
    teacher.scale.data *= -2
    part = module(Recorder(), mask_fraction=0.0, teacher=teacher)
    step = part.train()._shared_step(batch, 0)
    pt, labels = batch[0][:, 0], batch[1]
    targets = 0.75 * labels + 0.25 * (-2 * pt).sigmoid()
    expected = nn.functional.binary_cross_entropy_with_logits(pt, targets)
    torch.testing.assert_close(step.losses["classification_loss"], expected)
    assert len(list(part.parameters())) == 1
    step = part.eval()._shared_step(batch, 0)
    torch.testing.assert_close(
        step.losses["classification_loss"], nn.functional.binary_cross_entropy_with_logits(pt, labels)
    )


def test_missing_features_are_not_counted(batch):
    features, labels = batch
    features = features.clone()
    features[:, 3] = float("nan")
    for mask_ratio in (0.0, 0.5):
        step = module(Recorder(), mask_ratio=mask_ratio).train()._shared_step((features, labels), 0)
        assert not step.counted[:, 3].any()
        assert step.counted.any()
        assert step.losses["loss"].isfinite()


def test_a_model_without_a_decoder_classifies_alone(batch):
    model = DeepNetwork(dim=8)
    step = module(model).train()._shared_step(batch, 0)
    assert step.losses["reconstruction_loss"] == 0
    assert step.losses["loss"] == step.losses["classification_loss"]
    assert len(step.features) == 0


def test_without_masking_the_loss_counts_every_feature(batch):
    model = Recorder()
    step = module(model, mask_ratio=0.0).train()._shared_step(batch, 0)
    assert model.masks == [None]
    assert step.counted.all()
    assert step.losses["reconstruction_loss"].item() == pytest.approx(1.0)


def test_reflections_are_for_training_only(batch):
    part = module(Recorder())
    assert torch.equal(part.eval()._shared_step(batch, 0).features, batch[0])
    assert not torch.equal(part.train()._shared_step(batch, 0).features, batch[0][:256])
    plain = module(Recorder(), reflect=False).train()._shared_step(batch, 0)
    assert torch.equal(plain.features, batch[0][:256])


def test_smearing_is_for_training_only_and_the_teacher_sees_it(batch):
    seen_by_teacher = []

    class Teacher(Recorder):
        def forward(self, features: Tensor, hidden: Tensor | None = None) -> Output:
            seen_by_teacher.append(features)
            return super().forward(features, hidden)

    part = module(Recorder(), reflect=False, smearing=0.1, teacher=Teacher())
    assert torch.equal(part.eval()._shared_step(batch, 0).features, batch[0])
    assert not seen_by_teacher
    smeared = part.train()._shared_step(batch, 0).features
    assert torch.equal(seen_by_teacher[0][:256], smeared)
    errors = (smeared - batch[0][:256])[:, schema.columns("eta")]
    assert 0.05 < errors.std() < 0.2


@pytest.mark.parametrize("reflect", [True, False])
def test_a_teacher_looks_at_one_image_where_events_are_mirrored_at_random(reflect):
    teacher = ParticleAutoencoder(num_layers=1, dim=8)
    module(Recorder(), reflect=reflect, teacher=teacher).on_fit_start()
    assert teacher.average_mirrors != reflect
    assert not teacher.training
    assert not any(parameter.requires_grad for parameter in teacher.parameters())


@pytest.mark.parametrize("teacher_weight", [0.25, 1.0])
def test_a_teacher_may_answer_in_bfloat16(batch, teacher_weight):
    teacher = DeepNetwork(num_layers=1, dim=8)
    # as a model from outside of the package may have it
    teacher.classifier = nn.Linear(8, 1)  # type: ignore[assignment]
    part = module(Recorder(), reconstruction_weight=0.0, teacher=teacher, teacher_weight=teacher_weight)
    part.on_fit_start()
    expected = part.train()._shared_step(batch, 0).losses["loss"]
    with torch.autocast("cpu", torch.bfloat16):
        assert teacher(batch[0]).logits.dtype == torch.bfloat16
        found = part._shared_step(batch, 0).losses["loss"]
    torch.testing.assert_close(found, expected, rtol=1e-2, atol=0)


def test_chance_depends_on_the_seed_and_the_step_alone(batch):
    def masks(seed: int, step: int) -> Tensor:
        model = Recorder()
        torch.rand(seed)
        module(model, seed=seed).train()._shared_step(batch, step)
        (both,) = model.masks
        assert both is not None
        return both[512:]

    assert torch.equal(masks(1, 5), masks(1, 5))
    assert not torch.equal(masks(1, 5), masks(1, 6))
    assert not torch.equal(masks(1, 5), masks(2, 5))


class ErrorParameter(Recorder):
    """Whose error of each feature is a parameter, so that its gradient shows what the loss counts."""

    def __init__(self) -> None:
        super().__init__()
        self.errors = nn.Parameter(torch.ones(512, 21))

    def reconstruct(self, encoded: Tensor, features: Tensor, hidden: Tensor | None = None) -> Reconstruction:
        return Reconstruction(features, self.errors[: len(features)])


def test_the_reconstruction_loss_ignores_visible_objects(batch):
    model = ErrorParameter()
    step = module(model).train()._shared_step(batch, 0)
    step.losses["loss"].backward()
    gradient = model.errors.grad
    assert gradient is not None
    assert (gradient[:256][step.counted] > 0).all()
    assert (gradient[:256][~step.counted] == 0).all()
    assert step.counted.any()
    assert not step.counted.all()


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_stops_with_a_sentence(value):
    with pytest.raises(
        UserError, match=r"the loss became (nan|inf) in epoch 0, by step 0: lower optimizer.lr"
    ):
        module(Recorder())._stop_if_not_finite(torch.tensor(value))


def test_epoch_metrics_are_exact_over_the_epoch(batch):
    """Accumulated over uneven batches they equal the whole, for logits that all lie in [0, 1] too."""
    part = module(Recorder(), mask_ratio=0.0).eval()
    metrics = EpochMetrics("val", MaskedObjective.losses)
    features, labels = batch
    features[:, 0] = features[:, 0] / features[:, 0].max()
    steps = [part._shared_step((features[s], labels[s]), 0) for s in (slice(0, 300), slice(300, None))]
    for step in steps:
        metrics.update(step)
    values = metrics.compute()
    assert values["val/auc"].item() == pytest.approx(roc_auc_score(labels, features[:, 0]), abs=1e-6)
    whole = part._shared_step(batch, 0)
    assert values["val/loss"].item() == pytest.approx(whole.losses["loss"].item(), rel=1e-5)
    assert values["val/accuracy"].item() == pytest.approx(
        ((features[:, 0] > 0) == (labels > 0)).float().mean()
    )


def test_one_loss_that_is_no_number_makes_the_epoch_s_none(batch):
    """It is not left out of the mean, so that the run stops."""
    metrics = EpochMetrics("val", MaskedObjective.losses)
    step = module(Recorder()).eval()._shared_step(batch, 0)
    for loss in (step.losses["loss"], torch.tensor(math.nan)):
        metrics.update(step._replace(losses={**step.losses, "loss": loss}))
    values = metrics.compute()
    assert values["val/loss"].isnan()
    assert values["val/classification_loss"].isfinite()


@pytest.mark.parametrize(("step", "factor"), [(0, 0.1), (9, 1.0), (10, 1.0), (55, 0.5), (100, 0.0)])
def test_warmup_then_cosine(step: int, factor: float):
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler = schedules.warmup_cosine(optimizer, total_steps=100, warmup=0.1)["scheduler"]
    for _ in range(step):
        optimizer.step()
        scheduler.step()
    assert scheduler.get_last_lr()[0] == pytest.approx(factor, abs=1e-6)


def test_events_a_second_are_those_of_all_processes(monkeypatch: pytest.MonkeyPatch):
    """Two processes, each of which trains on 100 events in 2 seconds."""
    clock = iter([10.0, 12.0])
    monkeypatch.setattr("time.perf_counter", lambda: next(clock))
    logged: dict[str, float] = {}
    trainer = SimpleNamespace(world_size=2, is_last_batch=True)
    module = SimpleNamespace(log=logged.__setitem__, device=torch.device("cpu"))
    throughput: Any = Throughput()
    throughput.on_train_epoch_start(trainer, module)
    throughput.on_train_batch_end(trainer, module, None, (torch.zeros(100, 21), torch.zeros(100)), 0)
    throughput.on_train_epoch_end(trainer, module)
    assert logged == {"events_per_second": 100.0}
