"""What users add from outside of the package: a model, an objective, a callback, an optimizer."""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import command

QUIET = "trainer.enable_progress_bar=false"
MODEL = '''
from torch import nn

from higgs_lightning.models import Model, Output


class Shallow(Model):
    """One hidden layer."""

    has_decoder = False

    def __init__(self, num_layers: int, dim: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(21, dim)
        self.classifier = nn.Linear(dim, num_layers)

    def forward(self, features, hidden=None):
        latent = self.hidden(features.nan_to_num()).relu()
        return Output(self.classifier(latent).mean(dim=1), latent, latent)
'''
OBJECTIVE = '''
import torch
from torch.nn import functional as F

from higgs_lightning.evaluation.scores import Step


class FocalObjective:
    """Focal loss: T.-Y. Lin et al., ICCV 2017."""

    losses = ("loss", "focal_loss")

    def __init__(self, gamma: float) -> None:
        self.gamma = gamma

    def to(self, device):
        pass

    def __call__(self, model, features, labels, generator):
        output = model(features)
        p = output.logits.sigmoid()
        miss = torch.where(labels > 0.5, 1 - p, p)
        bce = F.binary_cross_entropy_with_logits(output.logits, labels, reduction="none")
        loss = (miss**self.gamma * bce).mean()
        return Step(
            losses={"loss": loss, "focal_loss": loss.detach()},
            probabilities=p.detach().float(),
            labels=labels,
            latent=output.latent.detach(),
            features=features[:0],
            reconstruction=features[:0],
            counted=features[:0].bool(),
        )
'''


@pytest.fixture
def small(higgs_csv: Path) -> list[str]:
    data = ["data=higgs", f"data.csv={higgs_csv}", "data.train_events=500", "trainer.max_epochs=1"]
    return [QUIET, "figures_every=0", *data]


def only_run(cwd: Path, name: str = "*/*") -> Path:
    (folder,) = (path for path in cwd.glob(f"outputs/{name}") if (path / "metrics.json").exists())
    return folder


@pytest.mark.slow
def test_a_model(small: list[str], higgs_csv: Path, tmp_path: Path):
    """Named by its import path, it goes through every command."""
    (tmp_path / "shallow.py").write_text(MODEL)
    named = "model._target_=shallow.Shallow"
    done = command(*small, "model=dnn", named, "model.dim=8", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    run = only_run(tmp_path)
    assert json.loads((run / "metrics.json").read_text())["parameters"] == 21 * 8 + 8 + 8 * 4 + 4
    done = command(f"ckpt={run}", "trainer.max_epochs=2", cwd=tmp_path)
    assert "names shallow.Shallow as its model, which is not one of higgs_lightning's" in done.stderr
    done = command(f"ckpt={run}", named, "trainer.max_epochs=2", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads((run / "metrics.json").read_text())["epochs"] == 2

    source = f"input={higgs_csv}"
    for name, arguments in (
        ("evaluate", [QUIET, f"hydra.run.dir={tmp_path / 'evaluation'}"]),
        ("predict", [source, "output=scores.csv"]),
        ("export", ["output=model.pt2"]),
    ):
        done = command(f"ckpt={run}", *arguments, cwd=tmp_path, name=name)
        assert done.returncode == 1
        assert "names shallow.Shallow as its model" in done.stderr
        done = command(f"ckpt={run}", "model_class=shallow.Shallow", *arguments, cwd=tmp_path, name=name)
        assert done.returncode == 0, done.stderr
    done = command(str(run), str(tmp_path / "evaluation"), "output=compared", cwd=tmp_path, name="compare")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "compared" / "compare.csv").exists()
    assert (tmp_path / "model.pt2").exists()


@pytest.mark.slow
def test_an_objective(small: list[str], tmp_path: Path):
    """In two files: a class and its options."""
    (tmp_path / "focal.py").write_text(OBJECTIVE)
    (tmp_path / "mine" / "objective").mkdir(parents=True)
    options = tmp_path / "mine" / "objective" / "focal.yaml"
    options.write_text("_target_: focal.FocalObjective\ngamma: 2.0\n")
    arguments = ["--config-dir", str(tmp_path / "mine"), "objective=focal"]
    done = command(
        *arguments,
        *small,
        "model.dim=16",
        "selection.monitor=val/focal_loss",
        "selection.mode=min",
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    run = only_run(tmp_path)
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["test/loss"] == metrics["test/focal_loss"] < 0.3
    assert "test/reconstruction_loss" not in metrics
    assert yaml.safe_load((run / "config.yaml").read_text())["objective"]["gamma"] == 2.0

    done = command(f"ckpt={run}", QUIET, cwd=tmp_path, name="evaluate")
    assert "names focal.FocalObjective as its objective" in done.stderr
    named = "objective._target_=focal.FocalObjective"
    done = command(
        f"ckpt={run}", QUIET, named, f"hydra.run.dir={tmp_path / 'out'}", cwd=tmp_path, name="evaluate"
    )
    assert done.returncode == 0, done.stderr
    assert (
        json.loads((tmp_path / "out" / "metrics.json").read_text())["test/focal_loss"] == metrics["test/loss"]
    )


@pytest.mark.slow
def test_a_callback_and_an_optimizer(small: list[str], tmp_path: Path):
    """With nothing but the command line."""
    (tmp_path / "mine.py").write_text(
        "from lightning import Callback\n"
        "class Note(Callback):\n"
        "    def __init__(self, text): self.text = text\n"
        "    def on_fit_end(self, trainer, module): open('note.txt', 'w').write(self.text)\n"
    )
    callback = ["+callbacks.note._target_=mine.Note", "+callbacks.note.text=done"]
    optimizer = ["optimizer._target_=torch.optim.RAdam"]
    done = command(*small, "model.dim=16", *callback, *optimizer, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "note.txt").read_text() == "done"
    done = command("ckpt=last", "trainer.max_epochs=2", cwd=tmp_path)
    assert "names mine.Note as its callbacks.note" in done.stderr


@pytest.fixture(scope="module")
def imported() -> dict[str, Any]:
    """What a fresh process has after it imported the package, step by step."""
    code = (
        "import json, logging, sys, warnings\n"
        "import higgs_lightning, higgs_lightning.runs, higgs_lightning.configuration\n"
        "light = list(sys.modules)\n"
        "import higgs_lightning.evaluation.prediction\n"
        "scoring = list(sys.modules)\n"
        "import higgs_lightning.evaluation.description\n"
        "looking = list(sys.modules)\n"
        "import higgs_lightning.training.run, higgs_lightning.training.testing\n"
        "higgs_lightning.load_model('pretrained')\n"
        "training = list(sys.modules)\n"
        "import higgs_lightning.evaluation.comparison\n"
        "filters, level = str(warnings.filters), logging.getLogger('lightning.pytorch').level\n"
        "print(json.dumps({'light': light, 'scoring': scoring, 'looking': looking, 'training': training, "
        "'filters': filters, 'level': level}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.slow
def test_scikit_learn_is_imported_when_it_is_used(imported: dict[str, Any]):
    assert "higgs_lightning.training.run" in imported["training"]
    assert "sklearn" not in imported["training"]


@pytest.mark.slow
def test_what_is_imported_and_when(imported: dict[str, Any]):
    """Torch for models, nothing of it for the list of commands or any --help; nothing global changes."""
    assert "torch" not in imported["light"]
    assert "torch" in imported["scoring"]
    for slow in ("lightning", "torchmetrics", "matplotlib", "scipy", "sympy", "pandas"):
        assert slow not in imported["scoring"], slow  # 170 MB and 2 s
    assert "matplotlib" in imported["looking"]
    assert "lightning" not in imported["looking"]
    assert "pandas" not in imported["training"]
    assert "many workers" not in imported["filters"]
    assert imported["level"] < logging.WARNING
    listed = subprocess.run(
        [sys.executable, "-m", "higgs_lightning"], capture_output=True, text=True, check=True
    )
    for name in ("train", "evaluate", "predict", "describe", "export", "push", "compare", "simulate"):
        assert f"higgs {name} " in listed.stdout
        code = (
            f"import sys; sys.argv = ['{name}', '--help']\n"
            f"from higgs_lightning.{name} import main\n"
            "try: main()\n"
            "except SystemExit as end: assert not end.code\n"
            "for slow in ('torch', 'lightning', 'matplotlib', 'pyarrow', 'pandas'):\n"
            "    assert slow not in sys.modules, slow"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, env=os.environ, check=False
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout
