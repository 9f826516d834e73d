"""A harmless function that files of strangers name in the tests: it says whether anybody called it."""

from typing import Any

calls: list[tuple[Any, ...]] = []


def trip(*args: Any, **kwargs: Any) -> int:
    calls.append((args, kwargs))
    return 1
