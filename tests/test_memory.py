"""Memory that is freed stays with a command, and with nobody else."""

import ctypes
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

MEASURE = """
import resource, sys
import numpy as np

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

def step():
    return [np.ones(2**20) for _ in range(4)]

if sys.argv[1] == "kept":
    from higgs_lightning.memory import keep_freed_memory
    keep_freed_memory()
for _ in range(5):
    step()
before = faults()
for _ in range(20):
    step()
print((faults() - before) / 20)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("way", "environment", "is_kept"),
    [
        ("kept", {}, True),
        ("left alone", {}, False),
        ("kept", {"MALLOC_TRIM_THRESHOLD_": "131072"}, False),  # who says so is obeyed
        ("kept", {"GLIBC_TUNABLES": "glibc.malloc.trim_threshold=131072"}, False),
        ("kept", {"GLIBC_TUNABLES": "glibc.malloc.tcache_count=7"}, False),
        ("kept", {"GLIBC_TUNABLES": "glibc.pthread.rseq=1"}, True),  # which is about something else
    ],
)
def test_pages_are_not_asked_for_again(
    way: str, environment: dict[str, str], is_kept: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A step of 32 MB, which is 8,192 pages, or 16 large ones."""
    if sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "mallopt"):
        pytest.skip("this is no GNU C library")
    for name in ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES", "LD_PRELOAD"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, way], capture_output=True, text=True, cwd=tmp_path, check=True
    )
    faults = float(done.stdout)
    if not is_kept and faults < 1:
        pytest.skip("here freed memory stays anyway")
    assert faults < 1 if is_kept else faults > 10


@pytest.mark.parametrize("name", ["train", "predict"])
def test_commands_keep_it(name: str, monkeypatch: pytest.MonkeyPatch):
    """Before anything else, such as what is wrong with their keys."""
    kept: list[bool] = []
    monkeypatch.setattr("higgs_lightning.command.keep_freed_memory", lambda: kept.append(True))
    monkeypatch.setattr("higgs_lightning.command.wait_briefly", lambda: None)
    monkeypatch.setattr(sys, "argv", [name, "nothing=1"])
    with pytest.raises(SystemExit):
        import_module(f"higgs_lightning.{name}").main()
    assert kept == [True]
