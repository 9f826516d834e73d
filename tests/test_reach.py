"""The package as others have it: the commands by one name, and the wheel away from the repository."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from importlib import import_module
from pathlib import Path

import pytest
from conftest import REPOSITORY

from higgs_lightning import __main__ as higgs


@pytest.mark.parametrize("argument", ["--help", None])
def test_the_commands_are_listed(
    argument, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(sys, "argv", ["higgs", *filter(None, [argument])])
    higgs.main()
    listed = re.findall(r"^higgs (\w+) ", capsys.readouterr().out, re.MULTILINE)
    doors = [path.stem for path in (REPOSITORY / "conf").glob("*.yaml")]
    assert sorted(listed) == sorted([*doors, "compare"])  # which alone has no configuration


def test_the_version(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr(sys, "argv", ["higgs", "--version"])
    higgs.main()
    assert re.fullmatch(r"higgs_lightning \d+\.\d+\.\d+\n", capsys.readouterr().out)


def test_an_unknown_command_is_told_the_nearest(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "argv", ["higgs", "trian", "seed=1"])
    with pytest.raises(SystemExit, match="error: trian is no command; train is the nearest"):
        higgs.main()


def completed(line: str, cwd: Path) -> list[str]:
    """What bash proposes after a line, as readline would ask it."""
    script = f"""
        higgs() {{ {shlex.quote(sys.executable)} -m higgs_lightning "$@"; }}
        eval "$(higgs --shell-completion install=bash)"
        COMP_LINE={shlex.quote(line)} COMP_POINT={len(line)} COMP_WORDS=({line})
        _higgs; printf '%s\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(["bash", "--norc", "-c", script], cwd=cwd, capture_output=True, text=True)
    assert done.stderr == ""
    return done.stdout.splitlines()


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("higgs e", ["evaluate ", "export "]),
        ("higgs train model=", ["dnn", "particle", "particle_large", "scalar", "seed"]),
        ("  higgs train -m seed=1,2 model=d", ["dnn"]),
        ("higgs train model=dnn model.n", ["model.num_layers="]),  # it has no num_heads
        ("higgs train model.num_", ["model.num_heads=", "model.num_layers="]),
        ("higgs predict input=./$", ["./$(>executed)"]),
        ("higgs compare o", [""]),
        ("higgs nothing o", [""]),
    ],
)
def test_bash_completes_commands_and_their_keys(line: str, expected: list[str], tmp_path: Path):
    (tmp_path / "$(>executed)").touch()
    assert completed(line, tmp_path) == expected
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("higgs", ["-sc", "install=fish"]),
        ("higgs", ["--shell-completion"]),
        ("train", ["-sc", "install=bash"]),
        ("train", ["-sc", "query=bash"]),  # which the script asks, with the line in the environment
    ],
)
def test_there_is_one_completion(name: str, arguments: list[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "argv", [name, *arguments])
    with pytest.raises(SystemExit, match=r"error: .*say higgs --shell-completion install=bash"):
        (higgs if name == "higgs" else import_module(f"higgs_lightning.{name}")).main()


@pytest.mark.slow
def test_the_wheel_holds_everything_and_works_elsewhere(tmp_path: Path):
    """Its commands, configuration, weights, sample and plugin."""
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=REPOSITORY, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    (scripts,) = tmp_path.glob("site/*.dist-info/entry_points.txt")
    assert "higgs = higgs_lightning.__main__:main" in scripts.read_text()
    assert (tmp_path / "site/hydra_plugins/higgs_lightning_search.py").is_file()
    assert (tmp_path / "site/higgs_lightning/completion.bash").is_file()

    def run(*arguments: str) -> str:
        environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
        # as the script does
        code = "from higgs_lightning.__main__ import main; print(main.__code__.co_filename); main()"
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    printed = run("train", "stage=finetune", "trainer=debug", "data.train_events=1000")
    assert "embedded sample (simulated)" in printed
    assert "outputs/" in run("--help")
    (folder,) = tmp_path.glob("outputs/*/*")
    assert (folder / "metrics.json").is_file()
    for file in ("config.yaml", "provenance.json"):
        assert str(REPOSITORY) not in (folder / file).read_text()
