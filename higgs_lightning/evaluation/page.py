"""A page of HTML that needs no other file: text, a table, and pictures inside."""

import base64
import html
from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from string import Template

from matplotlib.figure import Figure

_PAGE = Template("""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>$title</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 1700px; padding: 0 1em; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { padding: .3em .6em; text-align: right; border-bottom: 1px solid #ddd; white-space: nowrap; }
th:first-child, td:first-child, td.text { text-align: left; }
td.text { white-space: normal; min-width: 20em; }
img { max-width: 100%; }
</style>
<h1>$title</h1>
$body
$pictures
</html>
""")


def page(title: str, body: str, figures: Mapping[str, Figure]) -> str:
    """A page of its own.

    Args:
        title: as plain text.
        body: HTML between the title and the pictures.
        figures: pictures by their names.
    """
    pictures = []
    for name, figure in figures.items():
        png = BytesIO()
        figure.savefig(png, dpi=100)
        data = base64.b64encode(png.getvalue()).decode()
        pictures.append(f'<p><img alt="{name}" src="data:image/png;base64,{data}"></p>')
    return _PAGE.substitute(title=html.escape(title), body=body, pictures="\n".join(pictures))


def table(head: Iterable[str], rows: Iterable[Sequence[str]], text: Sequence[str] = ()) -> str:
    """A table in HTML, of plain text; columns named in ``text`` hold sentences and are broken into lines."""
    head = list(head)
    lines = [
        "".join(
            f"<td{' class=text' if column in text else ''}>{html.escape(cell)}</td>"
            for column, cell in zip(head, row, strict=True)
        )
        for row in rows
    ]
    names = "".join(f"<th>{html.escape(column)}</th>" for column in head)
    return f"<table><tr>{names}</tr>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"
