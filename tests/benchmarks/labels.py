"""Test ROC-AUC against the number of labelled training events, for every model.

    python tests/benchmarks/labels.py --train TRAIN.csv.gz --test TEST.csv.gz [--masked RUN] [--seeds 1 2 3]

Each cell of the table is one run of the train command, in a folder of its own below ``outputs/labels``; runs
that are there are not made again. N labelled events are half signal; "all" is every event of TRAIN that is
not a validation event. Nothing is chosen by labels: every run has a fixed number of epochs and its last one
is tested. ``--masked`` is a run of ``stage=pretrain``. Boosted trees need ``pip install lightgbm``.
"""

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import mean
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from higgs_lightning.evaluation.metrics import roc_auc_interval

RUNS = Path("outputs/labels")
EVENTS = ("100", "1000", "10000", "all")
PUBLISHED = [  # low-level features, ROC-AUC on HIGGS test events
    ("original notebook, 10.9M events", 0.833),
    ("6-token transformer, 1M events", 0.868),
    ("Baldi et al. 2014, 10M events", 0.880),
]
# few events need small batches and many epochs to make enough steps
BATCH_SIZE = {"100": 50, "1000": 100, "10000": 250, "all": 500}
SCRATCH_EPOCHS = {"100": 30, "1000": 30, "10000": 20, "all": 15}
# validation after each epoch would take longer than few events' training
NO_VALIDATION = "+trainer.check_val_every_n_epoch=1000"


def scratch(*overrides: str) -> Callable[[str], list[str]]:
    return lambda events: [
        *overrides,
        "selection.monitor=null",
        "figures_every=0",
        f"trainer.max_epochs={SCRATCH_EPOCHS[events]}",
        f"data.batch_size={BATCH_SIZE[events]}",
    ]


def seed_model(events: str) -> list[str]:
    """Its schedule needs validation; of all events it learns no more after four epochs."""
    overrides = scratch("experiment=seed")(events)
    return [*overrides, "trainer.max_epochs=4"] if events == "all" else overrides


def finetuned(init: str) -> Callable[[str], list[str]]:
    return lambda events: [f"experiment=finetune_{events}", f"init={init}"]


def command(name: str, overrides: list[str], folder: Path) -> float:
    """Test AUC of one run of a command, which is made if it is not there."""
    if not (folder / "metrics.json").exists():
        shutil.rmtree(folder, ignore_errors=True)  # a run that was stopped half-way
        arguments = [sys.executable, "-m", f"higgs_lightning.{name}", *overrides, f"hydra.run.dir={folder}"]
        subprocess.run([*arguments, "trainer.enable_progress_bar=false"], check=True, capture_output=True)
    return json.loads((folder / "metrics.json").read_text())["test/auc"]


def boosted_trees(overrides: list[str], folder: Path) -> float:
    """Test AUC of LightGBM on the very events of the other runs."""
    if not (folder / "metrics.json").exists():
        import lightgbm
        from hydra import compose, initialize_config_dir
        from hydra.utils import instantiate

        from higgs_lightning.command import CONFIG_DIR

        with initialize_config_dir(CONFIG_DIR, version_base="1.3"):
            datamodule = instantiate(compose("train", overrides).data)
        (x, y), (test_x, test_y) = (datamodule.arrays(split) for split in ("train", "test"))
        trees: Any = lightgbm.LGBMClassifier(
            n_estimators=400, learning_rate=0.05, min_child_samples=min(50, len(y) // 10), verbose=-1
        )
        scores = trees.fit(x, y).predict_proba(test_x)[:, 1]
        folder.mkdir(parents=True, exist_ok=True)
        auc = roc_auc_interval(test_y, scores).auc
        (folder / "metrics.json").write_text(json.dumps({"test/auc": auc}))
    return json.loads((folder / "metrics.json").read_text())["test/auc"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--train", type=Path, required=True, help="labelled events in HIGGS format")
    parser.add_argument("--test", type=Path, required=True, help="test events in HIGGS format")
    parser.add_argument("--masked", help="a run of stage=pretrain, to fine-tune from")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--events", nargs="+", default=EVENTS, choices=EVENTS, help="columns to make")
    parser.add_argument("--rows", nargs="+", help="names of the table's rows to make; all by default")
    parser.add_argument("--no-training", action="store_true", help="show the runs that are there, no others")
    parser.add_argument("--plot", type=Path, default=RUNS / "labels.png")
    arguments = parser.parse_args()

    rows: dict[str, Callable[[str], list[str]]] = {
        "boosted trees": lambda events: [],
        "seed": seed_model,
        "dnn": scratch("model=dnn", "optimizer.lr=1e-3", NO_VALIDATION),
        "scalar": scratch("model=scalar", NO_VALIDATION),
        "particle": scratch(NO_VALIDATION),
        "shipped weights, fine-tuned": finetuned("pretrained"),
    }
    if arguments.masked:
        # these weights know no classes yet: as many epochs as from scratch
        rows["particle, masked pretraining"] = scratch(
            f"init={arguments.masked}", "optimizer.lr=1e-3", NO_VALIDATION
        )
    names = arguments.rows or list(rows)
    sizes = arguments.events
    cells = [(name, events, seed) for name in names for events in sizes for seed in arguments.seeds]
    results: dict[tuple[str, str], list[float]] = {}
    files = ["data=higgs"]
    files += [f"data.csv={arguments.train.absolute()}", f"data.test_csv={arguments.test.absolute()}"]
    unlabelled = command("evaluate", ["ckpt=pretrained", *files], (RUNS / "pretrained-alone").absolute())
    for name, events, seed in track(cells, "Training"):
        overrides = [
            *files,
            f"data.train_events={'null' if events == 'all' else events}",
            f"seed={seed}",
            f"data.seed={seed}",  # each seed draws its own labelled events
            *rows[name](events),
        ]
        folder = (RUNS / name.replace(", ", "-").replace(" ", "-") / events / str(seed)).absolute()
        if arguments.no_training and not (folder / "metrics.json").exists():
            continue
        is_trees = name == "boosted trees"
        auc = boosted_trees(overrides, folder) if is_trees else command("train", overrides, folder)
        results.setdefault((name, events), []).append(auc)

    table = Table(title="test ROC-AUC, mean of the seeds +- half their range (number of seeds)")
    for column in ("", *sizes):
        table.add_column(column)
    for name in names:
        of_row = [results.get((name, events), []) for events in sizes]
        table.add_row(
            name,
            *(f"{mean(aucs):.4f} +- {np.ptp(aucs) / 2:.4f} ({len(aucs)})" if aucs else "" for aucs in of_row),
        )
    Console(width=110).print(table, f"the pretrained weights without any real label: {unlabelled:.4f}")
    draw(results, unlabelled, arguments.plot)


def draw(results: dict[tuple[str, str], list[float]], unlabelled: float, path: Path) -> None:
    figure, (whole, detail) = plt.subplots(1, 2, figsize=(12, 5), layout="constrained")
    position = dict(zip(EVENTS, (100, 1_000, 10_000, 108_554), strict=True))
    for name in dict.fromkeys(name for name, _ in results):
        x = [position[events] for of_name, events in results if of_name == name]
        aucs = [values for (of_name, _), values in results.items() if of_name == name]
        low, middle, high = (np.array([f(values) for values in aucs]) for f in (min, mean, max))
        for axes in (whole, detail):
            axes.errorbar(x, middle, [middle - low, high - middle], marker="o", capsize=3, label=name)
    for text, auc in (*PUBLISHED, ("shipped weights, no real labels", unlabelled)):
        for axes in (whole, detail):
            axes.axhline(auc, color="grey", linestyle=":", linewidth=1)
        # below its line, above which fine-tuned runs are
        below = {"y": auc - 0.0003, "va": "top"} if auc == unlabelled else {"y": auc + 0.0002}
        detail.text(1_000, s=text, fontsize=9, color="dimgrey", ha="center", **below)
    for axes in (whole, detail):
        axes.set(xscale="log", xlabel="labelled real training events", ylabel="test ROC-AUC")
    detail.set(ylim=(0.83, 0.895))
    figure.legend(*whole.get_legend_handles_labels(), loc="outside lower center", ncols=4)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
