"""What a step costs where no clock is needed: PyTorch's own count of its calls, on any machine the same."""

from collections import Counter
from pathlib import Path

import pytest
import torch
from conftest import composed
from torch.profiler import ProfilerActivity, profile

from higgs_lightning.masking import hide_objects
from higgs_lightning.models import ParticleAutoencoder
from higgs_lightning.training.run import train

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("without_plots")]

CALLS = 3_825  # measured by tests/benchmarks/training_step.py; it may grow by a tenth before it is a fault


def count(steps: int, run: Path) -> Counter[str]:
    """Calls of a run of so many steps; those that the optimizer makes within its one call have its name."""
    options = (
        *("data.batch_size=1024", "data.train_events=16384", "trainer.max_epochs=1", "figures_every=0"),
        *(f"trainer.limit_{split}_batches=1" for split in ("val", "test")),
        *(f"trainer.limit_train_batches={steps}", "trainer.enable_progress_bar=false"),
    )
    with profile(activities=[ProfilerActivity.CPU]) as profiler:
        train(composed(*options), run)
    calls: Counter[str] = Counter()
    for event in profiler.events() or ():
        parent = event.cpu_parent
        while parent is not None and "_fused_" not in parent.name:
            parent = parent.cpu_parent
        if event.name.startswith("aten::"):
            calls[event.name if parent is None else f"{parent.name}/{event.name}"] += 1
    return calls


@pytest.fixture(scope="module")
def step(tmp_path_factory: pytest.TempPathFactory) -> dict[str, float]:
    """Calls of a step of the train command."""
    few, more = (count(steps, tmp_path_factory.mktemp("run") / "run") for steps in (5, 15))
    return {name: (number - few[name]) / 10 for name, number in more.items()}


def test_calls_of_a_step(step: dict[str, float]):
    assert sum(step.values()) < 1.1 * CALLS


def test_no_step_waits_for_the_device(step: dict[str, float]):
    """The loss is looked at every 50 steps; on the CPU the optimizer reads its own step number."""
    assert step["aten::_fused_adamw_"] == 1
    assert step.get("aten::_local_scalar_dense", 0) == 0
    assert step.get("aten::item", 0) == 0


@pytest.mark.usefixtures("without_shape_checks")
def test_the_model_is_one_graph(features: torch.Tensor, generator: torch.Generator):
    """Forward and backward, without a graph break, whatever compiles it."""
    model = ParticleAutoencoder(num_layers=1, dim=16).train()
    hidden = hide_objects(len(features), 0.5, generator)

    def loss(features: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
        output = model(features, hidden)
        errors = model.reconstruct(output.encoded, features, hidden).errors
        return output.logits.square().mean() + errors.mean()

    compiled = torch.compile(loss, fullgraph=True, backend="aot_eager")
    gradients = [
        torch.autograd.grad(of(features, hidden), list(model.parameters())) for of in (loss, compiled)
    ]
    torch.testing.assert_close(gradients[1], gradients[0])
