"""A chaos test that is a coroutine runs, without another plugin, and again if nothing was shown; every other coroutine is left alone."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

pytest_plugins = ["pytester"]

type Project = Callable[..., pytest.RunResult]

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


def test_a_coroutine_is_awaited_to_its_end(project: Project) -> None:
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


ATTEMPTS = """
from fraiseql_chaos import availability
from histories import outage

seen = []

async def test_it(service, load, promises, unseen):
    seen.append(service.renewed)
    print("attempts:", seen)
    {each}
"""

NEVER_SEEN = "(await load.replays(unseen)).require(*promises)"
SEEN_AT_LAST = "(await load.replays(unseen if len(seen) < 2 else outage())).require(*promises)"
VIOLATED = "(await load.replays(outage())).require(availability(at_least=0.99))"
VIOLATED_AT_LAST = "(await load.replays(unseen if len(seen) < 2 else outage())).require(availability(at_least=0.99))"


@pytest.mark.parametrize(
    ("each", "arguments", "verdicts"),
    [
        (NEVER_SEEN, [], ["inconclusive", "inconclusive", "inconclusive"]),
        (SEEN_AT_LAST, [], ["inconclusive", "held"]),
        (VIOLATED, [], ["violated"]),
        (VIOLATED_AT_LAST, [], ["inconclusive", "violated"]),
        (NEVER_SEEN, ["--chaos-disarm"], ["inconclusive"]),
    ],
    ids=["never seen", "seen at last", "violated", "violated at last", "disarmed"],
)
def test_an_inconclusive_attempt_is_repeated_on_a_fresh_service_and_recorded(
    project: Project, pytester: pytest.Pytester, each: str, arguments: list[str], verdicts: list[str]
) -> None:
    """At most three times; a violated one never, so nothing is repeated until it is green; and each has a history of its own."""
    result = project(ATTEMPTS.format(each=each), "-s", "--chaos-json=run.json", *arguments)
    assert result.ret == (0 if verdicts[-1] == "held" else 1)
    assert [line for line in result.outlines if "attempts:" in line][-1].endswith(f"attempts: {list(range(len(verdicts)))}")
    (experiment,) = json.loads((pytester.path / "run.json").read_text(encoding="utf-8"))["experiments"]
    assert [attempt["verdict"] for attempt in experiment["attempts"]] == verdicts
    assert experiment["verdict"] == verdicts[-1]
    assert len({attempt["history"] for attempt in experiment["attempts"]}) == len(verdicts)
    assert all((pytester.path / ".chaos/runs/latest" / attempt["history"]).is_file() for attempt in experiment["attempts"])
