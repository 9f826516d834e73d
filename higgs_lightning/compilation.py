"""What compilation lacks, in a sentence."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch._dynamo.exc import BackendCompilerFailed, Unsupported

from higgs_lightning.errors import UserError, one_line


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
