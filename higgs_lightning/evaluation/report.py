"""What a run leaves for its reader: ``metrics.json``, plots (for the loggers too) and a short table."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
from lightning.pytorch.loggers import Logger, TensorBoardLogger, WandbLogger
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import imsave
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from higgs_lightning import runs
from higgs_lightning.evaluation import plots
from higgs_lightning.evaluation.scores import Evaluation
from higgs_lightning.files import replaced, write_json

#: Dots an inch of a picture while a run goes on.
EPOCH_DPI = 60
_DPI = 120


def write(
    run_dir: Path,
    metrics: Mapping[str, Any],
    evaluations: Mapping[str, Evaluation],
    history: list[dict[str, float]],
    loggers: Sequence[Logger],
    config: dict[str, Any],
) -> None:
    """Write everything about a run that has ended into its folder, and print the table.

    Args:
        run_dir: the run's folder.
        metrics: content of ``metrics.json``; ``dataset`` and ``best_epoch`` are shown in plots.
        evaluations: of the best epoch's weights on each split.
        history: one row an epoch, see :class:`~higgs_lightning.training.history.History`.
        loggers: get the figures, and the configuration beside the final metrics.
        config: the resolved configuration.
    """
    write_test_scores(run_dir, evaluations["test"])
    write_json(run_dir / runs.METRICS, metrics)
    figures = draw_history(history, metrics["best_epoch"]) | draw_evaluations(evaluations, metrics["dataset"])
    for name, picture in save_figures(figures, run_dir / runs.PLOTS).items():
        show(picture, f"final/{name}", metrics["best_epoch"], loggers)
    final = {f"final/{name}": metrics[name] for name in ("val/auc", "test/auc", "test/accuracy", "test/loss")}
    for logger in loggers:
        if isinstance(logger, TensorBoardLogger):
            test = evaluations["test"]
            classes = ["signal" if label else "background" for label in test.labels[: len(test.latent)]]
            logger.experiment.add_embedding(test.latent, classes, tag="bottleneck of test events")
            logger.log_hyperparams(what_runs_differ_in(config), final)
        else:
            logger.log_hyperparams(what_runs_differ_in(config))
            logger.log_metrics(final)
        logger.finalize("success")
    print_table(evaluations, metrics["dataset"])
    console = Console()
    console.print(f"run folder:  {run_dir}", soft_wrap=True, markup=False)
    if any(isinstance(logger, TensorBoardLogger) for logger in loggers):
        console.print(f"TensorBoard: tensorboard --logdir {run_dir}", soft_wrap=True, markup=False)


def what_runs_differ_in(config: dict[str, Any]) -> dict[str, Any]:
    """The options of a run for a table of hyperparameters: no paths, no names."""
    groups = {name: dict(config[name]) for name in ("model", "optimizer", "scheduler", "objective")}
    classes = {
        name: group.pop("_target_").rsplit(".", 1)[-1]
        for name, group in groups.items()
        if "_target_" in group
    }
    return {
        **{f"{name}/class": value for name, value in classes.items()},
        **groups,
        **{f"data/{name}": config["data"][name] for name in ("name", "batch_size", "train_events")},
        "trainer/max_epochs": config["trainer"]["max_epochs"],
        "seed": config["seed"],
    }


def final_metrics(evaluations: Mapping[str, Evaluation]) -> dict[str, float]:
    """Every number about the splits, named ``split/metric``; ``auc_low`` and ``auc_high`` bound 95 %."""
    metrics: dict[str, float] = {}
    for split, evaluation in evaluations.items():
        auc = evaluation.auc
        metrics |= {
            f"{split}/events": evaluation.num_events,
            f"{split}/signal_events": int(evaluation.labels.sum()),
            **{f"{split}/{name}": loss for name, loss in evaluation.losses.items()},
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
    """The plots of a model's scores and reconstruction by their names; the last split's where there is one.

    See :func:`higgs_lightning.evaluation.plots.roc` for ``published``.
    """
    split, last = list(evaluations.items())[-1]
    curves = {
        name: (each.labels, each.probabilities, each.weights)
        for name, each in evaluations.items()
        if each.has_both_classes
    }
    title = f"{plots.SPLIT_NAMES[split]} events of {dataset}"
    figures = {
        "roc": plots.roc(curves, published),
        "scores": plots.score_histograms(last.labels, last.probabilities, title, last.weights),
    }
    if len(last.features):
        figures["reconstruction"] = plots.reconstruction(last.features, last.reconstruction, last.counted)
    return figures


def write_test_scores(folder: Path, test: Evaluation) -> None:
    """Write label, score and, if it has one, weight of each test event, in their order, for comparisons."""
    weights = {} if test.weights is None else {"weight": test.weights}
    table = pa.table({"label": test.labels, "score": test.probabilities, **weights})
    with replaced(folder / runs.TEST_SCORES) as partial:
        pyarrow.parquet.write_table(table, partial)


def save_figures(figures: Mapping[str, Figure], folder: Path) -> dict[str, np.ndarray]:
    """Save each figure as a picture of its name, and return the pictures' pixels."""
    folder.mkdir(exist_ok=True)
    pictures = {name: pixels(figure, _DPI) for name, figure in figures.items()}
    for name, picture in pictures.items():
        with replaced(folder / f"{name}.png") as partial:
            imsave(partial, picture)
    return pictures


def pixels(figure: Figure, dpi: int) -> np.ndarray:
    """Draw a figure: (height, width, 3) bytes. Drawing takes most of the time of a short run."""
    figure.set_dpi(dpi)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[..., :3])


def show(picture: np.ndarray, tag: str, epoch: int, loggers: Sequence[Logger]) -> None:
    """Hand a picture to the loggers that take pictures."""
    for logger in loggers:
        if isinstance(logger, TensorBoardLogger):
            logger.experiment.add_image(tag, picture, epoch, dataformats="HWC")
        elif isinstance(logger, WandbLogger):
            logger.log_image(tag, [picture])


def print_numbers(metrics: Mapping[str, float | None], out_dir: Path) -> None:
    """Print numbers one to a line, and where they are."""
    table = Table(show_header=False)
    for name, value in metrics.items():
        if value is None or math.isnan(value):
            table.add_row(name, "not known")
        else:
            table.add_row(name, f"{value:,}" if isinstance(value, int) else f"{value:.4f}")
    console = Console()
    console.print(table)
    console.print(f"folder: {out_dir}", soft_wrap=True, markup=False)


def print_table(evaluations: Mapping[str, Evaluation], dataset: str) -> None:
    """Print what a user wants to know first."""
    table = Table(title=escape(dataset), title_justify="left")
    table.add_column("split")
    for column in ("events", "loss", "accuracy", "ROC-AUC", "95 % interval"):
        table.add_column(column, justify="right")
    for split, evaluation in evaluations.items():
        auc = evaluation.auc
        table.add_row(
            split,
            f"{evaluation.num_events:,}",
            f"{evaluation.losses['loss']:.4f}",
            f"{evaluation.accuracy:.4f}",
            f"{auc.auc:.4f}",
            f"{auc.low:.4f} to {auc.high:.4f}",
        )
    Console().print(table)
