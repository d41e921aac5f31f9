"""What netem can do is said in its words, exactly; what it cannot is refused by name, before anything is armed, and who can is named."""

from __future__ import annotations

import shutil

import pytest

from fraiseql_chaos.core import Duration, ms
from fraiseql_chaos.errors import CapabilityError
from fraiseql_chaos.layers.packet.faults import (
    PACKET_FAULTS,
    BitFlip,
    BurstLoss,
    Duplicate,
    Flapping,
    Loss,
    PacketDelay,
    PacketRate,
    Partition,
    Reorder,
)
from fraiseql_chaos.layers.packet.match import Match
from fraiseql_chaos.layers.packet.model import PacketFault
from fraiseql_chaos.layers.packet.netem import NETEM_FAULTS, Netem, check_netem, netem_of, netem_words, refusal
from layers.packet.netems import EXAMPLES, tc

NOT_TAKEN = ("Usage", "What is", "Illegal", "Unknown")
"""What tc says to words that it cannot read."""

REFUSED: dict[str, PacketFault] = {
    "match": Loss(rate=0.1, match=Match(port=5432)),
    "match (data, number 3 of a connection)": Loss(rate=1.0, match=Match(tcp="data", nth=3)),
    "delay=5 ms later": Duplicate(rate=0.1, delay=ms(5)),
    "gap=3 holds back every 3th": Reorder(rate=0.5, delay=ms(5), gap=3),
    "correlation=0.5 repeats a fate": Reorder(rate=0.5, delay=ms(5), correlation=0.5),
    "neither rate nor where": BitFlip(rate=0.1, where="packet"),
    "keeps_order=True does not": PacketDelay(delay=ms(50), jitter=ms(10)),
    "queue_bytes=9000": PacketRate(rate_bytes_per_s=1000, queue_bytes=9000),
    "how='reset' answers": Partition(how="reset"),
    "how='unreachable' answers": Partition(how="unreachable"),
    "by the clock": Flapping(up_for=ms(100), down_for=ms(100)),
}


@pytest.mark.parametrize("words", EXAMPLES)
def test_a_fault_is_said_in_netems_words(words: str) -> None:
    both = netem_of(EXAMPLES[words])
    assert " ".join(netem_words(both["up"])) == words
    assert both["up"] == both["down"]


def test_a_direction_in_which_nothing_acts_gets_nothing() -> None:
    assert netem_of([Loss(rate=0.5, direction="up")]) == {"up": Netem(loss=0.5)}
    apart = netem_of([Loss(rate=0.5, direction="up"), Loss(rate=0.25, direction="down")])
    assert apart == {"up": Netem(loss=0.5), "down": Netem(loss=0.25)}
    assert netem_of([]) == {}


@pytest.mark.parametrize("why", REFUSED)
def test_what_netem_cannot_do_is_refused_by_name(why: str) -> None:
    fault = REFUSED[why]
    with pytest.raises(CapabilityError) as refused:
        netem_of([fault])
    told = str(refused.value)
    assert told.startswith(f"{fault.kind} cannot be done by netem: ")
    assert why in told
    assert told.endswith("the TUN forwarder can (--chaos-link=tun); nothing was armed")


@pytest.mark.parametrize(
    "faults",
    [
        (Loss(rate=0.1), Loss(rate=0.2)),
        (Loss(rate=0.1), Duplicate(rate=0.2)),
        (Loss(rate=0.1), PacketRate(rate_bytes_per_s=1000)),
        (BurstLoss(enter=0.1, leave=0.5), Reorder(rate=0.1, delay=ms(5))),
        (PacketDelay(delay=ms(5)), PacketRate(rate_bytes_per_s=1000)),
        (PacketDelay(delay=ms(5)), Loss(rate=0.1), Partition()),
    ],
    ids=lambda faults: " and ".join(fault.kind for fault in faults),
)
def test_what_netem_cannot_do_at_once_is_refused_by_names(faults: tuple[PacketFault, ...]) -> None:
    """And each alone can be done, so it is their meeting that cannot."""
    for fault in faults:
        check_netem([fault])
    with pytest.raises(CapabilityError, match=" and ".join(fault.kind for fault in faults) + r" cannot be done.*nothing was armed"):
        check_netem(faults)


def test_what_acts_in_different_directions_does_not_meet() -> None:
    check_netem([Duplicate(rate=0.1, direction="up"), PacketRate(rate_bytes_per_s=1000, direction="down")])


def test_the_faults_that_netem_knows_are_those_that_it_does_without_further_words() -> None:
    """``doctor`` lists them, where there is no other mechanism."""
    plain = [fault for (fault, *_) in EXAMPLES.values()] + list(REFUSED.values())
    done = {type(fault) for fault in plain if refusal(fault) is None}
    assert done == set(NETEM_FAULTS)
    assert set(PACKET_FAULTS) - done == {BitFlip, Flapping}


@pytest.mark.skipif(shutil.which("tc") is None, reason="there is no tc to ask; on Debian: apt-get install iproute2")
@pytest.mark.parametrize("words", EXAMPLES)
def test_tc_takes_the_words(words: str) -> None:
    """It reads them before it asks the kernel, and what it cannot read it answers with what it can; the kernel then may have none, or no such device."""
    answer = tc(*words.split())
    assert not any(word in answer for word in NOT_TAKEN), answer


@pytest.mark.skipif(shutil.which("tc") is None, reason="there is no tc to ask; on Debian: apt-get install iproute2")
@pytest.mark.parametrize("wrong", ["limit 44739 delay 50000000ns", "loss gilbert 5%", "bits 3"])
def test_tc_does_not_take_any_words(wrong: str) -> None:
    """The check above can fail: the first of these was once ours."""
    answer = tc(*wrong.split())
    assert any(word in answer for word in NOT_TAKEN), answer


def test_a_fraction_of_a_microsecond_is_not_lost() -> None:
    assert netem_words(Netem(delay=Duration(1_500)))[2:] == ("delay", "1.5us")
