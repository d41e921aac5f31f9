"""What a run tells people while it happens: a line for each thing that changes the world, and none for the hundreds that do not."""

from __future__ import annotations

from collections.abc import Callable

from fraiseql_chaos.core import NS_PER_S
from fraiseql_chaos.history import Event, FaultArmed, FaultDeclared, FaultHealed, GeneratorStalled, LoadPlanned, ProcessExited

__all__ = ["Narrator"]


class Narrator:
    """
    Turns events into lines.

    Args:
        say: Prints one line.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._descriptions: dict[str, str] = {}

    def __call__(self, event: Event) -> None:
        """Say what happened, if it is worth a line."""
        line = self._line(event)
        if line is not None:
            self._say(line)

    def _line(self, event: Event) -> str | None:  # noqa: PLR0911  one return a kind of event is what makes it a table
        match event:
            case FaultDeclared(fault=fault, description=description):
                self._descriptions[fault] = description
                return None
            case LoadPlanned(requests=requests, rate_per_s=rate, lasting_ns=lasting_ns):
                return f"         {requests} requests, {rate:g}/s for {lasting_ns / NS_PER_S:g} s"
            case FaultArmed(fault=fault, at_ns=at_ns):
                return f"{_clock(at_ns)}  armed: {self._descriptions.get(fault, fault)}"
            case FaultHealed(fault=fault, at_ns=at_ns, error=error):
                return f"{_clock(at_ns)}  {'NOT HEALED' if error else 'healed'}: {self._descriptions.get(fault, fault)}"
            case GeneratorStalled(at_ns=at_ns, stall_ns=stall_ns):
                return f"{_clock(at_ns)}  the load generator stood still for {stall_ns / NS_PER_S:.2f} s"
            case ProcessExited(at_ns=at_ns, process=process, status=status):
                return f"{_clock(at_ns)}  {process} ended: {status.partition(';')[0]}"
            case _:
                return None


def _clock(at_ns: int) -> str:
    return f"{at_ns / NS_PER_S:6.2f} s"
