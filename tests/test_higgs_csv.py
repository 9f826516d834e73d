"""Files that are not as they should be are refused with one sentence, or read as a slow parser reads them."""

import gzip
import os
import re
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import make_events, write_csv

from higgs_lightning import schema
from higgs_lightning.data import formats, higgs_csv
from higgs_lightning.data.cache import open_events
from higgs_lightning.data.columns import Reading
from higgs_lightning.errors import UserError

ROW = ",".join(["1", *["0.5"] * 8, "0", *["0.5"] * 3, "0", *["0.5"] * 3, "0", *["0.5"] * 3, "0", *["1"] * 7])


def folders(cache_dir: Path) -> list[Path]:
    return sorted(path for path in cache_dir.iterdir() if path.suffix != ".lock")


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


BAD_ROWS = {
    "wrong number of columns": (ROW.rsplit(",", 1)[0], "it has 28 columns and HIGGS has 29"),
    "text in a number": (ROW.replace("0.5", "abc", 1), "lepton_pT is 'abc', not a finite number"),
    "no label": (ROW[1:], "label is '', not a finite number"),
    "NaN for a label": ("nan" + ROW[1:], "label is 'nan', not a finite number"),
    "NaN with a sign": (ROW.replace("0.5", "-nan", 1), "lepton_pT is '-nan', not a finite number"),
    "NaN with a note": (ROW.replace("0.5", "nan(1)", 1), "lepton_pT is 'nan(1)', not a finite number"),
    "infinite": (ROW.replace("0.5", "-inf", 1), "lepton_pT is '-inf', not a finite number"),
    "too large": (ROW.replace("0.5", "1e60", 1), "lepton_pT is 1e60, too large"),
    "hexadecimal": (ROW.replace("0.5", "0x10", 1), "lepton_pT is '0x10', not a finite number"),
    "label": ("2" + ROW[1:], "the label is 2 and must be 0 or 1"),
    "quotes": (ROW.replace("0.5", '"0.5"', 1), "lepton_pT is '\"0.5\"', not a finite number"),
    "NUL": (ROW.replace("0.5", "\x000.5", 1), "lepton_pT is '\\x000.5', not a finite number"),
    "carriage return": (ROW + "\r" + ROW, "it has 57 columns and HIGGS has 29"),
    "carriage return in a mass": (ROW[:-1] + "\r1", "it has a carriage return inside"),
    "spaces": ("   ", "it has 1 columns and HIGGS has 29"),
    "a second header": (",".join(schema.COLUMNS), "it is a header"),
}


@pytest.mark.parametrize("block", [1_000_000, 250])
@pytest.mark.parametrize(("bad", "fault"), BAD_ROWS.values(), ids=BAD_ROWS)
def test_a_bad_row_is_named(bad: str, fault: str, block: int, tmp_path: Path, monkeypatch):
    """Whether the block before it is whole or not, with a bad row after it and blank lines before it."""
    monkeypatch.setattr(higgs_csv, "_BLOCK", block)
    path = written(tmp_path / "events.csv", "\n".join([ROW, "", *[ROW] * 20, bad, ROW, "worse"]).encode())
    with pytest.raises(UserError) as raised:
        open_events(path, tmp_path / "cache")
    assert str(raised.value) == f"{path}, line 23: {fault}; correct or remove the line"
    assert folders(tmp_path / "cache") == []


BAD_FILES = {
    "empty": (b"", " holds no events; give another file"),
    "blank": (b"\n\n", " holds no events; give another file"),
    "only a byte order mark": (b"\xef\xbb\xbf", " holds no events"),
    "empty gzip": (gzip.compress(b""), " holds no events"),
    "header": (",".join(schema.COLUMNS).encode(), " holds no events; give another file"),
    "web page": (b"<!DOCTYPE html>\n<p>Log in", " has no column 'lepton_pT' (21 of 21 are missing)"),
    "torn row": (f"{ROW}\n{ROW[:40]}".encode(), ", line 2: it has 12 columns and HIGGS has 29; correct"),
    "endless line": (
        f"{ROW}\n".encode() + b"1," * 100_000,
        r" can't be read after line 0 (a line of more than 50,000 bytes); fetch",
    ),
    "truncated gzip": (gzip.compress(f"{ROW}\n".encode() * 5000)[:-200], " can't be read after line "),
    "endless first line": (b"1," * 200_000, " has a line of more than 262,144 bytes"),
    "damaged gzip": (b"\x1f\x8b" + b"not gzip" * 100, " can't be read ("),
    "not a zip": (b"PK\x03\x04 not a zip", " can't be read (File is not a zip file): write the file again"),
}


@pytest.mark.parametrize(("content", "sentence"), BAD_FILES.values(), ids=BAD_FILES)
def test_a_bad_file_is_named(content: bytes, sentence: str, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(higgs_csv, "_BLOCK", 50_000)
    path = written(tmp_path / "events.csv.gz", content)
    with pytest.raises(UserError) as raised:
        open_events(path, tmp_path / "cache")
    assert str(raised.value).startswith(f"{path}{sentence}")
    assert "\n" not in str(raised.value)
    assert folders(tmp_path / "cache") == []


def test_a_zip_must_hold_one_file_of_events(tmp_path: Path):
    path = tmp_path / "events.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("train.csv", ROW)
        archive.writestr("test.csv", ROW)
    with pytest.raises(UserError, match=r"a zip of 2 \.csv or \.csv\.gz files, not of one"):
        open_events(path, tmp_path / "cache")


def test_a_missing_file_is_named(tmp_path: Path):
    path = tmp_path / "absent.csv"
    with pytest.raises(UserError, match=re.escape(f"{path} is not a file: give data.csv=PATH")):
        open_events(path, tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


@contextmanager
def without_privileges() -> Iterator[None]:
    """Root may read and write anything: be nobody meanwhile."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    yield
    os.seteuid(user)


def test_no_permission():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = write_csv(folder / "events.csv", make_events(10))
        (folder / "open").mkdir()
        (folder / "open").chmod(0o777)
        folder.chmod(0o555)
        with (
            without_privileges(),
            pytest.raises(UserError, match=r"Permission denied; choose another folder with data\.dir=PATH"),
        ):
            open_events(source, folder / "cache")
        source.chmod(0)
        with (
            without_privileges(),
            pytest.raises(
                UserError,
                match=r"events\.csv can't be read \(.*Permission denied.*\): make it readable",
            ),
        ):
            open_events(source, folder / "open")
        assert folders(folder / "open") == []
        folder.chmod(0o700)
        with without_privileges(), pytest.raises(UserError, match=r"events\.csv is not a file"):
            open_events(source, folder / "open")


def test_a_cache_that_can_t_be_written_is_named(tmp_path: Path):
    source = write_csv(tmp_path / "events.csv", make_events(10))
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"choose another folder with data\.dir=PATH"):
        open_events(source, tmp_path / "file")


def test_a_full_disk_is_named(tmp_path: Path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("mounting is not allowed here")
    try:
        source = write_csv(tmp_path / "events.csv", make_events(3_000))
        with pytest.raises(
            UserError, match=r"No space left on device; choose another folder with data\.dir=PATH"
        ):
            open_events(source, disk / "cache")
        assert folders(disk / "cache") == []
    finally:
        subprocess.run(["umount", disk], check=True)


NUMBER = re.compile(r"[ \t]*([+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?)[ \t]*")


def nearest_float32(number: str) -> np.float32:
    """The float32 closest to a decimal number, to the even one of two; infinite where it is beyond them."""
    if abs(int((number.lower() + "e0").split("e")[1])) > 1000:
        return np.float32(float(number))  # 0 or infinite, and exactly it would take for ever
    exact = Fraction(number)
    if abs(exact) >= 2**128 - 2**103:
        return np.float32(np.inf)
    guess = np.float32(max(-3.4028234663852886e38, min(float(exact), 3.4028234663852886e38)))
    with np.errstate(over="ignore"):
        near = [guess, np.nextafter(guess, np.float32(np.inf)), np.nextafter(guess, np.float32(-np.inf))]
    return min(
        (value for value in near if np.isfinite(value)),
        key=lambda value: (abs(Fraction(float(value)) - exact), value.view(np.uint32) % 2),
    )


def slow_and_obvious(text: bytes, skip_rows: int) -> np.ndarray | None:
    """What the cache is to hold, or None where the file is to be refused."""
    lines = text.decode("latin-1").split("\n")[skip_rows:]
    if skip_rows == 0:
        lines[0] = lines[0].removeprefix("\xef\xbb\xbf")
    rows = []
    for line in lines:
        line = line.removesuffix("\r")
        if line == "":
            continue
        fields = line.split(",")
        row = []
        for field in fields[:22]:
            number = NUMBER.fullmatch(field)
            if number:
                row.append(nearest_float32(number[1]))
            elif row and field.strip(" \t").lower() in ("", "nan", "na", "n/a", "null", "none", "?"):
                row.append(np.float32("nan"))
            else:
                return None
        if len(fields) != 29 or "\r" in line or np.isinf(row).any() or row[0] not in (-1, 0, 1):
            return None
        rows.append(row)
    if {-1, 0} <= {row[0] for row in rows}:
        return None
    for row in rows:
        row[0] = np.maximum(row[0], np.float32(0))
    return np.array(rows) if rows else None


PIECES = [
    b"\n",
    b"\r\n",
    b"\r",
    b"\n\n",
    b",",
    b" ",
    b"\t",
    b"-",
    b"+",
    b".",
    b"e",
    b"E-",
    b"9",
    b"0",
    b"nan",
]
PIECES += [
    b"inf",
    b"null",
    b"NA",
    b"1e39",
    b"3.40282357e38",
    b"1e-60",
    b"0x1",
    b"1_0",
    b"1d0",
    b"1f",
    b"\x00",
]
PIECES += [
    b'"',
    b'"0.5"',
    b"'",
    b"\\",
    b"#",
    b"\xff",
    b"\xc2\xa0",
    b"\xef\xbb\xbf",
    b"\xd9\xa1",
    b"\x0b",
    b";",
]


def random_number(generator: np.random.Generator) -> str:
    """A number as files have them, or close to the middle between two of float32."""
    value = np.float32(generator.normal())
    kind = generator.integers(6)
    if kind == 0:
        middle = (float(value) + float(np.nextafter(value, np.float32(9)))) / 2
        return f"{middle:.{generator.integers(16, 30)}e}"
    return [f"{value:.18e}", f"{value:.8g}", f"{value:.5g}", str(round(value)), repr(float(value))][kind - 1]


def random_file(generator: np.random.Generator) -> bytes:
    """A few rows as they should be, of which most files then get up to three faults."""
    rows = [
        ",".join([str(generator.integers(2)), *(random_number(generator) for _ in range(28))])
        for _ in range(generator.integers(1, 6))
    ]
    text = ("\r\n" if generator.random() < 0.2 else "\n").join([*rows, ""]).encode()
    for _ in range(generator.integers(4)):
        start = 0 if generator.random() < 0.05 else int(generator.integers(len(text) + 1))
        stop = start + int(generator.integers(1, 40))
        piece = PIECES[generator.integers(len(PIECES))]
        kind = generator.integers(8)
        if kind < 3:
            text = text[:start] + piece + text[start:]
        elif kind < 5:  # in place of a field's beginning
            start = text.find(b",", start) + 1
            text = text[:start] + piece + text[start + len(piece) :]
        elif kind == 5:
            text = text[:start] + text[stop:]
        elif kind == 6:
            text = text[:stop] + text[start:]
        else:
            text = text[:start]
    return text


def opened_or_refused(source: Path, cache_dir: Path, skip_rows: int = 0) -> np.ndarray | None:
    """The events; None if one sentence that names the file refuses it, and leaves nothing behind."""
    for folder in folders(cache_dir) if cache_dir.exists() else []:
        shutil.rmtree(folder)
    sentence = ""
    try:
        events = open_events(source, cache_dir, Reading(skip_rows))
    except UserError as error:
        sentence = str(error)
    if not sentence:
        return events
    assert sentence.startswith(str(source))
    assert "\n" not in sentence
    assert folders(cache_dir) == []
    return None


@pytest.mark.slow
def test_fuzz(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """2,500 files are read exactly as by the slow parser, or refused with one sentence."""
    # whatever the first line looks like
    monkeypatch.setattr(formats, "_Head", lambda *_: SimpleNamespace(is_archive_format=True))
    generator = np.random.default_rng(1)
    source = tmp_path / "events.csv"
    accepted = 0
    for number in range(2_500):
        content = random_file(generator)
        skip_rows = int(generator.random() < 0.1)
        monkeypatch.setattr(higgs_csv, "_BLOCK", int(generator.choice([1_000, 10_000])))
        source.write_bytes(gzip.compress(content, 1) if number % 4 == 0 else content)
        expected = slow_and_obvious(content, skip_rows)
        events = opened_or_refused(source, tmp_path / "cache", skip_rows)
        if expected is None or events is None:
            assert expected is None and events is None, (content, skip_rows)  # noqa: PT018
        else:
            assert np.array_equal(events.view(np.uint32), expected.view(np.uint32)), (content, skip_rows)
            accepted += 1
    assert 500 < accepted < 2_000


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["gz", "zip"])
def test_fuzz_of_compressed_files(kind: str, tmp_path: Path):
    """300 damaged files each are refused, or read whole where the damage does not matter."""
    events = make_events(50)
    text = write_csv(tmp_path / "whole.csv", events).read_bytes()
    source = tmp_path / f"events.{kind}"
    if kind == "gz":
        source.write_bytes(gzip.compress(text))
    else:
        with zipfile.ZipFile(source, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("events.csv", text)
    whole = source.read_bytes()
    generator = np.random.default_rng(2)
    refused = 0
    for number in range(300):
        # the ends describe the file
        first, last, any_place = (
            generator.integers(60),
            -1 - generator.integers(150),
            generator.integers(len(whole)),
        )
        place = int(generator.choice([first, last, any_place]))
        content = bytearray(whole)
        if number % 3:
            content[place] ^= 1 << generator.integers(8)
        else:
            del content[place:]
        source.write_bytes(content)
        read = opened_or_refused(source, tmp_path / "cache")
        refused += read is None
        assert read is None or np.array_equal(read, events), number
    assert refused > 100
