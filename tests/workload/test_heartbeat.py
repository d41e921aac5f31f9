"""The generator notices when it was not running."""

from __future__ import annotations

import asyncio
from contextlib import closing

import pytest

from fraiseql_chaos.core import ms, now_ns
from fraiseql_chaos.workload.heartbeat import Heartbeat

pytestmark = pytest.mark.anyio


async def test_a_blocked_loop_is_reported_with_its_length() -> None:
    stalls: list[tuple[int, int]] = []
    reported = asyncio.Event()

    def stalled(at_ns: int, stall_ns: int) -> None:
        stalls.append((at_ns, stall_ns))
        reported.set()

    before_ns = now_ns()
    with closing(Heartbeat(stalled=stalled, beaten=lambda: None)):
        began_ns = now_ns()
        while now_ns() < began_ns + ms(200).ns:
            pass
        await asyncio.wait_for(reported.wait(), 5)
    at_ns, stall_ns = stalls[0]
    assert at_ns >= began_ns + ms(200).ns
    assert ms(180).ns <= stall_ns <= at_ns - before_ns  # a beat was due within the first 10 ms, and cannot have been due before


async def test_it_beats_while_nothing_stalls() -> None:
    beats: list[int] = []
    enough = asyncio.Event()

    def beaten() -> None:
        beats.append(now_ns())
        if len(beats) == 10:
            enough.set()

    began_ns = now_ns()
    with closing(Heartbeat(stalled=lambda _at, _stall: None, beaten=beaten)):
        await asyncio.wait_for(enough.wait(), 10)
    assert beats[-1] - began_ns >= ms(90).ns


async def test_a_closed_heart_does_not_beat() -> None:
    beats: list[None] = []
    never = asyncio.Event()
    with closing(Heartbeat(stalled=lambda _at, _stall: None, beaten=lambda: beats.append(None))):
        pass
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(never.wait(), 0.05)
    assert beats == []
