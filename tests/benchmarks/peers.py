"""Other people's models on the same real events: test ROC-AUC, time to train and to score.

    pip install 'lightgbm>=4.7' xgboost catboost 'scikit-learn>=1.7' pytabkit skorch weaver-core
    OMP_NUM_THREADS=1 python tests/benchmarks/peers.py --train TRAIN.csv.gz --test TEST.csv.gz

Each trains on the very events that ``data.train_events=N data.seed=SEED`` draws of TRAIN, "all" on every
event that is not a validation event, and stops by the ROC-AUC on the validation events where its package
can. "28 features" are the 21 of the other benchmarks and the seven masses of the file. Settings are defaults
but for what each package's documentation advises, see the functions. Seconds are of processor time, with one
thread, so that a busy machine changes them little. What is in the CSV is not made again: ``--rows`` and
``--events`` make a part. A model whose package is missing is a row that says so.
"""

import argparse
import time
from collections.abc import Callable
from copy import deepcopy
from importlib import import_module
from importlib.metadata import packages_distributions, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd
import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor
from torch.nn.functional import cross_entropy

from higgs_lightning import kinematics, schema
from higgs_lightning.data.datamodule import HiggsDataModule
from higgs_lightning.evaluation.metrics import roc_auc_interval
from higgs_lightning.files import write_csv

RUNS = Path("outputs/peers")
KEY = ["model", "features", "events", "seed"]  # of a row of the CSV
#: Boosting goes on for so many trees after its best one, and for so many in all.
PATIENCE, MOST_TREES = 100, 5_000

#: Features (N, F) in HIGGS units and labels (N,) of ``train``, ``val`` and ``test``.
Splits = dict[str, tuple[np.ndarray, np.ndarray]]


def lightgbm(events: Splits, seed: int) -> Any:
    """For better accuracy, "small learning_rate with large num_iterations" (Parameters Tuning)."""
    from lightgbm import LGBMClassifier, early_stopping

    model = LGBMClassifier(
        learning_rate=0.05, n_estimators=MOST_TREES, metric="auc", n_jobs=1, random_state=seed, verbose=-1
    )
    val_x, val_y = events["val"]
    stop = early_stopping(PATIENCE, verbose=False)
    return model.fit(*events["train"], eval_X=val_x, eval_y=val_y, callbacks=[stop])


def xgboost(events: Splits, seed: int) -> Any:
    """Against overfitting a smaller eta with more rounds (Notes on Parameter Tuning)."""
    from xgboost import XGBClassifier

    model = XGBClassifier(
        learning_rate=0.05,
        n_estimators=MOST_TREES,
        eval_metric="auc",
        early_stopping_rounds=PATIENCE,
        n_jobs=1,
        random_state=seed,
    )
    return model.fit(*events["train"], eval_set=[events["val"]], verbose=False)


def catboost(events: Splits, seed: int) -> Any:
    """Many iterations and the overfitting detector; its own learning rate and depth (Parameter tuning)."""
    from catboost import CatBoostClassifier

    model = CatBoostClassifier(
        iterations=MOST_TREES,
        eval_metric="AUC",
        early_stopping_rounds=PATIENCE,
        thread_count=1,
        random_seed=seed,
        verbose=False,
        allow_writing_files=False,
    )
    return model.fit(*events["train"], eval_set=events["val"])


def sklearn(events: Splits, seed: int) -> Any:
    """Early stopping, as the user's guide advises for max_iter; by the loss: its ROC-AUC is slow."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(
        learning_rate=0.05, max_iter=MOST_TREES, early_stopping=True, random_state=seed
    )
    (x, y), (val_x, val_y) = events["train"], events["val"]
    return model.fit(x, y, X_val=val_x, y_val=val_y)


def realmlp(events: Splits, seed: int) -> Any:
    """Defaults, without smoothed labels, as its README advises "for metrics like AUC"."""
    from pytabkit import RealMLP_TD_Classifier

    model = RealMLP_TD_Classifier(
        device="cpu", n_threads=1, random_state=seed, val_metric_name="1-auc_ovr", use_ls=False
    )
    return model.fit(*events["train"], *events["val"])


def tabm(events: Splits, seed: int) -> Any:
    """Defaults."""
    from pytabkit import TabM_D_Classifier

    model = TabM_D_Classifier(device="cpu", n_threads=1, random_state=seed, val_metric_name="1-auc_ovr")
    return model.fit(*events["train"], *events["val"])


def ft_transformer(events: Splits, seed: int) -> Any:
    """Defaults; stopped by the validation loss, for its early stopping knows no ROC-AUC."""
    from pytabkit import FTT_D_Classifier

    model = FTT_D_Classifier(
        device="cpu", n_threads=1, random_state=seed, val_metric_name="cross_entropy", tmp_folder=RUNS
    )
    return model.fit(*events["train"], *events["val"])


class ParticleTransformerClassifier:
    """The authors' Particle Transformer (H. Qu et al., arXiv:2202.03772) at its published size, from scratch.

    Its defaults are that size: 8 particle attention blocks, 2 class attention blocks, width 128, 8 heads, and
    as pair features the logarithms of kT, z, Delta R and m^2. As the paper trains: Ranger, a learning rate of
    0.001 that falls to 1 % over the last 30 % of the epochs. Of ten moments, evenly spaced, that of the best
    validation ROC-AUC is kept.
    """

    BATCH_SIZE = 128  # weaver's default; 512 in the paper, which has millions of jets

    def __init__(self, epochs: int, seed: int) -> None:
        from weaver.nn.model.ParticleTransformer import ParticleTransformer

        torch.manual_seed(seed)
        torch.set_num_threads(1)
        self.epochs = epochs
        self.network = ParticleTransformer(input_dim=9, num_classes=2, trim=False)

    def fit(self, x: np.ndarray, y: np.ndarray, val_x: np.ndarray, val_y: np.ndarray) -> Self:
        from weaver.utils.nn.optimizer.ranger import Ranger

        labels, inputs = torch.from_numpy(y).long(), self.inputs(x)
        optimizer = Ranger(self.network.parameters(), lr=1e-3)
        last = max(1, int(0.3 * self.epochs))
        best = 0.0
        for epoch in range(self.epochs):
            for group in optimizer.param_groups:
                group["lr"] = 1e-3 * 0.01 ** (max(0, epoch + 1 - (self.epochs - last)) / last)
            self.network.train()
            for batch in torch.randperm(len(labels)).split(self.BATCH_SIZE):
                loss = cross_entropy(self.network(*(each[batch] for each in inputs)), labels[batch])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            if (epoch + 1) % (self.epochs // 10):
                continue
            auc = roc_auc_interval(val_y, self.predict_proba(val_x)[:, 1]).auc
            if auc > best:
                best, weights = auc, deepcopy(self.network.state_dict())
        self.network.load_state_dict(weights)
        return self

    @torch.inference_mode()
    def predict_proba(self, x: np.ndarray) -> np.ndarray:
        self.network.eval()
        parts = zip(*(each.split(1000) for each in self.inputs(x)), strict=True)
        return torch.cat([self.network(*part).softmax(dim=1) for part in parts]).numpy()

    @staticmethod
    def inputs(x: np.ndarray) -> tuple[Tensor, Tensor]:
        """Inputs (N, 9, 6) and four-vectors (N, 4, 6) in GeV of the objects of events (N, 21).

        The paper's inputs with the event in place of the jet: logarithms of pT and energy and of their shares
        of the event's, eta, the azimuth from the lepton's; then b-tag, whether it is the lepton, or missing.
        """
        objects = kinematics.to_objects(torch.from_numpy(x))
        pt, eta, phi = objects.pt, objects.eta, objects.phi
        energy = pt * eta.cosh()
        kind = torch.eye(schema.NUM_OBJECTS)[[schema.LEPTON, schema.MISSING_ENERGY]]
        columns = [
            pt.log(),
            energy.log(),
            (pt / pt.sum(dim=1, keepdim=True)).log(),
            (energy / energy.sum(dim=1, keepdim=True)).log(),
            eta,
            kinematics.wrap(phi - phi[:, [schema.LEPTON]]),
            objects.btag.float(),
            *kind[:, None].expand(-1, *pt.shape),
        ]
        momenta = pt * phi.cos(), pt * phi.sin(), pt * eta.sinh(), energy
        return torch.stack(columns, dim=1), torch.stack(momenta, dim=1)


def particle_transformer(events: Splits, seed: int) -> Any:
    """100,000 events in all, but from 10 to 40 epochs: as many steps as :mod:`labels` gives our models."""
    epochs = min(max(100_000 // len(events["train"][0]), 10), 40)
    return ParticleTransformerClassifier(epochs, seed).fit(*events["train"], *events["val"])


class Peer(NamedTuple):
    """A row of the table: what trains it, the package it is of, and what it is made with."""

    fit: Callable[[Splits, int], Any]
    package: str
    features: tuple[int, ...]
    events: tuple[str, ...]


EVENTS = ("100", "1000", "10000", "all")
LABELLED = EVENTS[:3]  # of networks: hours on one thread for all
LOW_LEVEL = (schema.NUM_FEATURES,)
BOTH = (*LOW_LEVEL, schema.NUM_FEATURES + len(schema.HIGH_LEVEL))
PEERS = {
    "LightGBM": Peer(lightgbm, "lightgbm", BOTH, EVENTS),
    "XGBoost": Peer(xgboost, "xgboost", BOTH, EVENTS),
    "CatBoost": Peer(catboost, "catboost", BOTH, EVENTS),
    "HistGradientBoosting": Peer(sklearn, "sklearn", BOTH, EVENTS),
    "RealMLP-TD": Peer(realmlp, "pytabkit", BOTH, LABELLED),
    "TabM-D": Peer(tabm, "pytabkit", LOW_LEVEL, LABELLED),
    "FT-Transformer": Peer(ft_transformer, "pytabkit", LOW_LEVEL, LABELLED),
    "Particle Transformer": Peer(particle_transformer, "weaver", LOW_LEVEL, LABELLED),
}


def splits(train: Path, test: Path, events: str, seed: int) -> dict[int, Splits]:
    """The events of each split with 21 and with 28 features, by the number of features."""
    train_events = None if events == "all" else int(events)
    datamodule = HiggsDataModule(
        csv=str(train), test_csv=str(test), train_events=train_events, dir=RUNS, seed=seed
    )
    low_level = {split: datamodule.arrays(split) for split in ("train", "val", "test")}
    files = {path: pd.read_csv(path, header=None, dtype=np.float32).to_numpy() for path in (train, test)}
    whole = {}
    for split, (features, labels) in low_level.items():
        rows = files[test if split == "test" else train][datamodule.events[split].rows]
        is_same = np.allclose(rows[:, 1 : 1 + features.shape[1]], features)
        if not (is_same and np.array_equal(rows[:, 0], labels)):
            raise SystemExit(f"{train} and {test} are to have 29 columns, the label first, and no header")
        whole[split] = rows[:, 1:], labels
    return {schema.NUM_FEATURES: low_level, whole["test"][0].shape[1]: whole}


def measured(peer: Peer, events: Splits, seed: int) -> dict[str, float]:
    """Test ROC-AUC and its interval, seconds of training and events scored a second."""
    import_module(peer.package)  # before the clock starts
    start = time.process_time()
    model = peer.fit(events, seed)
    trained = time.process_time()
    x, y = events["test"]
    scores = model.predict_proba(x)[:, 1]
    scored = time.process_time()
    numbers = {"training_seconds": trained - start, "events_per_second": len(y) / (scored - trained)}
    return roc_auc_interval(y, scores)._asdict() | numbers


def package_version(package: str) -> str:
    distribution = packages_distributions()[package][0]
    return f"{distribution} {version(distribution)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--train", type=Path, required=True, help="labelled events in HIGGS format")
    parser.add_argument("--test", type=Path, required=True, help="test events in HIGGS format")
    parser.add_argument("--events", nargs="+", default=EVENTS, choices=EVENTS)
    parser.add_argument("--rows", nargs="+", default=list(PEERS), choices=list(PEERS))
    parser.add_argument("--seed", type=int, default=1, help="of the split, the draw and the models")
    parser.add_argument("--csv", type=Path, default=RUNS / "peers.csv", help="where the numbers are kept")
    arguments = parser.parse_args()

    console = Console(width=150)
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    if arguments.csv.exists():
        kept = pd.read_csv(arguments.csv, dtype={"events": str}).to_dict("records")
        found = {tuple(row[column] for column in KEY): row for row in kept}
    missing = {name for name in arguments.rows if find_spec(PEERS[name].package) is None}
    cells = [
        (name, features, events, arguments.seed)
        for events in arguments.events
        for name in arguments.rows
        if events in PEERS[name].events
        for features in PEERS[name].features
    ]
    of_events: dict[str, dict[int, Splits]] = {}
    for cell in cells:
        name, features, events, seed = cell
        if cell in found or name in missing:
            continue
        if events not in of_events:
            of_events = {events: splits(arguments.train, arguments.test, events, seed)}
        numbers = measured(PEERS[name], of_events[events][features], seed)
        found[cell] = dict(zip(KEY, cell, strict=True)) | numbers
        found[cell]["package"] = package_version(PEERS[name].package)
        arguments.csv.parent.mkdir(parents=True, exist_ok=True)
        write_csv(arguments.csv, [list(found[cell]), *(row.values() for row in found.values())])
        console.print(f"{name}, {features} features, {events} events: {numbers['auc']:.4f}")

    table = Table(title=f"{arguments.test.name}, data.seed={arguments.seed}; processor time of one thread")
    columns = "labelled events", "model", "package", "features"
    for column in (*columns, "test ROC-AUC", "seconds of training", "events scored a second"):
        table.add_column(column)
    for cell in cells:
        name, features, events, _ = cell
        if cell in found:
            row = found[cell]
            auc = f"{row['auc']:.4f} ({row['low']:.4f} to {row['high']:.4f})"
            speed = f"{row['training_seconds']:.1f}", f"{row['events_per_second']:,.0f}"
            table.add_row(events, name, row["package"], str(features), auc, *speed)
        else:
            table.add_row(events, name, f"{PEERS[name].package} is not installed", str(features))
    console.print(table)


if __name__ == "__main__":
    main()
