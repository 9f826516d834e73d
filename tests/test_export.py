"""Exported models: raw events in, the model's own scores out, for batches of any size."""

import re
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import SMALL, SMALL_PARTICLE, command, composed, make_events

from higgs_lightning import load_model, save_model
from higgs_lightning.errors import UserError
from higgs_lightning.models.graph import export
from higgs_lightning.training.ancestors import trainings_of
from higgs_lightning.training.run import train


def expected_scores(run: Path | str, features: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        return load_model(run)(torch.from_numpy(features)).logits.sigmoid().numpy()


@pytest.fixture
def events() -> np.ndarray:
    """(600, 21), some without an object."""
    features = make_events(600, seed=7)[:, 1:]
    features[:50, :3] = np.nan
    features[50:100, 17:] = np.nan
    return features


@pytest.mark.slow
def test_onnx_through_the_command(run: Path, events: np.ndarray, tmp_path: Path):
    onnxruntime = pytest.importorskip("onnxruntime")
    done = command(f"ckpt={run}", "output=model.onnx", cwd=tmp_path, name="export")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("model.onnx: its scores are the model's, within ")
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    assert [(i.name, i.shape[1]) for i in session.get_inputs()] == [("features", 21)]
    for size in (1, 600):
        (found,) = session.run(["score"], {"features": events[:size]})
        np.testing.assert_allclose(found, expected_scores(run, events[:size]), atol=1e-5)


@pytest.mark.usefixtures("without_plots")
@pytest.mark.parametrize(
    "model",
    ["dnn", pytest.param("particle", marks=pytest.mark.slow), pytest.param("scalar", marks=pytest.mark.slow)],
)
def test_torch_export(model: str, run: Path, events: np.ndarray, higgs_csv: Path, tmp_path: Path):
    source = run
    if model != "particle":
        source = tmp_path / "run"
        data = ["data=higgs", f"data.csv={higgs_csv}", f"data.dir={tmp_path}"]
        train(composed(*SMALL, f"model={model}", "model.num_layers=1", *data), source)
    assert export(str(source), tmp_path / "model.pt2") < 1e-5
    module = torch.export.load(tmp_path / "model.pt2").module()
    for size in (1, 600):
        found = module(torch.from_numpy(events[:size])).detach().numpy()
        np.testing.assert_allclose(found, expected_scores(source, events[:size]), atol=1e-5)


def test_without_the_extra(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(UserError, match=r"pip install -e '.\[export\]'"):
        export(str(run), tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.usefixtures("without_plots")
def test_a_model_that_mixes_events_is_refused(higgs_csv: Path, tmp_path: Path):
    data = ["data=higgs", f"data.csv={higgs_csv}", f"data.dir={tmp_path}"]
    train(composed("experiment=seed", *SMALL, "model.num_layers=1", *data), tmp_path / "run")
    with pytest.raises(UserError, match="scores a batch as a whole"):
        export(str(tmp_path / "run"), tmp_path / "model.pt2")


@pytest.mark.slow
@pytest.mark.usefixtures("without_plots")
def test_the_average_of_weights(run: Path, higgs_csv: Path, tmp_path: Path):
    """Of two runs half of each weight, and whose events they were; of one twice the run itself."""
    other = tmp_path / "other"
    data = ["data=higgs", f"data.csv={higgs_csv}", f"data.dir={tmp_path}"]
    train(composed(*SMALL_PARTICLE, *data), other)
    for names, members in (("[RUN,OTHER]", (run, other)), ("[RUN,RUN]", (run, run)), ("RUN", (run,))):
        ckpt = names.replace("RUN", str(run)).replace("OTHER", str(other))
        done = command(f"ckpt={ckpt}", "output=average.safetensors", cwd=tmp_path, name="export")
        assert done.returncode == 0, done.stderr
        said = "weights" if len(members) == 1 else "the average of the weights of 2 runs"
        assert done.stdout == f"average.safetensors: {said}\n"
        average = load_model(tmp_path / "average.safetensors").state_dict()
        each = [load_model(member).state_dict() for member in members]
        for name, tensor in average.items():
            expected = sum(state[name].double() for state in each) / len(each)
            torch.testing.assert_close(tensor.double(), expected, rtol=1e-6, atol=1e-9)
        if len(set(members)) == 1:
            assert all(torch.equal(tensor, each[0][name]) for name, tensor in average.items())
        trainings = list(trainings_of(tmp_path / "average.safetensors"))
        assert [each["file"] for each in trainings] == ["average.safetensors"] * len(members)
        assert all(each["data"] for each in trainings)
        assert str(tmp_path) not in str(trainings)


@pytest.mark.usefixtures("without_plots")
def test_the_average_of_different_models_is_refused(run: Path, higgs_csv: Path, tmp_path: Path):
    data = ["data=higgs", f"data.csv={higgs_csv}", f"data.dir={tmp_path}"]
    train(composed(*SMALL, "model=dnn", "model.num_layers=1", *data), tmp_path / "dnn")
    with pytest.raises(UserError, match="was trained with model"):
        save_model([run, tmp_path / "dnn"], tmp_path / "average.safetensors")
    with pytest.raises(UserError, match="name at least one run"):
        save_model([], tmp_path / "average.safetensors")
    assert not (tmp_path / "average.safetensors").exists()


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (["ckpt=pretrained"], "say output=..."),
        (["ckpt=pretrained", "output=model.txt"], "end the name in .onnx, .pt2, .safetensors"),
        (["ckpt=pretrained", "output=nowhere/model.onnx"], "a folder that exists"),
    ],
)
def test_bad_input_ends_with_one_sentence(overrides: list[str], sentence: str, refusal: Callable[..., str]):
    assert re.search(f"^error: .*{re.escape(sentence)}.*$", refusal("export", *overrides))
