"""Loss takes as many as asked for, those that its dice say, and claims no more."""

from __future__ import annotations

import pytest

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.layers.packet.asked import interval
from fraiseql_chaos.layers.packet.faults import Loss
from fraiseql_chaos.layers.packet.match import Match
from fraiseql_chaos.layers.packet.packet import SYN
from layers.packet.looks import HEALTHY, cuts, kernels, path, seen
from layers.packet.packets import armed_with, tcp
from layers.packet.promises import check_packet_fault


@pytest.mark.parametrize("fault", [Loss(rate=0.3), Loss(rate=1, direction="down"), Loss(rate=1, match=Match(tcp="data", nth=3))], ids=str)
def test_it_keeps_what_every_fault_owes(fault: Loss) -> None:
    check_packet_fault(fault)


@pytest.mark.parametrize("rate", [0.01, 0.05, 0.5, 0.99])
def test_the_share_that_was_asked_for_is_lost_each_way(rate: float) -> None:
    """Method: 20,000 packets each way, a fixed seed, the 99.9 % interval."""
    engine, packet = armed_with(Loss(rate=rate)), tcp(b"x")
    for direction in ("up", "down"):
        lost = sum(not engine.feed(direction, packet, 0) for _ in range(20_000))
        low, high = interval(lost, 20_000)
        assert low <= rate <= high


def lost_of(fault: Loss, seed: int = 1) -> list[int]:
    engine = armed_with(fault, seed=seed)
    return [n for n in range(500) if not engine.feed("up", tcp(b"x"), n)]


def test_the_seed_decides_which() -> None:
    assert lost_of(Loss(rate=0.1)) == lost_of(Loss(rate=0.1)) != lost_of(Loss(rate=0.1), seed=2)


def test_only_the_first_syn_of_each_connection_is_lost_where_that_is_asked_for() -> None:
    engine = armed_with(Loss(rate=1, match=Match(tcp="syn", first=1)))
    syns = [tcp(flags=SYN, sport=port) for port in (1, 2)]
    assert [bool(engine.feed("up", packet, 0)) for packet in (*syns, *syns, tcp(b"x", sport=1))] == [False, False, True, True, True]
    assert engine.ledger().fitted == {"0-fault": 2}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"rate": 0}, "loss: rate is a share above 0 and at most 1, not 0"),
        ({"rate": 1.5}, "loss: rate is a share above 0 and at most 1, not 1.5"),
        ({"rate": 1, "direction": "left"}, "loss: direction is one of 'down' .*, 'up' .*, 'both' .*, not 'left'"),
    ],
)
def test_what_has_no_meaning_is_refused_by_name(arguments: dict[str, object], told: str) -> None:
    with pytest.raises(DeclarationError, match=f"^{told}; nothing was armed$"):
        Loss(**arguments)  # type: ignore[arg-type]  # what the checker refuses is what is tried here


def test_it_is_told_in_a_few_words() -> None:
    assert str(Loss(rate=0.05)) == "5 % of the packets lost both ways"
    assert str(Loss(rate=1, direction="up", match=Match(tcp="syn"))) == "100 % of the packets lost towards the server, of SYN"


def test_it_is_seen_by_the_capture_the_kernels_and_the_service() -> None:
    fault = Loss(rate=0.05, direction="up")
    sightings = fault.sightings(HEALTHY, (*cuts(10, missing=5), kernels(near_TcpRetransSegs=39), path()))
    assert [(s.count, s.statement) for s in sightings] == [
        (50, "5 % asked; 50 of 1000 packets sent towards the server never arrived, 5 %"),
        (38, "38 segments sent again by the near kernel"),
        (1, "1 of 1 looks found the service's connections on this link and none around it"),
    ]


def test_another_rate_than_the_one_asked_for_is_not_seen() -> None:
    assert seen(Loss(rate=0.05, direction="up"), HEALTHY, cuts(10, missing=10))[0] == 0
