"""TCP made it good: three answers, and both witnesses must agree."""

from __future__ import annotations

import pytest

from fraiseql_chaos.verdicts import kernels_mended
from histories import outage
from links_made import armed, link


def test_it_holds_when_all_that_was_torn_came_again_and_the_kernels_say_so() -> None:
    scene = link(segments=80, torn=4, mended=4).counters(far={"TcpRetransSegs": 6})
    finding = kernels_mended().judge(scene.history())
    assert finding.verdict == "held"
    assert finding.statement == (
        "of 80 segments 4 did not arrive as they were sent, and all they carried came whole; 0 copies, 0 overtaken; "
        "the kernels count 6 segments sent again, 0 copies told of, 0 segments queued out of order"
    )
    assert (finding.numbers["torn"], finding.numbers["mended"], finding.numbers["segments_sent_again"]) == (4, 4, 6)


@pytest.mark.parametrize("counted", [True, False])
def test_it_is_violated_by_one_segment_that_never_came_again(*, counted: bool) -> None:
    scene = link(segments=80, torn=4, mended=3)
    finding = kernels_mended().judge((scene.counters(near={"TcpRetransSegs": 6}) if counted else scene).history())
    assert finding.verdict == "violated"
    assert finding.statement == "of 80 segments 4 did not arrive as they were sent, and what 1 of these carried never arrived whole"


def test_what_need_not_have_come_again_yet_cannot_be_told() -> None:
    finding = kernels_mended().judge(link(segments=80, torn=4, mended=3, awaited=1).counters(near={"TcpRetransSegs": 6}).history())
    assert finding.verdict == "inconclusive"
    assert (
        finding.statement
        == "of 80 segments 4 did not arrive as they were sent, and the record ended before what 1 of these carried had to be sent again"
    )
    assert kernels_mended().judge(link(torn=4, mended=2, awaited=1).history()).verdict == "violated"


@pytest.mark.parametrize(
    ("counts", "counter"),
    [
        ({"torn": 2, "mended": 2}, "TcpRetransSegs"),
        ({"segment_copies": 2}, "TcpExtTCPDSACKOldSent"),
        ({"segment_copies": 2}, "TcpExtTCPDSACKOfoSent"),
        ({"segments_overtaken": 2}, "TcpExtTCPOFOQueue"),
    ],
)
def test_what_the_captures_saw_the_kernels_must_have_met(counts: dict[str, int], counter: str) -> None:
    """With the counter it holds, without it one of the two witnesses is wrong."""
    assert kernels_mended().judge(link(**counts).counters(near={counter: 1}).history()).verdict == "held"
    finding = kernels_mended().judge(link(**counts).counters().history())
    assert finding.verdict == "inconclusive"
    assert finding.statement.endswith("so one of the two is wrong")


@pytest.mark.parametrize(
    ("scene", "told"),
    [
        (outage(), "no fault of packets was armed"),
        (armed().counters(), "packets could not be counted: no packet of it was captured while it was armed"),
        (armed().slice(2500, flaw="no room").counters(), "packets could not be counted: no room"),
        (link(segments=80, torn=0).counters(near={"TcpRetransSegs": 6}), "there was nothing to mend"),
        (link(segments=80, torn=1, mended=1), "nobody read the kernels' counters before and after"),
    ],
    ids=["no fault of packets", "no capture", "a flawed capture", "nothing met", "no counters"],
)
def test_it_cannot_tell(scene: object, told: str) -> None:
    finding = kernels_mended().judge(scene.history())  # type: ignore[attr-defined]
    assert finding.verdict == "inconclusive"
    assert finding.statement.endswith(told)
