"""Weights by an address: fetched, read as a stranger's, refused in one sentence; and a run that is pushed."""

import hashlib
import json
import re
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from conftest import composed, make_events, started
from fake_hub import OWNER, TOKEN, FakeHub
from safetensors.torch import save_file

from higgs_lightning import addresses, load_model, runs, save_model
from higgs_lightning.data import download
from higgs_lightning.errors import UserError
from higgs_lightning.evaluation.card import card, push
from higgs_lightning.models.weights import load_checkpoint, read_weights
from higgs_lightning.training.ancestors import trainings_of
from higgs_lightning.training.run import begun, continued, train

REPO = f"hf://{OWNER}/higgs"


def serving(server: ThreadingHTTPServer) -> Iterator[Any]:
    with server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    """A Hub of this test's own, and a cache."""
    constants = pytest.importorskip("huggingface_hub.constants")
    for hub in serving(FakeHub()):
        monkeypatch.setattr(constants, "ENDPOINT", hub.url)
        template = f"{hub.url}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        yield hub


@pytest.fixture
def weights(tmp_path: Path) -> bytes:
    save_model("pretrained", tmp_path / "model.safetensors")
    return (tmp_path / "model.safetensors").read_bytes()


@pytest.fixture
def web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, bytes], str]]:
    """Puts a file behind an address on this machine, and gives that; of the cache, this test's own."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    (tmp_path / "web").mkdir()
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(download, "_FIRST_WAIT", 0.001)
    for server in serving(ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=tmp_path / "web"))):
        port = server.server_address[1]

        def put(name: str, content: bytes, port: int = port) -> str:
            (tmp_path / "web" / name).write_bytes(content)
            return f"http://127.0.0.1:{port}/{name}"

        yield put


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def same_scores(one: Any, other: Any) -> bool:
    events = make_events(50)[:, 1:]
    return np.array_equal(one.predict_proba(events), other.predict_proba(events))


# the web --------------------------------------------------------------------------------------------------


def test_a_file_of_the_web(web: Callable[[str, bytes], str], weights: bytes, tmp_path: Path):
    url = web("mine.safetensors", weights)
    address = f"{url}#sha256={digest(weights)}"
    assert same_scores(load_model(address), load_model("pretrained"))
    (tmp_path / "web" / "mine.safetensors").unlink()  # it is fetched once
    load_model(address)
    assert [path.name for path in (tmp_path / "torch/hub/checkpoints").iterdir() if path.name[0] != "."] == [
        f"{digest(weights)}.safetensors"
    ]
    assert runs.name_of(address) == "mine.safetensors"
    assert runs.settled({"ckpt": [address, "pretrained"]}) == {"ckpt": [address, "pretrained"]}
    assert list(trainings_of(address)) == [{"file": address, "data": None, "options": {}}]


def test_another_file_than_the_checksum_says(web, weights: bytes, tmp_path: Path):
    url = web("mine.safetensors", weights)
    with pytest.raises(UserError, match=f"could not fetch {url} .its checksum is wrong.: "):
        load_model(f"{url}#sha256={64 * '0'}")
    assert not [path for path in (tmp_path / "torch").rglob("*") if path.is_file() and path.suffix != ".lock"]


@pytest.mark.parametrize("ending", ["", "#sha256=abc", f"#md5={64 * '0'}", f"#sha256={64 * 'A'}"])
def test_a_checksum_is_required(ending: str):
    with pytest.raises(UserError, match="give the checksum of the file, as in https://HOST/FILE"):
        read_weights(f"https://127.0.0.1/x.safetensors{ending}", key="init")


def test_a_file_that_is_not_there(web):
    with pytest.raises(UserError, match=r"could not fetch http.*404"):
        load_model(f"{web('other', b'')}.safetensors#sha256={64 * '0'}")
    with pytest.raises(UserError, match=r"could not fetch http://127.0.0.1:1/x.safetensors \(.*refused"):
        load_model(f"http://127.0.0.1:1/x.safetensors#sha256={64 * '0'}")


def test_what_a_stranger_put_there_is_data(web, tmp_path: Path):
    path = tmp_path / "bad.safetensors"
    save_file({"slot": torch.zeros(1)}, path, {"model": json.dumps({"_target_": "os.system"})})
    content = path.read_bytes()
    with pytest.raises(UserError, match=r"names os\.system as its model"):
        load_model(f"{web('bad.safetensors', content)}#sha256={digest(content)}")
    with pytest.raises(UserError, match="is damaged, or holds no weights of higgs_lightning"):
        load_model(f"{web('text.safetensors', b'text')}#sha256={digest(b'text')}")


def test_hydra_reads_an_address():
    """Its # is put in quotes, whether it stands alone, in a list or in quotes already."""
    address = f"https://host/a-b_c/mine.safetensors#sha256={64 * 'a'}"
    for argument, expected in (
        (f"init={address}", address),
        (f"teacher=[{address},RUN,{address}]", [address, "RUN", address]),
        (f'init="{address}"', address),
        (f"init='{address}'", address),
        ("init=hf://USER/REPO@v1.0", "hf://USER/REPO@v1.0"),
    ):
        cfg = composed(addresses.quoted(argument))
        assert cfg[argument.partition("=")[0]] == expected


# the Hub --------------------------------------------------------------------------------------------------


def test_a_repository(hub: FakeHub, weights: bytes):
    commit = hub.commit(f"{OWNER}/higgs", {"model.safetensors": weights})
    pinned = f"{REPO}@{commit}"
    for address in (REPO, f"{REPO}@main", pinned):
        assert same_scores(load_model(address), load_model("pretrained"))
        assert runs.settled({"init": address, "seed": 1}) == {"init": pinned, "seed": 1}
    assert runs.name_of(pinned) == f"higgs@{commit[:7]}"
    hub.commit(f"{OWNER}/higgs", {"model.safetensors": b"another"})
    load_model(pinned)
    with pytest.raises(UserError, match="is damaged"):
        load_model(REPO)


def test_a_run_begins_with_it_and_says_with_which(
    hub: FakeHub, weights: bytes, without_plots: None, tmp_path: Path
):
    commit = hub.commit(f"{OWNER}/higgs", {"model.safetensors": weights})
    small = ["data.train_events=500", "trainer=debug", f"init={REPO}"]
    cfg = begun(composed(*small), [])
    train(cfg, tmp_path / "run")
    config = yaml.safe_load((tmp_path / "run/config.yaml").read_text())
    assert config["init"] == f"{REPO}@{commit}"
    with pytest.raises(UserError, match=f"ckpt={REPO} is weights alone: begin a new run with init={REPO}"):
        continued(composed(f"ckpt={REPO}"), [])


@pytest.mark.parametrize("kind", ["hub", "web"])
def test_a_checkpoint_starts_no_download(
    kind: str, hub: FakeHub, web, weights: bytes, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A stranger's may name a teacher anywhere; where a copy is at hand, it is read."""
    commit = hub.commit(f"{OWNER}/higgs", {"model.safetensors": weights})
    url = web("mine.safetensors", weights)
    address = f"{REPO}@{commit}" if kind == "hub" else f"{url}#sha256={digest(weights)}"
    checkpoint = load_checkpoint(run / "checkpoints/last.ckpt")
    (tmp_path / "run/checkpoints").mkdir(parents=True)
    ckpt = f"ckpt={tmp_path / 'run'}"

    def named(key: str, value: Any) -> None:
        changed = {**checkpoint, "config": {**checkpoint["config"], key: value}}
        torch.save(changed, tmp_path / "run/checkpoints/last.ckpt")

    for key, value in (("teacher", address), ("teacher", [address, str(run)]), ("init", REPO)):
        named(key, value)
        with pytest.raises(UserError, match=f"as its {key}, and from where a download comes is not for a fi"):
            continued(composed(ckpt), [])
    named("init", address)  # which is not read any more
    continued(composed(ckpt), [])
    named("teacher", address)
    continued(composed(ckpt, addresses.quoted(f"teacher={address}")), ["teacher"])
    assert not [*(tmp_path / "hub").rglob("*.safetensors"), *(tmp_path / "torch").rglob("*.safetensors")]
    load_model(address)
    assert continued(composed(ckpt), []).teacher == address


def test_without_the_hub_the_copy_is_read(hub: FakeHub, weights: bytes, monkeypatch: pytest.MonkeyPatch):
    commit = hub.commit(f"{OWNER}/higgs", {"model.safetensors": weights})
    load_model(REPO)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert runs.settled({"ckpt": REPO}) == {"ckpt": f"{REPO}@{commit}"}
    with pytest.raises(UserError, match=r"the Hub can't be reached, and this machine has no copy"):
        load_model(f"hf://{OWNER}/other")


def test_what_there_is_not_is_said(hub: FakeHub, weights: bytes):
    hub.commit(f"{OWNER}/empty", {"config.json": b"{}"})
    hub.commit(f"{OWNER}/higgs", {"model.safetensors": weights})
    for address, sentence in {
        f"hf://{OWNER}/nothing": "there is no such repository, or it is private and you are no member",
        f"hf://{OWNER}/empty": "the repository holds no model.safetensors",
        f"{REPO}@v7": "the repository has no such revision",
        f"hf://{OWNER}": "give a repository as hf://USER/REPO or hf://USER/REPO@REVISION",
        f"{REPO}/model.safetensors": "give a repository as hf://USER/REPO",
        "hf://-/-": "it is no name of a repository",
    }.items():
        with pytest.raises(UserError, match=f"^teacher={re.escape(address)}: {re.escape(sentence)}"):
            load_model(address, key="teacher")


def test_without_the_extra(run: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    for use in (lambda: load_model(REPO), lambda: push(run, REPO)):
        with pytest.raises(UserError, match=r"pip install -e '.\[hub\]'"):
            use()


# push -----------------------------------------------------------------------------------------------------


def test_a_run_is_pushed_and_comes_back(hub: FakeHub, run: Path):
    address = push(run, REPO)
    assert address == runs.settled({"ckpt": REPO})["ckpt"]
    assert same_scores(load_model(REPO), load_model(run))
    files = hub.repositories[f"{OWNER}/higgs"]["main"]
    assert set(files) == {"README.md", "model.safetensors"}
    assert not hub.private
    push(str(run), REPO)  # again
    assert same_scores(load_model(address), load_model(run))
    push(run, f"hf://{OWNER}/secret", private=True)
    assert hub.private == {f"{OWNER}/secret"}


def test_what_a_pushed_model_was_trained_on_is_known(
    hub: FakeHub, run: Path, without_plots: None, tmp_path: Path
):
    """By rows and checksum: another split of the same file would test it on its training events."""
    push(run, REPO)
    (training,) = trainings_of(REPO)
    assert [each["file"] for each in training["data"]] == ["sample.csv.gz"]
    small = ["data.train_events=500", "trainer=debug", f"init={REPO}"]
    with pytest.raises(UserError, match=rf"{REPO} was trained on [\d,]+ of the 6,000 test events"):
        train(begun(composed(*small, "data.seed=2"), []), tmp_path / "other")
    assert train(begun(composed(*small), []), tmp_path / "same")["test/events_trained_on"] == 0
    path = tmp_path / "bad.safetensors"
    save_model(run, path, 3_000 * [{"file": "x", "data": None, "options": {}}])
    with pytest.raises(UserError, match="is damaged, or holds no weights"):
        list(trainings_of(path))
    damaged: list[dict[str, Any]] = [{}, {"file": 5, "data": None, "options": {}}]
    for each in damaged:
        save_model(run, path, [each])
        with pytest.raises(UserError, match=r"bad\.safetensors: what it says of the events behind"):
            train(begun(composed(*small, f"init={path}"), []), tmp_path / "bad")


def test_the_card_says_what_it_is_and_how_good(run: Path):
    text = card(runs.read_run(run, "run"), REPO)
    _, metadata, body = text.split("---\n", 2)
    metrics = json.loads((run / "metrics.json").read_text())
    metadata = yaml.safe_load(metadata)
    (result,) = metadata["model-index"][0]["results"]
    assert result["metrics"][0]["value"] == metrics["test/auc"]
    assert metadata["model-index"][0]["name"] == "higgs"
    interval = f"{metrics['test/auc_low']:.4f} to {metrics['test/auc_high']:.4f}"
    (data,) = metrics["data"]
    for part in (
        f"| test | 6,000 | {metrics['test/signal_events']:,} | {metrics['test/auc']:.4f} | {interval} |",
        f"| sample.csv.gz | 60,000 | {data['crc32']:08x} |",
        "embedded sample (simulated)",
        "Seed 1.",
        "\nmodel.dim=16\n",
        "\ndata.train_events=20000\n",
        f'load_model("{REPO}")',
        "## What it is not for",
        "None of them was trained on.",
    ):
        assert part in body, part
    assert str(run.parent.parent) not in text
    assert str(Path(data["file"]).parent) not in text


def test_the_card_s_configuration_trains_the_same(run: Path):
    """Every line of it is an override that the command takes, and nothing is left to a default."""
    read = runs.read_run(run, "run")
    read.config["selection.monitor"] = read.config["trainer.gradient_clip_val"] = None
    (block,) = re.findall(r"train`:\n\n```\n(.*?)\n```", card(read, REPO), re.S)
    cfg = composed(*(f"++{line}" for line in block.splitlines()))
    recorded = yaml.safe_load((run / "config.yaml").read_text())
    recorded["selection"]["monitor"] = None
    for group in ("model", "objective", "optimizer", "scheduler", "selection"):
        assert dict(cfg[group]) == recorded[group]
    assert cfg.trainer.gradient_clip_val is None


def test_text_of_a_stranger_s_run_is_no_markdown(run: Path, tmp_path: Path):
    read = runs.read_run(run, "run")
    read.metrics["dataset"] = "mine\n# Install `this` <script>|"
    assert "mine # Install 'this' &lt;script>/" in card(read, REPO)
    del read.metrics["test/auc"]
    with pytest.raises(KeyError):
        card(read, REPO)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["ckpt=RUN"], "say output=..."),
        (["ckpt=RUN", "output=folder"], "output=folder: give a repository as hf://USER/REPO"),
        (["ckpt=RUN", f"output={REPO}", "private=maybe"], "private=maybe: give true or false"),
        (["ckpt=pretrained", f"output={REPO}"], "give the folder of a run"),
        (["ckpt=RUN/checkpoints/last.ckpt", f"output={REPO}"], "give the folder of a run"),
        (["ckpt=RUN", "output=hf://other/higgs"], "you may not do that there: log in with a token that may"),
        (["ckpt=RUN", f"output={REPO}@branch"], "the repository has no such revision"),
    ],
)
def test_push_refuses_in_one_sentence(
    arguments: list[str], sentence: str, run: Path, hub: FakeHub, refusal: Callable[..., str]
):
    given = [argument.replace("RUN", str(run)) for argument in arguments]
    assert re.search(f"^error: .*{re.escape(sentence)}.*$", refusal("push", *given))
    assert not any(revisions["main"] for revisions in hub.repositories.values())


def test_a_run_that_has_not_ended_is_not_pushed(run: Path, hub: FakeHub, tmp_path: Path):
    (run / "metrics.json").rename(tmp_path / "metrics.json")
    try:
        with pytest.raises(UserError, match="has no metrics"):
            push(run, REPO)
    finally:
        (tmp_path / "metrics.json").rename(run / "metrics.json")


@pytest.mark.slow
def test_from_run_to_scores_by_commands(
    run: Path, hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, higgs_csv: Path, web
):
    """As users do it, by the environment's HF_ENDPOINT; and by an address of the web in a command line."""
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    done = started(f"ckpt={run}", f"output={REPO}", cwd=tmp_path, name="push")
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(rf"{REPO}@[0-9a-f]{{40}}: weights and their model card\n", done.stdout)
    content = hub.repositories[f"{OWNER}/higgs"]["main"]["model.safetensors"]
    url = web("mine.safetensors", content)
    for number, ckpt in enumerate((run, REPO, f"{url}#sha256={digest(content)}")):
        arguments = [f"ckpt={ckpt}", f"input={higgs_csv}", f"output={number}.csv"]
        done = started(*arguments, cwd=tmp_path, name="predict")
        assert done.returncode == 0, done.stderr
    scores = [(tmp_path / f"{number}.csv").read_text() for number in range(3)]
    assert scores[0] == scores[1] == scores[2]
