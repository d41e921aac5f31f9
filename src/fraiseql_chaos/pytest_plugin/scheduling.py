"""
The suite decides what runs side by side.

A chaos test that does not measure time runs beside others; one that is marked ``alone`` has the machine for itself, from the start of its service to its
end, and so has one with a ``baseline``, which is nothing but times. This holds between the workers of pytest-xdist, and between runs that know nothing of each other. Tests that run alone come last, so that workers first do
side by side what can be done so. Without pytest-xdist everything runs one after the other, in the same order.

The wait lies outside of everything that pytest times, so it counts neither in a test's duration nor against a time limit.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import AbstractContextManager, ExitStack
from typing import Any

import pytest

from fraiseql_chaos.errors import ChaosError
from fraiseql_chaos.pytest_plugin.summary import say

__all__ = ["pytest_collection_modifyitems", "pytest_runtest_protocol", "side_by_side"]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Move tests that run alone behind all others; each half keeps its order."""
    items.sort(key=_runs_alone)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Let a chaos test wait for its turn before anything of it begins; who only asks for the plan (``--setup-plan``) runs nothing, and waits for nobody."""
    if not _is_chaos_test(item) or item.config.getoption("setupplan", default=False):
        return (yield)
    alone = _runs_alone(item)
    why = "until it is alone on this machine, because it measures time" if alone else "until a test that measures time, and runs alone, has ended"
    with ExitStack() as held:
        try:
            held.enter_context(_turn(item.config, f"{item.name} waits {why}", alone=alone))
        except ChaosError as error:
            pytest.exit(str(error), returncode=pytest.ExitCode.INTERNAL_ERROR)
        return (yield)


def side_by_side(config: pytest.Config) -> AbstractContextManager[None]:
    """Return the turn of what is no test and measures nothing, but would disturb one that does: ending a rig."""
    return _turn(config, "the end of the rig waits until a test that measures time, and runs alone, has ended", alone=False)


def _turn(config: pytest.Config, told: str, *, alone: bool) -> AbstractContextManager[None]:
    from fraiseql_chaos.experiment.turns import turn, turns_root  # noqa: PLC0415  nothing is imported for projects without chaos tests

    return turn(turns_root(), alone=alone, waiting=lambda: say(config, told))


def _runs_alone(item: pytest.Item) -> bool:
    return _has_of_ours(item, "baseline") or (item.get_closest_marker("alone") is not None and _is_chaos_test(item))


def _is_chaos_test(item: pytest.Item) -> bool:
    return _has_of_ours(item, "service", "load")


def _has_of_ours(item: pytest.Item, *names: str) -> bool:
    """Tell whether a test has a fixture of ours, also through another one."""
    known: Any = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", {})
    return any(fixture.func.__module__.startswith("fraiseql_chaos.") for name in names for fixture in known.get(name, ()))
