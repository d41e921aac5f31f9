"""No wrong checksum passed: three answers."""

from __future__ import annotations

import pytest

from fraiseql_chaos.verdicts import checksums_refused
from histories import outage
from links_made import LinkScene, armed, link


def test_it_holds_when_the_receiver_refused_as_many_as_arrived_or_more() -> None:
    for refused in (4, 5):
        finding = checksums_refused().judge(link(bad_checksum=4).counters(far={"TcpInCsumErrors": refused}).history())
        assert finding.verdict == "held"
        assert finding.numbers == {"arrived_wrong": 4, "refused": refused}


def test_it_is_violated_by_one_that_passed() -> None:
    finding = checksums_refused().judge(link(bad_checksum=4).counters(far={"TcpInCsumErrors": 3}).history())
    assert finding.verdict == "violated"
    assert "of 4 packets that arrived with a wrong checksum at the far end its kernel refused 3" in finding.statement


def test_the_other_kernel_refuses_nothing_for_it() -> None:
    assert checksums_refused().judge(link(bad_checksum=4).counters(near={"TcpInCsumErrors": 4}).history()).verdict == "violated"


def test_what_tcp_cannot_count_is_not_expected_to_be_counted() -> None:
    scene = link(bad_checksum=4, uncounted=1).counters(far={"TcpInCsumErrors": 3})
    assert checksums_refused().judge(scene.history()).verdict == "held"


@pytest.mark.parametrize(
    ("scene", "told"),
    [
        (outage(), "no fault of packets was armed"),
        (armed().counters(), "packets could not be counted: no packet of it was captured while it was armed"),
        (link(missing=4).counters(far={"TcpInCsumErrors": 3}), "no packet arrived with a wrong checksum that can be counted"),
        (link(bad_checksum=1, uncounted=1).counters(), "no packet arrived with a wrong checksum that can be counted"),
        (link(bad_checksum=4), "nobody read the kernels' counters before and after"),
    ],
    ids=["no fault of packets", "no capture", "nothing wrong", "nothing that TCP counts", "no counters"],
)
def test_it_cannot_tell(scene: LinkScene, told: str) -> None:
    finding = checksums_refused().judge(scene.history())
    assert (finding.verdict, finding.statement) == ("inconclusive", told)
