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
    """Make a command end on a :class:`UserError` with its sentence on standard error and exit status 1.

    It may be the cause of another exception: Hydra wraps what a constructor raises.
    """

    @wraps(command)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except Exception as error:
            cause: BaseException | None = error
            while cause and not isinstance(cause, UserError):
                cause = cause.__cause__
            if cause is None:
                raise
            raise SystemExit(f"error: {cause}") from None

    return guarded
