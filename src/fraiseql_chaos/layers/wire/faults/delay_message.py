"""
Exact messages arrive late, and what is behind them waits, because a stream has one order.

Witnesses: the server's list of sessions, over the control socket, shows ones that wait for their client inside a transaction for as long as
the delay. Outside of one the server looks idle, and clients of our own, through the same edge, wait
for an answer, or for being let in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fraiseql_chaos.core import Duration, JsonObject
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.history import Sample
from fraiseql_chaos.layers.stream.model import Door, Meeting, Toxic
from fraiseql_chaos.layers.stream.scope import Scope
from fraiseql_chaos.layers.stream.traces import reach_of_broken
from fraiseql_chaos.layers.wire.evidence import logins_late, spoilt, waited
from fraiseql_chaos.layers.wire.model import Act, Hold, Struck, When
from fraiseql_chaos.layers.wire.placing import check_placing
from fraiseql_chaos.layers.wire.trigger import Trigger
from fraiseql_chaos.plan import Fidelity, Sighting, parameters_of

__all__ = ["DelayMessage"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DelayMessage:
    """
    Delay messages, and what is behind them.

    Args:
        trigger: Which messages; each statement if not given.
        delay: For how long, from their own arrival; above 0.
        jitter: Half-width of a uniform variation around ``delay``; at most ``delay``.
        when: ``before``, so that the message is late, or ``after``, so that only what is behind it is.
        scope: On which connections.

    Raises:
        DeclarationError: If the trigger is none, a magnitude has no unit, ``delay`` is 0, ``jitter`` exceeds it, or ``when`` is neither.
    """

    kind: ClassVar[str] = "delay_message"
    failure_type: ClassVar[str] = "delay_message"
    layer: ClassVar[str] = "wire"
    fidelity: ClassVar[Fidelity] = "wire"
    silences: ClassVar[bool] = False
    witnesses: ClassVar[tuple[str, ...]] = ("server_sessions", "edge_login", "edge_answer", "service_path")
    door: ClassVar[Door] = "open"
    acts_at_once: ClassVar[bool] = False
    reads_body_of: ClassVar[bytes] = b""

    trigger: Trigger = Trigger()
    delay: Duration
    jitter: Duration = Duration(0)
    when: When = "before"
    scope: Scope = Scope()

    def __post_init__(self) -> None:
        check_placing(self.kind, self.trigger, self.when)
        for name, value in (("delay", self.delay), ("jitter", self.jitter)):
            if not isinstance(value, Duration):
                raise DeclarationError(f"delay_message: {name}={value!r} has no unit; write {name}=ms(250); nothing was armed")
        if self.delay.ns == 0:
            raise DeclarationError("delay_message: a delay of 0 would change nothing; it must be above 0; nothing was armed")
        if self.jitter > self.delay:
            raise DeclarationError(f"delay_message: jitter {self.jitter} exceeds delay {self.delay}; nothing was armed")

    def parameters(self) -> JsonObject:
        """Return the magnitudes."""
        return parameters_of(self)

    def toxic(self, meeting: Meeting) -> Toxic | None:  # noqa: ARG002  the reader acts, for all wire faults at once
        """Return nothing: the connection's reader acts."""
        return None

    def __str__(self) -> str:
        spread = f" +/- {self.jitter}" if self.jitter.ns else ""
        return f"{self.delay}{spread} of delay {self.when} {self.trigger}"

    def strike(self, struck: Struck) -> Act | None:
        """Close the gate of the message's direction until it is due."""
        held_ns = self.delay.ns + round(self.jitter.ns * (2 * struck.roll - 1))
        moves = (Hold(until_ns=struck.at_ns + held_ns, directions=(struck.direction,)),)
        decision = f"delayed by {held_ns / 1e6:.3f} ms"
        return Act(decision=decision, before=moves) if self.when == "before" else Act(decision=f"followed by a delay: {decision}", after=moves)

    def sightings(self, before: tuple[Sample, ...], during: tuple[Sample, ...]) -> tuple[Sighting, ...]:
        """Count the looks that found a session waiting for its client, and the logins and questions of ours that were answered late."""
        at_least = self.delay - self.jitter if self.jitter < self.delay else self.delay * 0.5
        return (
            waited(at_least, before, during),
            logins_late(at_least, before, during),
            spoilt(self.trigger, before, during, at_least=at_least),
            reach_of_broken(before, during),
        )
