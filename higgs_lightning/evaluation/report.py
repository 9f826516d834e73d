"""What a run leaves for its reader: ``metrics.json``, plots (for the loggers too) and a short table."""

from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
from lightning.pytorch.loggers import Logger, MLFlowLogger, TensorBoardLogger, WandbLogger
from matplotlib.figure import Figure
from matplotlib.image import imsave
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from tensorboard.compat.proto.summary_pb2 import Summary

from higgs_lightning import runs
from higgs_lightning.errors import one_line
from higgs_lightning.evaluation import page, plots, sections
from higgs_lightning.evaluation.page import Section, Unknown, Value
from higgs_lightning.evaluation.scores import Evaluation
from higgs_lightning.files import replaced, write_json

#: Dots an inch of a picture while a run goes on.
EPOCH_DPI = 60
#: The loggers that take pictures.
TAKES_PICTURES = (TensorBoardLogger, WandbLogger, MLFlowLogger)


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
    test = evaluations["test"]
    write_test_scores(run_dir, test)
    write_json(run_dir / runs.METRICS, metrics)
    model = config["model"]["_target_"].rsplit(".", 1)[-1]
    title = about(metrics["dataset"], model, run_dir.name)
    curves = draw_history(history, metrics["best_epoch"], title)
    figures = draw_evaluations(evaluations, title)
    facts = {
        "data": metrics["dataset"],
        "model": f"{model}, {metrics['parameters']:,} parameters",
        "run": str(run_dir),
        "epochs": f"{metrics['epochs']}, the best is {metrics['best_epoch']}",
        "training": f"{metrics['train_seconds']:,.0f} seconds",
    }
    parts = [
        sections.opening(test, facts, metrics["data"]),
        sections.scores(evaluations, figures),
        Section("Epochs", figures=curves),
        *sections.reconstruction(test, figures),
    ]
    page.write_tables(run_dir / runs.TABLES, parts)
    pictures = page.write_page(run_dir / runs.PAGE, f"Training on {metrics['dataset']}", parts)
    for name, picture in pictures.items():
        show(picture, f"final/{name}", metrics["best_epoch"], loggers)
    names = ("val/auc", "test/auc", "test/accuracy", "test/loss")
    # of events of one class there is no ROC-AUC
    final = {f"final/{name}": metrics[name] for name in names if metrics[name] is not None}
    for logger in loggers:
        if isinstance(logger, TensorBoardLogger):
            classes = ["signal" if label else "background" for label in test.labels[test.projected]]
            logger.experiment.add_embedding(test.latent, classes, tag="bottleneck of test events")
            logger.log_hyperparams(what_runs_differ_in(config), final)
        else:
            logger.log_hyperparams(what_runs_differ_in(config))
            logger.log_metrics(final)
        logger.finalize("success")
    print_table(evaluations, metrics["dataset"])
    console = Console()
    console.print(f"run folder:  {run_dir}", soft_wrap=True, markup=False)
    console.print(f"report:      {run_dir / runs.PAGE}", soft_wrap=True, markup=False)
    if any(isinstance(logger, TensorBoardLogger) for logger in loggers):
        console.print(f"TensorBoard: tensorboard --logdir {run_dir}", soft_wrap=True, markup=False)


def about(dataset: str, model: str, run: str) -> str:
    """Which data, model and run a picture shows, in a line."""
    return one_line(f"{dataset}; {model}; run {run}")


def what_runs_differ_in(config: dict[str, Any]) -> dict[str, Any]:
    """The options of a run for a table of hyperparameters: no paths, no names."""
    groups = ("model", "optimizer", "scheduler", "objective")
    classes = {
        name: config[name]["_target_"].rsplit(".", 1)[-1] for name in groups if "_target_" in config[name]
    }
    chosen = {  # what begins with _ is Hydra's
        f"{name}/{key}": value for name in groups for key, value in config[name].items() if key[0] != "_"
    }
    return {
        **{f"{name}/class": value for name, value in classes.items()},
        **chosen,
        **{f"data/{name}": config["data"][name] for name in ("name", "batch_size", "train_events")},
        "trainer/max_epochs": config["trainer"]["max_epochs"],
        "seed": config["seed"],
    }


def final_metrics(evaluations: Mapping[str, Evaluation]) -> dict[str, Value]:
    """Every number about the splits, named ``split/metric``; ``auc_low`` and ``auc_high`` bound 95 %."""
    parts = [sections.scores(evaluations, {}), *sections.reconstruction(evaluations["test"], {})]
    return {name: value for part in parts for name, value in part.metrics.items()}


def draw_history(history: list[dict[str, float]], best_epoch: int, title: str) -> dict[str, Figure]:
    """The learning curves of a run by their names."""
    names = dict.fromkeys(name.partition("/")[2] for row in history for name in row)
    losses = {name: name.replace("_", " ") for name in names if name.endswith("loss")}
    return {
        "loss": plots.learning_curve(history, losses, title, best_epoch),
        "accuracy": plots.learning_curve(history, {"accuracy": "accuracy"}, title, best_epoch),
        "auc": plots.learning_curve(history, {"auc": "ROC-AUC"}, title, best_epoch),
    }


def draw_evaluations(
    evaluations: Mapping[str, Evaluation], title: str, published: Mapping[str, float] | None = None
) -> dict[str, Figure]:
    """The plots of a model's scores and reconstruction by their names; the last split's where there is one.

    Args:
        evaluations: by their splits.
        title: which data, model and run these are, see :func:`about`.
        published: see :func:`higgs_lightning.evaluation.plots.roc`.
    """
    split, last = list(evaluations.items())[-1]
    curves = {
        name: (each.labels, each.probabilities, each.weights)
        for name, each in evaluations.items()
        if each.has_both_classes
    }
    of_split = f"{plots.SPLIT_NAMES[split]} events\n{title}"
    figures = {
        "roc": plots.roc(curves, title, published),
        "scores": plots.score_histograms(last.labels, last.probabilities, of_split, last.weights),
    }
    if len(last.features):
        figures["reconstruction"] = plots.reconstruction(
            last.features, last.reconstruction, last.counted, last.btag, of_split.replace("\n", ": ")
        )
    return figures


def write_test_scores(folder: Path, test: Evaluation) -> None:
    """Write label, score and, if it has one, weight of each test event, in their order, for comparisons."""
    weights = {} if test.weights is None else {"weight": test.weights}
    table = pa.table({"label": test.labels, "score": test.probabilities, **weights})
    with replaced(folder / runs.TEST_SCORES) as partial:
        pyarrow.parquet.write_table(table, partial)


def with_reasons(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Metrics as ``metrics.json`` holds them: null for what is unknown, and why under ``unknown``.

    Examples:
        >>> with_reasons({"test/auc": Unknown("one class only"), "test/events": 10})
        {'test/auc': None, 'test/events': 10, 'unknown': {'test/auc': 'one class only'}}
    """
    known = {name: None if isinstance(value, Unknown) else value for name, value in metrics.items()}
    reasons = {name: value.reason for name, value in metrics.items() if isinstance(value, Unknown)}
    return known | ({"unknown": reasons} if reasons else {})


def show(picture: np.ndarray, tag: str, epoch: int, loggers: Sequence[Logger]) -> None:
    """Hand a picture to the loggers that take pictures."""
    for logger in loggers:
        if isinstance(logger, TensorBoardLogger):
            # which opens its file again, once training has closed it
            logger.experiment._get_file_writer().add_summary(_summary(picture, tag), epoch)
        elif isinstance(logger, WandbLogger):
            logger.log_image(tag, [picture])
        elif isinstance(logger, MLFlowLogger):
            logger.experiment.log_image(logger.run_id, picture, key=tag, step=epoch)


def _summary(picture: np.ndarray, tag: str) -> Summary:
    """A picture as TensorBoard keeps it.

    SummaryWriter.add_image makes three tensors of float32 of it, which were a fifth of a training's memory.
    """
    height, width, _ = picture.shape
    file = BytesIO()
    imsave(file, picture, format="png")  # with a channel for transparency
    image = Summary.Image(height=height, width=width, colorspace=4, encoded_image_string=file.getvalue())
    return Summary(value=[Summary.Value(tag=tag, image=image)])


def print_numbers(metrics: Mapping[str, Value], out_dir: Path) -> None:
    """Print numbers one to a line, and where they are."""
    table = Table(show_header=False)
    for name, value in metrics.items():
        table.add_row(name, escape(page.shown(value)))
    console = Console()
    console.print(table)
    console.print(f"report: {out_dir / runs.PAGE}", soft_wrap=True, markup=False)
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
