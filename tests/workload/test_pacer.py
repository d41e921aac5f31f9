"""Calls at absolute times, on a real timer."""

from __future__ import annotations

import asyncio
from contextlib import closing

import pytest

from fraiseql_chaos.core import ms, now_ns
from fraiseql_chaos.workload.pacer import Pacer

pytestmark = pytest.mark.anyio


async def test_nothing_is_called_early_or_out_of_order() -> None:
    begin_ns = now_ns() + ms(5).ns
    due_ns = [begin_ns + n * ms(1).ns for n in range(50)]
    called: list[tuple[int, int]] = []
    with closing(Pacer(due_ns, lambda ordinal: called.append((ordinal, now_ns())))) as pacer:
        await asyncio.wait_for(pacer.finished, 5)
    assert [ordinal for ordinal, _ in called] == list(range(50))
    assert all(at_ns >= due_ns[ordinal] for ordinal, at_ns in called)


async def test_what_is_overdue_is_still_called_a_few_a_turn_of_the_loop() -> None:
    turns: list[int] = []
    turn = 0

    def count_turns() -> None:
        nonlocal turn
        turn += 1
        asyncio.get_running_loop().call_soon(count_turns)

    count_turns()
    with closing(Pacer([now_ns() - ms(100).ns] * 40, lambda _ordinal: turns.append(turn))) as pacer:
        await asyncio.wait_for(pacer.finished, 5)
    assert len(turns) == 40
    assert max(turns.count(one) for one in set(turns)) == 8


async def test_a_slow_call_makes_the_next_one_late_but_not_the_one_after() -> None:
    """
    No interval is ever counted from "now", so lateness does not add up.

    If it did, the third call would be late in every attempt; a machine that pauses at the wrong moment makes it so in one of them.
    """
    attempts = [await _lateness_around_a_slow_call() for _ in range(3)]
    assert min(second for _, second, _ in attempts) >= ms(190).ns
    assert min(third for _, _, third in attempts) < ms(100).ns


async def _lateness_around_a_slow_call() -> tuple[int, ...]:
    begin_ns = now_ns() + ms(5).ns
    due_ns = [begin_ns, begin_ns + ms(10).ns, begin_ns + ms(400).ns]
    late_ns: list[int] = []

    def call(ordinal: int) -> None:
        late_ns.append(now_ns() - due_ns[ordinal])
        while ordinal == 0 and now_ns() < begin_ns + ms(200).ns:
            pass

    with closing(Pacer(due_ns, call)) as pacer:
        await asyncio.wait_for(pacer.finished, 5)
    return tuple(late_ns)


async def test_an_empty_plan_is_finished_at_once() -> None:
    with closing(Pacer([], lambda _ordinal: None)) as pacer:
        assert pacer.finished.done()


async def test_a_closed_pacer_calls_no_more() -> None:
    called: list[int] = []
    first = asyncio.Event()

    def call(ordinal: int) -> None:
        called.append(ordinal)
        first.set()

    with closing(Pacer([now_ns() + ms(n).ns for n in range(1, 40)], call)) as pacer:
        await asyncio.wait_for(first.wait(), 5)
    seen = len(called)
    await asyncio.wait({pacer.finished}, timeout=0.06)
    assert len(called) == seen < 39
