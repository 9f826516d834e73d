"""The marker ``slow``: what starts processes has it."""

import pytest

#: Names by which tests start them.
STARTS = {"command", "started", "executable", "forked", "Process"}


def test_what_starts_processes_is_slow(request: pytest.FixtureRequest):
    """Of the tests that are collected with this one."""
    unmarked = [
        item.nodeid
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.get_closest_marker("slow") is None
        if STARTS & {*item.function.__code__.co_names}
    ]
    assert not unmarked
