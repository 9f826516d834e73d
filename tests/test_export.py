"""Exported models: raw events in, the model's own scores out, for batches of any size."""

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import SMALL, SMALL_PARTICLE, command, composed, make_events
from safetensors.torch import save_file

from higgs_lightning import load_model, save_model
from higgs_lightning.errors import UserError
from higgs_lightning.models import Model
from higgs_lightning.models.graph import export
from higgs_lightning.models.weights import build_model
from higgs_lightning.training.ancestors import save_weights, trainings_of
from higgs_lightning.training.run import train
from higgs_lightning.training.testing import evaluate


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
        assert [each["file"] for each in trainings] == ["average.safetensors"] * len(set(members))
        assert all(each["data"] for each in trainings)
        assert str(tmp_path) not in str(trainings)
    both = (str(run), str(other), str(tmp_path / "average.safetensors"))
    save_weights(both, tmp_path / "second.safetensors")
    assert len(list(trainings_of(tmp_path / "second.safetensors"))) == 2  # each of them once
    options = [f"ckpt={tmp_path / 'second.safetensors'}", *data, "data.seed=2", *SMALL[-1:]]
    with pytest.raises(UserError, match=r"second.safetensors was trained on [\d,]+ of the 300 test events"):
        evaluate(composed(*options, name="evaluate"), tmp_path / "evaluated")


@pytest.mark.usefixtures("without_plots")
def test_the_average_of_different_models_is_refused(run: Path, higgs_csv: Path, tmp_path: Path):
    data = ["data=higgs", f"data.csv={higgs_csv}", f"data.dir={tmp_path}"]
    train(composed(*SMALL, "model=dnn", "model.num_layers=1", *data), tmp_path / "dnn")
    with pytest.raises(UserError, match="was trained with model"):
        save_model([run, tmp_path / "dnn"], tmp_path / "average.safetensors")
    with pytest.raises(UserError, match="name at least one run"):
        save_model([], tmp_path / "average.safetensors")
    assert not (tmp_path / "average.safetensors").exists()


class Tied(Model):
    """A model in which two names stand for one weight."""

    def __init__(self) -> None:
        super().__init__()
        self.first = torch.nn.Linear(21, 21)
        self.second = self.first


def test_weights_of_two_names_are_written_twice(tmp_path: Path):
    name, output = f"{Tied.__module__}.Tied", tmp_path / "weights.safetensors"
    state = {f"model.{name}": tensor for name, tensor in Tied().state_dict().items()}
    torch.save({"config": {"model": {"_target_": name}}, "state_dict": state}, tmp_path / "tied.ckpt")
    for ckpt in (tmp_path / "tied.ckpt", [tmp_path / "tied.ckpt", output]):
        save_weights(ckpt, output, model_class=name)
        assert torch.equal(load_model(output, name).state_dict()["second.bias"], state["model.first.bias"])
    with pytest.raises(UserError, match="name it yourself"):
        save_weights(output, output)


def strange(path: Path, trainings: Any = (), **changed: torch.Tensor) -> Path:
    """Weights of a small model, of which some are others, and what they say of their trainings."""
    config = {"_target_": "higgs_lightning.models.DeepNetwork", "num_layers": 1, "dim": 4}
    tensors = build_model(config).state_dict() | changed
    save_file(tensors, path, {"model": json.dumps(config), "trainings": json.dumps(trainings)})
    return path


@pytest.mark.parametrize(
    "training",
    [
        *(5, "x", {}, {"file": 5, "data": None, "options": {}}, {"file": "x", "data": None, "options": [1]}),
        {"file": "x", "data": 5, "options": {}},
        {"file": "x", "data": [{"file": "x", "rows": float("inf"), "crc32": 1}], "options": {}},
    ],
)
def test_what_a_file_says_of_its_trainings_may_be_anything(training: Any, tmp_path: Path):
    source = strange(tmp_path / "strange.safetensors", [training])
    with pytest.raises(UserError, match=r"strange\.safetensors: what it says of the events behind"):
        save_weights(source, tmp_path / "weights.safetensors")
    assert [path.name for path in tmp_path.iterdir()] == ["strange.safetensors"]


def test_weights_of_another_precision(tmp_path: Path):
    """They become the model's own; what has no room there is refused."""
    name = "classifier.bias"
    for kind in (torch.float64, torch.float16, torch.float8_e4m3fn):
        source = strange(tmp_path / "strange.safetensors", **{name: torch.tensor([1.5]).to(kind)})
        save_weights(source, tmp_path / "weights.safetensors")
        assert load_model(tmp_path / "weights.safetensors").state_dict()[name] == torch.tensor([1.5])
    source = strange(tmp_path / "strange.safetensors", **{name: torch.tensor([1e300], dtype=torch.float64)})
    with pytest.raises(UserError, match=f"its weights {name} are not finite"):
        load_model(source)


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (["ckpt=pretrained"], "say output=..."),
        (["ckpt=pretrained", "output=model.txt"], "end the name in .onnx, .pt2, .safetensors"),
        (["ckpt=pretrained", "output=nowhere/model.onnx"], "a folder that exists"),
        (["ckpt=12", "output=weights.safetensors"], "ckpt=12: 12 does not exist"),
        (["ckpt=[]", "output=weights.safetensors"], "name at least one run"),
    ],
)
def test_bad_input_ends_with_one_sentence(overrides: list[str], sentence: str, refusal: Callable[..., str]):
    assert re.search(f"^error: .*{re.escape(sentence)}.*$", refusal("export", *overrides))
