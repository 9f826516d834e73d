"""How many threads compute, and how they wait for each other.

Nothing here imports torch by itself: commands say how threads wait before it is loaded.
"""

import logging
import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

_log = logging.getLogger(__name__)

Item = TypeVar("Item")
Result = TypeVar("Result")

#: How often a thread of GNU OpenMP looks for work before it sleeps. It looks 300,000 times by default, some
#: ten milliseconds, in which it keeps a core from whoever has work for it. With 1,000 looks it sleeps between
#: many operations, which costs an idle machine a sixth of its speed. Measured by tests/benchmarks/waiting.py.
_LOOKS = "10000"
_WAYS_TO_WAIT = ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")
_NUM_THREADS = "OMP_NUM_THREADS"
_BUSY = 1.5  # load for each core; the mean of a minute, in which a user may just have installed something


def wait_briefly() -> None:
    """Let threads of this process sleep soon where there is nothing to do, unless the user says otherwise.

    For commands, whose process is their own: it has to be said before torch is loaded.
    """
    if not any(way in os.environ for way in _WAYS_TO_WAIT):
        os.environ["GOMP_SPINCOUNT"] = _LOOKS


def available_cores() -> int:
    """The cores that this process may use, by its affinity and by the quota of its control group."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, int(min([cores, *_quotas(Path("/sys/fs/cgroup"), Path("/proc/self/cgroup"))])))


def _quotas(root: Path, groups: Path) -> Iterator[float]:
    """How many cores' time each control group leaves this process, of those that limit it.

    In a container its own group is the root. https://docs.kernel.org/admin-guide/cgroup-v2.html, ``cpu.max``;
    https://docs.kernel.org/scheduler/sched-bwc.html for version 1, of which the root alone is read.

    Args:
        root: where control groups are mounted.
        groups: the file that names those of this process.
    """
    try:
        named = os.fsdecode(groups.read_bytes()).splitlines()  # names of groups are bytes
    except OSError:
        named = []
    own = root / next((line[3:].lstrip("/") for line in named if line.startswith("0::")), "")
    for folder in (own, *own.parents):
        if folder.is_relative_to(root):
            yield from _share(folder / "cpu.max")
    yield from _share(root / "cpu" / "cpu.cfs_quota_us", root / "cpu" / "cpu.cfs_period_us")


def _share(*files: Path) -> Iterator[float]:
    """Quota over period, microseconds both; nothing where there is no quota."""
    try:
        quota, period = " ".join(file.read_text() for file in files).split()
        if float(quota) > 0:
            yield float(quota) / float(period)
    except (OSError, ValueError, ZeroDivisionError):
        return


@contextmanager
def computing_with(threads: Any, processes: int = 1) -> Iterator[int]:
    """Let PyTorch compute with so many threads.

    Args:
        threads: their number; or ``auto`` for what OMP_NUM_THREADS says, which the user sets, or joblib for
            each job of a sweep; without it for what PyTorch takes, but no more than this process's share of
            the cores that it may use.
        processes: of one training, which share these cores. Those that start from here learn the number by
            OMP_NUM_THREADS.

    Yields:
        The number.
    """
    import torch

    before, environment = torch.get_num_threads(), os.environ.get(_NUM_THREADS)
    is_said = threads != "auto" or processes > 1
    if threads == "auto":
        share = before if environment else max(1, available_cores() // processes)
        threads = min(before, share)
    try:
        if threads != before:  # to say what is so already changes how MKL divides its work
            torch.set_num_threads(threads)
        if is_said:
            os.environ[_NUM_THREADS] = str(threads)
        yield threads
    finally:
        if torch.get_num_threads() != before:
            torch.set_num_threads(before)
        if is_said:
            del os.environ[_NUM_THREADS]
            if environment is not None:
                os.environ[_NUM_THREADS] = environment


def side_by_side(
    work: Callable[[Item], Result], items: Iterable[Item], threads: int
) -> Generator[Result, None, None]:
    """What becomes of each item, in their order: several at once, of which each has one thread of PyTorch's.

    Threads that share one operation after another wait for each other after each, and for Python between.
    Whoever ends before the last result closes this generator, so that threads are again as they were.

    Args:
        work: an item in, a result out.
        items: read by the caller's thread, one further ahead than there are threads.
        threads: how many work; one alone is the caller's, with PyTorch's threads as they are.
    """
    if threads == 1:
        yield from map(work, items)
        return
    coming: deque[Future[Result]] = deque()
    with computing_with(1), ThreadPoolExecutor(threads) as pool:
        try:
            for item in items:
                coming.append(pool.submit(work, item))
                if len(coming) > threads:
                    yield coming.popleft().result()
            while coming:
                yield coming.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


def tell_of_load(threads: int) -> None:
    """Say so where other work alone wants many more cores than this machine has."""
    cores = os.cpu_count() or 1
    try:
        load = os.getloadavg()[0]
    except (AttributeError, OSError):  # Windows, and sandboxes that hide it
        load = 0.0
    if load > _BUSY * cores:
        advice = "" if threads == 1 else ", and threads=1 may lose less"
        _log.warning(
            f"this machine is busy (a load of {load:.1f} on {cores} cores): training waits for cores{advice}"
        )
