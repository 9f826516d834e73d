"""Every mistake ends in one sentence: the table of ``mistakes.py``, and that it leaves no key out."""

import subprocess
import sys

import pytest
from conftest import REPOSITORY, composed
from mistakes_table import CASES, KEYS
from omegaconf import OmegaConf

from higgs_lightning.runs import flat

#: Not values but classes, and what makes them: unknown ones are in the table by themselves.
_CLASSES = ("_target_", "_partial_", "callbacks.", "logger.", "pruning")


@pytest.mark.slow
def test_every_mistake_ends_in_one_sentence():
    """Every other case of the table; ``python tests/mistakes.py`` goes through all of them."""
    script = REPOSITORY / "tests" / "mistakes.py"
    done = subprocess.run([sys.executable, script, "--half"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("command", [command for command in KEYS if command != "compare"])
def test_the_table_knows_every_key(command: str):
    keys = {key for key, _ in flat(OmegaConf.to_container(composed(name=command)))}
    assert not [key for key in keys - {*KEYS[command]} if not any(part in key for part in _CLASSES)]


def test_the_table_is_large():
    assert len(CASES) >= 400
