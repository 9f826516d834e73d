"""Programs that take turns, because a machine's speed moves: while one computes, the others stand still."""

import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

_WARM_UP = 8  # pieces of work


def speeds(
    commands: Mapping[str, list[str]], revisions: Mapping[str, Path], turns: int, seconds: float
) -> dict[str, list[float]]:
    """Events a second of each program in each of its turns.

    Args:
        commands: by the name of the program. A file is added as the last argument, to which the program
            writes a line for each piece of its work: when it began and ended (``time.monotonic``), and of how
            many events it was. Pieces that the begin or the end of a turn cuts do not count.
        revisions: by the same names, the working tree whose package a program imports.
        turns: of each.
        seconds: of a turn.
    """
    found: dict[str, list[float]] = {name: [] for name in commands}
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))  # with which programs end, too
    with TemporaryDirectory() as folder, ExitStack() as stack:
        programs = {}
        for name, command in commands.items():
            pieces = Path(folder, name)
            said = stack.enter_context(pieces.with_suffix(".log").open("wb"))
            options = of(revisions[name])
            program = subprocess.Popen([*command, pieces], stdout=said, stderr=said, **options)
            stack.callback(_ended, program)
            while len(_read(pieces)) < _WARM_UP:
                _require_running(program, pieces)
                time.sleep(0.1)
            program.send_signal(signal.SIGSTOP)
            programs[name] = program, pieces
        for _ in range(turns):
            for name, (program, pieces) in programs.items():
                start = time.monotonic()
                program.send_signal(signal.SIGCONT)
                time.sleep(seconds)
                _require_running(program, pieces)
                program.send_signal(signal.SIGSTOP)
                end = time.monotonic()
                within = [piece for piece in _read(pieces) if start < piece[0] and piece[1] < end]
                if not within:
                    sys.exit(f"{name} does no whole piece of its work in {seconds} s: give turns more time")
                events = sum(number for _, _, number in within)
                found[name].append(events / sum(last - first for first, last, _ in within))
    return found


def of(revision: Path) -> dict[str, Any]:
    """Options of subprocess for a program that imports the package of a working tree."""
    folder = revision.resolve()
    return {"cwd": folder, "env": {**os.environ, "PYTHONPATH": str(folder)}}


def ratio(found: Mapping[str, list[float]], name: str) -> float:
    """How many times as fast as the first program one is, by the median of turns that are side by side."""
    first = next(iter(found.values()))
    return statistics.median(own / other for own, other in zip(found[name], first, strict=True))


def _require_running(program: subprocess.Popen[bytes], pieces: Path) -> None:
    if program.poll() is not None:
        print(pieces.with_suffix(".log").read_text()[-2000:], file=sys.stderr)
        sys.exit(f"{pieces.name} came to an end before its turns did")


def _ended(program: subprocess.Popen[bytes]) -> None:
    program.kill()
    program.wait()


def _read(pieces: Path) -> list[tuple[float, float, float]]:
    """The pieces of work that are written down."""
    lines = pieces.read_text().splitlines(keepends=True) if pieces.exists() else []
    numbers = (map(float, line.split()) for line in lines if line.endswith("\n"))
    return [(start, end, events) for start, end, events in numbers]
