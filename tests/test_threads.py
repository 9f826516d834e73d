"""How many threads compute, how they wait for each other, and what is said of a busy machine."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import torch
from conftest import SMALL_PARTICLE, composed

from higgs_lightning import threads
from higgs_lightning.errors import UserError
from higgs_lightning.threads import available_cores, computing_with, side_by_side, tell_of_load, wait_briefly
from higgs_lightning.training.run import train


@pytest.fixture
def cores(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], None]]:
    """Say how many cores there are; PyTorch computes with eight threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(8)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    yield lambda number: monkeypatch.setattr(threads, "available_cores", lambda: number)
    torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("there", "wanted", "processes", "expected"),
    [
        (8, "auto", 1, 8),
        (16, "auto", 1, 8),  # PyTorch takes no more
        (3, "auto", 1, 3),  # a quota
        (8, "auto", 4, 2),
        (2, "auto", 4, 1),
        (2, 5, 1, 5),
        (8, 5, 4, 5),
    ],
)
def test_threads(there: int, wanted: int | str, processes: int, expected: int, cores: Callable[[int], None]):
    cores(there)
    with computing_with(wanted, processes) as number:
        assert number == torch.get_num_threads() == expected
        # by which Lightning's further processes learn it
        said = os.environ.get("OMP_NUM_THREADS")
        assert said == (None if wanted == "auto" and processes == 1 else str(expected))
    assert torch.get_num_threads() == 8
    assert "OMP_NUM_THREADS" not in os.environ


def test_the_user_s_number_wins(cores: Callable[[int], None], monkeypatch: pytest.MonkeyPatch):
    """Of OMP_NUM_THREADS; joblib's for a job of a sweep is the same."""
    cores(2)
    monkeypatch.setenv("OMP_NUM_THREADS", "8")
    with computing_with("auto", processes=4):
        assert torch.get_num_threads() == 8
        assert os.environ["OMP_NUM_THREADS"] == "8"
    with computing_with(3):
        assert torch.get_num_threads() == 3
        assert os.environ["OMP_NUM_THREADS"] == "3"
    assert os.environ["OMP_NUM_THREADS"] == "8"
    monkeypatch.setenv("OMP_NUM_THREADS", "")  # it says nothing
    with computing_with("auto"):
        assert torch.get_num_threads() == 2
    assert os.environ["OMP_NUM_THREADS"] == ""


def test_side_by_side(cores: Callable[[int], None]):
    """In order, no more at once than there are threads, of which each has one of PyTorch's."""
    cores(8)
    busy: set[int] = set()
    most = ahead = done = 0

    def items() -> Iterator[int]:
        nonlocal ahead
        for item in range(20):
            ahead = max(ahead, item - done)
            yield item

    def work(item: int) -> tuple[int, int]:
        nonlocal most, done
        busy.add(item)
        most = max(most, len(busy))
        time.sleep(0.02 if item % 3 else 0.05)
        busy.remove(item)
        done += 1
        return item, torch.get_num_threads()

    assert list(side_by_side(work, items(), 3)) == [(item, 1) for item in range(20)]
    assert most == 3
    assert ahead <= 4
    assert torch.get_num_threads() == 8
    assert list(side_by_side(work, range(2), 1)) == [(0, 8), (1, 8)]


@pytest.mark.parametrize("by", ["work", "items", "reader"])
def test_side_by_side_ends_where_something_goes_wrong(by: str, cores: Callable[[int], None]):
    cores(8)
    done = []

    def fail(who: str, item: int) -> None:
        if who == by and item == 5:
            raise ValueError(f"{who} {item}")

    def items() -> Iterator[int]:
        for item in range(100):
            fail("items", item)
            yield item

    def work(item: int) -> int:
        fail("work", item)
        done.append(item)
        return item

    def read() -> None:
        with closing(side_by_side(work, items(), 2)) as results:
            for result in results:
                fail("reader", result)

    with pytest.raises(ValueError, match=f"{by} 5"):
        read()
    assert len(done) < 10
    assert torch.get_num_threads() == 8
    assert "OMP_NUM_THREADS" not in os.environ


def test_quotas_of_control_groups(tmp_path: Path):
    groups, own = tmp_path / "groups", tmp_path / "job" / "step"
    own.mkdir(parents=True)
    groups.write_text("0::/job/step\n")
    assert list(threads._quotas(tmp_path, groups)) == []
    (own / "cpu.max").write_text("max 100000\n")
    (own.parent / "cpu.max").write_text("250000 100000\n")
    assert list(threads._quotas(tmp_path, groups)) == [2.5]
    (tmp_path / "cpu.max").write_text("nonsense\n")
    assert list(threads._quotas(tmp_path, groups)) == [2.5]
    assert list(threads._quotas(tmp_path, tmp_path / "nowhere")) == []
    for odd in (b"nonsense\n", b"0::/\xff\n", b"\n"):
        groups.write_bytes(odd)
        assert list(threads._quotas(tmp_path, groups)) == []
    (tmp_path / "cpu.max").write_text("100000 0\n")
    assert list(threads._quotas(tmp_path, groups)) == []

    old = tmp_path / "cpu"
    old.mkdir()
    (old / "cpu.cfs_quota_us").write_text("-1\n")
    (old / "cpu.cfs_period_us").write_text("100000\n")
    assert list(threads._quotas(tmp_path, tmp_path / "nowhere")) == []
    (old / "cpu.cfs_quota_us").write_text("150000\n")
    assert list(threads._quotas(tmp_path, tmp_path / "nowhere")) == [1.5]


@pytest.mark.parametrize(("quota", "expected"), [(2.9, 2), (0.5, 1), (1e6, None)])
def test_available_cores(quota: float, expected: int | None, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(4)), raising=False)
    monkeypatch.setattr(threads, "_quotas", lambda *places: [quota])
    assert available_cores() == (expected or 4)


@pytest.mark.parametrize("way", ["GOMP_SPINCOUNT", "OMP_WAIT_POLICY"])
def test_the_user_s_way_to_wait_wins(way: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    monkeypatch.setenv("GOMP_SPINCOUNT", "")  # it is put back
    monkeypatch.delenv("GOMP_SPINCOUNT")
    monkeypatch.setenv(way, "7")
    wait_briefly()
    assert os.environ[way] == "7"
    assert len({"GOMP_SPINCOUNT", "OMP_WAIT_POLICY"} & os.environ.keys()) == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("program", "waits_briefly"),
    [
        (["-m", "higgs_lightning.predict", "ckpt=nowhere", "input=x", "output=x.csv"], True),
        (["-c", "from higgs_lightning import load_model; load_model('nowhere')"], False),
    ],
)
def test_a_command_s_threads_wait_briefly(program: list[str], waits_briefly: bool, tmp_path: Path):
    """As GNU OpenMP itself tells when it is loaded; programs of others are left alone."""
    unsaid = {key: value for key, value in os.environ.items() if key not in threads._WAYS_TO_WAIT}
    done = subprocess.run(
        [sys.executable, *program],
        env=unsaid | {"OMP_DISPLAY_ENV": "VERBOSE"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    if "GOMP_SPINCOUNT" not in done.stderr:
        pytest.skip("this PyTorch computes without GNU OpenMP")
    assert ("GOMP_SPINCOUNT = '10000'" in done.stderr) == waits_briefly


@pytest.mark.parametrize(
    ("load", "number", "said"),
    [
        (0.0, 4, ""),
        (5.9, 4, ""),
        (7.5, 4, "this machine is busy (a load of 7.5 on 4 cores): training waits for cores, and threads=1"),
        (7.5, 1, "this machine is busy (a load of 7.5 on 4 cores): training waits for cores\n"),
    ],
)
def test_a_busy_machine_is_told(
    load: float,
    number: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    monkeypatch.setattr(os, "getloadavg", lambda: (load, 0.0, 0.0), raising=False)
    tell_of_load(number)
    assert bool(caplog.text) == bool(said)
    assert said in caplog.text


@pytest.mark.parametrize("error", [OSError, AttributeError])
def test_a_load_that_is_not_told(
    error: type[Exception], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def refuse() -> None:
        raise error

    monkeypatch.setattr(os, "getloadavg", refuse, raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    tell_of_load(4)
    assert not caplog.text


@pytest.mark.slow
@pytest.mark.usefixtures("without_plots")
def test_a_training_has_its_threads(higgs_csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    seen: list[int] = []
    monkeypatch.setattr("higgs_lightning.training.run.tell_of_load", seen.append)
    data = ["data=higgs", f"data.csv={higgs_csv}", f"data.dir={tmp_path}"]
    before = torch.get_num_threads()
    train(composed(*SMALL_PARTICLE, *data, "trainer.max_epochs=1", "threads=3"), tmp_path / "run")
    assert seen == [3]
    assert torch.get_num_threads() == before


def test_nothing_to_compile_is_refused(higgs_csv: Path, tmp_path: Path):
    options = ["data=higgs", f"data.csv={higgs_csv}", f"data.dir={tmp_path}", "data.batch_size=5000"]
    with pytest.raises(UserError, match=r"data.batch_size=5000 events, so that nothing would be compiled"):
        train(composed(*SMALL_PARTICLE, *options, "compile=true"), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_compiled_code_is_kept(tmp_path: Path, refusal: Callable[..., str], monkeypatch: pytest.MonkeyPatch):
    def stop(*arguments: object) -> None:
        raise UserError(f"compiles into {os.environ.get('TORCHINDUCTOR_CACHE_DIR')}")

    monkeypatch.setattr("higgs_lightning.training.run.train", stop)
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", "elsewhere")
    options = ["compile=true", f"data.dir={tmp_path}", f"hydra.run.dir={tmp_path / 'run'}"]
    assert refusal("train", *options) == "error: compiles into elsewhere"
    monkeypatch.delenv("TORCHINDUCTOR_CACHE_DIR")
    assert refusal("train", *options) == f"error: compiles into {tmp_path / 'compiled'}"
    monkeypatch.delenv("TORCHINDUCTOR_CACHE_DIR")
    options[1] = "data.dir=12"  # a folder's name may look like a number
    assert refusal("train", *options) == f"error: compiles into {Path('12', 'compiled').absolute()}"
    monkeypatch.delenv("TORCHINDUCTOR_CACHE_DIR")
    monkeypatch.setattr(os, "access", lambda *arguments: False)  # of events that others keep
    assert refusal("train", *options) == "error: compiles into None"
