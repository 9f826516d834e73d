"""Runs side by side: what differs, how good each is, and whether the difference is chance."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from higgs_lightning.errors import UserError, one_line
from higgs_lightning.evaluation import page, plots
from higgs_lightning.evaluation.metrics import difference_p_value
from higgs_lightning.evaluation.page import Section
from higgs_lightning.files import write_csv
from higgs_lightning.runs import Run, config_path, identity_of, read_run, run_folders

_NUM_DRAWN = 10  # runs: more curves in one picture can't be told apart
_WIDTH = 120  # of the table in a file or a pipe
_LONGEST_NAME = 30  # characters that a legend has room for
_EXPLANATION = (
    "Ordered by validation ROC-AUC. The difference of test ROC-AUCs and its p-value (DeLong's test on the "
    "same test events) are against the first run with the same test events and weights. Low and high bound "
    "95 %."
)


def compare(paths: Sequence[str | Path], output: Path) -> pd.DataFrame:
    """Write ``compare.csv``, ``compare.html`` and plots of runs into ``output``, and print their table.

    Args:
        paths: run folders (of train or evaluate), or folders of them, as a sweep leaves them.
        output: a folder; made where it is not there.

    Returns:
        The table: a row a run, the best validation ROC-AUC first, failed ones last.

    Raises:
        UserError: there is no run, or one can't be read.
    """
    if output.is_dir() and config_path(output):
        raise UserError(f"output={output} is a run, whose plots would be replaced: give another folder")
    folders = [folder for path in paths for folder in run_folders(path)]
    parent = os.path.commonpath([folder.absolute().parent for folder in folders])
    runs = [read_run(folder, os.path.relpath(folder, parent)) for folder in folders]
    runs.sort(key=lambda run: -(run.metrics.get("val/auc") or -1.0))
    rows = list(table_rows(runs))
    output.mkdir(parents=True, exist_ok=True)
    figures = draw(runs)
    write_csv(output / "compare.csv", [list(rows[0]), *(row.values() for row in rows)])
    title = f"{len(runs)} runs in {Path(parent).name}"
    page.write_page(output / "compare.html", title, sections(rows, figures))
    print_rows(rows)
    Console().print(f"comparison: {output / 'compare.html'}", soft_wrap=True, markup=False)
    return pd.DataFrame(rows, dtype=object)


def table_rows(runs: Sequence[Run]) -> Iterator[dict[str, Any]]:
    """One row a run, the same columns in all of them; None where there is nothing to say."""
    firsts = first_of_the_same_events(runs)
    for run, first in zip(runs, firsts, strict=True):
        row: dict[str, Any] = {"run": run.name}
        for key in differing_keys(runs):
            row[key] = "null" if run.config.get(key, "") is None else run.config.get(key)
        row["parameters"] = run.metrics.get("parameters")
        row["training seconds"] = run.metrics.get("train_seconds")
        row["training events"] = run.metrics.get("train/events")
        row["validation AUC"], row["AUC"] = run.metrics.get("val/auc"), run.metrics.get("test/auc")
        row["low"], row["high"] = (run.metrics.get(f"test/auc_{bound}") for bound in ("low", "high"))
        row["compared with"] = row["difference"] = row["p-value"] = None
        others = [each for each in firsts if each is not None and each is not run]
        if first is run and others and sum(each is run for each in firsts) == 1:
            row["compared with"] = f"none: {why_not_compared(run, others[0])}"
        elif first is not None and first is not run:
            row["compared with"] = first.name
            row["difference"] = run.metrics["test/auc"] - first.metrics["test/auc"]
            row["p-value"] = difference_p_value(run.labels, first.scores, run.scores, run.weights)
        row["failure"] = run.failure or None
        yield row


def first_of_the_same_events(runs: Sequence[Run]) -> list[Run | None]:
    """For each run the first one that was tested on the same events, or itself; None for one untested."""
    firsts: list[Run] = []
    found: list[Run | None] = []
    for run in runs:
        if run.metrics.get("test/auc") is None:
            found.append(None)
            continue
        first = next((each for each in firsts if not why_not_compared(run, each)), run)
        if first is run:
            firsts.append(run)
        found.append(first)
    return found


def why_not_compared(one: Run, other: Run) -> str:
    """What differs in the test events of two runs, as far as they say which these were; empty for nothing."""
    if not has_same_test_events(one, other):
        return "other test events"
    is_same = np.allclose(relative_weights(one), relative_weights(other), rtol=1e-5)
    return "" if is_same else "other weights of test events"


def relative_weights(run: Run) -> np.ndarray:
    """Weights (N,) of test events in units of their class's mean, which no ROC-AUC depends on."""
    weights = np.ones(len(run.labels)) if run.weights is None else run.weights.astype(float)
    for of_class in (run.labels > 0.5, run.labels <= 0.5):
        weights[of_class] /= weights[of_class].mean() if of_class.any() else 1.0
    return weights


def has_same_test_events(one: Run, other: Run) -> bool:
    """Whether two runs were tested on the same events, whatever these weigh."""
    if not len(one.labels) or not np.array_equal(one.labels, other.labels):
        return False
    data, other_data = (identity_of(run.metrics.get("data")) for run in (one, other))
    if not data or not other_data:  # of an earlier version
        return True
    tested, other_tested = ((each[-1]["rows"], each[-1]["crc32"]) for each in (data, other_data))
    drawn = ("data.split", "data.seed", "data.test_fraction") if len(data) == len(other_data) == 1 else ()
    return tested == other_tested and all(one.config.get(key) == other.config.get(key) for key in drawn)


def differing_keys(runs: Sequence[Run]) -> list[str]:
    """Keys whose values differ between runs, of the groups that all of them have, but for a search's own.

    Of keys that are the same in every run, such as ``data.seed`` and ``seed``, the shortest.
    """
    configs = [run.config for run in runs]
    shared = set.intersection(*({key.split(".")[0] for key in config} for config in configs))
    keys = dict.fromkeys(key for config in configs for key in config if key.split(".")[0] in shared)
    values = {key: tuple(str(config.get(key)) for config in configs) for key in keys}
    return [
        key
        for key in keys
        if len(set(values[key])) > 1
        and "pruning" not in key.split(".")
        and key == min((other for other in keys if values[other] == values[key]), key=len)
    ]


def otherwise_compared(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those rows that are compared with another run than the first row's, or with none."""
    return [row for row in rows if row["compared with"] not in (None, rows[0]["run"])]


def draw(runs: Sequence[Run]) -> dict[str, Figure]:
    """ROC and learning curves of the first runs, named by what tells them apart where that is short."""
    keys = differing_keys(runs)
    names = dict(zip(keys, short_names(keys), strict=True))
    drawn: dict[str, Run] = {}
    for run in runs:
        if run.metrics and len(drawn) < _NUM_DRAWN:
            values = [f"{names[key]}={shown(key, run.config[key])}" for key in keys if key in run.config]
            name = ", ".join([run.name, *values])
            drawn[name if len(name) <= _LONGEST_NAME else run.name] = run
    histories = {name: run.history for name, run in drawn.items() if run.history}
    figures = {}
    curves = {
        name: (run.labels, run.scores, run.weights)
        for name, run in drawn.items()
        if run.metrics.get("test/auc") is not None  # events of one class have none
    }
    if curves:
        figures["roc"] = plots.roc(curves, "test events of each run")
    if histories:
        figures["auc"] = plots.learning_curves(histories)
    return figures


def short_names(keys: Sequence[str]) -> list[str]:
    """Their last parts, where these still tell them apart."""
    last_parts = [key.rsplit(".", 1)[-1] for key in keys]
    return last_parts if len(set(last_parts)) == len(keys) else list(keys)


def sections(rows: Sequence[dict[str, Any]], figures: dict[str, Figure]) -> list[Section]:
    """What the page shows."""
    spare = set() if any(row["failure"] for row in rows) else {"failure"}
    spare |= set() if otherwise_compared(rows) else {"compared with"}
    rows = [{column: value for column, value in row.items() if column not in spare} for row in rows]
    lines = [[shown(column, value) for column, value in row.items()] for row in rows]
    return [Section(text=[_EXPLANATION], tables={"runs": page.Table(list(rows[0]), lines)}, figures=figures)]


def print_rows(rows: Sequence[dict[str, Any]]) -> None:
    """Print what tells the runs apart and how good they are; the files hold the rest."""
    keys = list(rows[0])[1 : list(rows[0]).index("parameters")]
    printed = Table(title="ROC-AUC, the best in validation first", title_justify="left", box=box.SIMPLE)
    for name in ("run", *short_names(keys)):
        printed.add_column(escape(name), overflow="fold")
    for column in ("val", "test", "95 % interval", "difference", "p"):
        printed.add_column(column, justify="right", no_wrap=True)
    for row in rows:
        if not row["failure"]:
            cell = {column: shown(column, value) for column, value in row.items()}
            interval = f"{cell['low']}-{cell['high']}"
            numbers = (cell["validation AUC"], cell["AUC"], interval, cell["difference"], cell["p-value"])
            printed.add_row(*map(escape, (cell["run"], *(cell[key] for key in keys), *numbers)))
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDTH)
    console.print(printed)
    for row in otherwise_compared(rows):
        sentence = f"run {row['run']} is compared with {row['compared with']}"
        console.print(one_line(sentence), markup=False, highlight=False)
    for row in rows:
        if row["failure"]:
            values = ", ".join(f"{key}={row[key]}" for key in keys)
            sentence = one_line(f"run {row['run']} ({values}): {row['failure']}")
            console.print(sentence, markup=False, highlight=False)


def shown(column: str, value: Any) -> str:
    """A value as people read it."""
    if value is None:
        return ""
    if column == "p-value":
        return f"{value:.2g}"
    if column == "difference":
        return f"{value:+.4f}"
    if column == "training seconds":
        return f"{value:,.0f}"
    if column.endswith("_target_"):
        return str(value).rsplit(".", 1)[-1]
    if column in ("validation AUC", "AUC", "low", "high"):
        return f"{value:.4f}"
    if isinstance(value, float):
        return f"{value:.4g}"
    if column in ("training events", "parameters"):
        return f"{value:,}"
    return one_line(value) if str(value) else ""
