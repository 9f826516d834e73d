"""The cache holds the file's numbers, is made once, and is never used when it is not right."""

import gzip
import io
import json
import multiprocessing
import os
import signal
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from conftest import SHARED, make_events, write_csv
from rich.console import Console

from higgs_lightning import schema
from higgs_lightning.data import cache, higgs_csv
from higgs_lightning.data.cache import open_events
from higgs_lightning.data.columns import Reading
from higgs_lightning.data.formats import read_files
from higgs_lightning.data.sources import Source
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
    assert (events.dtype, events.shape[1]) == (np.dtype(np.float32), len(schema.CACHED_COLUMNS))
    assert not events.flags.writeable
    (folder,) = folders(tmp_path / "cache")
    assert np.array_equal(np.load(folder / "events.npy", mmap_mode="r", allow_pickle=False), events)


def test_events_stay_in_order_over_many_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    csv = write_csv(tmp_path / "events.csv", make_events(3_000))
    monkeypatch.setattr(higgs_csv, "_BLOCK", 5_000)
    assert csv.stat().st_size > 20 * 5_000
    assert np.array_equal(open_events(csv, tmp_path / "cache"), make_events(3_000))


def packed(text: bytes, kind: str, path: Path) -> Path:
    """Write ``text`` compressed in one of several ways; returns the file's path."""
    path = path.with_suffix(".zip" if "zip" in kind else ".csv.gz")
    if kind == "two members":
        half = text.index(b"\n", len(text) // 2) + 1
        path.write_bytes(gzip.compress(text[:half]) + gzip.compress(text[half:]))
    elif kind == "gz":
        path.write_bytes(gzip.compress(text))
    else:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("README.txt", "the events are in the other file")
            archive.writestr("HIGGS.csv", text if kind == "zip" else gzip.compress(text))
    return path


@pytest.mark.parametrize("kind", ["gz", "two members", "zip", "zip of gz"])
def test_compressed_files(kind: str, csv: Path, tmp_path: Path):
    source = packed(csv.read_bytes(), kind, tmp_path / "packed")
    assert np.array_equal(open_events(source, tmp_path / "cache"), make_events(300))


HARMLESS = {
    "plain": f"{ROW}\n{ROW}\n",
    "no final newline": f"{ROW}\n{ROW}",
    "CRLF": f"{ROW}\r\n{ROW}\r\n",
    "CRLF, no final newline": f"{ROW}\r\n{ROW}\r",
    "trailing blank lines": f"{ROW}\n{ROW}\n\n\n",
    "blank lines between, CRLF": f"\r\n{ROW}\r\n\r\n{ROW}\r\n\r\n",
    "byte order mark": f"\ufeff{ROW}\n{ROW}\n",
    "archive format": f"{ROW}\n{ROW.replace('0.5', '5.000000000000000000e-01')}\n",
    "other spellings": f"{ROW}\n{ROW.replace('0.5', ' +.5E+0 ')}\n",
    "masses are not looked at": f"{ROW}\n{ROW[:-1]}none\n",
}


@pytest.mark.parametrize("text", HARMLESS.values(), ids=HARMLESS)
def test_harmless_variations(text: str, tmp_path: Path):
    (tmp_path / "events.csv").write_bytes(text.encode())
    expected = np.array([float(x) for x in ROW.split(",")[:22]], np.float32)
    assert np.array_equal(open_events(tmp_path / "events.csv", tmp_path / "cache"), [expected, expected])


def test_numbers_are_rounded_once(tmp_path: Path):
    """A hair above the middle between 1 and the next float32, which float64 takes for the middle."""
    number = "1.00000005960464477540"
    assert np.float32(float(number)) == 1
    (tmp_path / "events.csv").write_text(ROW.replace("0.5", number, 1) + "\n")
    events = open_events(tmp_path / "events.csv", tmp_path / "cache")
    assert events[0, 1] == np.nextafter(np.float32(1), np.float32(2))


@pytest.mark.parametrize("name", ["higgs-real-train.csv.gz", "simulated-higgs.csv.gz"])
def test_shared_files(name: str, tmp_path: Path):
    source = SHARED / "data" / name
    if not source.exists():
        pytest.skip("the shared files are not here")
    events = open_events(source, tmp_path / "cache")
    with gzip.open(source) as file:
        expected = np.loadtxt(file, np.float64, delimiter=",", max_rows=2_000)[:, :22].astype(np.float32)
    assert np.array_equal(events[:2_000], expected)


def test_a_header_is_read_and_may_be_skipped(csv: Path, tmp_path: Path):
    csv.write_text(",".join(schema.COLUMNS) + "\n" + csv.read_text())
    assert np.array_equal(open_events(csv, tmp_path / "cache"), make_events(300))
    assert np.array_equal(open_events(csv, tmp_path / "cache", Reading(skip_rows=1)), make_events(300))


def test_more_lines_than_a_block_can_be_skipped(
    csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(higgs_csv, "_BLOCK", 2_000)
    assert np.array_equal(open_events(csv, tmp_path / "cache", Reading(200)), make_events(300)[200:])


def test_odd_b_tags_are_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    events = make_events(50)
    open_events(write_csv(tmp_path / "usual.csv", events), tmp_path / "cache")
    assert not caplog.text
    events[:7, 1 + schema.columns("btag")[0]] = 0.3
    open_events(write_csv(tmp_path / "odd.csv", events), tmp_path / "cache")
    assert "7 b-tags are none of HIGGS' three levels" in caplog.text


@pytest.mark.parametrize("is_terminal", [True, False])
def test_progress(is_terminal: bool, csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    shown = io.StringIO()
    console = Console(file=shown, force_terminal=is_terminal, width=120)
    monkeypatch.setattr(cache, "Console", lambda **_: console)
    open_events(csv, tmp_path / "cache")
    assert ("Reading events.csv: 300 events" in shown.getvalue()) == is_terminal


def test_a_valid_cache_is_not_built_again(csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    open_events(csv, tmp_path / "cache")
    monkeypatch.setattr(cache, "build", lambda *_: pytest.fail("built again"))
    open_events(csv, tmp_path / "cache")


def damaged(folder: Path) -> None:
    with (folder / "events.npy").open("r+b") as file:
        file.seek(1000)
        file.write(b"\xff")


def with_damaged_header(folder: Path) -> None:
    with (folder / "events.npy").open("r+b") as file:
        file.seek(20)
        file.write(b"\xff")


def shortened(folder: Path) -> None:
    os.truncate(folder / "events.npy", 5000)


def emptied(folder: Path) -> None:
    os.truncate(folder / "events.npy", 0)


def of_old_version(folder: Path) -> None:
    meta = json.loads((folder / "meta.json").read_text())
    (folder / "meta.json").write_text(json.dumps({**meta, "version": 0}))


def without_meta(folder: Path) -> None:
    (folder / "meta.json").unlink()


def garbled_meta(folder: Path) -> None:
    (folder / "meta.json").write_text("{")


def meta_of_another_kind(folder: Path) -> None:
    (folder / "meta.json").write_text("[]")


@pytest.mark.parametrize(
    "spoil",
    [
        damaged,
        with_damaged_header,
        shortened,
        emptied,
        of_old_version,
        without_meta,
        garbled_meta,
        meta_of_another_kind,
    ],
)
def test_a_spoilt_cache_is_built_anew(spoil, csv: Path, tmp_path: Path):
    open_events(csv, tmp_path / "cache")
    (folder,) = folders(tmp_path / "cache")
    spoil(folder)
    assert np.array_equal(open_events(csv, tmp_path / "cache"), make_events(300))
    assert folders(tmp_path / "cache") == [folder]


def test_a_source_that_changed_is_read_again(csv: Path, tmp_path: Path):
    before = open_events(csv, tmp_path / "cache")
    write_csv(csv, make_events(200, seed=5))
    assert np.array_equal(open_events(csv, tmp_path / "cache"), make_events(200, seed=5))
    assert len(folders(tmp_path / "cache")) == 1
    assert np.array_equal(before, make_events(300))  # whoever has the old one open keeps it


def test_a_source_that_changes_while_it_is_read_is_refused(csv: Path, tmp_path: Path, monkeypatch):
    def read_and_touch(sources: Sequence[Source], reading: Reading, needs_label: bool):
        yield from read_files(sources, reading, needs_label)
        os.utime(sources[0].path, ns=(0, 0))

    monkeypatch.setattr(cache, "read_files", read_and_touch)
    with pytest.raises(UserError, match=r"events\.csv changed while it was read: try again"):
        open_events(csv, tmp_path / "cache")
    assert folders(tmp_path / "cache") == []


@pytest.fixture(scope="module")
def processes():
    """Processes that have imported everything, and start at once."""
    return multiprocessing.get_context("forkserver")


def build_in_small_blocks(csv: Path, cache_dir: Path, builds: Path, first_sleeps: bool = False) -> None:
    """Open the events, noting in ``builds`` the process that builds their cache; the first may sleep then."""
    higgs_csv._BLOCK = 5_000
    build = cache.build

    def noted_build(sources: Sequence[Source], folder: Path, reading: Reading) -> None:
        first = not builds.exists()
        with builds.open("a") as file:
            file.write(f"{os.getpid()}\n")
        if first and first_sleeps:
            time.sleep(60)
        build(sources, folder, reading)

    cache.build = noted_build
    assert len(open_events(csv, cache_dir)) == 5_000


@pytest.mark.slow
def test_processes_that_want_the_same_cache_build_it_once(processes, tmp_path: Path):
    csv = write_csv(tmp_path / "events.csv", make_events(5_000))
    arguments = (csv, tmp_path / "cache", tmp_path / "builds")
    builders = [processes.Process(target=build_in_small_blocks, args=arguments) for _ in range(4)]
    for builder in builders:
        builder.start()
    for builder in builders:
        builder.join()
    assert [builder.exitcode for builder in builders] == [0] * 4
    assert len((tmp_path / "builds").read_text().split()) == 1
    assert len(folders(tmp_path / "cache")) == 1


@pytest.mark.slow
def test_who_waits_for_a_builder_that_is_killed_builds(processes, tmp_path: Path):
    csv = write_csv(tmp_path / "events.csv", make_events(5_000))
    builds = tmp_path / "builds"
    arguments = (csv, tmp_path / "cache", builds, True)
    builders = [processes.Process(target=build_in_small_blocks, args=arguments) for _ in range(2)]
    for builder in builders:
        builder.start()
    # a file is there before its first line is
    while not (builds.exists() and builds.read_text().endswith("\n")):
        time.sleep(0.001)
    os.kill(int(builds.read_text()), signal.SIGKILL)
    for builder in builders:
        builder.join()
    assert sorted(builder.exitcode for builder in builders) == [-signal.SIGKILL, 0]
    assert len(builds.read_text().split()) == 2
    assert len(folders(tmp_path / "cache")) == 1


@pytest.mark.slow
def test_a_killed_builder_leaves_nothing_that_is_used(processes, tmp_path: Path):
    """SIGKILL at 20 moments of a build: the cache is absent or complete, and the next build works."""
    events = make_events(5_000)
    csv = write_csv(tmp_path / "events.csv", events)

    def started(cache_dir: Path):
        builder = processes.Process(target=build_in_small_blocks, args=(csv, cache_dir, tmp_path / "builds"))
        builder.start()
        return builder

    start = time.perf_counter()
    started(tmp_path / "undisturbed").join()
    duration = time.perf_counter() - start

    found_partial = 0
    for attempt, moment in enumerate(np.random.default_rng(0).uniform(0, duration, 20)):
        cache_dir = tmp_path / f"cache{attempt}"
        builder = started(cache_dir)
        time.sleep(moment)
        builder.kill()
        builder.join()
        for path in folders(cache_dir) if cache_dir.exists() else []:
            if path.suffix == ".partial":
                found_partial += 1
            else:
                assert np.array_equal(np.load(path / "events.npy"), events)
                assert json.loads((path / "meta.json").read_text())["rows"] == len(events)
        assert np.array_equal(open_events(csv, cache_dir), events)
        assert len(folders(cache_dir)) == 1
    assert found_partial > 0  # some were killed at work
