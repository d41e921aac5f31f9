"""Bursts are as long, and as frequent, as asked for."""

from __future__ import annotations

from itertools import groupby

import pytest

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.layers.packet.asked import interval
from fraiseql_chaos.layers.packet.faults import BurstLoss
from layers.packet.looks import HEALTHY, cuts, seen
from layers.packet.packets import armed_with, tcp
from layers.packet.promises import check_packet_fault


def fates(fault: BurstLoss, number: int = 20_000, seed: int = 1) -> list[bool]:
    """Return for each packet whether it was lost."""
    engine, packet = armed_with(fault, seed=seed), tcp(b"x")
    return [not engine.feed("up", packet, 0) for _ in range(number)]


@pytest.mark.parametrize("fault", [BurstLoss(enter=0.2, leave=0.5), BurstLoss(enter=1, leave=1, loss_in_burst=0.5, loss_outside=0.1)], ids=str)
def test_it_keeps_what_every_fault_owes(fault: BurstLoss) -> None:
    check_packet_fault(fault)


@pytest.mark.parametrize(
    "fault",
    [BurstLoss(enter=0.02, leave=0.25), BurstLoss(enter=0.01, leave=0.1, loss_in_burst=0.6, loss_outside=0.02), BurstLoss(enter=0.5, leave=0.9)],
    ids=str,
)
def test_in_the_long_run_the_stationary_share_is_lost(fault: BurstLoss) -> None:
    """Method: 20,000 packets; the 99.9 % interval, widened by what packets of one burst share."""
    lost = sum(fates(fault))
    low, high = interval(lost, 20_000, spread=fault._spread())
    assert low <= fault.rate <= high


def test_the_stationary_share_is_the_textbooks() -> None:
    assert BurstLoss(enter=0.02, leave=0.18).rate == pytest.approx(0.1)
    assert BurstLoss(enter=0.1, leave=0.3, loss_in_burst=0.8, loss_outside=0.04).rate == pytest.approx(0.25 * 0.8 + 0.75 * 0.04)


def test_bursts_are_as_long_as_asked_for_on_average() -> None:
    """Method: lengths of runs are geometric with mean 4; some 1500 of them, and four standard deviations of their mean are allowed."""
    runs = [len(list(run)) for is_lost, run in groupby(fates(BurstLoss(enter=0.1, leave=0.25))) if is_lost]
    assert len(runs) > 1000
    assert sum(runs) / len(runs) == pytest.approx(4, abs=4 * 3.47 / len(runs) ** 0.5)


def test_the_state_is_a_function_of_the_seed_and_each_way_has_its_own() -> None:
    fault = BurstLoss(enter=0.1, leave=0.3)
    assert fates(fault, 500) == fates(fault, 500) != fates(fault, 500, seed=2)
    engine, one_way = armed_with(fault), []
    for _ in range(500):
        engine.feed("down", tcp(b"x"), 0)
        one_way.append(not engine.feed("up", tcp(b"x"), 0))
    assert one_way == fates(fault, 500)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"enter": 0, "leave": 1}, "burst_loss: enter is a share above 0 and at most 1, not 0"),
        ({"enter": 1, "leave": 2}, "burst_loss: leave is a share above 0 and at most 1, not 2"),
        ({"enter": 1, "leave": 1, "loss_in_burst": 0}, "burst_loss: loss_in_burst is a share above 0 and at most 1, not 0"),
        ({"enter": 1, "leave": 1, "loss_outside": 1}, "burst_loss: loss_outside is a share from 0 on and below 1, not 1"),
        (
            {"enter": 1, "leave": 1, "loss_in_burst": 0.2, "loss_outside": 0.2},
            "burst_loss: loss_outside 0.2 is not below loss_in_burst 0.2, so there are no bursts",
        ),
        ({"enter": 1, "leave": 1, "direction": ""}, "burst_loss: direction is one of .*, not ''"),
    ],
)
def test_what_has_no_meaning_is_refused_by_name(arguments: dict[str, object], told: str) -> None:
    with pytest.raises(DeclarationError, match=f"^{told}; nothing was armed$"):
        BurstLoss(**arguments)  # type: ignore[arg-type]  # what the checker refuses is what is tried here


def test_it_is_told_in_a_few_words() -> None:
    assert str(BurstLoss(enter=0.02, leave=0.18)) == "10 % of the packets lost both ways, in bursts of 5.56 on average"


def test_it_is_seen_where_as_many_are_missing_and_its_interval_is_wide() -> None:
    """7.5 % of 800 packets would contradict 10 % of independent loss less than 5 %, and neither contradicts a loss in bursts of 20."""
    fault = BurstLoss(enter=0.0055, leave=0.05, direction="up")
    assert seen(fault, HEALTHY, cuts(10, missing=10))[0] == 100
    assert seen(fault, HEALTHY, cuts(10, missing=5))[0] == 50
    assert seen(fault, HEALTHY, cuts(10, missing=60))[0] == 0
