"""What several faults read from the witnesses, and what none of them may conclude."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fraiseql_chaos.history import Sample
from fraiseql_chaos.layers.packet.traces import Captured, answers, captured, corroborated, late, reach, reach_of_broken, share, slices
from fraiseql_chaos.plan import Sighting
from layers.packet.looks import HEALTHY, cut, cuts, kernels, path


def missing(before: tuple[Sample, ...], during: tuple[Sample, ...], *, asked: float = 0.05, at_most: bool = False) -> tuple[int, str]:
    sighting = share(before, during, direction="up", asked=asked, marked=lambda s: s.missing, how="never arrived", at_most=at_most)
    return sighting.count, sighting.statement


def test_slices_are_summed_for_one_direction_or_both() -> None:
    looks = (cut(10, missing=2), cut(20, direction="down", copies=3), path())
    assert captured(slices(looks, "up")) == Captured(sent=10, arrived=8, missing=2)
    assert captured(slices(looks, "both")) == Captured(sent=30, arrived=28, missing=2, copies=3)


def test_a_slice_that_could_not_be_counted_is_none_in_which_nothing_was_lost() -> None:
    flawed = replace(cut(0), ok=False, error="the kernel dropped 7 packets of the capture")
    assert slices((cut(5), flawed), "up") == [cut(5)]
    assert missing(HEALTHY, (*cuts(10, missing=5), flawed)) == (
        0,
        "5 % asked; packets could not be counted: the kernel dropped 7 packets of the capture",
    )


def test_the_share_asked_for_is_seen() -> None:
    assert missing(HEALTHY, cuts(10, missing=5)) == (50, "5 % asked; 50 of 1000 packets sent towards the server never arrived, 5 %")


def test_a_share_that_contradicts_the_asked_one_is_no_evidence_of_it() -> None:
    told = "and the 99.9 % interval of that is 7.29 % to 13.6 %: not the rate that was asked for"
    assert missing(HEALTHY, cuts(10, missing=10)) == (0, f"5 % asked; 100 of 1000 packets sent towards the server never arrived, 10 %, {told}")
    assert missing(HEALTHY, cuts(10, missing=1))[0] == 0


def test_where_less_contradicts_nothing_less_is_seen_and_more_is_not() -> None:
    assert missing(HEALTHY, cuts(10, missing=1), at_most=True)[0] == 10
    assert missing(HEALTHY, cuts(10, missing=10), at_most=True)[0] == 0


def test_few_packets_are_evidence_but_tell_no_rate() -> None:
    assert missing(HEALTHY, (cut(2, missing=1),)) == (
        1, "5 % asked; 1 of 2 packets sent towards the server never arrived, 50 %, too few to tell a rate",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("before", "during"),
    [((), cuts(10, missing=5)), (HEALTHY, ()), (HEALTHY, cuts(10)), ((path(),), cuts(10, missing=5)), (cuts(10, missing=4), cuts(10, missing=5))],
    ids=["nobody looked before", "nobody looked", "all arrived", "only at the service", "as bad before"],
)
def test_nothing_is_claimed_otherwise(before: tuple[Sample, ...], during: tuple[Sample, ...]) -> None:
    assert missing(before, during)[0] == 0


def test_packets_that_never_were_before_need_no_health_if_somebody_looked() -> None:
    """The first SYN of each connection, say, in a service whose pool is full."""
    assert missing((kernels(), path()), cuts(10, missing=5))[0] == 50


def test_kernels_corroborate_what_the_capture_saw_and_nothing_else() -> None:
    looks = (kernels(near_TcpRetransSegs=3),), (kernels(near_TcpRetransSegs=5), kernels(near_TcpRetransSegs=12))
    counters = (("near.TcpRetransSegs", "segments sent again by the near kernel"),)
    by = Sighting(witness="capture", count=9, statement="x")
    found = corroborated(by, *looks, counters=counters)
    assert (found.count, found.statement) == (9, "9 segments sent again by the near kernel")
    assert corroborated(Sighting(witness="capture", count=0, statement="x"), *looks, counters=counters).count == 0
    assert corroborated(by, (), looks[0], counters=counters).count == 0


def delays(before: tuple[Sample, ...], during: tuple[Sample, ...]) -> int:
    return late(before, during, direction="up", floor_ns=lambda _: 50_000_000, field="delay_us_p50", asked="50 ms").count


def test_lateness_is_seen_where_most_are_late_and_were_not() -> None:
    assert delays(HEALTHY, cuts(10, delay_us=50_001)) == 10
    assert delays(HEALTHY, (*cuts(5, delay_us=50_001), *cuts(5, frm=5))) == 0
    assert delays(cuts(10, delay_us=60_000), cuts(10, delay_us=60_000)) == 0
    assert delays((kernels(),), cuts(10, delay_us=60_000)) == 0
    assert delays(HEALTHY, cuts(10, missing=100)) == 0


def test_answers_must_have_been_given() -> None:
    sighting = Sighting(witness="capture", count=7, statement="x")
    assert answers(sighting, (cut(direction="down", answered=2),)) == Sighting(
        witness="capture", count=7, statement="x; 2 answers that nobody had sent"
    )
    assert answers(sighting, cuts(2)).count == 0


def test_the_service_is_under_a_fault_while_it_is_on_the_link_alone() -> None:
    assert reach((path(), path(), path(through=0))).count == 2
    assert reach((path(through=0, connecting=1),)).count == 1
    assert reach((path(), path(around=1))).count == 0
    assert reach((path(through=0, connecting=1, around=1),)).count == 0
    assert reach(()).count == 0


def test_a_service_that_loses_its_connections_had_them_before_and_finds_no_way_around() -> None:
    assert reach_of_broken((path(), path()), (path(through=0),)).count == 2
    assert reach_of_broken((path(), path()), (path(through=0), path(through=0, around=1))).count == 0
    assert reach_of_broken((path(through=0), path()), (path(through=0),)).count == 0
    assert reach_of_broken((), (path(),)).count == reach_of_broken((path(),), ()).count == 0


def test_what_was_counted_is_told_for_each_way_by_itself_whether_or_not_it_is_what_was_asked_for() -> None:
    during = (*cuts(10, missing=5), *cuts(5, direction="down", missing=20))
    sighting = share(HEALTHY, during, direction="both", asked=0.05, marked=lambda s: s.missing, how="never arrived", spread=2.0, at_most=True)
    ways = {"up": {"marked": 50, "of": 1000}, "down": {"marked": 100, "of": 500}}
    assert sighting.count == 0
    assert sighting.counted == {"asked": 0.05, "how": "never arrived", "spread": 2.0, "at_most": True, "ways": ways}
    assert answers(sighting, (cut(1, answered=1),)).counted == sighting.counted


def test_what_could_not_be_counted_is_no_count() -> None:
    flawed = replace(cut(0), ok=False, error="the kernel dropped 7 packets of the capture")
    found = share(HEALTHY, (*cuts(10, missing=5), flawed), direction="up", asked=0.05, marked=lambda s: s.missing, how="never arrived")
    assert found.counted == {}
