"""What TensorBoard serves of a run, asked of a real server."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from tensorboard import program

# the server is not ours, and warns of itself in threads of this process
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def ask(run: Path) -> Callable[..., Any]:
    """Asks a TensorBoard of the small run, which reads its files in the background, until it answers."""
    server = program.TensorBoard()
    server.configure(argv=["tensorboard", "--logdir", str(run), "--port", "0"])
    url = server.launch()

    def answer(route: str, complete: Callable[[Any], bool], **parameters: str) -> Any:
        for _ in range(60):
            response = httpx.get(f"{url}data/plugin/{route}", params=parameters)
            if response.status_code == 200 and complete(response.json()):
                return response.json()
            time.sleep(0.5)
        raise AssertionError(f"{route}: {response.status_code} {response.text[:500]}")

    return answer


@pytest.mark.slow
def test_scalars(ask: Callable[..., Any]):
    names = {f"{split}/{metric}" for split in ("train", "val") for metric in ("loss", "accuracy", "auc")}
    tags = ask("scalars/tags", lambda tags: "tensorboard" in tags)["tensorboard"]
    assert names | {"lr", "events_per_second"} <= set(tags)
    points = ask("scalars/scalars", bool, run="tensorboard", tag="val/auc")
    assert [step for _, step, _ in points] == [0, 1]  # epochs
    assert all(0 < value < 1 for _, _, value in points)


@pytest.mark.slow
def test_figures_during_the_run_and_after_it(ask: Callable[..., Any]):
    during = {f"validation/{name}" for name in ("roc", "scores", "reconstruction")}
    after = {f"final/{name}" for name in ("loss", "accuracy", "auc", "roc", "scores", "reconstruction")}
    tags = ask("images/tags", lambda tags: after <= set(tags.get("tensorboard", ())))
    assert set(tags["tensorboard"]) == during | after


@pytest.mark.slow
def test_projector(ask: Callable[..., Any]):
    (run_name,) = ask("projector/runs", bool)
    (embedding,) = ask("projector/info", bool, run=run_name)["embeddings"]
    assert embedding["tensorName"].startswith("bottleneck of test events")
    assert embedding["tensorShape"] == [3000, 32]


@pytest.mark.slow
def test_hyperparameters_beside_the_final_metrics(ask: Callable[..., Any]):
    found = ask(
        "hparams/experiment", lambda found: found.get("hparamInfos"), request='{"experimentName": ""}'
    )
    names = {info["name"] for info in found["hparamInfos"]}
    assert {"model/num_layers", "model/dim", "optimizer/lr", "data/batch_size", "seed"} <= names
    assert not [name for name in names if "/_" in name or "csv" in name or "dir" in name]
    metrics = {info["name"]["tag"] for info in found["metricInfos"]}
    assert {"final/val/auc", "final/test/auc"} <= metrics
