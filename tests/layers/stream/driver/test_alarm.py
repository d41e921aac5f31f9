"""The alarm is never early, and wakes in order."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from fraiseql_chaos.core import NS_PER_MS, now_ns, seconds, wait_until
from fraiseql_chaos.layers.stream.driver.alarm import Alarm

pytestmark = pytest.mark.anyio


async def test_calls_come_in_order_and_never_early() -> None:
    alarm = Alarm(asyncio.get_running_loop())
    woken: list[tuple[int, int]] = []
    began_ns = now_ns()
    for delay_ms in (30, 1, 20, 0, 10, 20):
        due_ns = began_ns + delay_ms * NS_PER_MS
        alarm.call_at(due_ns, lambda time_ns, due_ns=due_ns: woken.append((due_ns, time_ns)))  # type: ignore[misc]  # mypy infers no lambda with a default
    await wait_until(lambda: len(woken) == 6, within=seconds(5), what="the last call")
    assert [(due_ns - began_ns) // NS_PER_MS for due_ns, _ in woken] == [0, 1, 10, 20, 20, 30]
    assert all(due_ns <= time_ns <= now_ns() for due_ns, time_ns in woken)
    alarm.close()


async def test_who_is_woken_may_ask_to_be_woken_again() -> None:
    alarm = Alarm(asyncio.get_running_loop())
    woken_ns: list[int] = []

    def again(time_ns: int) -> None:
        woken_ns.append(time_ns)
        if len(woken_ns) < 20:
            alarm.call_at(time_ns + NS_PER_MS // 20 * len(woken_ns), again)

    alarm.call_at(now_ns(), again)
    await wait_until(lambda: len(woken_ns) == 20, within=seconds(5), what="the last call")
    assert all(later - earlier >= NS_PER_MS // 20 * number for number, (earlier, later) in enumerate(pairwise(woken_ns), start=1))
    alarm.close()


async def test_an_instant_beyond_the_kernels_arithmetic_holds_up_nobody() -> None:
    alarm = Alarm(asyncio.get_running_loop())
    woken_ns: list[int] = []
    alarm.call_at(10**30, woken_ns.append)
    alarm.call_at(now_ns(), woken_ns.append)
    await wait_until(lambda: woken_ns, within=seconds(5), what="the call that was due")
    assert len(woken_ns) == 1
    alarm.close()
