"""What a user did that can't go on: one clear sentence instead of a traceback."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class UserError(Exception):
    """A mistake in the input or the configuration.

    Its message is one sentence that names the file or the key, the row where there is one, and the mend.
    """


def one_sentence(command: Callable[P, R]) -> Callable[P, R]:
    """Make a command end on a :class:`UserError` with its sentence on standard error and exit status 1."""

    @wraps(command)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except UserError as error:
            raise SystemExit(f"error: {error}") from None

    return guarded
