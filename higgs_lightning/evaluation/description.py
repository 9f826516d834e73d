"""What is in a file of events, for its reader: tables, a page with pictures, and how to use the file.

What is measured, and how that was chosen, is in :mod:`higgs_lightning.data.description`.
"""

import re
import shlex
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from higgs_lightning import schema
from higgs_lightning.configuration import require_kinds
from higgs_lightning.data.columns import Reading
from higgs_lightning.data.description import (
    ALL_DIGITS,
    CELL,
    CELL_FEATURES,
    MOST_FAULTS,
    STEP,
    Description,
    by_class,
    known,
    measure,
    read,
    read_quantiles,
)
from higgs_lightning.data.sources import Files, as_text
from higgs_lightning.errors import UserError, one_line
from higgs_lightning.evaluation import page, plots
from higgs_lightning.evaluation.page import Section
from higgs_lightning.files import local_path
from higgs_lightning.runs import RUNS, config_path

_WIDTH = 120  # of the table in a file or a pipe
_EXPLANATION = (
    "Mean and range are in the file's own units. KS is the Kolmogorov-Smirnov distance to real HIGGS events, "
    "0 for the same distribution; other real events reach 0.02, this package's simulation 0.03. Without "
    "labels, all events are compared with the archive's mixture, 53 % signal."
)


def describe(
    input: Files,
    output: str | Path | None = None,
    columns: Mapping[str, str] | None = None,
    label: str | None = None,
    missing: float | None = None,
    units: str | None = None,
    skip_rows: int = 0,
) -> Description:
    """Print what files hold, and write it as ``describe.html`` and ``plots/``; several are read as one.

    Args:
        input: a file, several, a pattern or a folder, see :func:`~higgs_lightning.data.formats.read_file`;
            or those of each class, ``{"signal": ..., "background": ...}``.
        output: a folder, made where it is not there; None for a new one below ``outputs/``.
        columns: see :class:`~higgs_lightning.data.columns.Reading`, as ``label``, ``missing`` and
            ``skip_rows``; without ``missing``, numbers such as -999 are found.
        units: as there; None to find out.

    Raises:
        UserError: the input can't be read, or ``output`` is a run or no folder; nothing is left behind.
    """
    require_kinds(
        "describe",
        {
            **{"input": as_text(input), "output": None if output is None else str(output), "units": units},
            **{"columns": columns, "label": label, "missing": missing, "skip_rows": skip_rows},
        },
    )
    folder = RUNS / f"{datetime.now():%Y-%m-%d/%H-%M-%S-%f}-description"
    folder = folder if output is None else local_path("output", str(output))
    if folder.is_dir() and config_path(folder):
        raise UserError(f"output={output} is a run, whose plots would be replaced: give another folder")
    if folder.exists() and not folder.is_dir():
        raise UserError(f"output={output} is a file: give a folder")
    # in the units of the file: which these are is found by looking
    reading = Reading(skip_rows, columns, label, missing, "unchecked", prefix="")
    found, events = read(as_text(input), reading, units)
    measure(found, events)
    commands = usage(found, as_text(input), reading)
    figures = draw(found, events)
    folder.mkdir(parents=True, exist_ok=True)
    page.write_page(folder / "describe.html", found.name, sections(found, commands, figures))
    show(found, commands)
    Console().print(f"page: {folder / 'describe.html'}", soft_wrap=True, markup=False, highlight=False)
    return found


def usage(found: Description, input: Any, reading: Reading) -> list[str]:
    """The command lines that use the files as they are: to train, where there are both classes, to score."""
    options: dict[str, Any] = {"columns": reading.columns, "missing": found.missing}
    options["units"] = "gev" if found.units == "gev" else None
    lines = []
    if found.labelled and found.classes["signal"] and found.classes["background"]:
        of_training = {
            **{"csv": input, **options, "label": reading.label, "skip_rows": reading.skip_rows or None},
            **{"units": options["units"] or ("unchecked" if found.units is None else None)},
            "name": "UCI HIGGS" if found.is_real else None,
        }
        lines.append("train data=higgs" + _arguments(of_training, "data."))
    if found.units is not None and not reading.skip_rows:
        all_files = input if not isinstance(input, Mapping) else list(chain(*map(_listed, input.values())))
        of_scoring = {"input": all_files, **options}
        lines.append(f"predict ckpt=pretrained{_arguments(of_scoring)} output=scores.parquet")
    return [f"python -m higgs_lightning.{line}" for line in lines]


def _listed(files: Any) -> list[Any]:
    return files if isinstance(files, list) else [files]


def _arguments(options: Mapping[str, Any], prefix: str = "") -> str:
    """Those options that are given, as a shell and Hydra read them."""
    given = {f"{prefix}{key}": value for key, value in options.items() if value is not None}
    return "".join(f" {shlex.quote(f'{key}={_literal(value)}')}" for key, value in given.items())


def _literal(value: Any) -> str:
    """A value in Hydra's grammar."""
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{key}:{_literal(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_literal, value)) + "]"
    text = f"{value:g}" if isinstance(value, float) else str(value)
    if re.fullmatch(r"[\w./:*-]+", text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def facts(found: Description) -> list[tuple[str, str]]:
    """What is said of a file as a whole: names and sentences."""
    classes = [f"{n:,} {name} ({n / found.rows:.1%})" for name, n in found.classes.items() if n]
    units = {"higgs": "HIGGS'", "gev": "GeV, radians and b-tag levels 0, 1, 2", None: f"{found.units_fault}"}
    missing = "none" if not found.missing_share.any() else f"{found.missing_share.mean():.2%} of all values"
    if found.missing is not None:
        missing += f"; {found.missing:g} is taken for missing"
    first = "" if found.kept == found.rows else f" of the first {found.kept:,} events"
    said = [
        ("looks like", found.verdict),
        ("events", f"{found.rows:,}: {', '.join(classes)}"),
        ("units", units[found.units]),
        ("missing", missing),
        ("exact duplicates", f"{found.duplicates:,}{first} ({found.duplicates / found.kept:.2%})"),
        ("digits", "all of a float32" if found.digits == ALL_DIGITS else f"{found.digits} significant"),
    ]
    if found.units is not None:
        lepton, jet = found.least_pt
        said += [
            ("steps", f"{found.steps:.2f} coherence of pseudorapidities with 0.001; real 0.99, simulated 0"),
            ("cells", f"{found.cells:.2f} coherence of jet 1 with cells; real 0.17, simulated 0.22"),
            ("b-tags", f"{found.levels:.1%} are one of HIGGS' three levels; real 100 %"),
            ("least pT", f"lepton {lepton:.1f} GeV, jets {jet:.1f} GeV; real and simulated 15.0 GeV"),
        ]
    if found.impossible:
        count = f"{len(found.impossible)}{' or more' if len(found.impossible) == MOST_FAULTS else ''}"
        said.append(("impossible", f"values in {count} events that no detector measures, which are refused"))
    return said


def feature_rows(found: Description) -> tuple[list[str], list[list[str]]]:
    """Names and cells of the table of features; means and ranges are in the file's own units."""
    head = ["feature", "unit", "missing", "mean", "least", "most"]
    unit_of = {"pt": "GeV", "eta": "", "phi": "rad", "btag": "levels"}
    rows = []
    for i, feature in enumerate(schema.LOW_LEVEL):
        scale = f"{feature.scale:.5g} " if found.units == "higgs" else ""
        unit = "?" if found.units is None else f"{scale}{unit_of[feature.quantity]}"
        values = (each[i] for each in (found.mean, found.least, found.most))
        rows.append(
            [feature.name, unit, f"{found.missing_share[i]:.2%}" if found.missing_share[i] else ""]
            + ["" if np.isnan(value) else f"{value:.4g}" for value in values]
            + ["" if np.isnan(each[i]) else f"{each[i]:.3f}" for each in found.distances.values()]
        )
    return [*head, *(f"KS, {group}" for group in found.distances)], rows


def draw(found: Description, events: np.ndarray) -> dict[str, Figure]:
    """Distributions of measured events (N, 22) beside HIGGS' own, and the marks of how they were made."""
    groups = by_class(found, events)
    if found.units is None:
        return {"features": plots.distributions(groups, None, found.name)}
    eta, phi = (known(events[:, 1 + column]).astype(np.float64) for column in CELL_FEATURES)
    turns = np.exp(2j * np.pi * eta / STEP)
    of_steps = np.angle(turns * turns.sum().conj()) / (2 * np.pi) + 0.5  # their middle at 0.5
    return {
        "features": plots.distributions(groups, read_quantiles(), found.name),
        "marks": plots.places_in_steps(
            {
                f"jet 1 $\\eta$ in cells of 0.1\n(coherence {found.cells:.2f}, both angles)": eta
                / CELL[0]
                % 1,
                "jet 1 $\\phi$ in cells of $2\\pi/63$\n": phi / CELL[1] % 1,
                f"jet 1 $\\eta$ in steps of 0.001\n(coherence {found.steps:.2f}, all objects)": of_steps,
            }
        ),
    }


def sections(found: Description, commands: Sequence[str], figures: Mapping[str, Figure]) -> list[Section]:
    """What the page shows."""
    parts = [
        Section(tables={"file": page.Table(["", "this file"], facts(found))}),
        Section("Features", [_EXPLANATION], tables={"features": page.Table(*feature_rows(found))}),
        Section("Distributions", figures=figures),
    ]
    if commands:
        parts.insert(1, Section("To use it", commands=commands))
    if found.impossible:
        parts.append(Section("No detector measures", commands=found.impossible))
    return parts


def show(found: Description, commands: Sequence[str]) -> None:
    """Print the tables."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDTH)
    summary = Table(title=escape(found.name), title_justify="left", box=box.SIMPLE, show_header=False)
    summary.add_column(no_wrap=True)
    summary.add_column(overflow="fold")
    for name, sentence in facts(found):
        summary.add_row(name, escape(one_line(sentence)))
    console.print(summary)
    head, rows = feature_rows(found)
    features = Table(box=box.SIMPLE, caption=_EXPLANATION, caption_justify="left")
    for name in head:
        features.add_column(name, justify="left" if name == "feature" else "right", no_wrap=True)
    for row in rows:
        features.add_row(*map(escape, row))
    console.print(features)
    for fault in found.impossible:
        console.print(one_line(fault), soft_wrap=True, markup=False, highlight=False)
    for command in commands:
        console.print(command, soft_wrap=True, markup=False, highlight=False)
