"""
What Toxiproxy's own toxics do to a connection, faults and all; for ``--compat``, where they differ from ours.

    latency      whole milliseconds, from -jitter up to but not +jitter
    timeout      silence that begins anew at each chunk: who keeps talking is never cut off
    reset_peer   waits for a chunk, so an idle connection never meets it; a true RST only on connections opened after it, a FIN on others;
                 and those it misses by toxicity end with an RST all the same, because the option that makes one is set on all

Chance here is the process's own, without a seed, as there.

A ``timeout`` needs two places in line. The engine keeps what a toxic has once let go at an instant, and cannot take it back; so the *timer*
lets an ending go at each chunk, due when the silence after it has lasted, and the *gate* behind it stops each that was outlived by another chunk.

Source: toxics/*.go, link.go and toxics/toxic.go of Toxiproxy 2.12, read for their behaviour.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass

from fraiseql_chaos.core import NS_PER_MS
from fraiseql_chaos.layers.stream.model import Direction, Ending, Item, Meeting, Origin, Passed

__all__ = ["Gate", "Missed", "Reset", "Silence", "Since", "Timer", "WholeMilliseconds"]

_NOTHING_ARRIVED = 0


class Missed:
    """Leave everything alone; it stands where a toxic would, so that the roll is not made again."""

    __slots__ = ()

    def pass_on(self, item: Item, origin: Origin, at_ns: int) -> Iterable[Passed]:
        """Let the item leave at once."""
        return (Passed(at_ns, item, origin),)


class WholeMilliseconds:
    """Delay what goes one way by whole milliseconds, half-open at the top."""

    __slots__ = ("_direction", "_jitter_ms", "_latency_ms")

    def __init__(self, latency_ms: int, jitter_ms: int, direction: Direction) -> None:
        self._latency_ms = latency_ms
        self._jitter_ms = jitter_ms
        self._direction = direction

    def pass_on(self, item: Item, origin: Origin, at_ns: int) -> Iterable[Passed]:
        """Let bytes leave when they are due; an ending is not delayed for itself."""
        if origin.direction != self._direction or not isinstance(item, bytes):
            return (Passed(at_ns, item, origin),)
        delay_ms = self._latency_ms
        if self._jitter_ms > 0:
            delay_ms += random.randrange(-self._jitter_ms, self._jitter_ms)  # noqa: S311  it has no seed there either
        return (Passed(at_ns + max(0, delay_ms) * NS_PER_MS, item, origin),)


@dataclass(slots=True, weakref_slot=True)
class Silence:
    """How long a connection has been silent."""

    since_ns: int = 0
    lasts_ns: int = 0
    is_over: bool = False


class Timer:
    """Swallow what goes one way, and let an ending go for when the silence after it has lasted; see the header."""

    __slots__ = ("_direction", "_lasts_ns", "_silence")

    def __init__(self, lasts_ns: int, direction: Direction, silence: Silence) -> None:
        self._lasts_ns = lasts_ns
        self._direction: Direction = direction
        self._silence = silence

    def begin(self, at_ns: int) -> Iterable[Passed]:
        """Start to wait."""
        return self._wait(Origin(self._direction, _NOTHING_ARRIVED, 0), at_ns)

    def pass_on(self, item: Item, origin: Origin, at_ns: int) -> Iterable[Passed]:
        """Swallow a chunk, and wait anew; an ending of the peer's own ends it all."""
        if origin.direction != self._direction:
            return (Passed(at_ns, item, origin),)
        if isinstance(item, bytes):
            return self._wait(origin, at_ns)
        self._silence.is_over = True
        return (Passed(at_ns, Ending.CUT, origin),)

    def _wait(self, origin: Origin, at_ns: int) -> Iterable[Passed]:
        self._silence.since_ns, self._silence.lasts_ns = at_ns, self._lasts_ns
        return (Passed(at_ns + self._lasts_ns, Ending.CUT, origin),) if self._lasts_ns > 0 else ()


class Gate:
    """Stop the endings that came too early; and cut when the toxic is removed, whether it ever hit or not."""

    __slots__ = ("_direction", "_silence")

    def __init__(self, direction: Direction, silence: Silence) -> None:
        self._direction: Direction = direction
        self._silence = silence

    def pass_on(self, item: Item, origin: Origin, at_ns: int) -> Iterable[Passed]:
        """Let an ending pass if the silence has lasted."""
        is_early = at_ns < self._silence.since_ns + self._silence.lasts_ns and not self._silence.is_over
        if item is Ending.CUT and origin.direction == self._direction and is_early:
            return ()
        return (Passed(at_ns, item, origin),)

    def end(self, at_ns: int) -> Iterable[Passed]:
        """Cut."""
        return (Passed(at_ns, Ending.CUT, Origin(self._direction, _NOTHING_ARRIVED, 0)),)


class Since:
    """From which connection on the option for an RST is set: the first that was opened under the toxic, whatever has changed since."""

    def __init__(self) -> None:
        self._first: int | None = None

    def covers(self, meeting: Meeting) -> bool:
        """Tell whether a connection has it."""
        if meeting.is_new and (self._first is None or meeting.connection < self._first):
            self._first = meeting.connection
        return self._first is not None and meeting.connection >= self._first


class Reset:
    """End the connection some time after a chunk; see the header."""

    __slots__ = ("_after_ns", "_direction", "_ending", "_is_hit", "_is_under_way")

    def __init__(self, after_ns: int, direction: Direction, *, is_hit: bool, has_option: bool) -> None:
        self._after_ns = after_ns
        self._direction = direction
        self._is_hit = is_hit
        self._ending = Ending.RESET if has_option else Ending.CUT
        self._is_under_way = False

    def pass_on(self, item: Item, origin: Origin, at_ns: int) -> Iterable[Passed]:
        """Begin at the first chunk, and swallow what follows it."""
        if self._is_hit and origin.direction == self._direction:
            if self._is_under_way:
                return ()
            self._is_under_way = True
            return (Passed(at_ns + self._after_ns, self._ending, origin),)
        if item is Ending.FIN and self._ending is Ending.RESET:
            return (Passed(at_ns, Ending.RESET, origin),)
        return (Passed(at_ns, item, origin),)
