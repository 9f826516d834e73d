"""Mistakes: hundreds of them, each of which must end in one sentence that names the key or the file.

One process imports everything, makes the files of :mod:`mistakes_files` once, and forks a child a case, which
takes a fraction of a second. As a script it tells how many cases there are of which kind, and which fail:

    python tests/mistakes.py [--sentences] [--half] [PATTERN ...]

``--sentences`` shows how each case ends; ``--half`` takes every other case; patterns choose the cases that
hold all of them.
"""

import gc
import hashlib
import os
import re
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from importlib import import_module
from pathlib import Path
from shutil import rmtree
from typing import Any

from mistakes_table import CASES, COMMANDS, Case

# before torch is imported: children share the cores
os.environ["OMP_NUM_THREADS"] = "1"

AT_ONCE = 2  # children
_LONGEST = 600  # characters of a sentence
_MEMORY = 8 << 30  # bytes for a case
_PATIENCE = 150  # seconds for a case; more is a hang
#: What any command may leave in its folder: the lock of a run folder, whole caches.
_ALWAYS_LEFT = (
    "outputs/*/.lock",
    "data/cache/*/events.npy",
    "data/cache/*/weights.npy",
    "data/cache/*/meta.json",
    "data/cache/*.lock",
)
_OUTCOMES = {0: "success", 1: "refused", 2: "refused", 130: "interrupted"}


@dataclass
class Ended:
    """A case that has ended: what it printed, its status, and what is wrong with that."""

    case: Case
    status: int
    out: str
    err: str
    seconds: float
    faults: list[str] = field(default_factory=list)

    @property
    def sentence(self) -> str:
        return self.err.strip().rsplit("\n", 1)[-1]


def contents(folder: Path) -> dict[str, str]:
    """Every file below a folder, and every link, by its path: a digest of what it holds."""
    found = {}
    for path in folder.rglob("*"):
        if path.is_symlink():
            found[str(path.relative_to(folder))] = os.readlink(path)
        elif path.is_file():
            found[str(path.relative_to(folder))] = hashlib.blake2b(path.read_bytes()).hexdigest()
    return found


def marks(folder: Path) -> dict[str, tuple[int, ...]]:
    """Every file below a folder by its path: what changes when it does."""
    return {
        str(path.relative_to(folder)): (status.st_ino, status.st_size, status.st_mtime_ns, status.st_mode)
        for path in folder.rglob("*")
        for status in (path.lstat(),)
        if not path.is_dir()
    }


class Bench:
    """Runs cases in children of this process.

    Args:
        folder: empty; holds the files that all cases share, and a folder a case.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files = folder / "files"
        self.files.mkdir()
        os.environ["HIGGS_DATA_DIR"] = str(folder / "data")

    def prepare(self) -> None:
        """Import everything, and make the files, in a child: this process runs nothing that has threads."""
        for name in (
            *("training.run", "training.testing", "evaluation.prediction", "evaluation.comparison"),
            *("models.graph", "evaluation.description", "evaluation.card", *COMMANDS),
        ):
            import_module(f"higgs_lightning.{name}")
        for name in (
            "torch.utils.tensorboard",
            "onnxruntime",
            "onnxscript",
            "uproot",
            "optuna",
            "huggingface_hub",
        ):
            import_module(name)
        from conftest import composed
        from mistakes_files import make
        from mistakes_table import BASE

        from higgs_lightning.command import require_known_keys

        for name in COMMANDS:
            if name != "compare":
                composed(*BASE[name], name=name)  # grammars are slow before they know their input
                require_known_keys(name, list(BASE[name]))
        gc.collect()
        gc.freeze()
        log = self.folder / "making"
        log.mkdir()
        pid = self._fork(lambda: make(self.files), log, log)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        if status:
            raise RuntimeError((log / "out").read_text() + (log / "err").read_text())
        self.shared = marks(self.files)

    def _fork(self, function: Callable[[], Any], cwd: Path, logs: Path) -> int:
        """Call a function in a child, which ends with its status; its output goes into two files."""
        pid = os.fork()
        if pid:
            return pid
        status = 70
        try:
            os.setpgid(0, 0)
            resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY, _MEMORY))
            signal.signal(signal.SIGINT, signal.default_int_handler)
            for number, name, flags in (
                (0, os.devnull, os.O_RDONLY),
                (1, logs / "out", os.O_CREAT | os.O_WRONLY),
                (2, logs / "err", os.O_CREAT | os.O_WRONLY),
            ):
                os.dup2(os.open(name, flags), number)
            os.chdir(cwd)
            function()
            status = 0
        except SystemExit as end:  # as the interpreter does
            if isinstance(end.code, str):
                print(end.code, file=sys.stderr)
            status = end.code if isinstance(end.code, int) else int(end.code is not None)
        except BaseException:
            traceback.print_exc()
            status = 1
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)

    def _start(self, case: Case, number: int) -> tuple[int, Path, dict[str, str]]:
        room = self.folder / str(number)
        cwd = room / "cwd"
        cwd.mkdir(parents=True)
        if case.before is not None:
            case.before(cwd, self.files)

        def run() -> None:
            sys.argv = [case.command, *(a.replace("FILES", str(self.files)) for a in case.arguments)]
            if not case.draws:
                from higgs_lightning.evaluation import report

                report.draw_history = report.draw_evaluations = lambda *_: {}  # type: ignore[assignment]
            import_module(f"higgs_lightning.{case.command}").main()

        return self._fork(run, cwd, room), cwd, contents(cwd)

    def run(self, cases: Sequence[Case]) -> Iterator[Ended]:
        """Run cases, some at a time, and judge each."""
        waiting = list(enumerate(cases))[::-1]
        running: dict[int, tuple[Case, Path, dict[str, str], float]] = {}
        interrupted = set()
        while waiting or running:
            if waiting and len(running) < AT_ONCE:
                number, case = waiting.pop()
                pid, cwd, before = self._start(case, number)
                running[pid] = (case, cwd, before, time.monotonic())
                continue
            time.sleep(0.003)
            for pid, (case, cwd, before, start) in list(running.items()):
                seconds = time.monotonic() - start
                done, status = os.waitpid(pid, os.WNOHANG)
                if done:
                    del running[pid]
                    yield self._judged(case, os.waitstatus_to_exitcode(status), cwd, before, seconds)
                elif seconds > _PATIENCE:
                    os.killpg(pid, signal.SIGKILL)
                elif case.interrupt and pid not in interrupted and case.interrupt(cwd):
                    interrupted.add(pid)
                    os.killpg(pid, signal.SIGINT)  # as a terminal does

    def _judged(self, case: Case, status: int, cwd: Path, before: dict[str, str], seconds: float) -> Ended:
        out, err = ((cwd.parent / name).read_text(errors="replace") for name in ("out", "err"))
        ended = Ended(case, status, out, err, seconds)
        wrong = ended.faults
        if status == -signal.SIGKILL:
            wrong.append(f"hangs for {_PATIENCE} s")
        elif status != case.status:
            wrong.append(f"ends with status {status}, not {case.status}")
        if "Traceback" in out + err:
            wrong.append("a traceback")
        if case.status == 0:
            if not re.search(case.says, out):
                wrong.append(f"does not print {case.says!r}")
        elif case.status == 1:
            if not ended.sentence.startswith("error: ") or len(re.findall("(?m)^error: ", err)) != 1:
                wrong.append("its last line is not the one sentence")
            if not re.search(case.says, ended.sentence):
                wrong.append(f"does not say {case.says!r}")
            if len(ended.sentence) > _LONGEST:
                wrong.append(f"a sentence of {len(ended.sentence)} characters")
        elif not re.search(case.says, ended.sentence):
            wrong.append(f"does not say {case.says!r}")
        after = contents(cwd)
        wrong += [f"changes {name}" for name in before if after.get(name) != before[name]]
        wrong += [
            f"leaves {name}"
            for name in after
            if name not in before and not any(fnmatch(name, p) for p in (*_ALWAYS_LEFT, *case.leaves))
        ]
        wrong += [f"leaves {name}" for name in after if "partial" in name or name.endswith(".part")]
        now = marks(self.files)
        wrong += [f"changes FILES/{n}" for n in {*now, *self.shared} if now.get(n) != self.shared.get(n)]
        self.shared = now
        rmtree(cwd.parent, ignore_errors=True)
        return ended


def summary(ended: Sequence[Ended]) -> str:
    """Cases by command and by kind, and how they ended."""
    lines = [
        f"{'command':9} {'kind':44} {'cases':>6} {'refused':>8} {'success':>8} {'ctrl-c':>7} {'failed':>7}"
    ]

    def line(command: str, kind: str, chosen: Sequence[Ended]) -> str:
        ends = Counter("failed" if e.faults else _OUTCOMES[e.case.status] for e in chosen)
        counts = (len(chosen), ends["refused"], ends["success"], ends["interrupted"], ends["failed"])
        return f"{command:9} {kind:44} {counts[0]:6} {counts[1]:8} {counts[2]:8} {counts[3]:7} {counts[4]:7}"

    for command in COMMANDS:
        of_command = [each for each in ended if each.case.command == command]
        for kind in dict.fromkeys(each.case.kind for each in of_command):
            lines.append(line(command, kind, [each for each in of_command if each.case.kind == kind]))
    for command in COMMANDS:
        lines.append(line(command, "all", [each for each in ended if each.case.command == command]))
    return "\n".join([*lines, line("all", "all", ended)])


def failures(ended: Sequence[Ended]) -> str:
    """What is wrong with each case that fails, and its last words."""
    return "\n\n".join(
        f"{each.case}\n  {'; '.join(each.faults)}\n  {each.sentence[:1000]}" for each in ended if each.faults
    )


def main(arguments: Sequence[str]) -> int:
    patterns = [argument for argument in arguments if not argument.startswith("--")]
    chosen = [each for each in CASES if all(re.search(pattern, str(each)) for pattern in patterns)]
    if "--half" in arguments:
        chosen = chosen[::2]
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mistakes-", ignore_cleanup_errors=True) as folder:
        bench = Bench(Path(folder))
        bench.prepare()
        ready = time.monotonic()
        ended = []
        for each in bench.run(chosen):
            ended.append(each)
            if "--sentences" in arguments:
                print(f"{each.seconds:5.1f} {'FAILS' if each.faults else 'ok   '} {each.case}", flush=True)
                print(
                    "\n".join(f"        {line}" for line in (*each.faults, each.sentence[:1000])), flush=True
                )
    print(summary(ended))
    seconds = time.monotonic() - start
    print(f"\n{len(ended)} cases in {seconds:.0f} s, of which {ready - start:.0f} s to make ready")
    print(f"\n{failures(ended)}" if any(each.faults for each in ended) else "none fails")
    return int(any(each.faults for each in ended))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
