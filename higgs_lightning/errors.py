"""What a user did that can't go on: one clear sentence instead of a traceback."""

import errno
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from hydra.errors import InstantiationException

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

P = ParamSpec("P")
R = TypeVar("R")


class UserError(Exception):
    """A mistake in the input or the configuration.

    Its message is one sentence that names the file or the key, the row where there is one, and the mend.
    """


def user_error_in(error: BaseException) -> UserError | None:
    """The mistake behind an exception, if there is one.

    It is the exception itself or what caused it, because Hydra wraps what a constructor raises; a constructor
    that refuses a value of the configuration says a mistake too.
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, UserError):
            return cause
        if isinstance(cause, InstantiationException) and _refuses_a_value(cause.__cause__):
            return UserError(str(cause.__cause__))
        if isinstance(cause, OSError) and cause.errno in _NO_ROOM:
            return UserError(f"{cause.filename or 'writing'}: {cause.strerror}; make room and start again")
        cause = cause.__cause__
    return None


def _refuses_a_value(error: BaseException | None) -> bool:
    # Lightning's own kind is known by its name: to import it takes seconds
    return isinstance(error, ValueError) or type(error).__name__ == "MisconfigurationException"


def one_sentence(command: Callable[P, R]) -> Callable[P, R]:
    """Make a command end on a :class:`UserError` with its sentence on standard error and exit status 1."""

    @wraps(command)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except Exception as error:
            mistake = user_error_in(error)
            if mistake is None:
                raise
            raise SystemExit(f"error: {mistake}") from None

    return guarded
