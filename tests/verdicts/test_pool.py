"""What the looks at a pool say, read once for all who judge by them."""

from __future__ import annotations

from fraiseql_chaos.verdicts.pool import in_flight, looks_during_fault, pool_looks, why_no_looks
from histories import NS_PER_MS, Scene


def test_a_look_is_read_with_its_queue_in_order() -> None:
    (look,) = pool_looks(Scene().pool(100, waiting=5, available=0, size=30, queue=((7, 9), (3, 4)), queued=12, numbered=10).history())
    assert (look.waiting, look.queue, look.held, look.queued, look.numbered) == (5, (7, 8, 9, 3, 4), 30, 12, 10)
    assert look.is_exhausted


def test_a_pool_that_may_grow_or_has_one_left_is_not_exhausted() -> None:
    looks = pool_looks(Scene().pool(100, available=0, size=29).pool(200, available=1, size=30).history())
    assert [look.is_exhausted for look in looks] == [False, False]


def test_a_pool_that_shows_no_queue_has_numbered_nobody() -> None:
    (look,) = pool_looks(Scene().pool(100, queue=None).history())
    assert (look.numbered, look.queue) == (None, ())


def test_only_looks_that_lie_wholly_within_a_fault_are_of_it() -> None:
    """A look takes 1 ms; arming begins at 1000 ms, and healing is done at 2000 ms."""
    history = Scene().fault(1000, 2000).pool(900).pool(1000.5).pool(1500).pool(2000.5).pool(1600, ok=False).history()
    assert [look.at_ns for look in looks_during_fault(history)] == [1500 * NS_PER_MS]
    assert len(pool_looks(history)) == 4


def test_why_there_is_nothing_to_see_is_said() -> None:
    assert why_no_looks(Scene().history()) == "nobody looked at the service's pool"
    assert why_no_looks(Scene().pool(10).history()) == "nobody looked at the service's pool during a fault"
    assert why_no_looks(Scene().pool(10, ok=False).history()).startswith("the service's pool could not be looked at: the app has made no")


def test_in_flight_is_what_was_sent_and_not_answered_by_whoever_asked() -> None:
    scene = Scene().request(0, 100, lag_ms=10).request(0, 100, lag_ms=None).crowd(0, 100).ready(0, ok=True, took_ms=100)
    known_at = in_flight(scene.history())
    assert [known_at(at_ms * NS_PER_MS) for at_ms in (5, 50, 99, 100)] == [2, 3, 3, 0]
