"""What masked pretraining without labels is worth: test ROC-AUC of its arms against training on labels alone.

    python tests/benchmarks/masking.py --train TRAIN.csv.gz --test TEST.csv.gz [--ratios 0.5] [--seeds 1 2 3]

Every arm has the same model, the same labelled events and the same steps on them; a pretrained one has
seen the events of ``--unlabelled`` (TRAIN by default) before, without their labels. "As long" repeats the
labelled events for as many steps as pretraining and fine-tuning take together. A linear probe is a logistic
regression on what the frozen encoder makes of the six objects. Nothing is chosen by labels: the last epoch
counts. Runs are kept in ``outputs/masking`` and not made again.
"""

import argparse
import json
from fnmatch import fnmatch
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
import torch
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from labels import BATCH_SIZE, EVENTS, NO_VALIDATION, SCRATCH_EPOCHS, command
from rich.console import Console
from rich.progress import track
from rich.table import Table
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from higgs_lightning import load_model
from higgs_lightning.command import CONFIG_DIR
from higgs_lightning.evaluation.metrics import roc_auc_interval

RUNS = Path("outputs/masking").absolute()
NO_MASKS = ("objective.mask_fraction=0", "objective.reconstruction_weight=0")
ALL_EVENTS = 108_554  # of TRAIN that are not validation events
LAST_EPOCH_ONLY = ("selection.monitor=null", "figures_every=0", NO_VALIDATION)


def on_labels(events: str, more_epochs: int) -> list[str]:
    epochs = SCRATCH_EPOCHS[events] + more_epochs
    return [f"data.batch_size={BATCH_SIZE[events]}", f"trainer.max_epochs={epochs}"]


def seeds(seed: int) -> list[str]:
    """Each seed has its own weights, splits and draw of labelled events."""
    return [f"seed={seed}", f"data.seed={seed}"]


def linear_probe(overrides: list[str], encoder: Path | None, folder: Path) -> dict[str, float]:
    """AUC of a logistic regression on a pretrained encoder, or on a random one."""
    if not (folder / "metrics.json").exists():
        with initialize_config_dir(CONFIG_DIR, version_base="1.3"):
            cfg = compose("train", overrides)
        torch.manual_seed(cfg.seed)
        model = (instantiate(cfg.model) if encoder is None else load_model(str(encoder))).eval()
        datamodule = instantiate(cfg.data)
        encoded: dict[str, tuple[np.ndarray, Any]] = {}
        for split in ("train", "val", "test"):
            features, labels = datamodule.arrays(split)
            with torch.no_grad():
                batches = torch.from_numpy(features).split(4096)
                tokens = [model(batch).encoded.flatten(1) for batch in batches]
            encoded[split] = torch.cat(tokens).numpy(), labels
        probe = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=1000))
        probe.fit(*encoded["train"])
        aucs = {
            f"{split}/auc": roc_auc_interval(labels, probe.decision_function(x)).auc
            for split, (x, labels) in encoded.items()
        }
        folder.mkdir(parents=True)
        (folder / "metrics.json").write_text(json.dumps(aucs))
    return json.loads((folder / "metrics.json").read_text())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--train", type=Path, required=True, help="labelled events in HIGGS format")
    parser.add_argument("--test", type=Path, required=True, help="test events in HIGGS format")
    parser.add_argument("--unlabelled", type=Path, help="events to pretrain on; TRAIN by default")
    parser.add_argument("--pretraining-epochs", type=int, default=10)
    parser.add_argument("--ratios", type=float, nargs="+", default=[0.5], help="shares of the objects hidden")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--events", nargs="+", default=["1000", "10000"], choices=EVENTS)
    parser.add_argument(
        "--arms", nargs="+", default=["*"], help="patterns of the arms to make; all by default"
    )
    arguments = parser.parse_args()

    files = ["data=higgs", f"data.csv={arguments.train.absolute()}"]
    files += [f"data.test_csv={arguments.test.absolute()}"]
    unlabelled = arguments.unlabelled or arguments.train
    arms: dict[str, Any] = {
        "labels alone": lambda events, seed: NO_MASKS,
        "labels alone, as long": lambda events, seed: NO_MASKS,
        "reconstruction and classification together": lambda events, seed: (),
        "random encoder, linear probe": lambda events, seed: None,
    }
    for ratio in arguments.ratios:
        name = f"{unlabelled.name.split('.')[0]}-{ratio}"
        arms[f"pretrained on {name}, linear probe"] = lambda events, seed, name=name: RUNS / name / str(seed)
        arms[f"pretrained on {name}, fine-tuned"] = lambda events, seed, name=name: (
            f"init={RUNS / name / str(seed)}",
            "optimizer.lr=1e-3",
        )
    names = [arm for arm in arms if any(fnmatch(arm, pattern) for pattern in arguments.arms)]

    for ratio, seed in [(ratio, seed) for ratio in arguments.ratios for seed in arguments.seeds]:
        if any("pretrained" in arm for arm in names):
            overrides = ["stage=pretrain", f"objective.mask_ratio={ratio}", "data=higgs", *seeds(seed)]
            overrides += [f"data.csv={unlabelled.absolute()}", "data.batch_size=500", *LAST_EPOCH_ONLY]
            # its events are TRAIN's training events: those of validation and test stay unseen
            overrides += files[2:] if unlabelled == arguments.train else ["data.test_fraction=0.01"]
            overrides += [f"trainer.max_epochs={arguments.pretraining_epochs}"]
            command("train", overrides, RUNS / f"{unlabelled.name.split('.')[0]}-{ratio}" / str(seed))

    results: dict[tuple[str, str], list[dict[str, float]]] = {}
    cells = [(arm, events, seed) for seed in arguments.seeds for events in arguments.events for arm in names]
    for arm, events, seed in track(cells, "Training"):
        number = "null" if events == "all" else events
        common = [*files, f"data.train_events={number}", *seeds(seed)]
        folder = RUNS / arm.replace(", ", "-").replace(" ", "-") / events / str(seed)
        if "probe" in arm:
            metrics = linear_probe(common, arms[arm](events, seed), folder)
        else:
            labelled = ALL_EVENTS if events == "all" else int(events)
            more = arguments.pretraining_epochs * ALL_EVENTS // labelled if "as long" in arm else 0
            common += on_labels(events, more)
            command("train", [*common, *LAST_EPOCH_ONLY, *arms[arm](events, seed)], folder)
            metrics = json.loads((folder / "metrics.json").read_text())
        results.setdefault((arm, events), []).append(metrics)

    for split in ("val", "test"):
        table = Table(title=f"{split} ROC-AUC, mean of {len(arguments.seeds)} seeds +- half their range")
        for column in ("", *arguments.events):
            table.add_column(column)
        for arm in names:
            of_row = [[metrics[f"{split}/auc"] for metrics in results[arm, n]] for n in arguments.events]
            table.add_row(arm, *(f"{mean(aucs):.4f} +- {np.ptp(aucs) / 2:.4f}" for aucs in of_row))
        Console(width=130).print(table)


if __name__ == "__main__":
    main()
