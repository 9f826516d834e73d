"""What a run leaves for its reader: ``metrics.json``, plots (in TensorBoard too) and a short table."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
from lightning.pytorch.loggers import TensorBoardLogger
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

from higgs_lightning import plots
from higgs_lightning.evaluation import Evaluation

#: The file of a run with the label and the score of each test event.
TEST_SCORES = "test_scores.parquet"


def write(
    run_dir: Path,
    metrics: Mapping[str, Any],
    evaluations: Mapping[str, Evaluation],
    history: list[dict[str, float]],
    tensorboard: TensorBoardLogger,
    config: dict[str, Any],
) -> None:
    """Write everything about a run that has ended into its folder, and print the table.

    Args:
        run_dir: the run's folder.
        metrics: content of ``metrics.json``; ``dataset`` and ``best_epoch`` are shown in plots.
        evaluations: of the best epoch's weights on each split.
        history: one row an epoch, see :class:`higgs_lightning.history.History`.
        tensorboard: gets the figures, and the configuration beside the final metrics.
        config: the resolved configuration.
    """
    write_test_scores(run_dir, evaluations["test"])
    write_json(run_dir / "metrics.json", metrics)
    figures = draw_history(history, metrics["best_epoch"]) | draw_evaluations(evaluations, metrics["dataset"])
    save_figures(figures, run_dir / "plots")
    for name, figure in figures.items():
        tensorboard.experiment.add_figure(name, figure, metrics["best_epoch"], close=False)
    final = {name: metrics[name] for name in ("val/auc", "test/auc", "test/accuracy", "test/loss")}
    tensorboard.log_hyperparams(config, {f"final/{name}": value for name, value in final.items()})
    tensorboard.finalize("success")
    print_table(evaluations, metrics["dataset"])
    console = Console()
    console.print(f"run folder:  {run_dir}", soft_wrap=True)
    console.print(f"TensorBoard: tensorboard --logdir {run_dir}", soft_wrap=True)


def final_metrics(evaluations: Mapping[str, Evaluation]) -> dict[str, float]:
    """Every number about the splits, named ``split/metric``; ``auc_low`` and ``auc_high`` bound 95 %."""
    metrics: dict[str, float] = {}
    for split, evaluation in evaluations.items():
        auc = evaluation.auc
        metrics |= {
            f"{split}/events": evaluation.num_events,
            f"{split}/signal_events": int(evaluation.labels.sum()),
            f"{split}/loss": evaluation.loss,
            f"{split}/classification_loss": evaluation.classification_loss,
            f"{split}/reconstruction_loss": evaluation.reconstruction_loss,
            f"{split}/accuracy": evaluation.accuracy,
            f"{split}/auc": auc.auc,
            f"{split}/auc_low": auc.low,
            f"{split}/auc_high": auc.high,
        }
    return metrics


def draw_history(history: list[dict[str, float]], best_epoch: int) -> dict[str, Figure]:
    """The learning curves of a run by their names."""
    return {
        "loss": plots.learning_curve(history, "loss", "loss", best_epoch),
        "accuracy": plots.learning_curve(history, "accuracy", "accuracy", best_epoch),
        "auc": plots.learning_curve(history, "auc", "ROC-AUC", best_epoch),
    }


def draw_evaluations(
    evaluations: Mapping[str, Evaluation], dataset: str, published: Mapping[str, float] | None = None
) -> dict[str, Figure]:
    """The plots of a model's scores and reconstruction by their names; see :func:`plots.roc`."""
    test = evaluations["test"]
    curves = {
        split: (evaluation.labels, evaluation.probabilities) for split, evaluation in evaluations.items()
    }
    figures = {
        "roc": plots.roc(curves, published),
        "scores": plots.score_histograms(test.labels, test.probabilities, f"test events of {dataset}"),
    }
    if len(test.features):
        figures["reconstruction"] = plots.reconstruction(test.features, test.reconstruction, test.counted)
    return figures


def write_test_scores(folder: Path, test: Evaluation) -> None:
    """Write the label and the score of each test event, in their order, for comparisons."""
    table = pa.table({"label": test.labels, "score": test.probabilities})
    partial = folder / f"{TEST_SCORES}.partial"
    pyarrow.parquet.write_table(table, partial)
    partial.replace(folder / TEST_SCORES)


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write beside the final name, then rename."""
    write_text(path, json.dumps(content, indent=2) + "\n")


def write_text(path: Path, content: str) -> None:
    """Write beside the final name, then rename."""
    partial = path.with_suffix(".partial")
    partial.write_text(content)
    partial.replace(path)


def save_figures(figures: Mapping[str, Figure], folder: Path) -> None:
    """Save each figure as a picture of its name."""
    folder.mkdir(exist_ok=True)
    for name, figure in figures.items():
        figure.savefig(folder / f"{name}.png", dpi=120)


def print_numbers(metrics: Mapping[str, float], out_dir: Path) -> None:
    """Print numbers one to a line, and where they are."""
    table = Table(show_header=False)
    for name, value in metrics.items():
        table.add_row(name, f"{value:,}" if isinstance(value, int) else f"{value:.4f}")
    console = Console()
    console.print(table)
    console.print(f"folder: {out_dir}", soft_wrap=True)


def print_table(evaluations: Mapping[str, Evaluation], dataset: str) -> None:
    """Print what a user wants to know first."""
    table = Table(title=dataset, title_justify="left")
    table.add_column("split")
    for column in ("events", "loss", "accuracy", "ROC-AUC", "95 % interval"):
        table.add_column(column, justify="right")
    for split, evaluation in evaluations.items():
        auc = evaluation.auc
        table.add_row(
            split,
            f"{evaluation.num_events:,}",
            f"{evaluation.loss:.4f}",
            f"{evaluation.accuracy:.4f}",
            f"{auc.auc:.4f}",
            f"{auc.low:.4f} to {auc.high:.4f}",
        )
    Console().print(table)
