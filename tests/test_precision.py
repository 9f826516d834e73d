"""bfloat16 where there is one, and a sentence where there is none."""

import pytest
import torch

from higgs_lightning.errors import UserError
from higgs_lightning.precision import require_bfloat16

CPU = torch.device("cpu")


@pytest.fixture
def old_processor(monkeypatch):
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
        monkeypatch.setattr(torch.cpu, name, lambda: False)


@pytest.mark.parametrize("precision", ["bf16-mixed", "bf16"])
def test_a_processor_without_it_says_so(old_processor, precision):
    with pytest.raises(
        UserError, match=f"precision={precision}: this processor has no instr.*say precision=32-true"
    ):
        require_bfloat16("precision", precision, CPU)


@pytest.mark.parametrize("precision", ["32-true", 32, "16-mixed"])
def test_other_precisions_pass(old_processor, precision):
    require_bfloat16("precision", precision, CPU)


@pytest.mark.parametrize("name", ["_is_avx512_bf16_supported", "_is_amx_tile_supported"])
def test_either_instruction_is_enough(old_processor, monkeypatch, name):
    monkeypatch.setattr(torch.cpu, name, lambda: True)
    require_bfloat16("precision", "bf16-mixed", CPU)


def test_processors_that_are_not_of_intels_kind_are_taken_at_their_word(old_processor, monkeypatch):
    monkeypatch.setattr("platform.machine", lambda: "arm64")
    require_bfloat16("precision", "bf16-mixed", CPU)
