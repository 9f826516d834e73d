"""A page of HTML that needs no other file: sections of text, tables and pictures, light and dark."""

import base64
import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure
from matplotlib.image import imsave

from higgs_lightning import runs
from higgs_lightning.evaluation import plots
from higgs_lightning.files import replaced, write_csv, write_text

_DPI = 120  # dots an inch of a picture
_LONG = 25  # characters: longer cells are sentences, which are broken into lines
_NUMBER = re.compile(r"[-+\d.,e]*( ?%)?")
_PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>$title</title>
<style>
:root { --text: #1c1e21; --faint: #5c6570; --line: #d9dde2; --ground: #fff; --card: #f5f7f9; }
@media (prefers-color-scheme: dark) {
:root { --text: #e4e7eb; --faint: #9aa4b0; --line: #363d46; --ground: #15181c; --card: #1e2329; }
img { filter: brightness(.88); }
}
body { font: 16px/1.55 system-ui, sans-serif; margin: 0 auto; max-width: 1100px; padding: 1em;
  color: var(--text); background: var(--ground); overflow-wrap: break-word; }
h1 { font-size: 1.7em; line-height: 1.2; margin: .6em 0 .4em; }
h2 { font-size: 1.25em; margin: 2.2em 0 .5em; padding-top: .6em; border-top: 1px solid var(--line); }
p { max-width: 46em; }
nav { font-size: .9em; }
nav a { margin-right: 1.1em; white-space: nowrap; }
a { color: inherit; text-decoration-color: var(--faint); }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5em, 1fr)); gap: .6em; margin: 1em 0; }
dl div { background: var(--card); border-radius: 8px; padding: .6em .8em; }
dt { color: var(--faint); font-size: .8em; }
dd { margin: 0; font-size: 1.3em; font-weight: 600; font-variant-numeric: tabular-nums; }
table { border-collapse: collapse; display: block; overflow-x: auto; font-size: .9em; margin: 1em 0; }
th, td { padding: .3em .7em; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap;
  font-variant-numeric: tabular-nums; }
th:first-child, td:first-child, .text, .unknown { text-align: left; }
td.unknown { white-space: normal; min-width: 8em; }
td.long { white-space: normal; overflow-wrap: anywhere; min-width: 14em; }
td.unknown { color: var(--faint); font-style: italic; }
caption { text-align: left; color: var(--faint); padding-bottom: .3em; }
pre { background: var(--card); padding: .7em .9em; border-radius: 8px; overflow-x: auto; font-size: .85em; }
figure { margin: 1em 0; overflow-x: auto; }
img { display: block; max-width: 100%; height: auto; border-radius: 6px; background: #fff; }
@media print {
:root { --text: #000; --faint: #444; --line: #bbb; --ground: #fff; --card: #f3f3f3; }
body { padding: 0; font-size: 13px; }
nav { display: none; }
h2 { break-after: avoid; }
figure, table { overflow: visible; }
figure, tr, pre, dl { break-inside: avoid; }
th, td, pre { white-space: normal; }
img { filter: none; width: auto !important; min-width: 0 !important; max-height: 92vh; }
}
</style>
</head>
<body>
<h1>$title</h1>
$body
</body>
</html>
""")


@dataclass(frozen=True)
class Unknown:
    """In the place of a number that there is not: why."""

    reason: str


#: What a table or a file of metrics holds.
Value = str | int | float | Unknown


class Table(NamedTuple):
    """A table of a page, and a CSV file beside it, in which numbers have all their digits.

    Attributes:
        head: the names of the columns.
        rows: as many values each.
    """

    head: Sequence[str]
    rows: Sequence[Sequence[Value]]


@dataclass(frozen=True)
class Section:
    """A part of a page. All of its text is plain: the page escapes it.

    Attributes:
        title: its heading; empty for what stands below the title of the page.
        text: paragraphs.
        highlights: the few numbers to see first, as they are shown, by what they are.
        commands: lines to type.
        tables: by the names of their CSV files; the names are captions too.
        files: tables that are too long for a page, and are CSV files alone.
        figures: by the names of their pictures.
        metrics: every number of the section by its key in ``metrics.json``, such as ``test/significance``.
        documents: other content for JSON files beside ``metrics.json``, by their names.
    """

    title: str = ""
    text: Sequence[str] = ()
    highlights: Mapping[str, str] = field(default_factory=dict)
    commands: Sequence[str] = ()
    tables: Mapping[str, Table] = field(default_factory=dict)
    files: Mapping[str, Table] = field(default_factory=dict)
    figures: Mapping[str, Figure] = field(default_factory=dict)
    metrics: Mapping[str, Value] = field(default_factory=dict)
    documents: Mapping[str, Any] = field(default_factory=dict)


def page(title: str, sections: Sequence[Section], pictures: Path) -> str:
    """A page of its own.

    Args:
        title: as plain text.
        sections: from top to bottom.
        pictures: the folder in which the sections' figures are, as PNG files of their names.
    """
    named = [(f"s{number}", each) for number, each in enumerate(sections) if each.title]
    links = [f'<a href="#{anchor}">{html.escape(each.title)}</a>' for anchor, each in named]
    contents = [f"<nav>{' '.join(links)}</nav>"] if len(links) > 2 else []
    anchors = {id(each): anchor for anchor, each in named}
    bodies = [_section(each, anchors.get(id(each), ""), pictures) for each in sections]
    first = 1 if sections and not sections[0].title else 0  # what is above all comes above the links
    body = "\n".join([*bodies[:first], *contents, *bodies[first:]])
    return _PAGE.substitute(title=html.escape(title), body=body)


def _save_figures(figures: Mapping[str, Figure], folder: Path) -> dict[str, np.ndarray]:
    """Save each figure as a picture of its name, and return the pixels."""
    folder.mkdir(exist_ok=True)
    pictures = {name: plots.pixels(figure, _DPI) for name, figure in figures.items()}
    for name, picture in pictures.items():
        with replaced(folder / f"{name}.png") as partial:
            imsave(partial, picture)
    return pictures


def write_page(path: Path, title: str, parts: Sequence[Section]) -> dict[str, np.ndarray]:
    """Write a page, its pictures beside it, and return their pixels by name."""
    figures = {name: figure for part in parts for name, figure in part.figures.items()}
    pictures = _save_figures(figures, path.parent / runs.PLOTS)
    write_text(path, page(title, parts, path.parent / runs.PLOTS))
    return pictures


def write_tables(folder: Path, parts: Sequence[Section]) -> None:
    """Write each table of a page as a CSV file of its name; what is unknown is empty."""
    folder.mkdir(exist_ok=True)
    for part in parts:
        for name, table in {**part.tables, **part.files}.items():
            rows = (["" if isinstance(cell, Unknown) else cell for cell in row] for row in table.rows)
            write_csv(folder / f"{name}.csv", [table.head, *rows])


def _section(section: Section, anchor: str, pictures: Path) -> str:
    parts = [f'<h2 id="{anchor}">{html.escape(section.title)}</h2>'] if section.title else []
    if section.highlights:
        numbers = (
            f"<div><dt>{html.escape(name)}</dt><dd>{html.escape(value)}</dd></div>"
            for name, value in section.highlights.items()
        )
        parts.append(f"<dl>{''.join(numbers)}</dl>")
    parts += [f"<p>{html.escape(paragraph)}</p>" for paragraph in section.text]
    parts += [f"<pre>{html.escape(command)}</pre>" for command in section.commands]
    for name, figure in section.figures.items():
        inches = figure.get_size_inches()[0]
        # a picture of several panels is not made unreadably small on a phone, but moved
        size = f"width: {80 * inches:.0f}px" + (f"; min-width: {48 * inches:.0f}px" if inches > 10 else "")
        data = base64.b64encode((pictures / f"{name}.png").read_bytes()).decode()
        words = html.escape(name.replace("_", " "))
        parts.append(
            f'<figure><img alt="{words}" style="{size}" src="data:image/png;base64,{data}"></figure>'
        )
    parts += [_table(name if len(section.tables) > 1 else "", each) for name, each in section.tables.items()]
    return "\n".join(parts)


def _table(name: str, table: Table) -> str:
    caption = f"<caption>{html.escape(name.replace('_', ' '))}</caption>" if name else ""
    kinds = [_kind(value) for value in table.rows[0]] if table.rows else len(table.head) * [""]
    head = "".join(
        f"<th{' class=text' if 'text' in kind else ''}>{html.escape(column)}</th>"
        for column, kind in zip(table.head, kinds, strict=True)
    )
    rows = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in table.rows)
    return f"<table>{caption}<tr>{head}</tr>{rows}</table>"


def _cell(value: Value) -> str:
    kind = _kind(value)
    name = f' class="{kind}"' if kind else ""
    return f"<td{name}>{html.escape(shown(value))}</td>"


def _kind(value: Value) -> str:
    """Numbers stand on the right, also those that were written already; sentences are broken into lines."""
    if isinstance(value, Unknown):
        return "unknown"
    if not isinstance(value, str) or _NUMBER.fullmatch(value):
        return ""
    return "text long" if len(value) > _LONG else "text"


def shown(value: Value) -> str:
    """A value as people read it.

    Examples:
        >>> [shown(each) for each in (0.87654321, 12345, 43.219, 0.0, 2.3e-6, Unknown("one class only"))]
        ['0.8765', '12,345', '43.22', '0', '2.3e-06', 'one class only']
    """
    if isinstance(value, Unknown):
        return value.reason
    if isinstance(value, str):
        return value
    if isinstance(value, int) or value == 0:
        return f"{value:,.0f}" if isinstance(value, float) else f"{value:,}"
    size = abs(value)
    return f"{value:.2g}" if size < 1e-3 else f"{value:.4f}" if size < 10 else f"{value:,.2f}"
