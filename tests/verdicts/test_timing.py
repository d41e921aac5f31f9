"""Noticed, back, settled: read off records whose times are known."""

from __future__ import annotations

from fraiseql_chaos.history import Sample
from fraiseql_chaos.verdicts.timing import detection, recovery
from histories import Scene, outage

NS_PER_MS = 1_000_000


def test_a_fault_is_noticed_by_each_source_apart() -> None:
    history = (
        Scene().fault(1000, 2000).answers(0, 1000).request(1010, 90, outcome="fail", cause="http_error").ready(1030, ok=False, took_ms=2).history()
    )
    seen = detection(history)

    assert seen is not None
    assert (seen.bite_ns, seen.by_requests_ns, seen.by_readiness_ns, seen.at_ns) == tuple(t * NS_PER_MS for t in (1000, 1100, 1032, 1032))


def test_a_client_that_gave_up_noticed_but_the_service_did_not() -> None:
    seen = detection(Scene().fault(1000, 2000).answers(0, 1000).hangs(1000, 2000, took_ms=300).history())

    assert seen is not None
    assert seen.at_ns is None


def test_a_look_at_readiness_that_was_given_up_is_no_word_of_the_service() -> None:
    scene = Scene().fault(1000, 2000).answers(0, 1000).hangs(1000, 2000)
    scene.events.append(Sample(probe="service_ready", began_ns=1100 * NS_PER_MS, at_ns=1600 * NS_PER_MS, ok=False, value={"given_up": True}))
    seen = detection(scene.history())

    assert seen is not None
    assert seen.at_ns is None


def test_a_source_that_showed_errors_before_cannot_tell() -> None:
    seen = detection(outage().request(500, outcome="fail", cause="graphql_error").history())

    assert seen is not None
    assert (seen.confounded, seen.by_requests_ns, seen.by_readiness_ns) == (("requests",), None, 2502 * NS_PER_MS)


def test_back_is_the_first_answer_of_the_last_unbroken_run() -> None:
    scene = Scene().fault(1000, 2000).answers(0, 1000).errors(1000, 2200)
    back = recovery(scene.request(2200, 50).request(2220, outcome="fail", cause="http_error").request(2240, 30).request(2260, 5).history())

    assert back is not None
    assert back.at_ns == 2265 * NS_PER_MS
    assert (back.last_bad_ns, back.following) == (2220 * NS_PER_MS, 2)


def test_settled_is_later_than_back_when_answers_come_slowly_at_first() -> None:
    scene = Scene().fault(1000, 2000).answers(0, 1000).errors(1000, 2000).answers(2000, 3000, took_ms=80).answers(3000, 4000)
    back = recovery(scene.history())

    assert back is not None
    assert back.at_ns is not None
    assert back.settled_ns is not None
    assert back.at_ns - back.heal_ns < 100 * NS_PER_MS
    assert 850 * NS_PER_MS <= back.settled_ns - back.heal_ns <= 1000 * NS_PER_MS


def test_a_service_that_stays_slow_never_settles() -> None:
    back = recovery(Scene().fault(1000, 2000).answers(0, 1000).answers(2000, 4000, took_ms=80).history())

    assert back is not None
    assert back.settled_ns is None
    assert back.settled_bound_ns is not None


def test_without_a_healed_fault_there_is_no_recovery_and_without_an_armed_one_no_detection() -> None:
    assert recovery(Scene().fault(1000, None).answers(0, 2000).history()) is None
    assert recovery(Scene().answers(0, 2000).history()) is None
    assert detection(Scene().fault(None, None).answers(0, 2000).history()) is None
