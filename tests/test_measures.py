"""How much, read off histories made by hand: each measure where there is something to measure, and where there is not."""

from __future__ import annotations

import json

import pytest

from fraiseql_chaos import measures
from fraiseql_chaos.errors import DeclarationError, HistoryError
from fraiseql_chaos.history import Sample
from fraiseql_chaos.measures import MEASURES, Measure, measure_from_json
from fraiseql_chaos.verdicts import to_json
from histories import NS_PER_MS, Scene, outage
from links_made import link

ALL: list[Measure] = [
    measures.error_rate(),
    measures.executed_once(),
    measures.hit_rate(),
    measures.kernel_counts("TcpRetransSegs", "TcpInCsumErrors"),
    measures.kernels_noticed("copies"),
    measures.latency_impact(),
    measures.latency_percentiles(),
    measures.look_time("edge_login"),
    measures.next_try(),
    measures.one_way(),
    measures.packet_fates(),
    measures.pool_wait(),
    measures.queue_depth(),
    measures.recovery_time(),
    measures.throughput_impact(),
    measures.time_to_detect(),
    measures.timeout_rate(),
]


def slow(extra_ms: float = 100) -> Scene:
    """A fault that costs latency and nothing else."""
    return Scene().load(350).fault(2000, 4000, kind="latency").answers(0, 2000).answers(2000, 4000, took_ms=extra_ms).answers(4000, 7000)


def looks(scene: Scene, probe: str, *seen: tuple[float, float, bool, dict[str, int]]) -> Scene:
    """Add looks of a witness: when they ended, how long they took, whether they were answered, and what they saw."""
    for at_ms, took_ms, ok, value in seen:
        at_ns = round(at_ms * NS_PER_MS)
        scene.events.append(Sample(probe=probe, began_ns=at_ns - round(took_ms * NS_PER_MS), at_ns=at_ns, ok=ok, value=dict(value)))
    return scene


def test_every_measure_is_tried_here() -> None:
    assert {type(measure) for measure in ALL} == set(MEASURES)


@pytest.mark.parametrize("measure", ALL, ids=lambda measure: measure.kind)
def test_it_is_stored_and_read_back_and_says_what_it_is(measure: Measure) -> None:
    assert measure_from_json(json.loads(json.dumps(to_json(measure))), "here") == measure
    assert str(measure)


@pytest.mark.parametrize("measure", ALL, ids=lambda measure: measure.kind)
def test_of_nothing_there_are_no_numbers_but_a_reason(measure: Measure) -> None:
    found = measure.take(Scene().history())
    assert (found.measure, found.numbers) == (measure, {})
    assert found.statement


def test_what_is_no_measure_is_named() -> None:
    with pytest.raises(HistoryError, match="here: 'luck' is no kind of measure; this release knows error_rate, "):
        measure_from_json({"kind": "luck"}, "here")


def test_error_rate() -> None:
    during, outside = (measures.error_rate(during=period).take(outage().history()) for period in ("fault", "outside"))
    assert (during.numbers["requests"], during.numbers["not_right"], during.numbers["causes"]) == (100, 100, {"graphql_error": 100})
    assert during.statement == "100 of 100 requests during the fault were not answered rightly: 100 %"
    assert (outside.numbers["share"], outside.numbers["causes"]) == (0.0, {})
    with pytest.raises(DeclarationError, match="error_rate: during='lunch' is not one of"):
        measures.error_rate(during="lunch")  # type: ignore[arg-type]


def test_timeouts_are_the_clients_and_those_that_an_answer_tells_of() -> None:
    scene = Scene().load(200).fault(2000, 4000).answers(0, 2000).hangs(2000, 2200)
    scene.errors(2200, 2600, detail="couldn't get a connection after 2.00 sec").errors(
        2600, 3000, detail="canceling statement due to statement timeout"
    )
    found = measures.timeout_rate().take(scene.errors(3000, 4000, detail="connection refused").history())
    assert (found.numbers["given_up_by_client"], found.numbers["timeout_in_answer"], found.numbers["requests"]) == (10, 40, 100)
    assert found.numbers["share"] == 0.5


def test_time_to_detect_and_a_fault_that_nobody_noticed() -> None:
    noticed = measures.time_to_detect().take(outage().history())
    assert noticed.numbers["noticed"] is True
    assert 0 < float(str(noticed.numbers["detect_ms"])) < 20
    unnoticed = measures.time_to_detect().take(slow().history())
    assert (unnoticed.numbers["noticed"], unnoticed.numbers["by_requests_ms"]) == (False, None)


def test_recovery_time_and_one_that_did_not() -> None:
    recovered = measures.recovery_time().take(outage().history())
    assert recovered.numbers["recovered"] is True
    assert 0 < float(str(recovered.numbers["recovery_ms"])) < 20
    never = measures.recovery_time().take(Scene().load(350).fault(2000, 4000).answers(0, 2000).errors(2000, 7000).history())
    assert never.numbers == {"recovered": False, "watched_ms": 2980.0}


def test_latency_percentiles_with_intervals() -> None:
    found = measures.latency_percentiles().take(slow().history())
    numbers = {name: float(str(value)) for name, value in found.numbers.items() if value is not None}
    assert numbers["p50_low_ms"] < numbers["p50_ms"] < numbers["p50_high_ms"] < numbers["p95_ms"] <= numbers["max_ms"]
    assert numbers["p50_ms"] == pytest.approx(100, rel=0.1)
    assert found.numbers["given_up"] == 0


def test_latency_impact() -> None:
    found = measures.latency_impact().take(slow().history())
    assert float(str(found.numbers["ratio"])) == pytest.approx(25, rel=0.15)
    assert float(str(found.numbers["shift_low_ms"])) <= float(str(found.numbers["shift_ms"])) <= float(str(found.numbers["shift_high_ms"]))
    assert float(str(found.numbers["during_p95_ms"])) > 10 * float(str(found.numbers["before_p95_ms"]))
    few = measures.latency_impact().take(outage().history())
    assert (few.numbers, few.statement) == (
        {},
        "100 right answers before and 0 right answers during the fault are too few to compare; 5 are the least",
    )


def test_throughput_impact() -> None:
    assert measures.throughput_impact().take(outage().history()).numbers == {"before_per_s": 50.0, "during_per_s": 0.0, "ratio": 0.0}


def test_look_time_tells_the_looks_during_the_fault_from_the_others() -> None:
    seen: list[tuple[float, float, bool, dict[str, int]]] = [
        (1000, 4, True, {}),
        (1500, 6, True, {}),
        (2500, 100, True, {}),
        (3000, 500, False, {}),
        (3500, 120, True, {}),
    ]
    found = measures.look_time("edge_login").take(looks(slow(), "edge_login", *seen).history())
    assert (found.numbers["outside_looks"], found.numbers["outside_p50_ms"]) == (2, 4.0)
    assert (found.numbers["during_looks"], found.numbers["during_unanswered"], found.numbers["during_max_ms"]) == (3, 1, 120.0)
    with pytest.raises(DeclarationError, match="name the witness"):
        measures.look_time("")


def test_next_try_is_the_next_request_of_the_same_kind_after_the_error() -> None:
    scene = Scene().load(6).fault(0, 100)
    scene.request(0, 10, outcome="fail", cause="graphql_error").request(5, 4).request(20, 4, name="read_users").request(30, 4)
    scene.request(40, 4, outcome="fail", cause="graphql_error").request(60, 4, outcome="fail", cause="graphql_error")
    found = measures.next_try().take(scene.history())
    assert (found.numbers["failed"], found.numbers["tried_again"], found.numbers["succeeded"]) == (3, 2, 1)


def test_executed_once() -> None:
    scene = outage().answers(7000, 7400, name="create_user")
    first = scene.requests - 20
    found = measures.executed_once().take(scene.inventory(times={first: 0, first + 1: 2}).history())
    assert (found.numbers["writes"], found.numbers["acknowledged"], found.numbers["lost"], found.numbers["doubled"]) == (20, 20, 1, 1)


def test_kernel_counts_are_what_was_added_while_the_fault_was_armed() -> None:
    def seen(at_ms: float, retransmitted: int) -> tuple[float, float, bool, dict[str, int]]:
        return (
            at_ms,
            1,
            True,
            {"near.TcpRetransSegs": retransmitted, "far.TcpRetransSegs": 7, "near.TcpOutSegs": 10 * retransmitted, "far.TcpOutSegs": 0},
        )

    scene = looks(slow(), "link_kernels", seen(1000, 1), seen(1900, 2), seen(3000, 5), seen(4100, 9), seen(5000, 20))
    found = measures.kernel_counts("TcpRetransSegs", "NoSuchCounter").take(scene.history())
    assert found.numbers == {"near_TcpRetransSegs": 7, "near_TcpOutSegs": 70, "far_TcpRetransSegs": 0, "far_TcpOutSegs": 0}
    assert found.statement == "both kernels together: TcpRetransSegs 7, NoSuchCounter 0; of 70 segments sent"
    with pytest.raises(DeclarationError, match="name at least one counter"):
        measures.kernel_counts()


def test_hit_rate_is_the_share_of_answers_that_came_sooner_than_any_of_the_databases() -> None:
    scene = Scene().load(100).fault(2000, 4000, kind="latency").answers(0, 2000).answers(2010, 2610, took_ms=4).answers(2610, 3210, took_ms=600)
    found = measures.hit_rate().take(scene.answers(3800, 5000, took_ms=4).history())
    assert (found.numbers["answers"], found.numbers["hits"], found.numbers["rate"]) == (60, 30, 0.5)
    assert found.statement == "30 of 60 answers were there sooner than the database's can have been: 50 %"
    assert measures.hit_rate().take(outage().history()).numbers == {}


def test_one_way_says_which_way_is_late() -> None:
    scene = slow()
    for at_ms, up_ms, down_ms in (
        (1000, 0.5, 0.4),
        (1500, 0.5, 0.6),
        (2600, 400.5, 40.4),
        (3200, 400.7, 40.4),
        (3900, 400.5, 40.4),
        (4200, 300.5, 0.4),
    ):
        looks(scene, "edge_round_trip", (at_ms, up_ms + down_ms, True, {"up_ms": up_ms, "down_ms": down_ms}))  # type: ignore[dict-item]
    found = measures.one_way().take(scene.history())
    assert (found.numbers["before_looks"], found.numbers["during_looks"]) == (2, 3)
    assert (found.numbers["up_added_ms"], found.numbers["down_added_ms"]) == (400.0, 40.0)
    assert "added 400 ms to the way of a request" in found.statement


def test_kernels_noticed_compares_what_arrived_with_what_both_kernels_count() -> None:
    scene = link(bad_checksum=10, uncounted=2, segment_copies=4).counters(
        near={"TcpInCsumErrors": 3}, far={"TcpInCsumErrors": 1, "TcpExtTCPDSACKOldSent": 5}
    )
    refused = measures.kernels_noticed("wrong_checksums").take(scene.history())
    assert refused.numbers == {"arrived": 8, "noticed": 4, "share": 0.5}
    assert refused.statement == "of 8 wrong checksums that arrived the kernels noticed 4: 50 %"
    assert measures.kernels_noticed("copies").take(scene.history()).numbers == {"arrived": 4, "noticed": 5, "share": 1.0}
    assert measures.kernels_noticed("copies").take(link().counters().history()).numbers == {}
    assert measures.kernels_noticed("copies").take(link(segment_copies=4).history()).numbers == {}
    with pytest.raises(DeclarationError, match="kernels_noticed: of='ghosts' is not one of copies, wrong_checksums"):
        measures.kernels_noticed("ghosts")  # type: ignore[arg-type]


def test_packet_fates_are_those_while_the_fault_stood() -> None:
    found = measures.packet_fates().take(link(sent=100, missing=4, copies=1, segments=60, torn=3, mended=2).history())
    assert (found.numbers["asked_share"], found.numbers["sent"], found.numbers["lost"], found.numbers["lost_share"]) == (0.05, 100, 4, 0.04)
    assert (found.numbers["doubled"], found.numbers["torn"], found.numbers["mended"]) == (1, 3, 2)
    assert found.statement == "of 100 packets 4 lost, 1 doubled, 0 overtaken, 0 bent; of 3 torn segments 2 mended"


def in_line() -> Scene:
    """Nobody waits before the fault; during it 10 wait, and each second look one of them is served after 100 ms."""
    scene = Scene().answers(0, 1000).fault(1000, 3000, kind="pool_exhaustion").pool(500)
    for n in range(30):
        scene.pool(1100 + n * 50, waiting=10, available=0, size=30, queue=((n // 2, n // 2 + 9),), queued=10 + n // 2, wait_ms=100 * (n // 2))
    return scene


def test_the_queue_depth_is_what_the_pool_reports_during_the_fault() -> None:
    found = measures.queue_depth().take(in_line().history())
    assert found.statement == "10 clients waited at the median of 30 looks, at most 10; in 30 looks all 30 connections were in use"
    assert (found.numbers["waiting_p50"], found.numbers["waiting_max"], found.numbers["waiting_max_outside"]) == (10, 10, 0)


def test_the_wait_is_the_mean_of_those_who_stopped_waiting_and_the_longest_is_known_from_below() -> None:
    found = measures.pool_wait().take(in_line().history())
    assert (found.numbers["waits"], found.numbers["mean_ms"]) == (14, 100)
    assert found.numbers["longest_at_least_ms"] == 949


def test_where_nobody_was_served_there_is_no_wait() -> None:
    scene = Scene().answers(0, 1000).fault(1000, 3000).pool(1100, waiting=3, queued=3).pool(1200, waiting=3, queued=3)
    assert measures.pool_wait().take(scene.history()).statement == "nobody who waited for a connection during the fault got one"
