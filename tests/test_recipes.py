"""The recipes of docs/contributing.md, followed in a copy of the package."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import REPOSITORY
from test_docs import bash_commands, check
from test_outside import MODEL, OBJECTIVE

from higgs_lightning import command as commands

DEBUG = ["trainer=debug", "trainer.enable_progress_bar=false", "figures_every=0"]
_START = """
import runpy, sys
sys.path.insert(0, "..")
runpy.run_module(sys.argv.pop(1), run_name="__main__")
"""
COMMAND = """
from pathlib import Path

from higgs_lightning.command import command


@command("count", {"input": "say which file: input=FILE"})
def main(cfg):
    from higgs_lightning.data.formats import read_table

    print(sum(len(block) for block, _ in read_table(Path(cfg.input), 1024)), "events")


if __name__ == "__main__":
    main()
"""
COMMAND_OPTIONS = """
defaults:
  - override hydra/job_logging: stdout
  - _self_
input: ???
hydra:
  run:
    dir: .
  output_subdir: null
"""
FILES = {
    "higgs_lightning/models/shallow.py": MODEL.replace(
        "higgs_lightning.models", "higgs_lightning.models.base"
    ),
    "conf/model/shallow.yaml": "_target_: higgs_lightning.models.Shallow\nnum_layers: 1\ndim: 8\n",
    "higgs_lightning/training/focal.py": OBJECTIVE,
    "conf/objective/focal.yaml": "_target_: higgs_lightning.training.focal.FocalObjective\ngamma: 2.0\n",
    "conf/optimizer/sgd.yaml": "_target_: torch.optim.SGD\n_partial_: true\nlr: 0.1\nmomentum: 0.9\n",
    "conf/count.yaml": COMMAND_OPTIONS,
    "higgs_lightning/count.py": COMMAND,
}
CALLBACK = """

class Note(Callback):
    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        print("the note")
"""
METRIC = """
    @property
    def brier(self) -> float:
        return float(((self.probabilities - self.labels) ** 2).mean())
"""
READER = """

def _npy(path: Path, rows: int) -> Iterator[tuple[np.ndarray, float]]:
    table = np.load(path, mmap_mode="r", allow_pickle=False)
    columns = _unnamed(table.shape[1], path)
    for start in range(0, len(table), rows):
        block = np.asarray(table[start : start + rows, columns], np.float32)
        yield block, min(1.0, (start + rows) / len(table))
"""
NAMED_CALLBACK = '"callbacks.note": {"higgs_lightning.training.callbacks.Note"},'
#: By file: a line of it, and what a recipe inserts after it; None for its end.
INSERTED: list[tuple[str, str | None, str]] = [
    ("models/__init__.py", None, "from higgs_lightning.models.shallow import Shallow  # noqa: E402, F401\n"),
    ("configuration.py", '    "model": {', '"higgs_lightning.models.Shallow",'),
    ("configuration.py", "NAMED: dict[str, Collection[str]] = {", NAMED_CALLBACK),
    ("configuration.py", "_OBJECTIVE = {", '"objective.gamma": number(least=0),'),
    ("training/callbacks.py", None, CALLBACK),
    ("../conf/callbacks/default.yaml", None, "note:\n  _target_: higgs_lightning.training.callbacks.Note\n"),
    ("evaluation/scores.py", "        return len(self.labels)", METRIC),
    ("evaluation/report.py", '            f"{split}/auc": auc.auc,', 'f"{split}/brier": evaluation.brier,'),
    ("data/formats.py", None, READER),
]
#: By file: what a recipe replaces.
REPLACED = [
    ("configuration.py", "{_OBJECTIVE_CLASS}", """{
        _OBJECTIVE_CLASS, "higgs_lightning.training.focal.FocalObjective"
    }"""),
    ("data/formats.py", "        if magic == _PARQUET:", """        if magic == b"\\x93NUM":
            yield from _npy(path, rows)
        elif magic == _PARQUET:"""),
]  # fmt: skip
ALL_28 = [
    ("schema.py", "CACHED_COLUMNS = COLUMNS[: 1 + len(LOW_LEVEL)]", "CACHED_COLUMNS = COLUMNS"),
    ("schema.py", "NUM_FEATURES = len(LOW_LEVEL)", "NUM_FEATURES = len(LOW_LEVEL + HIGH_LEVEL)"),
    ("schema.py", "    beyond = ", "    features = features[:, : len(LOW_LEVEL)]\n    beyond = "),
    ("masking.py", "features.isnan().float()", "features[:, : len(schema.LOW_LEVEL)].isnan().float()"),
    ("masking.py", "    return hidden[:, _OBJECT_OF_FEATURE.to(hidden.device)]", """
    masses = hidden.any(dim=1, keepdim=True).expand(-1, len(schema.HIGH_LEVEL))
    return torch.cat([hidden[:, _OBJECT_OF_FEATURE.to(hidden.device)], masses], dim=1)"""),
]  # fmt: skip


def copied(folder: Path) -> Path:
    for name in ("higgs_lightning", "conf"):
        shutil.copytree(REPOSITORY / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "work").mkdir()
    return folder


def replace(package: Path, name: str, before: str, after: str) -> None:
    file = package / "higgs_lightning" / name
    text = file.read_text()
    assert text.count(before) == 1, f"{name}: {before!r} stands there {text.count(before)} times"
    file.write_text(text.replace(before, after))


def insert(package: Path, name: str, after: str | None, text: str) -> None:
    if after is None:
        with (package / "higgs_lightning" / name).open("a") as file:
            file.write(text)
    else:
        replace(package, name, f"{after}\n", f"{after}\n{text}\n")


def start(package: Path, verb: str, *arguments: str) -> str:
    """What a command of a copy of the package prints."""
    line = [sys.executable, "-c", _START, f"higgs_lightning.{verb}", *arguments]
    done = subprocess.run(
        line, cwd=package / "work", capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_a_model_a_loss_a_callback_an_optimizer_a_metric_a_format_a_command(
    tmp_path: Path, higgs_csv: Path, monkeypatch: pytest.MonkeyPatch
):
    package = copied(tmp_path)
    for name, content in FILES.items():
        (package / name).write_text(content)
    for inserted in INSERTED:
        insert(package, *inserted)
    for replaced in REPLACED:
        replace(package, *replaced)

    monkeypatch.setattr(commands, "CONFIG_DIR", str(package / "conf"))
    for verb, arguments in bash_commands(REPOSITORY / "docs" / "contributing.md"):
        check(verb, arguments)

    data = ["data=higgs", f"data.csv={higgs_csv}"]
    said = start(package, "train", "model=shallow", "objective=focal", "optimizer=sgd", *data, *DEBUG)
    assert "the note" in said
    (metrics,) = package.glob("work/outputs/*/*/metrics.json")
    assert all(name in metrics.read_text() for name in ("test/brier", "test/focal_loss"))
    start(package, "train", "ckpt=last", "trainer.max_epochs=2")
    start(package, "evaluate", "ckpt=last", "trainer.enable_progress_bar=false")

    np.save(package / "work" / "rows.npy", np.loadtxt(higgs_csv, delimiter=","))
    for source in ("rows.npy", str(higgs_csv)):
        start(
            package, "predict", "ckpt=pretrained", f"input={source}", f"output={Path(source).suffix[1:]}.csv"
        )
    assert (package / "work" / "npy.csv").read_bytes() == (package / "work" / "csv.csv").read_bytes()
    assert start(package, "count", f"input={higgs_csv}") == "3000 events\n"


@pytest.mark.slow
def test_28_features(tmp_path: Path):
    """On the embedded sample, whose masses are those of its events."""
    package = copied(tmp_path)
    for replaced in ALL_28:
        replace(package, *replaced)
    start(package, "train", "model=dnn", "model.dim=16", "data.train_events=1000", *DEBUG)
    (config,) = package.glob("work/outputs/*/*/config.yaml")
    start(package, "evaluate", f"ckpt={config.parent}", *DEBUG[:2])
