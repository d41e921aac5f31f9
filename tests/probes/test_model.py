"""Looks of one probe follow each other, whatever they find, and what a probe holds open is closed when the sampling ends."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from fraiseql_chaos.core import Duration, ms, now_ns, seconds, wait_until
from fraiseql_chaos.history import Sample
from fraiseql_chaos.probes import Look, sampling
from fraiseql_chaos.probes.model import bounded

pytestmark = pytest.mark.anyio

DEADLINE = seconds(10)


class Watch:
    """A probe of the test's own, which counts how many of its looks are under way at once."""

    def __init__(self, *, every: Duration = ms(1), looking: Callable[[], Look] = lambda: Look(ok=True, value={}), pause_s: float = 0) -> None:
        self.name = "watch"
        self.every = every
        self.looking = looking
        self.pause_s = pause_s
        self.begun = self.at_once = self.at_once_max = self.closed = 0

    async def look(self) -> Look:
        self.begun += 1
        self.at_once += 1
        self.at_once_max = max(self.at_once, self.at_once_max)
        try:
            # Longer than the pace, so that an impatient sampler would have to begin the next look before this one has ended.
            await asyncio.wait_for(asyncio.Event().wait(), self.pause_s)
        except TimeoutError:
            return self.looking()
        finally:
            self.at_once -= 1
        raise AssertionError

    async def close(self) -> None:
        self.closed += 1


async def until(condition: Callable[[], bool]) -> None:
    assert await wait_until(condition, within=DEADLINE, what="what the test waits for")


async def test_looks_of_one_probe_never_overlap() -> None:
    watch, samples = Watch(every=ms(1), pause_s=0.01), list[Sample]()
    async with sampling((watch,), samples.append):
        await until(lambda: len(samples) >= 4)
    assert watch.at_once_max == 1
    assert all(earlier.at_ns <= later.began_ns for earlier, later in pairwise(samples))


async def test_stuck_look_keeps_no_other_probe_waiting() -> None:
    stuck, lively, samples = Watch(pause_s=3600), Watch(), list[Sample]()
    async with sampling((stuck, lively), samples.append):
        await until(lambda: len(samples) >= 4)
    assert (stuck.begun, stuck.closed, lively.closed) == (1, 1, 1)


async def test_looks_keep_their_pace() -> None:
    samples: list[Sample] = []
    before_ns = now_ns()
    async with sampling((Watch(every=ms(20)),), samples.append):
        await until(lambda: len(samples) >= 4)
    assert all(sample.began_ns - before_ns >= ms(20).ns * ordinal for ordinal, sample in enumerate(samples))


async def test_late_looks_are_not_made_up_for() -> None:
    """A probe that was stuck for ten paces looks again at once, but not ten times at once."""

    def looking() -> Look:
        watch.pause_s = 0
        return Look(ok=True, value={})

    watch, samples = Watch(every=ms(10), looking=looking, pause_s=0.1), list[Sample]()
    async with sampling((watch,), samples.append):
        await until(lambda: len(samples) >= 5)
    assert all(sample.began_ns - samples[0].at_ns >= ms(10).ns * ordinal for ordinal, sample in enumerate(samples[1:]))


async def test_sample_is_the_look_with_its_times() -> None:
    watch, samples = Watch(looking=lambda: Look(ok=False, value={"status": 503}, error="unwell")), list[Sample]()
    before_ns = now_ns()
    async with sampling((watch,), samples.append):
        await until(lambda: bool(samples))
    first = samples[0]
    assert (first.probe, first.ok, first.value, first.error) == ("watch", False, {"status": 503}, "unwell")
    assert before_ns <= first.began_ns <= first.at_ns <= now_ns()


async def test_measured_part_may_begin_later_than_the_look() -> None:
    begins: list[int] = []

    def looking() -> Look:
        begins.append(now_ns())
        return Look(ok=True, value={}, began_ns=begins[-1])

    samples: list[Sample] = []
    async with sampling((Watch(looking=looking, pause_s=0.005),), samples.append):
        await until(lambda: len(samples) >= 2)
    assert [sample.began_ns for sample in samples] == begins


async def test_probes_are_closed_when_the_block_fails() -> None:
    watch, samples = Watch(pause_s=0.001), list[Sample]()
    with pytest.RaisesGroup(KeyError):
        async with sampling((watch,), samples.append):
            await until(lambda: bool(samples))
            raise KeyError
    assert watch.closed == 1


async def test_probe_that_raises_is_a_bug_and_ends_the_sampling() -> None:
    def looking() -> Look:
        raise ZeroDivisionError

    broken, sound = Watch(looking=looking), Watch()
    with pytest.RaisesGroup(ZeroDivisionError):
        async with sampling((broken, sound), lambda _: None):
            await asyncio.Event().wait()
    assert (broken.closed, sound.closed) == (1, 1)


async def test_nothing_is_sampled_after_the_block() -> None:
    watch, samples = Watch(pause_s=0.001), list[Sample]()
    async with sampling((watch,), samples.append):
        await until(lambda: bool(samples))
    begun = watch.begun
    for _ in range(10):
        await asyncio.sleep(0)
    assert (watch.begun, [task for task in asyncio.all_tasks() if task.get_name() == "probe watch"]) == (begun, [])


async def test_answer_in_time_is_returned_and_nothing_abandoned() -> None:
    async def answer() -> str:
        return "here"

    abandoned: list[str] = []
    assert await bounded(answer(), within=DEADLINE, abandon=lambda: abandoned.append("it")) == "here"
    assert abandoned == []


async def test_error_in_time_is_raised_and_nothing_abandoned() -> None:
    async def fail() -> None:
        raise ZeroDivisionError

    abandoned: list[str] = []
    with pytest.raises(ZeroDivisionError):
        await bounded(fail(), within=DEADLINE, abandon=lambda: abandoned.append("it"))
    assert abandoned == []


@pytest.mark.parametrize("meanwhile", [0, 1], ids=["late", "at the same moment"])
async def test_what_an_abandoned_question_still_raises_is_nobodys_error(meanwhile: int) -> None:
    """As psycopg does, whose connect may fail while it is cancelled. Method: the loop is asked whether an error was left lying about."""
    left: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: left.append(context))
    told = asyncio.Event()

    async def refused() -> None:
        try:
            await told.wait()
        finally:
            raise ConnectionRefusedError

    asked = asyncio.ensure_future(bounded(refused(), within=DEADLINE, abandon=lambda: None))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    if meanwhile:
        told.set()
    asked.cancel()
    await asyncio.wait((asked,))
    assert asked.cancelled()
    del asked
    for _ in range(3):
        await asyncio.sleep(0)
        gc.collect()
    assert left == []


async def test_what_is_waited_on_is_taken_away_before_the_waiting_is_cancelled() -> None:
    """Once when the time is up, and once when nobody waits any more."""
    story: list[str] = []

    async def stuck() -> None:
        story.append("asked")
        try:
            await asyncio.Event().wait()
        finally:
            story.append("cancelled")

    with pytest.raises(TimeoutError):
        await bounded(stuck(), within=ms(1), abandon=lambda: story.append("abandoned"))
    await until(lambda: len(story) == 3)

    unwanted = asyncio.ensure_future(bounded(stuck(), within=DEADLINE, abandon=lambda: story.append("abandoned")))
    await until(lambda: len(story) == 4)
    unwanted.cancel()
    await until(lambda: len(story) == 6)
    assert unwanted.cancelled()
    assert story == ["asked", "abandoned", "cancelled"] * 2
