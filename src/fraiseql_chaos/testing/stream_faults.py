"""
What every fault of a stream owes, as checks that need no socket and no clock: many small ones, each named after its promise.

They cannot know what a fault is for. They know what none may do: forget itself on its way through JSON, decide the same thing twice
differently, let something leave before it came, keep what a heal should let go, lose or invent bytes without saying so, or take health for
its own work.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from fraiseql_chaos.core import NS_PER_MS, ms
from fraiseql_chaos.history import Sample
from fraiseql_chaos.layers.stream.armed import Armed
from fraiseql_chaos.layers.stream.codec import fault_from_json, fault_to_json
from fraiseql_chaos.layers.stream.engine import Conversation
from fraiseql_chaos.layers.stream.faults import Latency
from fraiseql_chaos.layers.stream.model import DIRECTIONS, Direction, Ending, Item, Meeting, Narrow, Opening, Origin, StreamFault
from fraiseql_chaos.layers.stream.scope import Scope
from fraiseql_chaos.testing.health import HEALTHY, healthy

__all__ = ["check_stream_fault"]

type _Story = list[tuple[int, Direction, Item]]

_CHUNKS: tuple[tuple[Direction, bytes], ...] = tuple(
    (direction, bytes([n]) * size) for n, (direction, size) in enumerate((d, s) for s in (1, 70, 5, 900, 4096, 33) for d in DIRECTIONS)
)
"""A conversation of both directions in chunks of several sizes, each of its own letter."""


def check_stream_fault(fault: StreamFault) -> None:
    """
    Prove that a fault keeps what it owes to the rest.

    Args:
        fault: A value of it; try several, if its magnitudes change what it does.

    Raises:
        AssertionError: If a promise is broken; the message names it.
    """
    _check_it_describes_itself(fault)
    _check_json(fault)
    _check_it_acts_somewhere(fault)
    _check_roles(fault)
    _check_instants(fault)
    _check_it_decides_the_same_again(fault)
    _check_neighbours(fault)
    _check_bytes_are_accounted_for(fault)
    _check_heal_lets_go(fault)
    _check_eyes(fault)


def _check_it_describes_itself(fault: StreamFault) -> None:
    own_file = type(fault).__module__.rpartition(".")[2]
    assert own_file in {fault.kind, "__main__"}, f"one fault, one file, one wire name: {fault.kind!r} lives in {own_file}.py"
    assert fault.layer == "stream", f"layer {fault.layer!r} is not where a fault of a stream acts"
    assert str(fault), "it says in a few words what it does"
    assert hash(fault) == hash(fault), "a fault is a value: frozen, and comparable"


def _check_json(fault: StreamFault) -> None:
    raw = json.loads(json.dumps(fault_to_json(fault)))
    back = fault_from_json(raw, {fault.kind: type(fault)})
    assert back == fault, f"it comes back from JSON as it went in, not as {back!r}"


def _check_it_acts_somewhere(fault: StreamFault) -> None:
    acts = [fault.toxic(_meeting(fault, is_new=is_new)) is not None for is_new in (False, True)]
    assert fault.door != "open" or any(acts), "it acts on the door or on what flows, or else it does nothing"


def _check_roles(fault: StreamFault) -> None:
    toxic = fault.toxic(_meeting(fault, is_new=False))
    if isinstance(toxic, Opening | Narrow):
        assert fault.acts_at_once, "its toxic acts before anything arrives, so acts_at_once must say so, or idle connections never meet it"


def _check_instants(fault: StreamFault) -> None:
    toxic = fault.toxic(_meeting(fault, is_new=False))
    if toxic is None:
        return
    offsets: dict[Direction, int] = dict.fromkeys(DIRECTIONS, 0)
    for ordinal, (direction, chunk) in enumerate(_CHUNKS):
        at_ns = ordinal * NS_PER_MS
        origin = Origin(direction, ordinal, offsets[direction])
        offsets[direction] += len(chunk)
        for passed in toxic.pass_on(chunk, origin, at_ns):
            assert passed.at_ns >= at_ns, "nothing leaves before it arrived"
            assert passed.item != b"", "no item is empty: a read of nothing is an end"
            if passed.origin.direction == direction:
                assert origin.offset <= passed.origin.offset <= offsets[direction], "a part says where in the stream it came from"


def _check_it_decides_the_same_again(fault: StreamFault) -> None:
    assert _story(fault) == _story(fault), "the same seed and the same traffic give the same decisions"


def _check_neighbours(fault: StreamFault) -> None:
    elsewhere = Latency(delay=ms(1), scope=Scope(from_connection=10**6))
    assert _story(fault, neighbour=elsewhere) == _story(fault), "a fault on other connections changes nothing here"


def _check_bytes_are_accounted_for(fault: StreamFault) -> None:
    armed, talk = _armed(fault)
    out: dict[Direction, int] = dict.fromkeys(DIRECTIONS, 0)
    for _, direction, item in (*_conversation(talk), *_run_out(talk)):
        out[direction] += _size(item)
    armed.heal(_ID)
    talk.renew(_END_NS)
    for direction, item in talk.take(_END_NS):
        out[direction] += _size(item)
    for direction in DIRECTIONS:
        sent = sum(len(chunk) for way, chunk in _CHUNKS if way == direction)
        added, dropped = talk.added_bytes[direction], talk.dropped_bytes[direction]
        assert sent + added == out[direction] + dropped, (
            f"bytes are neither lost nor made without a word ({direction}: {sent} came, {added} were added, {out[direction]} left, {dropped} were dropped)"
        )


def _check_heal_lets_go(fault: StreamFault) -> None:
    armed, talk = _armed(fault)
    story = list(_conversation(talk))
    armed.heal(_ID)
    talk.renew(_END_NS)
    released = talk.take(_END_NS)
    assert not talk.is_holding, "a healed fault holds nothing back"
    assert talk.due_ns is None, "a healed fault does nothing any more"
    if not any(isinstance(item, Ending) for item in (*(item for _, _, item in story), *(item for _, item in released))):
        talk.feed(b"after", Origin("down", 99, 10**6), _END_NS)
        assert talk.take(_END_NS) == [("down", b"after")], "what comes after the heal passes at once"


def _check_eyes(fault: StreamFault) -> None:
    assert fault.witnesses, "a fault without a witness proves nothing"
    unknown = set(fault.witnesses) - HEALTHY.keys() - {"server_log"}
    assert not unknown, f"no probe is called {', '.join(unknown)}; say in testing/health.py what a new one sees in health"
    for sightings in (fault.sightings((), ()), fault.sightings(_well(fault), ())):
        assert {s.shows for s in sightings} == {"fault", "reach"}, "evidence has two halves: that it happened, and that the service was under it"
        assert all(s.statement and s.witness for s in sightings), "each witness is named, and says what it saw, also where that is nothing"
        assert not any(s.count for s in sightings if s.shows == "fault"), "where nobody looked, nothing was seen"
    during = healthy(fault.witnesses, began_ns=_END_NS)
    seen = [s.statement for s in fault.sightings(_well(fault), during) if s.shows == "fault" and s.count]
    assert not seen, f"a healthy world is not taken for the fault's work: {seen}"
    blind = [s.statement for s in fault.sightings((), during) if s.shows == "fault" and s.count]
    assert not blind, f"without health to compare with, nothing is claimed: {blind}"


_ID = "0-fault"
_END_NS = 10**12


def _well(fault: StreamFault) -> tuple[Sample, ...]:
    return healthy(fault.witnesses)


def _meeting(fault: StreamFault, *, is_new: bool) -> Meeting:
    return Meeting(connection=0, is_new=is_new, armed_ns=0, seed=1, name=fault.kind)


def _armed(fault: StreamFault, neighbour: StreamFault | None = None) -> tuple[Armed, Conversation]:
    """Arm a fault on an edge with one connection, which was there before."""
    armed = Armed(1)
    if neighbour is not None:
        armed.arm("neighbour", neighbour, name="neighbour", now_ns=0, present=(0,), upcoming=1)
    armed.arm(_ID, fault, name=fault.kind, now_ns=0, present=(0,), upcoming=1)
    return armed, Conversation(armed, connection=0)


def _conversation(talk: Conversation) -> Iterator[tuple[int, Direction, Item]]:
    """Feed the chunks a millisecond apart, and yield what leaves meanwhile."""
    ordinals: dict[Direction, int] = dict.fromkeys(DIRECTIONS, 0)
    offsets: dict[Direction, int] = dict.fromkeys(DIRECTIONS, 0)
    for number, (direction, chunk) in enumerate(_CHUNKS):
        now_ns = number * NS_PER_MS
        talk.feed(chunk, Origin(direction, ordinals[direction], offsets[direction]), now_ns)
        ordinals[direction] += 1
        offsets[direction] += len(chunk)
        yield from ((now_ns, way, item) for way, item in talk.take(now_ns))


def _run_out(talk: Conversation) -> Iterator[tuple[int, Direction, Item]]:
    while (due_ns := talk.due_ns) is not None:
        yield from ((due_ns, way, item) for way, item in talk.take(due_ns))


def _story(fault: StreamFault, neighbour: StreamFault | None = None) -> _Story:
    _, talk = _armed(fault, neighbour)
    return [*_conversation(talk), *_run_out(talk)]


def _size(item: Item) -> int:
    return len(item) if isinstance(item, bytes) else 0
