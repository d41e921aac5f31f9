"""
``--chaos-repeat=N``: each experiment N times, as N tests.

A repetition is a test like any other: it has a service of its own, its verdict counts, its failure fails the run, and pytest-xdist may give it to any worker.
One that cannot tell is tried again, as ever; one that is violated is not, and no other repetition makes up for it. A test that names a weakness must show it
every time.

Repetitions are parameters, added behind all others, so those of one test run one after the other and ``test_x[stock-repeat-2-of-5]`` is the second of them.
"""

from __future__ import annotations

from typing import Any

import pytest

from fraiseql_chaos.pytest_plugin.session import state_of

__all__ = ["Repetitions"]

PARAMETER = "chaos_repetition"


class Repetitions:
    """Multiplies the tests that ask for ``load``; registered only where that is asked for."""

    @pytest.hookimpl(trylast=True)
    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Add the parameter that says which repetition it is; behind the parameters of the test and of its marks."""
        count = state_of(metafunc.config).options.repeat
        if count == 1 or not _records(metafunc):
            return
        from fraiseql_chaos.reports.repetition import repetition_suffix  # noqa: PLC0415  nothing of ours is imported for tests that are not ours

        numbers = range(1, count + 1)
        metafunc.fixturenames.append(PARAMETER)
        metafunc.parametrize(PARAMETER, numbers, ids=[repetition_suffix(number, count) for number in numbers])


def _records(metafunc: pytest.Metafunc) -> bool:
    """Tell whether a test asks for our ``load``, or for one that is built on ours; another project's fixture of that name is none of our business."""
    known: Any = metafunc._arg2fixturedefs  # noqa: SLF001  pytest tells in no other way whose fixture a name stands for
    for fixture in reversed(known.get("load", ()) if "load" in metafunc.fixturenames else ()):
        if fixture.func.__module__.startswith("fraiseql_chaos."):
            return True
        if "load" not in fixture.argnames:
            return False
    return False
