"""A trained model given away: its weights, and a model card that says what they are and how good."""

from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from higgs_lightning import addresses, runs
from higgs_lightning.configuration import as_written, require_kinds
from higgs_lightning.errors import UserError, one_line
from higgs_lightning.training.ancestors import names_of, save_weights

_CONFIG = (
    *("model.", "objective.", "optimizer.", "scheduler.", "selection.", "data.", "init", "teacher"),
    *("trainer.max_epochs", "trainer.precision", "trainer.gradient_clip_val", "trainer.accumulate"),
)
#: What says where files lie, which is nobody else's business, and what is not an option or is said elsewhere.
_NOT_OF_CONFIG = (
    "data.csv",
    "data.test_csv",
    "data.dir",
    "data.name",
    "data.device_resident",
    "data._target_",
)

_CARD = """\
---
{metadata}---

# {title}

`{model}` of higgs_lightning {version}, {parameters} parameters: it tells events in which a heavy Higgs boson
decays into two W bosons and a light Higgs boson (signal) from top-quark pairs (background), by the 21
low-level features of [UCI HIGGS](https://archive.ics.uci.edu/dataset/280/higgs): lepton, missing energy, and
momentum, direction and b-tag of four jets.

## Use

With higgs_lightning and its extra `hub`:

```bash
python -m higgs_lightning.predict ckpt={address} input=FILE output=scores.parquet
python -m higgs_lightning.evaluate ckpt={address} data=higgs data.csv=FILE
python -m higgs_lightning.train stage=finetune init={address} data=higgs data.csv=FILE
```

```python
from higgs_lightning import load_model

model = load_model("{address}")
signal = model.predict_proba(features)[:, 1]  # features: (N, 21) in HIGGS units, NaN for what is missing
```

The file holds weights and the options of the model, and nothing in it is executed.

## How good it is

| events | number | of them signal | ROC-AUC | 95 % interval (DeLong) |
|---|---|---|---|---|
{scores}

Of {epochs} epochs, counted from 0, these are the weights after epoch {best_epoch}; test events had no part in
the choice. {trained_on}

## Data

{dataset}

| file | events | CRC-32 of them |
|---|---|---|
{files}

## Configuration

Seed {seed}. Options of `python -m higgs_lightning.train`:

```
{config}
```

## What it is not for

- Events of other kinds than its test events: of another signal, background, selection, detector or beam
  energy the numbers above say nothing.
- A measurement as it is. Its uncertainties come from an analysis, with systematic uncertainties
  (`evaluate report=systematics` moves some of the detector's) and with a background that was measured.
- A probability of signal where signal is rarer or more frequent than in its training, or before its
  calibration was looked at (`evaluate fit_temperature=true`).
"""


def push(ckpt: str | Path, output: str, private: bool = False) -> str:
    """Put the best weights of a run and a model card into a repository of the Hugging Face Hub.

    Args:
        ckpt: the folder of a run that has ended, or ``last``.
        output: ``hf://USER/REPO``, which is made if it is not there, or with a branch, ``hf://USER/REPO@BRANCH``.
        private: whether a new repository is to be seen by its owner alone.

    Returns:
        The address of what was written, with its commit.

    Raises:
        UserError: there is no such run, or the Hub can't be reached or refuses.
    """
    require_kinds("push", {"ckpt": str(ckpt), "output": output, "private": private})
    addresses.repository(output, "output")
    addresses.import_hub()
    run = _ended(ckpt)
    try:
        text = card(run, output)
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"ckpt={ckpt}: its {runs.METRICS} or {runs.CONFIG} lacks {one_line(error)}: train it again"
        ) from error
    with TemporaryDirectory() as folder:
        weights, readme = Path(folder) / addresses.WEIGHTS, Path(folder) / "README.md"
        save_weights(run.name, weights, name=output)
        readme.write_text(text, encoding="utf-8")
        return addresses.push(output, {each.name: each for each in (readme, weights)}, private, "output")


def _ended(ckpt: str | Path) -> runs.Run:
    """What a run left in its folder, which is its name."""
    folder = Path(str(ckpt))
    if str(ckpt) == "last" or folder.is_dir():
        folder = runs.find_checkpoint(ckpt, "best").parent.parent
    if not runs.config_path(folder):
        raise UserError(f"ckpt={ckpt}: give the folder of a run, whose numbers the model card is made of")
    run = runs.read_run(folder, str(folder))
    if not run.metrics:
        raise UserError(f"ckpt={ckpt} has no metrics ({run.failure}): give a run that has ended")
    return run


def card(run: runs.Run, address: str) -> str:
    """The model card of a run, in Markdown with the metadata of the Hub.

    It names files of data without their folders, and holds no path.

    Args:
        run: as it was read; its text may be a stranger's.
        address: where the card will lie.
    """
    metrics = run.metrics
    dataset, model = _text(metrics["dataset"]), _text(run.config["model._target_"]).rpartition(".")[2]
    auc = {"type": "roc_auc", "name": "ROC-AUC of test events", "value": metrics["test/auc"]}
    result = {
        "task": {"type": "tabular-classification"},
        "dataset": {"type": "higgs", "name": dataset},
        "metrics": [auc],
    }
    metadata = {
        "library_name": "higgs_lightning",
        "pipeline_tag": "tabular-classification",
        "tags": ["higgs", "high-energy-physics", "particle-physics"],
        "model-index": [{"name": address.rpartition("/")[2], "results": [result]}],
    }
    return _CARD.format(
        metadata=yaml.safe_dump(metadata, sort_keys=False, allow_unicode=True),
        title=f"{model} trained on {dataset}",
        model=model,
        version=version("higgs_lightning"),
        parameters=f"{metrics['parameters']:,}",
        address=address,
        scores="\n".join(_row(split, metrics) for split in ("train", "val", "test")),
        best_epoch=metrics["best_epoch"],
        epochs=metrics["epochs"],
        trained_on=_trained_on(metrics.get("test/events_trained_on")),
        dataset=dataset,
        files="\n".join(_file(each) for each in runs.identity_of(metrics["data"]) or ()),
        seed=metrics["seed"],
        config="\n".join(_options(run.config)),
    )


def _trained_on(number: int | None) -> str:
    if number is None:
        return "Whether the trainings behind it had some of them is not known."
    return f"{number:,} of them were trained on." if number else "None of them was trained on."


def _row(split: str, metrics: dict[str, Any]) -> str:
    name = {"train": "training", "val": "validation", "test": "test"}[split]
    auc, low, high = (metrics[f"{split}/{each}"] for each in ("auc", "auc_low", "auc_high"))
    found = ["unknown", ""] if auc is None else [f"{auc:.4f}", f"{low:.4f} to {high:.4f}"]
    events, signal = metrics[f"{split}/events"], metrics[f"{split}/signal_events"]
    return f"| {' | '.join([name, f'{events:,}', f'{signal:,}', *found])} |"


def _file(data: dict[str, Any]) -> str:
    return f"| {_text(names_of(data['file']))} | {data['rows']:,} | {data['crc32']:08x} |"


def _options(config: dict[str, Any]) -> list[str]:
    lines = []
    for key, value in config.items():
        is_left_out = key.startswith(_NOT_OF_CONFIG) or key.endswith("._partial_")
        if is_left_out or not key.startswith(_CONFIG):
            continue
        if key in ("init", "teacher") and value is not None:
            value = ", ".join(map(runs.name_of, value if isinstance(value, list) else [value]))
        lines.append(_text(f"{key}={as_written(value)}"))
    return lines


def _text(value: Any) -> str:
    """Text that may be a stranger's, as one line that is no Markdown."""
    return one_line(value).replace("`", "'").replace("|", "/").replace("<", "&lt;")
