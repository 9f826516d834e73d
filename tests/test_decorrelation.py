"""The objective that penalises scores of background which depend on m_bb."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import SMALL_PARTICLE, command, make_events
from torch import Tensor

from higgs_lightning import schema
from higgs_lightning.kinematics import tagged_pair_mass, to_objects
from higgs_lightning.models import DeepNetwork
from higgs_lightning.simulation.rows import SCALES, masses
from higgs_lightning.training.decorrelation import DecorrelatedObjective, squared_distance_correlation
from higgs_lightning.training.objective import MaskedObjective

OPTIONS: dict[str, Any] = {
    "classification_weight": 1.0,
    "reconstruction_weight": 0.1,
    "mask_ratio": 0.33,
    "mask_fraction": 0.25,
    "teacher_weight": 0.5,
    "reflect": False,
    "smearing": 0.0,
}


def by_the_definition(one: np.ndarray, other: np.ndarray) -> float:
    """Szekely's distance correlation, squared, with a loop over pairs for each of its sums."""

    def products(x: np.ndarray, y: np.ndarray) -> float:
        n = len(x)
        a, b = (np.array([[abs(i - j) for j in values] for i in values]) for values in (x, y))
        first = (a * b).sum() / n**2
        second = a.sum() / n**2 * b.sum() / n**2
        third = sum(a[k].sum() * b[k].sum() for k in range(n)) / n**3
        return float(first + second - 2 * third)  # remark 3 of the paper: S1 + S2 - 2 S3

    return products(one, other) / np.sqrt(products(one, one) * products(other, other))


def test_the_distance_correlation_is_the_published_one():
    generator = np.random.default_rng(1)
    x, noise = generator.normal(size=(2, 40))
    some = generator.random(40) < 0.6
    for y in (x**2, noise, x + noise):
        found = squared_distance_correlation(*map(torch.from_numpy, (x, y, some))).item()
        assert found == pytest.approx(by_the_definition(x[some], y[some]), rel=1e-10)
    linear = squared_distance_correlation(*map(torch.from_numpy, (x, 3 - 2 * x, some)))
    assert linear.item() == pytest.approx(1.0)


def test_an_event_of_weight_two_is_two_events():
    generator = np.random.default_rng(2)
    x, noise = generator.normal(size=(2, 60))
    y = x**2 + noise
    some, weights = generator.random(60) < 0.6, generator.integers(4, size=60)
    found = squared_distance_correlation(*map(torch.from_numpy, (x, y, some, weights.astype(float))))
    several = np.repeat(np.arange(60), weights * some)
    assert found.item() == pytest.approx(by_the_definition(x[several], y[several]), rel=1e-10)
    unweighted = squared_distance_correlation(*map(torch.from_numpy, (x, y, some)))
    assert found.item() != pytest.approx(unweighted.item(), rel=0.01)


def test_the_penalty_counts_weights_and_whole_jets_alone(generator: torch.Generator):
    events = torch.from_numpy(make_events(300))
    features, labels = events[:, 1:], events[:, 0]
    weights = 0.5 + (features[:, 0] > 1).float()
    model = DeepNetwork(num_layers=1, dim=8).train()
    objective = DecorrelatedObjective(5.0, **OPTIONS)
    pseudorapidity = [each.name for each in schema.LOW_LEVEL].index("jet_1_eta")
    incomplete = features.clone()
    incomplete[:, pseudorapidity] = torch.nan
    for given in (features, incomplete):
        scores = model(given).logits.sigmoid()
        objects = to_objects(given)  # of which a jet without its pseudorapidity has no mass
        objects = objects._replace(
            btag=torch.where(objects.eta.isnan(), 0, objects.btag), eta=objects.eta.nan_to_num()
        )
        m_bb = tagged_pair_mass(objects)
        chosen = (labels == 0) & (m_bb > 0)
        expected = squared_distance_correlation(scores, m_bb, chosen, weights)
        found = objective(model, given, labels, generator, weights).losses["distance_correlation"]
        assert found.item() == pytest.approx(expected.item(), rel=1e-4)


def test_what_does_not_vary_depends_on_nothing():
    score = torch.full((50,), 0.3, requires_grad=True)
    for number in (50, 1, 0):
        found = squared_distance_correlation(score, torch.arange(50.0), torch.arange(50) < number)
        found.backward()
        assert found.item() == 0
        assert score.grad is not None
        assert score.grad.isfinite().all()


def test_m_bb_is_that_of_the_files_definition(features: Tensor):
    objects = to_objects(features)
    listed = (objects.btag > 0).sum(dim=1)
    found = tagged_pair_mass(objects)
    physical = features.numpy().astype(float) * SCALES[: schema.NUM_FEATURES]
    jets = physical[:, 5:].reshape(-1, 4, 4)
    lepton, missing_energy = physical[:, :3], physical[:, 3:5]
    m_bb = masses(lepton, missing_energy, jets)[:, 4]
    assert (found[listed < 2] == 0).all()
    np.testing.assert_allclose(found[listed >= 2], m_bb[(listed >= 2).numpy()], rtol=1e-4)
    assert 20 < (listed < 2).sum() < 240


def test_the_penalty_is_of_background_alone_and_moves_the_scores(generator: torch.Generator):
    events = torch.from_numpy(make_events(300))
    model = DeepNetwork(num_layers=1, dim=8)
    plain, decorrelated = (
        objective(model.train(), events[:, 1:], events[:, 0], generator)
        for objective in (MaskedObjective(**OPTIONS), DecorrelatedObjective(5.0, **OPTIONS))
    )
    background = events[events[:, 0] == 0]
    objects = to_objects(background[:, 1:])
    has_both = (objects.btag > 0).sum(dim=1) >= 2
    scores = model.predict_proba(background[has_both, 1:].numpy())[:, 1].astype(float)
    expected = by_the_definition(scores, tagged_pair_mass(objects)[has_both].double().numpy())
    found = decorrelated.losses["distance_correlation"]
    assert found.item() == pytest.approx(expected, rel=1e-4)
    assert decorrelated.losses["loss"].item() == pytest.approx((plain.losses["loss"] + 5 * found).item())
    assert "distance_correlation" not in plain.losses

    gradients = []
    for step in (plain, decorrelated):
        model.zero_grad()
        step.losses["loss"].backward()
        gradients.append(torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None]))
    without, with_penalty = gradients
    assert not torch.allclose(without, with_penalty)


@pytest.mark.slow
def test_a_run_and_its_evaluation(tmp_path: Path):
    done = command(
        *SMALL_PARTICLE,
        *("objective=decorrelated", "objective.decorrelation_weight=3", "figures_every=0"),
        "hydra.run.dir=run",
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert 0 < metrics["test/distance_correlation"] < 1
    assert (
        metrics["test/loss"]
        > metrics["test/classification_loss"] + 3 * 0.9 * (metrics["test/distance_correlation"])
    )
    arguments = ["ckpt=run", "trainer.enable_progress_bar=false", "hydra.run.dir=evaluation"]
    done = command(*arguments, cwd=tmp_path, name="evaluate")  # whose objective a file may name
    assert done.returncode == 0, done.stderr
    evaluated = json.loads((tmp_path / "evaluation" / "metrics.json").read_text())
    assert evaluated["test/distance_correlation"] == metrics["test/distance_correlation"]
