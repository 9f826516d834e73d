"""The cache holds the file's numbers, once, complete or not at all; bad files end with one sentence."""

import gzip
import json
import multiprocessing
import os
import re
import subprocess
import time
import zipfile
from pathlib import Path
from unittest.mock import MagicMock

import numpy as np
import pytest
from conftest import make_events, write_csv

from higgs_lightning import schema
from higgs_lightning.data import ingest
from higgs_lightning.data.ingest import open_events
from higgs_lightning.errors import UserError

ROW = ",".join(["1", *["0.5"] * 8, "0", *["0.5"] * 3, "0", *["0.5"] * 3, "0", *["0.5"] * 3, "0", *["1"] * 7])


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    return write_csv(tmp_path / "events.csv", make_events(300))


def folders(cache_dir: Path) -> list[Path]:
    return sorted(path for path in cache_dir.iterdir() if path.suffix != ".lock")


def test_the_cache_holds_the_file_s_numbers(csv: Path, tmp_path: Path):
    events = open_events(csv, tmp_path / "cache")
    assert np.array_equal(events, make_events(300))
    assert (events.dtype, events.shape[1]) == (np.float32, len(schema.CACHED_COLUMNS))
    assert not events.flags.writeable
    (folder,) = folders(tmp_path / "cache")
    assert np.array_equal(np.load(folder / "events.npy", mmap_mode="r"), events)


@pytest.mark.parametrize("kind", ["gz", "two members", "zip", "zip of gz"])
def test_compressed_files(kind: str, csv: Path, tmp_path: Path):
    text = csv.read_bytes()
    packed = tmp_path / ("packed.zip" if "zip" in kind else "packed.csv.gz")
    if kind == "gz":
        packed.write_bytes(gzip.compress(text))
    elif kind == "two members":
        half = text.index(b"\n", len(text) // 2) + 1
        packed.write_bytes(gzip.compress(text[:half]) + gzip.compress(text[half:]))
    else:
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("HIGGS.csv", text if kind == "zip" else gzip.compress(text))
    assert np.array_equal(open_events(packed, tmp_path / "cache"), make_events(300))


@pytest.mark.parametrize(
    "text",
    [
        f"{ROW}\n{ROW}\n",
        f"{ROW}\n{ROW}",
        f"{ROW}\r\n{ROW}\r\n",
        f"{ROW}\n{ROW}\n\n\n",
        f"{ROW}\n{ROW.replace('0.5', '5.000000000000000000e-01')}\n",
    ],
    ids=["plain", "no final newline", "CRLF", "trailing blank lines", "archive format"],
)
def test_harmless_variations(text: str, tmp_path: Path):
    (tmp_path / "events.csv").write_bytes(text.encode())
    expected = np.array([float(x) for x in ROW.split(",")[:22]], np.float32)
    assert np.array_equal(open_events(tmp_path / "events.csv", tmp_path / "cache"), [expected, expected])


def test_a_header_can_be_skipped(csv: Path, tmp_path: Path):
    csv.write_text(",".join(schema.COLUMNS) + "\n" + csv.read_text())
    with pytest.raises(UserError, match=r"line 1: it is a header; skip it with data\.skip_rows=1"):
        open_events(csv, tmp_path / "cache")
    assert np.array_equal(open_events(csv, tmp_path / "cache", skip_rows=1), make_events(300))


BAD = {
    "wrong number of columns": (ROW.rsplit(",", 1)[0], "line 3: it has 28 columns and HIGGS has 29"),
    "text in a number": (ROW.replace("0.5", "abc", 1), "line 3: lepton_pT is 'abc', not a finite number"),
    "empty field": (ROW.replace("0.5", "", 1), "line 3: lepton_pT is '', not a finite number"),
    "NaN": (ROW.replace("0.5", "nan", 1), "line 3: lepton_pT is 'nan', not a finite number"),
    "infinite": (ROW.replace("0.5", "inf", 1), "line 3: lepton_pT is 'inf', not a finite number"),
    "too large": (ROW.replace("0.5", "1e60", 1), "line 3: lepton_pT is 1e60, too large"),
    "label": ("2" + ROW[1:], "line 3: the label is 2 and must be 0 or 1"),
    "quotes": (ROW.replace("0.5", '"0.5"', 1), "line 3: lepton_pT is '\"0.5\"', not a finite number"),
}


@pytest.mark.parametrize(("bad", "sentence"), BAD.values(), ids=BAD)
def test_a_bad_row_is_named(bad: str, sentence: str, tmp_path: Path):
    path = tmp_path / "events.csv"
    path.write_text("\n".join([ROW, ROW, bad, ROW]) + "\n")
    with pytest.raises(UserError, match=re.escape(f"{path}, {sentence}")):
        open_events(path, tmp_path / "cache")
    assert folders(tmp_path / "cache") == []


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "holds no events"),
        (b"\n\n", "holds no events"),
        (gzip.compress(f"{ROW}\n".encode() * 5000)[:-200], "is damaged after line"),
        (b"\x1f\x8b" + b"not gzip" * 100, "is damaged after line 0"),
        (b"PK\x03\x04 not a zip", "is damaged after line 0"),
    ],
    ids=["empty", "blank", "truncated gzip", "not gzip", "not zip"],
)
def test_a_bad_file_is_named(content: bytes, sentence: str, tmp_path: Path):
    path = tmp_path / "events.csv.gz"
    path.write_bytes(content)
    with pytest.raises(UserError, match=f"{re.escape(str(path))} {sentence}"):
        open_events(path, tmp_path / "cache")
    assert folders(tmp_path / "cache") == []


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(UserError, match=r"absent.csv is not a file: give data\.csv=PATH"):
        open_events(tmp_path / "absent.csv", tmp_path / "cache")


def test_a_cache_that_can_t_be_written_is_named(csv: Path, tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"choose another folder with data\.dir=PATH"):
        open_events(csv, tmp_path / "file")


def test_odd_b_tags_are_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    events = make_events(50)
    events[:7, 1 + schema.columns("btag")[0]] = 0.3
    open_events(write_csv(tmp_path / "events.csv", events), tmp_path / "cache")
    assert "7 b-tags are none of HIGGS' three levels" in caplog.text


def test_a_valid_cache_is_not_built_again(csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    open_events(csv, tmp_path / "cache")
    monkeypatch.setattr(ingest, "build", lambda *_: pytest.fail("built again"))
    open_events(csv, tmp_path / "cache")


def damaged(folder: Path) -> None:
    with (folder / "events.npy").open("r+b") as file:
        file.seek(1000)
        file.write(b"\xff")


def shortened(folder: Path) -> None:
    os.truncate(folder / "events.npy", 5000)


def of_old_version(folder: Path) -> None:
    meta = json.loads((folder / "meta.json").read_text())
    (folder / "meta.json").write_text(json.dumps({**meta, "version": 0}))


def without_meta(folder: Path) -> None:
    (folder / "meta.json").unlink()


def garbled_meta(folder: Path) -> None:
    (folder / "meta.json").write_text("{")


@pytest.mark.parametrize("spoil", [damaged, shortened, of_old_version, without_meta, garbled_meta])
def test_a_spoilt_cache_is_built_anew(spoil, csv: Path, tmp_path: Path):
    open_events(csv, tmp_path / "cache")
    (folder,) = folders(tmp_path / "cache")
    spoil(folder)
    assert np.array_equal(open_events(csv, tmp_path / "cache"), make_events(300))
    assert folders(tmp_path / "cache") == [folder]


def test_a_source_that_changed_is_read_again(csv: Path, tmp_path: Path):
    open_events(csv, tmp_path / "cache")
    write_csv(csv, make_events(200, seed=5))
    assert np.array_equal(open_events(csv, tmp_path / "cache"), make_events(200, seed=5))
    assert len(folders(tmp_path / "cache")) == 1


@pytest.fixture(scope="module")
def processes():
    """Processes that have imported everything, and start at once."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["higgs_lightning.data.ingest"])
    return context


def build_in_small_blocks(csv: Path, cache_dir: Path) -> None:
    ingest._BLOCK = 20_000
    assert len(open_events(csv, cache_dir)) == 5_000


def test_processes_that_want_the_same_cache_build_it_once(processes, tmp_path: Path):
    csv = write_csv(tmp_path / "events.csv", make_events(5_000))
    builders = [
        processes.Process(target=build_in_small_blocks, args=(csv, tmp_path / "cache")) for _ in range(4)
    ]
    for builder in builders:
        builder.start()
    for builder in builders:
        builder.join()
    assert [builder.exitcode for builder in builders] == [0] * 4
    assert len(folders(tmp_path / "cache")) == 1


def test_a_killed_builder_leaves_nothing_that_is_used(processes, tmp_path: Path):
    """SIGKILL at 20 moments of a build: the cache is absent or complete, and the next build works."""
    csv = write_csv(tmp_path / "events.csv", make_events(5_000))
    moments = np.random.default_rng(0).uniform(0, 0.15, 20)
    left_behind = 0
    for attempt, moment in enumerate(moments):
        cache_dir = tmp_path / f"cache{attempt}"
        builder = processes.Process(target=build_in_small_blocks, args=(csv, cache_dir))
        builder.start()
        time.sleep(moment)
        builder.kill()
        builder.join()
        found = folders(cache_dir) if cache_dir.exists() else []
        left_behind += any(path.suffix == ".partial" for path in found)
        for path in found:
            if path.suffix != ".partial":
                assert np.array_equal(np.load(path / "events.npy"), make_events(5_000))
        assert np.array_equal(open_events(csv, cache_dir), make_events(5_000))
        assert len(folders(cache_dir)) == 1
    assert left_behind > 0  # some were killed at work


NUMBER = re.compile(r"[ \t]*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?[ \t]*")


def slow_and_obvious(text: bytes) -> list[list[np.float32]] | None:
    """What the cache is to hold, or None where the file is to be refused."""
    rows = []
    for line in re.split("\r\n|\n|\r", text.decode("latin-1")):
        if not line:
            continue
        fields = line.split(",")
        if len(fields) != 29 or not all(NUMBER.fullmatch(field) for field in fields[:22]):
            return None
        with np.errstate(over="ignore"):
            rows.append([np.float32(field) for field in fields[:22]])
        if not np.isfinite(rows[-1]).all() or rows[-1][0] not in (0, 1):
            return None
    return rows or None


def mutated(text: bytes, generator: np.random.Generator) -> bytes:
    """Change a few bytes, drop, double or cut pieces."""
    for _ in range(generator.integers(1, 4)):
        i, j = sorted(generator.integers(0, len(text) + 1, 2))
        j = min(j, i + generator.integers(1, 40))
        alphabet = [
            b"\n",
            b"\r\n",
            b"\r",
            b",",
            b" ",
            b"-",
            b"+",
            b".",
            b"e",
            b"nan",
            b"inf",
            b"1e39",
            b"0x1",
        ]
        alphabet += [
            b'"',
            b"\x00",
            b"\xff",
            b"#",
            b"",
            b"9",
            b"1_0",
            b"\t",
            b"\xef\xbb\xbf",
            b"null",
            b"1e-60",
        ]
        piece = alphabet[generator.integers(len(alphabet))]
        kind = generator.integers(5)
        if kind == 0:
            text = text[:i] + piece + text[i:]
        elif kind == 1:
            text = text[:i] + piece + text[i + len(piece) :]
        elif kind == 2:
            text = text[:i] + text[j:]
        elif kind == 3:
            text = text[:j] + text[i:]
        else:
            text = text[:i] if generator.random() < 0.3 else text
    return text


def read_or_refused(source: Path, cache_dir: Path) -> tuple[np.ndarray, str]:
    """The events, or the sentence that refuses the file."""
    try:
        return open_events(source, cache_dir), ""
    except UserError as error:
        return np.empty(0), str(error)


def test_fuzz(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """2,000 mutated files are read exactly as by the slow parser, or refused with one sentence."""
    monkeypatch.setattr(ingest, "Progress", MagicMock())  # a bar a file would take most of the time
    original = "".join(f"{row}\n" for row in (ROW, ROW.replace("0.5", "-1.25e-1"), "0" + ROW[1:])).encode()
    generator = np.random.default_rng(1)
    refused = 0
    for number in range(2_000):
        content = mutated(original, generator)
        expected = slow_and_obvious(content)
        if number % 4 == 0:
            content = gzip.compress(content)
        source = tmp_path / "events.csv"
        source.write_bytes(content)
        os.utime(source, ns=(number, number))
        events, sentence = read_or_refused(source, tmp_path / "cache")
        if expected is None:
            assert str(source) in sentence, (number, content)
            refused += 1
        else:
            assert np.array_equal(events, np.array(expected, np.float32)), (number, content, sentence)
        assert len(folders(tmp_path / "cache")) <= 1
    assert 200 < refused < 1_900


def test_fuzz_of_gzip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """300 damaged gzip files are refused, or read whole where the damage does not matter."""
    monkeypatch.setattr(ingest, "Progress", MagicMock())
    packed = gzip.compress("".join(f"{ROW.replace('0.5', f'0.{n}')}\n" for n in range(1, 200)).encode())
    generator = np.random.default_rng(2)
    whole = open_events(_written(tmp_path / "whole.csv.gz", packed), tmp_path / "whole").copy()
    for number in range(300):
        damaged_bytes = bytearray(packed)
        if number % 2:
            damaged_bytes = damaged_bytes[: generator.integers(1, len(packed))]
        else:
            damaged_bytes[generator.integers(len(packed))] ^= 1 << generator.integers(8)
        source = _written(tmp_path / "events.csv.gz", bytes(damaged_bytes))
        os.utime(source, ns=(number, number))
        events, sentence = read_or_refused(source, tmp_path / "cache")
        assert np.array_equal(events, whole) or str(source) in sentence, (number, sentence)


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


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
