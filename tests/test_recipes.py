"""The recipes of docs/contributing.md, followed in a copy of the package."""

import shutil
from pathlib import Path

import forked
import numpy as np
import pyarrow as pa
import pyarrow.feather
import pytest
from conftest import REPOSITORY
from test_docs import bash_commands, check
from test_outside import MODEL, OBJECTIVE

from higgs_lightning import command as commands
from higgs_lightning import schema

DEBUG = ["trainer=debug", "trainer.enable_progress_bar=false", "figures_every=0"]
COMMAND = """
from pathlib import Path

from higgs_lightning.command import command


@command("count", {"input": "say which file: input=FILE"})
def main(cfg):
    from higgs_lightning.data.columns import Reading
    from higgs_lightning.data.formats import read_file
    from higgs_lightning.data.sources import Source

    blocks = read_file(Source(Path(cfg.input)), Reading(prefix=""), needs_label=False)
    print(sum(len(block) for block, _ in blocks), "events")


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
def _feather(source: Source, stack: ExitStack, rows: int, reading: Reading) -> Table:
    file = pa.ipc.open_file(stack.enter_context(pa.memory_map(str(source.path))))
    batches = file.num_record_batches

    def blocks(columns: Columns) -> Iterator[tuple[Sequence[Any], float]]:
        for number in range(batches):
            batch = file.get_batch(number)
            yield [batch.column(place) for place in columns.positions], (number + 1) / batches

    return Table(file.schema.names, len(file.schema.names), blocks)


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
    (
        "evaluation/sections.py",
        '            f"{split}/accuracy": each.accuracy,',
        'f"{split}/brier": each.brier,',
    ),
]
#: By file: what a recipe replaces.
REPLACED = [
    ("configuration.py", "{_OBJECTIVE_CLASS, _DECORRELATED_CLASS}", """{
        _OBJECTIVE_CLASS, _DECORRELATED_CLASS, "higgs_lightning.training.focal.FocalObjective"
    }"""),
    ("data/formats.py", "_BINARY: dict", READER + "_BINARY: dict"),
    ("data/formats.py", "    _ZIP: _npz,", '    _ZIP: _npz,\n    b"ARROW1": _feather,'),
]  # fmt: skip
ALL_28 = [
    ("schema.py", "CACHED_COLUMNS = COLUMNS[: 1 + len(LOW_LEVEL)]", "CACHED_COLUMNS = COLUMNS"),
    ("schema.py", "NUM_FEATURES = len(LOW_LEVEL)", "NUM_FEATURES = len(LOW_LEVEL + HIGH_LEVEL)"),
    ("schema.py", "    beyond = ", "    features = features[:, : len(LOW_LEVEL)]\n    beyond = "),
    ("masking.py", "features.isnan().float()", "features[:, : len(schema.LOW_LEVEL)].isnan().float()"),
    ("units.py", '    in_gev = units == "gev"', """    in_gev = units == "gev"
    events = events[:, : len(schema.LOW_LEVEL)]"""),
    ("masking.py", "    return hidden.index_select(1, _OBJECT_OF_FEATURE.on(hidden))", """
    masses = hidden.any(dim=1, keepdim=True).expand(-1, len(schema.HIGH_LEVEL))
    return torch.cat([hidden[:, _OBJECT_OF_FEATURE.on(hidden)], masses], dim=1)"""),
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

    rows = np.loadtxt(higgs_csv, delimiter=",", dtype=np.float32)
    table = pa.table(dict(zip(schema.COLUMNS, rows.T, strict=True)))
    pyarrow.feather.write_feather(table, package / "work" / "events.arrow")
    data = ["data=higgs", f"data.csv={higgs_csv}"]
    first, *_, last = forked.run_all(
        package,
        [
            (
                "train",
                "model=shallow",
                "objective=focal",
                "optimizer=sgd",
                "hydra.run.dir=run",
                *data,
                *DEBUG,
            ),
            ("train", "ckpt=run", "trainer.max_epochs=2"),
            ("evaluate", "ckpt=run", "trainer.enable_progress_bar=false"),
            ("predict", "ckpt=pretrained", "input=events.arrow", "output=arrow.csv"),
            ("predict", "ckpt=pretrained", f"input={higgs_csv}", "output=csv.csv"),
            ("train", "data=higgs", "data.csv=events.arrow", "model=dnn", "model.dim=16", *DEBUG),
            ("count", f"input={higgs_csv}"),
        ],
        package / "work",
    )
    assert "the note" in first
    metrics = (package / "work" / "run" / "metrics.json").read_text()
    assert all(name in metrics for name in ("test/brier", "test/focal_loss"))
    assert (package / "work" / "arrow.csv").read_bytes() == (package / "work" / "csv.csv").read_bytes()
    assert last == "3000 events\n"


@pytest.mark.slow
def test_28_features(tmp_path: Path):
    """On the embedded sample, whose masses are those of its events."""
    package = copied(tmp_path)
    for replaced in ALL_28:
        replace(package, *replaced)
    commands = [
        ("train", "model=dnn", "model.dim=16", "data.train_events=1000", "hydra.run.dir=run", *DEBUG),
        ("evaluate", "ckpt=run", *DEBUG[:2]),
    ]
    forked.run_all(package, commands, package / "work")
    assert (package / "work" / "run" / "config.yaml").exists()
