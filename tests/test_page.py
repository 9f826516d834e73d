"""A page holds what its sections say, as text, and its tables are files too."""

import csv
from pathlib import Path

from matplotlib.figure import Figure

from higgs_lightning.evaluation.page import Section, Table, Unknown, write_page, write_tables
from higgs_lightning.evaluation.report import with_reasons

HOSTILE = "<img src=x onerror=alert(1)>&\"'"


def sections() -> list[Section]:
    table = Table(
        ["name", HOSTILE, "number"],
        [("one", HOSTILE, 0.123456789), ("two", "3,210", Unknown("no events <b>"))],
    )
    return [
        Section(highlights={HOSTILE: HOSTILE}),
        Section(HOSTILE, [HOSTILE], commands=[HOSTILE], tables={"a_table": table}, files={"long": table}),
        Section("Pictures", figures={"small": Figure(figsize=(4, 3)), "wide": Figure(figsize=(14, 3))}),
    ]


def test_a_page_escapes_everything(tmp_path: Path):
    pictures = write_page(tmp_path / "page.html", HOSTILE, sections())
    assert pictures["wide"].shape == (360, 1680, 3)
    page = (tmp_path / "page.html").read_text()
    assert HOSTILE not in page
    assert "<img src=x" not in page
    assert page.count("&lt;img src=x onerror=alert(1)&gt;&amp;&quot;&#x27;") == 9
    assert page.count("<img") == 2
    assert "0.1235" in page
    assert "no events &lt;b&gt;" in page
    assert '<td class="unknown">' in page


def test_a_wide_picture_keeps_its_size_on_a_phone(tmp_path: Path):
    write_page(tmp_path / "page.html", "title", sections())
    page = (tmp_path / "page.html").read_text()
    assert 'alt="small" style="width: 320px"' in page
    assert 'alt="wide" style="width: 1120px; min-width: 672px"' in page
    assert "prefers-color-scheme: dark" in page
    assert 'name="viewport"' in page
    printed = page[page.index("@media print") :]
    assert "min-width: 0 !important" in printed[: printed.index("</style>")]


def test_tables_have_all_digits_and_nothing_for_what_is_unknown(tmp_path: Path):
    write_tables(tmp_path / "tables", sections())
    assert {path.name for path in (tmp_path / "tables").iterdir()} == {"a_table.csv", "long.csv"}
    with (tmp_path / "tables" / "a_table.csv").open(newline="") as file:
        assert [row["number"] for row in csv.DictReader(file)] == ["0.123456789", ""]


def test_metrics_say_why():
    assert with_reasons({"a": 1.5}) == {"a": 1.5}
    found = with_reasons({"a": 1.5, "b": Unknown("one class only")})
    assert found == {"a": 1.5, "b": None, "unknown": {"b": "one class only"}}
