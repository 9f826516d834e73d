"""What the tests share: small files in HIGGS format, a small run, and real events where they are at hand."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

# before torch is imported, here and in what tests start: the tests share the cores, not each of them all
os.environ.setdefault("OMP_NUM_THREADS", "1")

import forked
import numpy as np
import pytest
import torch
from beartype import beartype
from filelock import FileLock
from hydra import compose, initialize_config_dir
from jaxtyping import config, install_import_hook, jaxtyped
from omegaconf import DictConfig

# before they are imported: every call in these modules is checked against the shapes of its signature
install_import_hook(
    [
        f"higgs_lightning.{name}"
        for name in ("masking", "kinematics", "models", "training.objective", "evaluation.scores")
    ],
    "beartype.beartype(conf=beartype.BeartypeConf(is_pep484_tower=True))",
)

from higgs_lightning import schema
from higgs_lightning.command import CONFIG_DIR
from higgs_lightning.evaluation import report
from higgs_lightning.evaluation.scores import Step
from higgs_lightning.kinematics import Objects
from higgs_lightning.models import Output, Reconstruction

NAMED_TUPLES: tuple[Any, ...] = (Objects, Output, Reconstruction, Step)
for each in NAMED_TUPLES:  # the hook leaves them out
    each.__new__ = jaxtyped(typechecker=beartype)(each.__new__)

SMALL = ["data.train_events=1500", "trainer.max_epochs=2", "trainer.enable_progress_bar=false"]
SMALL_PARTICLE = [*SMALL, "model.num_layers=1", "model.dim=16", "optimizer.lr=1e-2"]
#: What is simulated, by default.
COLLISION: dict[str, Any] = {
    "energy": 8000,
    "masses": {"heavy_higgs": 425, "charged_higgs": 325, "light_higgs": 120},
    "hadronisation": True,
    "multiparton_interactions": False,
    "lepton_pt": 15,
    "jet_pt": 15,
}
collect_ignore = ["benchmarks"]  # programs, without tests
REPOSITORY = Path(__file__).parent.parent
SHARED = REPOSITORY.parent / "shared"


def command(*overrides: str, cwd: Path, name: str = "train") -> subprocess.CompletedProcess[str]:
    """Run a command of the package, in a process of its own that need not import torch anew."""
    return forked.run(name, list(overrides), cwd, timeout=300)


def started(*overrides: str, cwd: Path, name: str = "train") -> subprocess.CompletedProcess[str]:
    """Start a command of the package as a user would: where it starts processes itself, or imports count."""
    arguments = [sys.executable, "-m", f"higgs_lightning.{name}", *overrides]
    return subprocess.run(arguments, cwd=cwd, capture_output=True, text=True, timeout=300, check=False)


def composed(*overrides: str, name: str = "train") -> DictConfig:
    """The configuration that a command would run with."""
    with initialize_config_dir(CONFIG_DIR, version_base="1.3"):
        return compose(name, list(overrides))


def make_events(num_events: int, seed: int = 0, label: float | None = None) -> np.ndarray:
    """Events in HIGGS units, (N, 22) float32 with the label first, in which signal leans to high momenta."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(2, size=num_events) if label is None else np.full(num_events, label)
    events = np.empty((num_events, 1 + schema.NUM_FEATURES))
    events[:, 0] = labels
    for column, feature in enumerate(schema.LOW_LEVEL, start=1):
        if feature.quantity == "pt":
            events[:, column] = generator.gamma(4, 0.25, num_events) * (1 + 0.5 * labels) + 0.1
        elif feature.quantity == "btag":
            events[:, column] = generator.integers(schema.NUM_BTAG_LEVELS, size=num_events) / feature.scale
        else:
            events[:, column] = generator.uniform(-1.7, 1.7, num_events)
    return events.astype(np.float32)


def write_csv(path: Path, events: np.ndarray) -> Path:
    """Write (N, 22) events as a HIGGS file of 29 columns; the masses are 1."""
    masses = np.ones((len(events), len(schema.HIGH_LEVEL)))
    np.savetxt(path, np.hstack([events, masses]), fmt="%.9g", delimiter=",")
    return path


@pytest.fixture
def features() -> torch.Tensor:
    """(256, 21) in HIGGS units."""
    return torch.from_numpy(make_events(256)[:, 1:])


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(1)


@pytest.fixture(scope="session")
def higgs_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """3,000 made-up events in HIGGS format, easy to tell apart."""
    return write_csv(tmp_path_factory.mktemp("higgs") / "events.csv", make_events(3_000))


@pytest.fixture
def without_plots(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trainings in this process draw nothing, which would take most of the time of a short one."""
    for name in ("draw_history", "draw_evaluations"):
        monkeypatch.setattr(report, name, lambda *_: {})


@pytest.fixture
def without_shape_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shapes are not checked, for torch.compile, which can't trace the checks."""
    monkeypatch.setattr(config, "jaxtyping_disable", True)


@pytest.fixture
def refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """The last words of a command that must refuse; it runs in this process, which has torch by now."""

    def last_words(name: str, *overrides: str) -> str:
        monkeypatch.chdir(tmp_path)
        quiet = ["hydra/job_logging=none", "hydra/hydra_logging=none"]
        monkeypatch.setattr(sys, "argv", [name, *overrides, *quiet])
        with pytest.raises(SystemExit) as end:
            import_module(f"higgs_lightning.{name}").main()
        return str(end.value)

    return last_words


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of one small run on the embedded sample, made once: a copy for each of pytest's workers."""
    base = tmp_path_factory.getbasetemp()
    made = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "small-run"
    with FileLock(f"{made}.lock"):
        if not made.exists():
            shutil.copytree(small_run(tmp_path_factory.mktemp("run")), made)
    return Path(shutil.copytree(made, base / "own-run"))


def small_run(cwd: Path) -> Path:
    """Its folder, after it was started as a user would."""
    done = started(*SMALL_PARTICLE, "data.train_events=20000", cwd=cwd)
    assert done.returncode == 0, done.stderr
    (folder,) = (cwd / "outputs").glob("*/*")
    assert re.search(r"test .* 6,000 ", done.stdout)
    assert "embedded sample (simulated)" in done.stdout
    assert f"tensorboard --logdir {folder}" in done.stdout
    return folder
