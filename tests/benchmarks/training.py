"""Events a second of training: the train command against bare loops over the same model and events.

    python tests/benchmarks/training.py [--events 50000] [--batch-size 1024] [--repeats 3]

- `particle`, command: what ``events_per_second`` says in the run's metrics.csv, of epochs after the first;
  also with ``compile=true``, which compiles in the first.
- `particle`, bare loop: the same steps (masked events, mirrors, clipping, schedule) in plain PyTorch,
  everything in memory: no Lightning, no metrics, no logs, no progress, no checkpoints.
- `seed`, command and the original notebook's loop: `DataLoader(TensorDataset)`, `.item()` and `.tolist()` in
  every step, scikit-learn's metrics after every epoch.

They take turns; the median of the repeats counts.
"""

import argparse
import csv
import statistics
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import torch
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from rich.console import Console
from rich.table import Table
from sklearn.metrics import accuracy_score, roc_auc_score
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812
from torch.utils.data import DataLoader, TensorDataset

from higgs_lightning.command import CONFIG_DIR
from higgs_lightning.data import HiggsDataModule, sample_csv
from higgs_lightning.kinematics import mirrored, signs
from higgs_lightning.masking import hidden_features, hide_objects
from higgs_lightning.models import Model
from higgs_lightning.training.run import train

EPOCHS = 3
BARE = "particle, bare loop"
NOTEBOOK = "seed, the notebook's loop"


def command(arguments: argparse.Namespace, *overrides: str) -> float:
    """Events a second of the last epochs of a run."""
    with tempfile.TemporaryDirectory() as folder, initialize_config_dir(CONFIG_DIR, version_base="1.3"):
        options = [
            f"data.train_events={arguments.events}",
            f"data.batch_size={arguments.batch_size}",
            "data.val_fraction=0.01",
            "data.test_fraction=0.01",
            f"trainer.max_epochs={EPOCHS}",
            "trainer.enable_progress_bar=false",
        ]
        train(compose("train", [*overrides, *options]), Path(folder))
        with Path(folder, "metrics.csv").open() as file:
            speeds = [float(row["events_per_second"]) for row in csv.DictReader(file)]
    return statistics.mean(speeds[1:])


def particle_loop(features: Tensor, labels: Tensor, batch_size: int) -> Iterator[None]:
    """The steps of `particle` and nothing else, epoch after epoch; everything in memory."""
    with initialize_config_dir(CONFIG_DIR, version_base="1.3"):
        cfg = compose("train")
    model: Model = instantiate(cfg.model).train()
    optimizer = instantiate(cfg.optimizer)(model.parameters())
    steps = EPOCHS * -(-len(labels) // batch_size)
    scheduler = instantiate(cfg.scheduler)(optimizer, total_steps=steps)["scheduler"]
    objective, generator = cfg.objective, torch.Generator().manual_seed(1)
    while True:
        for rows in torch.randperm(len(labels), generator=generator).split(batch_size):
            x, y = mirrored(features[rows], *signs(len(rows), generator)), labels[rows]
            seen = x[: int(objective.mask_fraction * len(x))]
            hidden = hide_objects(len(seen), objective.mask_ratio, generator)
            whole, masked = model.whole_and_masked(x, hidden)
            loss = F.binary_cross_entropy_with_logits(whole.logits, y)
            of_masked = F.binary_cross_entropy_with_logits(masked.logits, y[: len(seen)])
            errors = model.reconstruction_errors(masked.encoded, seen, hidden)
            counted = hidden_features(hidden)
            reconstruction = (errors * counted).sum() / counted.sum()
            loss = (
                loss + objective.mask_fraction * of_masked + objective.reconstruction_weight * reconstruction
            )
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), cfg.trainer.gradient_clip_val)
            optimizer.step()
            scheduler.step()
            yield


def bare_loop(features: Tensor, labels: Tensor, batch_size: int) -> float:
    """Events a second of the epochs of `particle` after its first."""
    steps = -(-len(labels) // batch_size)
    loop = particle_loop(features, labels, batch_size)
    deque(islice(loop, steps), maxlen=0)
    start = time.perf_counter()
    deque(islice(loop, (EPOCHS - 1) * steps), maxlen=0)
    return (EPOCHS - 1) * len(labels) / (time.perf_counter() - start)


def notebook_loop(features: Tensor, labels: Tensor, batch_size: int) -> float:
    """Events a second of `seed` as the original notebook trains it."""
    with initialize_config_dir(CONFIG_DIR, version_base="1.3"):
        cfg = compose("train", ["experiment=seed", "model.standardize=false"])
    model = instantiate(cfg.model).train()
    optimizer = instantiate(cfg.optimizer)(model.parameters())
    weights = cfg.objective
    loader = DataLoader(TensorDataset(features, labels), batch_size, shuffle=True)
    start = time.perf_counter()
    scores: list[float] = []
    truth: list[float] = []
    total = 0.0
    for x, y in loader:
        optimizer.zero_grad()
        output = model(x)
        classification = F.binary_cross_entropy_with_logits(output.logits, y)
        reconstruction = model.reconstruct(output.encoded, x).errors.mean()
        loss = weights.classification_weight * classification + weights.reconstruction_weight * reconstruction
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), cfg.trainer.gradient_clip_val)
        optimizer.step()
        total += loss.item()
        scores += output.logits.sigmoid().tolist()
        truth += y.tolist()
    roc_auc_score(truth, scores)
    accuracy_score(truth, [score > 0.5 for score in scores])
    return len(labels) / (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--events", type=int, default=48_000)
    parser.add_argument("--batch-size", type=int, default=1024)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = HiggsDataModule(sample_csv(), dir=folder, train_events=arguments.events)
        features, labels = map(torch.from_numpy, data.arrays("train"))
    ways: dict[str, Callable[[], float]] = {
        "particle, command": lambda: command(arguments),
        "particle, command, compile=true": lambda: command(arguments, "compile=true"),
        BARE: lambda: bare_loop(features, labels, arguments.batch_size),
        "seed, command": lambda: command(arguments, "experiment=seed"),
        NOTEBOOK: lambda: notebook_loop(features, labels, arguments.batch_size),
    }
    speeds: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(arguments.repeats):
        for way, measure in ways.items():
            speeds[way].append(measure())
    medians = {way: statistics.median(values) for way, values in speeds.items()}
    table = Table(title=f"{len(labels):,} events, batches of {arguments.batch_size}")
    for column in ("", "events a second", "range", "of the bare loop", "of the notebook's loop"):
        table.add_column(column)
    for way in ways:
        ratio = f"{medians[way] / medians[BARE]:.2f}" if way.startswith("particle") else ""
        of_notebook = f"{medians[way] / medians[NOTEBOOK]:.2f}"
        spread = f"{min(speeds[way]):,.0f}-{max(speeds[way]):,.0f}"
        table.add_row(way, f"{medians[way]:,.0f}", spread, ratio, of_notebook)
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
