"""Waiting is for a condition, with a deadline, on one clock that all processes share."""

from __future__ import annotations

import subprocess
import sys
import time
from itertools import count

import pytest

from fraiseql_chaos.core import Duration, ms, now_ns, seconds, wait_until
from fraiseql_chaos.errors import RigError

pytestmark = pytest.mark.anyio


def test_all_processes_share_the_clock() -> None:
    before_ns = now_ns()
    told = subprocess.run([sys.executable, "-I", "-c", "import time; print(time.monotonic_ns())"], capture_output=True, check=True, text=True)
    assert before_ns < int(told.stdout) < now_ns()


def test_clock_is_the_monotonic_one() -> None:
    before_ns = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    assert before_ns <= now_ns() <= time.clock_gettime_ns(time.CLOCK_MONOTONIC)


async def test_what_the_condition_returned_is_returned() -> None:
    ticks = count()
    assert await wait_until(lambda: (n := next(ticks)) > 2 and f"tick {n}", within=seconds(5), what="the third tick") == "tick 3"


async def test_condition_may_be_a_coroutine_function() -> None:
    ticks = count()

    async def third_tick() -> int | None:
        return n if (n := next(ticks)) > 2 else None

    assert await wait_until(third_tick, within=seconds(5), what="the third tick") == 3


async def test_missed_deadline_says_what_did_not_happen_and_within_what() -> None:
    began_ns = now_ns()
    with pytest.raises(RigError, match=r"^the thaw did not happen within 20 ms$"):
        await wait_until(lambda: None, within=ms(20), what="the thaw")
    assert now_ns() - began_ns >= ms(20).ns


async def test_condition_is_looked_at_once_even_without_time() -> None:
    assert await wait_until(lambda: "there already", within=Duration(0), what="it") == "there already"


async def test_condition_that_came_true_at_the_deadline_is_not_missed() -> None:
    """The last look comes after the deadline, so that a slow machine never misses what did happen in time."""
    deadline_ns = now_ns() + ms(12).ns
    assert await wait_until(lambda: now_ns() >= deadline_ns - ms(1).ns, within=ms(12), what="it")


async def test_error_in_a_condition_ends_the_wait() -> None:
    ticks = count()
    with pytest.raises(ZeroDivisionError):
        await wait_until(lambda: 1 // (1 - next(ticks)) > 1, within=seconds(5), what="it")
    assert next(ticks) == 2
