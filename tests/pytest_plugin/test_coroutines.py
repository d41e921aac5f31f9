"""A chaos test that is a coroutine runs, without another plugin; every other coroutine is left alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

pytest_plugins = ["pytester"]

AWAITED = """
import asyncio

import pytest

async def test_awaited_to_its_end(chaos):
    await asyncio.sleep(0)
    raise LookupError("reached the end")

class TestMethod:
    @pytest.mark.parametrize("number", [1, 2])
    async def test_gets_its_arguments(self, tmp_path, chaos, number):
        await asyncio.sleep(0)
        assert number == 1
        assert tmp_path.is_dir()

def test_that_is_no_coroutine(chaos): ...
"""

def test_a_coroutine_is_awaited_to_its_end(project: Callable[..., pytest.RunResult]) -> None:
    result = project(AWAITED)
    result.assert_outcomes(passed=2, failed=2)
    result.stdout.fnmatch_lines(["*LookupError: reached the end", "*gets_its_arguments?2?*"])


def test_a_coroutine_without_a_fixture_of_ours_is_left_to_others(pytester: pytest.Pytester) -> None:
    """A name is not enough: the value must be ours. Another plugin, here the test's own, then finds the test untouched."""
    pytester.makeconftest(
        """
        import inspect

        def pytest_pyfunc_call(pyfuncitem):
            if inspect.iscoroutinefunction(pyfuncitem.obj):
                print("left to others:", pyfuncitem.name)
                return True
        """
    )
    pytester.makepyfile(
        """
        import pytest

        @pytest.fixture
        def load():
            return "a fixture of this project's own, which has the name of one of ours"

        async def test_of_the_same_name(load): ...

        async def test_without_any(tmp_path): ...

        async def test_of_ours(chaos): ...
        """
    )
    result = pytester.runpytest_inprocess("-s")
    said = [line.partition("left to others: ")[2].strip(". ") for line in result.outlines if "left to others" in line]
    assert said == ["test_of_the_same_name", "test_without_any"]
    result.assert_outcomes(passed=3)
