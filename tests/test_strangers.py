"""Files from strangers are data: nothing in them is called, whatever they name and wherever."""

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import torch
import tripwire
from conftest import SMALL_PARTICLE, composed, make_events, write_csv
from omegaconf import OmegaConf
from safetensors.torch import save_file

from higgs_lightning import load_model
from higgs_lightning.configuration import as_data, literal
from higgs_lightning.errors import UserError
from higgs_lightning.evaluation.comparison import compare
from higgs_lightning.models.weights import load_checkpoint, read_weights
from higgs_lightning.training.run import checkpoint_to_resume, continued
from higgs_lightning.training.testing import own_evaluation

CALL = {"_target_": "tripwire.trip"}
MODEL = "higgs_lightning.models.ParticleAutoencoder"


@pytest.fixture(autouse=True)
def nothing_is_called() -> Iterator[None]:
    tripwire.calls.clear()
    yield
    assert not tripwire.calls


#: What a prepared file may say of its model.
MODELS: dict[str, Any] = {
    "another function": CALL,
    "a function of ours": {"_target_": "higgs_lightning.models.weights.load_model", "ckpt": "pretrained"},
    "a module behind ours": {"_target_": "higgs_lightning.models.particle.torch.manual_seed", "seed": 3},
    "an argument": {"_target_": MODEL, "num_layers": CALL},
    "in a list": {"_target_": MODEL, "num_layers": [CALL]},
    "deep inside": {"_target_": MODEL, "dim": {"a": {"b": CALL}}},
    "positional arguments": {"_target_": MODEL, "_args_": [CALL]},
    "recursion": {"_target_": MODEL, "_recursive_": True, "dim": CALL},
    "no class": {"num_layers": 1},
    "a partial": {"_target_": MODEL, "_partial_": True},
    "text": "higgs_lightning.models.ParticleAutoencoder",
    "a list": [CALL],
    "nothing": None,
}
#: Sizes that would fill the memory or make no sense.
SIZES: dict[str, Any] = {
    "layers": {"num_layers": 10**9},
    "width": {"dim": 10**9},
    "fits no weights": {"dim": 4096, "num_layers": 64},
    "negative": {"num_layers": -1},
    "a fraction": {"num_layers": 1.5},
    "true": {"num_layers": True},
    "text": {"dim": "64"},
    "interpolation": {"dim": "${oc.env:HOME}"},
    "dropout": {"dropout": 2.0},
    "infinite": {"dropout": float("inf")},
    "maybe": {"average_mirrors": "maybe"},
}


def stranger(kind: str, folder: Path, model: Any, **more: Any) -> Path:
    """A file of a stranger's whose weights are those of a small model."""
    weights = {"slot": torch.zeros(6, 64)}
    if kind == "safetensors":
        save_file(weights, folder / "stranger.safetensors", {"model": json.dumps(model)})
        return folder / "stranger.safetensors"
    state = {f"model.{name}": tensor for name, tensor in weights.items()}
    torch.save({"config": {"model": model, **more}, "state_dict": state}, folder / "stranger.ckpt")
    return folder / "stranger.ckpt"


@pytest.mark.parametrize("kind", ["ckpt", "safetensors"])
@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_a_model_is_one_of_ours_and_its_arguments_are_data(kind: str, model: Any, tmp_path: Path):
    with pytest.raises(UserError, match=r"stranger\.(ckpt|safetensors)"):
        load_model(stranger(kind, tmp_path, model))


@pytest.mark.parametrize("kind", ["ckpt", "safetensors"])
@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES)
def test_sizes_are_sane(kind: str, sizes: dict[str, Any], tmp_path: Path):
    """They are refused before memory is asked for: a test that hangs or is killed is a failure too."""
    with pytest.raises(UserError, match=r"stranger\.(ckpt|safetensors)"):
        load_model(stranger(kind, tmp_path, {"_target_": MODEL, **sizes}))


def test_a_class_from_outside_is_used_when_the_user_names_it(tmp_path: Path):
    path = stranger("ckpt", tmp_path, {"_target_": "tripwire.Model"})
    with pytest.raises(
        UserError, match=r"names tripwire.Model as its model, which is not one of higgs_light"
    ):
        read_weights(path)
    with pytest.raises(UserError, match=r"names tripwire\.Model"):
        read_weights(path, "tripwire.Other")
    assert read_weights(path, "tripwire.Model").config == {"_target_": "tripwire.Model"}


PLACES = (
    *("model", "model.dim", "data", "data.csv", "data.test_csv", "data.batch_size", "objective"),
    *("objective.mask_ratio", "optimizer", "optimizer.lr", "scheduler", "scheduler.warmup", "trainer"),
    *("trainer.callbacks", "trainer.max_epochs", "callbacks.throughput", "callbacks.other", "selection"),
    *("selection.monitor", "seed", "init", "teacher", "compile", "new_key"),
)


@pytest.fixture(scope="module")
def checkpoint(run: Path) -> dict[str, Any]:
    return load_checkpoint(run / "checkpoints" / "last.ckpt")


@pytest.mark.parametrize("place", PLACES)
def test_going_on_and_evaluating_call_nothing(place: str, checkpoint: dict[str, Any], tmp_path: Path):
    """Wherever in the configuration of a run folder a stranger names a function."""
    config = deepcopy(checkpoint["config"])
    *parents, last = place.split(".")
    node = config
    for parent in parents:
        node = node[parent]
    node[last] = CALL
    folder = tmp_path / "run"
    (folder / "checkpoints").mkdir(parents=True)
    for name in ("best", "last"):
        torch.save({**checkpoint, "config": config}, folder / "checkpoints" / f"{name}.ckpt")
    named = rf"names tripwire.trip as its {place}"
    with pytest.raises(UserError, match=named):
        continued(composed(f"ckpt={folder}"), [])
    with pytest.raises(UserError, match=named):
        checkpoint_to_resume(OmegaConf.to_container(composed(f"ckpt={folder}"), resolve=True), folder)  # type: ignore[arg-type]
    with pytest.raises(UserError, match=named):
        own_evaluation(composed(f"ckpt={folder}", name="evaluate"), [])


def test_a_search_is_no_part_of_what_goes_on(checkpoint: dict[str, Any], run: Path, tmp_path: Path):
    """A search's storage is an address that a file must not give."""
    config = deepcopy(checkpoint["config"])
    config["pruning"] = config["callbacks"]["pruning"] = CALL
    path = tmp_path / "last.ckpt"
    torch.save({**checkpoint, "config": config}, path)
    assert continued(composed(f"ckpt={path}"), []).pruning is None


def test_interpolations_in_a_file_are_text(checkpoint: dict[str, Any], tmp_path: Path):
    config = deepcopy(checkpoint["config"])
    config["data"]["csv"] = "${oc.env:HOME}/events.csv"
    path = tmp_path / "last.ckpt"
    torch.save({**checkpoint, "config": config}, path)
    for cfg in (
        continued(composed(f"ckpt={path}"), []),
        own_evaluation(composed(f"ckpt={path}", name="evaluate"), []),
    ):
        assert OmegaConf.to_container(cfg, resolve=True)["data"]["csv"] == "${oc.env:HOME}/events.csv"  # type: ignore[call-overload, index]


def test_where_a_download_comes_from_is_not_for_a_file_to_say(checkpoint: dict[str, Any], tmp_path: Path):
    config = deepcopy(checkpoint["config"])
    config["data"] |= {"dir": "/somewhere/else"}
    config["data"]["csv"] = {"_target_": "higgs_lightning.data.fetch", "urls": ["http://x"], "folder": "/y"}
    path = tmp_path / "last.ckpt"
    torch.save({**checkpoint, "config": config}, path)
    data = continued(composed(f"ckpt={path}", "data.dir=mine"), []).data
    assert data.dir == "mine"
    assert data.csv == {"_target_": "higgs_lightning.data.fetch", "folder": "mine"}


def test_compare_shows_configurations_as_text(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    folder = tmp_path / "[bold]$x^$"
    folder.mkdir()
    (folder / "config.yaml").write_text(
        "a: {_target_: tripwire.trip}\nb: '${oc.env:HOME}'\nc: '[/b] $x^$ <script>'\n"
    )
    for name in ("metrics.json", "metrics.csv", "test_scores.parquet"):
        (folder / name).write_bytes((run / name).read_bytes())
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "config.yaml").write_text("a: 1\nb: 2\nc: 3\n")
    compared = compare([folder, tmp_path / "other"], tmp_path / "out")
    told = compared.loc[0, ["a._target_", "b", "c"]].tolist()
    assert told == ["tripwire.trip", "${oc.env:HOME}", "[/b] $x^$ <script>"]
    page = (tmp_path / "out" / "compare.html").read_text()
    assert "${oc.env:HOME}" in page
    assert "<script>" not in page
    assert "${oc.env:HOME}" in capsys.readouterr().out.replace("\n", "")


@pytest.mark.parametrize(
    "text", ["!!python/object/apply:tripwire.trip []", "a: !!python/name:tripwire.trip", "[1]", "a: ["]
)
def test_yaml_that_is_no_configuration(text: str, tmp_path: Path):
    (tmp_path / "config.yaml").write_text(text)
    with pytest.raises(UserError, match=r"config\.yaml can't be read .*: leave the run"):
        compare([tmp_path], tmp_path / "out")


@pytest.mark.parametrize("content", ["[", "{}", "[]", '[{"data": 1}]', '[{"data": [{"rows": "x"}]}]'])
def test_provenance_is_data(content: str, run: Path, tmp_path: Path):
    from higgs_lightning.runs import recorded_data

    (tmp_path / "provenance.json").write_text(content)
    assert recorded_data(tmp_path) is None
    assert recorded_data(run) is not None


def test_only_plain_data_passes():
    for value in (object(), torch.zeros(1), {1, 2}):
        with pytest.raises(UserError, match=r"file holds a .* as a: it is not to be trusted"):
            as_data({"a": value}, "file", {})
    config = {"a": [1, 2.0, None, True, "${b}"], "b": {"c": "x"}}
    assert as_data(config, "file", {}) == config
    assert OmegaConf.to_container(OmegaConf.create(literal(config)), resolve=True) == config


@pytest.mark.slow
def test_a_refused_command_leaves_a_run_as_it_was(
    run: Path, refusal: Callable[..., str], tmp_path: Path, higgs_csv: Path
):
    """Whatever it was refused for; not even a log is written."""

    def contents() -> dict[Path, bytes]:
        return {p: p.read_bytes() for p in run.rglob("*") if p.is_file() and p.name != ".lock"}

    before = contents()
    data = write_csv(tmp_path / "others.csv", make_events(300, seed=5))
    for overrides in (
        [f"hydra.run.dir={run}", *SMALL_PARTICLE],
        [f"ckpt={run}", "model.num_layers=5"],
        [f"ckpt={run}", "optimizer.lr=1e-5"],
        [f"ckpt={run}", "data.seed=2"],
        [f"ckpt={run}", "data=higgs", f"data.csv={data}"],
        [f"ckpt={run}", "trainer.precision=none"],
        [f"ckpt={run}", "selection.monitor=val/nothing"],
    ):
        assert refusal("train", *overrides).startswith("error: ")
        assert contents() == before
    assert refusal("evaluate", f"ckpt={run}", f"hydra.run.dir={run}").startswith("error: ")
    assert contents() == before
