"""Several trained models as one: their mean, through every command that takes a model."""

from pathlib import Path

import pytest
import torch
from conftest import SMALL, SMALL_PARTICLE, command, composed

from higgs_lightning import load_model
from higgs_lightning.errors import UserError
from higgs_lightning.masking import hide_objects
from higgs_lightning.models.graph import export
from higgs_lightning.models.weights import require_same_model
from higgs_lightning.training.run import train
from higgs_lightning.training.testing import evaluate

pytestmark = pytest.mark.usefixtures("without_plots")


@pytest.fixture(scope="module")
def data(higgs_csv: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("data")
    return ["data=higgs", f"data.csv={higgs_csv}", f"data.dir={folder}", "data.batch_size=32"]


@pytest.fixture(scope="module")
def members(data: list[str], tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Two small runs that differ in their seed."""
    runs = [tmp_path_factory.mktemp("runs") / seed for seed in "12"]
    for run in runs:
        train(composed(*SMALL_PARTICLE, *data, f"seed={run.name}"), run)
    return [str(run) for run in runs]


def test_the_mean_of_its_members(members: list[str], features: torch.Tensor, generator: torch.Generator):
    ensemble, first, second = load_model(members), load_model(members[0]), load_model(members[1])
    hidden = hide_objects(len(features), 0.5, generator)
    output, one, two = (model(features, hidden) for model in (ensemble, first, second))
    assert not torch.allclose(one.logits, two.logits, atol=1e-2)
    torch.testing.assert_close(output.logits, (one.logits + two.logits) / 2)
    torch.testing.assert_close(output.latent, torch.cat([one.latent, two.latent], dim=1))
    decoded = ensemble.reconstruct(output.encoded, features, hidden)
    of_one = first.reconstruct(one.encoded, features, hidden)
    of_two = second.reconstruct(two.encoded, features, hidden)
    torch.testing.assert_close(decoded.features, (of_one.features + of_two.features) / 2)
    torch.testing.assert_close(decoded.errors, (of_one.errors + of_two.errors) / 2)


def test_one_member_is_itself(members: list[str], features: torch.Tensor):
    torch.testing.assert_close(
        load_model(members[:1])(features).logits, load_model(members[0])(features).logits
    )


@pytest.mark.slow
def test_through_the_commands(members: list[str], data: list[str], higgs_csv: Path, tmp_path: Path):
    ckpt = f"ckpt=[{','.join(members)}]"
    options = ["trainer.enable_progress_bar=false", "data.batch_size=512"]
    metrics = evaluate(composed(ckpt, *data, *options, name="evaluate"), tmp_path)
    assert metrics["test/auc"] > 0.8
    done = command(ckpt, f"input={higgs_csv}", "output=scores.csv", cwd=tmp_path, name="predict")
    assert done.returncode == 0, done.stderr
    assert len((tmp_path / "scores.csv").read_text().splitlines()) == 3_001
    assert export(members, tmp_path / "model.pt2") < 1e-5
    student = [*SMALL_PARTICLE, *data, f"teacher=[{','.join(members)}]"]
    assert train(composed(*student), tmp_path / "student")["test/auc"] > 0.8


def test_members_are_of_one_model(members: list[str], data: list[str], tmp_path: Path):
    train(composed(*SMALL, *data, "model.dim=32", "trainer.max_epochs=1"), tmp_path / "other")
    with pytest.raises(UserError, match=r"other.* was trained with model.dim=32: .* leave one of them out"):
        load_model([members[0], str(tmp_path / "other")])
    with pytest.raises(UserError, match="name at least one run"):
        load_model([])


def test_an_option_that_an_earlier_version_had_not_is_its_default():
    old = {"_target_": "higgs_lightning.models.ParticleAutoencoder", "dim": 16}
    without, looks = ({**old, "detector_missing_energy": each} for each in (False, True))
    for one, other in ((old, without), (without, old)):
        require_same_model(one, other, Path("run"))
    with pytest.raises(UserError, match=r"run was trained with model\.detector_missing_energy=true"):
        require_same_model(old, looks, Path("run"))
    with pytest.raises(UserError, match=r"run was trained with model\.detector_missing_energy=false"):
        require_same_model(looks, old, Path("run"))
