"""Commands in children of a process that has imported what they need: a fraction of the time of a new one.

The server is Python's own, which runs nothing but imports: a child of a process with threads may hang.
"""

import json
import multiprocessing
import os
import subprocess
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

_IMPORTED = [
    *(f"higgs_lightning.{name}" for name in ("training.run", "training.testing", "models.graph")),
    *("higgs_lightning.evaluation.prediction", "higgs_lightning.evaluation.comparison"),
    *("torch.utils.tensorboard", "tensorboard.plugins.projector"),
]
SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(_IMPORTED)


def run(name: str, arguments: list[str], cwd: Path, timeout: float) -> subprocess.CompletedProcess[str]:
    """``python -m higgs_lightning.NAME ARGUMENTS`` in a folder, as :func:`subprocess.run` would report it."""
    with TemporaryDirectory() as folder:
        out, err = (Path(folder) / stream for stream in ("out", "err"))
        child = SERVER.Process(target=_command, args=(name, arguments, str(cwd), str(out), str(err)))
        child.start()
        child.join(timeout)
        if child.is_alive():
            child.kill()
            raise subprocess.TimeoutExpired([name, *arguments], timeout)
        assert child.exitcode is not None
        return subprocess.CompletedProcess(
            [name, *arguments], child.exitcode, out.read_text(), err.read_text()
        )


def run_all(package: Path, commands: Sequence[tuple[str, ...]], cwd: Path) -> list[str]:
    """What commands of a copy of the package print, one after the other: verb and arguments of each.

    They are children of one process, as this one's server has the package itself.
    """
    with TemporaryDirectory() as folder:
        line = [sys.executable, __file__, str(package), str(cwd), folder, json.dumps(commands)]
        done = subprocess.run(line, capture_output=True, text=True, timeout=600, check=False)
        assert done.returncode == 0, done.stderr
        return [Path(folder, f"{number}.out").read_text() for number in range(len(commands))]


def _run_all(package: str, cwd: str, folder: str, commands: str) -> None:
    sys.path.insert(0, package)
    for module in _IMPORTED:
        import_module(module)
    for number, (name, *arguments) in enumerate(json.loads(commands)):
        out, err = (Path(folder, f"{number}.{stream}") for stream in ("out", "err"))
        child = os.fork()
        if not child:
            _command(name, arguments, cwd, str(out), str(err))
        if os.waitpid(child, 0)[1]:
            sys.exit(f"{name} {arguments}: {err.read_text()}")


def _command(name: str, arguments: list[str], cwd: str, out: str, err: str) -> None:
    for stream, path in ((1, out), (2, err)):
        os.dup2(os.open(path, os.O_CREAT | os.O_WRONLY), stream)
    os.chdir(cwd)
    sys.path.insert(0, cwd)  # as `python -m` does
    sys.argv = [name, *arguments]
    status = 0
    try:
        import_module(f"higgs_lightning.{name}").main()
    except SystemExit as end:  # as the interpreter does
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    _run_all(*sys.argv[1:])
