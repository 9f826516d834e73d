"""The package as others have it: the commands by one name, and the wheel away from the repository."""

import os
import re
import subprocess
import sys
import zipfile
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
