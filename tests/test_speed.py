"""What a step costs where no clock is needed: PyTorch's own count of its calls, on any machine the same."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import composed
from torch.profiler import ProfilerActivity, profile

from higgs_lightning.compilation import fused_multiply_add
from higgs_lightning.constants import Choice, Constant
from higgs_lightning.models import DeepNetwork, ParticleAutoencoder, layers
from higgs_lightning.models.layers import Gelu
from higgs_lightning.training.decorrelation import DecorrelatedObjective
from higgs_lightning.training.objective import Chance, MaskedObjective
from higgs_lightning.training.run import train

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("without_plots")]

CALLS = 3_784  # by tests/benchmarks/training_step.py, on one thread; a tenth more is a fault


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


@pytest.fixture
def objective(request: pytest.FixtureRequest) -> MaskedObjective:
    """With all that a step can have: mirrors, errors, masks, a teacher; and a penalty, if asked for."""
    options: dict[str, Any] = {
        **{"classification_weight": 1.0, "reconstruction_weight": 0.1, "mask_ratio": 0.33},
        **{"mask_fraction": 0.25, "teacher_weight": 0.5, "reflect": True, "smearing": 0.05},
        "teacher": ParticleAutoencoder(num_layers=1, dim=8),
    }
    if request.param == "decorrelated":
        return DecorrelatedObjective(decorrelation_weight=1.0, **options)
    return MaskedObjective(**options)


@pytest.mark.usefixtures("without_shape_checks")
@pytest.mark.parametrize("objective", ["masked", "decorrelated"], indirect=True)
def test_a_step_is_one_graph(objective: MaskedObjective, features: torch.Tensor):
    """Forward and backward, without a graph break, whatever compiles it; other batches are left alone."""
    model = ParticleAutoencoder(num_layers=1, dim=16).train()
    labels = (torch.arange(len(features)) % 2).float()

    def gradients(size: int) -> tuple[torch.Tensor, ...]:
        chance = torch.Generator().manual_seed(1)
        loss = objective(model, features[:size], labels[:size], chance).losses["loss"]
        return torch.autograd.grad(loss, list(model.parameters()))

    whole, smaller = gradients(256), gradients(100)
    objective.compile(256, backend="aot_eager")  # which refuses a second graph
    torch.testing.assert_close(gradients(256), whole)
    torch.testing.assert_close(gradients(100), smaller, rtol=0, atol=0)


@pytest.mark.usefixtures("without_shape_checks")
@pytest.mark.parametrize("objective", ["masked"], indirect=True)
def test_a_step_in_bfloat16_is_one_graph(objective: MaskedObjective, features: torch.Tensor):
    """With other formulas than without a compiler, for the same gradients."""
    model = ParticleAutoencoder(num_layers=2, dim=32).train()
    labels = (torch.arange(len(features)) % 2).float()

    def gradients() -> torch.Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            step = objective(model, features[:256], labels[:256], torch.Generator().manual_seed(1))
        found = torch.autograd.grad(step.losses["loss"], list(model.parameters()))
        return torch.cat([each.flatten() for each in found])

    eager = gradients()
    objective.compile(256, backend="aot_eager")
    assert (gradients() - eager).norm() < 0.02 * eager.norm()


@pytest.mark.usefixtures("without_shape_checks")
@pytest.mark.parametrize(
    ("dtype", "rounded_away", "error", "error_of_gradient"),
    [(torch.float32, 1e-5, 1e-6, 1e-6), (torch.bfloat16, 1 / 256, 1e-4, 4e-4)],
)
def test_compiled_gelu(dtype: torch.dtype, rounded_away: float, error: float, error_of_gradient: float):
    """In bfloat16 by another formula, beside whose error it is rounded."""
    torch.compiler.reset()
    calls: list[str] = []

    def backend(graph: torch.fx.GraphModule, inputs: list[Any]) -> Any:
        calls.append(graph.print_readable(print_output=False))
        return graph

    x = torch.cat([torch.linspace(-8, 8, 2001), torch.tensor([-1e4, 1e4])]).to(dtype).requires_grad_()
    exact = x.detach().double().requires_grad_()
    found, expected = torch.compile(Gelu(), backend=backend)(x), torch.nn.functional.gelu(exact)
    found.sum().backward()
    expected.sum().backward()
    assert ("gelu(" in calls[0]) == (dtype == torch.float32)
    assert found.dtype == dtype
    torch.testing.assert_close(found.double(), expected, rtol=rounded_away, atol=error)
    assert x.grad is not None
    torch.testing.assert_close(x.grad.double(), exact.grad, rtol=rounded_away, atol=error_of_gradient)


def test_polynomials_of_gelu():
    x = torch.linspace(-20, 20, 100_001, dtype=torch.float64, requires_grad=True)
    share = torch.special.ndtr(x)
    (derivative,) = torch.autograd.grad((x * share).sum(), x)
    assert (layers._half_and_odd(x.detach().float(), layers._SHARE) - share).abs().max() < 2e-5
    assert (layers._half_and_odd(x.detach().float(), layers._DERIVATIVE) - derivative).abs().max() < 4e-4


@pytest.mark.filterwarnings("ignore:.*torch.jit.script_method:DeprecationWarning")  # of its own import
def test_pytorch_knows_the_option_of_fused_multiply_add():
    """Which it refuses by name and by kind; of another version it may be of another kind."""
    torch.compile(torch.sin, options=fused_multiply_add())


@pytest.mark.usefixtures("without_shape_checks")
def test_a_process_compiles_one_run_after_another():
    """As a sweep does, of some option; by itself, PyTorch refuses the ninth."""
    features, labels = torch.rand(16, 21), (torch.arange(16) % 2).float()
    for number in range(10):
        objective = MaskedObjective(1.0 + number, 0.0, 0.0, 0.0, 0.0, reflect=False, smearing=0.0)
        objective.compile(16, backend="eager")
        objective(DeepNetwork().train(), features, labels, torch.Generator())


@pytest.mark.usefixtures("without_shape_checks")
@pytest.mark.parametrize("objective", ["masked", "decorrelated"], indirect=True)
def test_nothing_of_a_step_is_left_behind_on_the_processor(objective: MaskedObjective):
    """It would make each step wait, and be no part of a graph of CUDA; told on a device without memory."""
    device = torch.device("meta")
    Constant.put_all_on(device)
    model = ParticleAutoencoder(num_layers=1, dim=16).train().to(device)
    objective.to(device)
    devices: list[torch.device] = []

    def backend(graph: torch.fx.GraphModule, inputs: list[Any]) -> Any:
        devices.extend(each.device for each in inputs if isinstance(each, torch.Tensor))
        return graph

    chance = Chance(
        signs=2 * (torch.ones(64, 1, dtype=torch.long, device=device),),
        errors=torch.zeros(3, 64, 6, device=device),
        hidden=torch.zeros(16, 6, dtype=torch.bool, device=device),
    )
    features, labels = torch.zeros(64, 21, device=device), torch.zeros(64, device=device)
    torch.compiler.reset()  # what changed since an earlier graph would be an input
    torch.compile(objective.step, fullgraph=True, backend=backend)(model, features, labels, chance)
    assert len(devices) > 50
    assert set(devices) == {device}


def test_gradients_of_a_choice_are_those_of_autograd():
    """Of three entries of the second axis, one goes to two places, one to one, one nowhere; -1 is a zero."""
    positions = torch.tensor([2, -1, 0, 2])
    x = torch.randn(5, 3, 4, dtype=torch.float64, requires_grad=True)
    choice = Choice(positions, 3)
    expected = torch.cat([x, torch.zeros(5, 1, 4)], dim=1)[:, positions]
    assert torch.equal(choice.of(x), expected)
    weights = torch.randn(5, 4, 4, dtype=torch.float64)
    found, right = (torch.autograd.grad((each * weights).sum(), x)[0] for each in (choice.of(x), expected))
    assert torch.equal(found, right)
