"""How code is compiled, and what compilation lacks, in a sentence."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch._dynamo.exc import BackendCompilerFailed, Unsupported
from torch._inductor import config

from higgs_lightning.errors import UserError, one_line

_CONTRACT = "enable_floating_point_contract_flag"


def fused_multiply_add() -> dict[str, Any]:
    """Options of ``torch.compile`` by which a processor multiplies and adds in one instruction.

    It rounds once instead of twice, and a compiled step in bfloat16 is a twenty-fifth faster. PyTorch leaves
    it out so that compiled code rounds as its other kernels do.
    """
    was_yes_or_no = isinstance(getattr(config.cpp, _CONTRACT), bool)  # in older versions of PyTorch
    return {f"cpp.{_CONTRACT}": True if was_yes_or_no else "fast"}


@contextmanager
def says_what_compilation_lacks(compiled: str) -> Iterator[None]:
    """Within it torch.compile, where it fails, says why.

    Args:
        compiled: what ``compile=true`` compiles, ``the step`` or ``the model``.

    Raises:
        UserError: it is no single graph, or there is no compiler.
    """
    try:
        yield
    except Unsupported as error:
        raise UserError(
            f"compile=true: {compiled} is no single graph, say compile=false: {one_line(error)}"
        ) from error
    except BackendCompilerFailed as error:
        cause = str(error).splitlines()[0]
        raise UserError(
            f"compile=true needs a C++ compiler, such as g++, or on a GPU Triton: {cause}"
        ) from error
