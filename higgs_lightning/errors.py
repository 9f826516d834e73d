"""What a user did that can't go on: one clear sentence instead of a traceback."""

import errno
import os
import signal
import sys
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from hydra.errors import HydraException, InstantiationException
from omegaconf.errors import OmegaConfBaseException

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
    that refuses a value of the configuration says a mistake too, and so do Hydra of what it can't compose and
    the system of a file that it does not give.
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, UserError):
            return cause
        if isinstance(cause, InstantiationException) and _refuses_a_value(cause.__cause__):
            return UserError(one_line(cause.__cause__))
        if isinstance(cause, OSError) and cause.errno in _NO_ROOM:
            return UserError(f"{cause.filename or 'writing'}: {cause.strerror}; make room and start again")
        if isinstance(cause, OSError) and cause.filename is not None:
            return UserError(f"{cause.filename}: {cause.strerror}; give another path or mend that")
        if isinstance(cause, HydraException | OmegaConfBaseException) and not cause.__cause__:
            return UserError(f"{one_line(cause)} (see --help)")
        cause = cause.__cause__
    if isinstance(error, HydraException | OmegaConfBaseException):
        return UserError(f"{one_line(error)} (see --help)")
    return None


def one_line(error: object) -> str:
    """The message of an exception, or its name where it has none, or other text, as one line of a terminal.

    What comes out of a file, such as the name of a column, may hold line breaks and a terminal's commands:
    these are written as Python would, ``\\x1b``.
    """
    text = " ".join(str(error).split()) or type(error).__name__
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)


def _refuses_a_value(error: BaseException | None) -> bool:
    # Lightning's own kind is known by its name: to import it takes seconds
    return isinstance(error, ValueError | TypeError) or type(error).__name__ == "MisconfigurationException"


def one_sentence(command: Callable[P, R]) -> Callable[P, R]:
    """Make a command end on a :class:`UserError` with its sentence on standard error and exit status 1.

    Ctrl-C ends it with exit status 130, as shells expect, and says how to go on where that is known.
    """

    @wraps(command)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except BrokenPipeError:  # who read the output, such as `| head`, has enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise SystemExit(128 + signal.SIGPIPE) from None
        except KeyboardInterrupt as interrupt:
            print(": ".join(["interrupted", *map(str, interrupt.args)]), file=sys.stderr)
            raise SystemExit(128 + signal.SIGINT) from None
        except Exception as error:
            mistake = user_error_in(error)
            if mistake is None:
                raise
            raise SystemExit(f"error: {one_line(mistake)}") from None

    return guarded
