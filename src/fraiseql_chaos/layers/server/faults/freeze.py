"""
The server's processes are stopped where they stand, and go on when the fault heals.

The purest hang there is: the kernel completes connects into the listen queue and acknowledges what is sent, and nobody answers. A disk that has
gone away, a hypervisor that has paused the machine and a process that swaps itself to death look like this from outside. With ``postmaster`` those who
are connected are served as before, and nobody new gets in.

Witnesses: the kernel's table of processes shows them stopped, and before the fault not; that the service was under it is shown by its own
sessions, whose processes are among the stopped; where only the postmaster is, by the sessions that it had.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from fraiseql_chaos.core import JsonObject
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.history import Sample
from fraiseql_chaos.plan import Fidelity, Sighting

__all__ = ["Freeze"]

_STOPPED = "T"
_WHAT = {"all": "every process of the server", "postmaster": "the postmaster"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Freeze:
    """
    Stop the server's processes with SIGSTOP.

    Args:
        what: ``all``, or the ``postmaster`` alone.

    Raises:
        DeclarationError: If it is neither.

    Source:
        signal(7): SIGSTOP.
    """

    kind: ClassVar[str] = "freeze"
    failure_type: ClassVar[str] = "database_unavailable"
    layer: ClassVar[str] = "server"
    fidelity: ClassVar[Fidelity] = "kernel"
    silences: ClassVar[bool] = True
    witnesses: ClassVar[tuple[str, ...]] = ("server_processes", "server_sessions")

    what: Literal["all", "postmaster"] = "all"

    def __post_init__(self) -> None:
        if self.what not in _WHAT:
            raise DeclarationError(f"freeze: what {self.what!r} is not one of {', '.join(map(repr, _WHAT))}; the server was left running")

    def parameters(self) -> JsonObject:
        """Return what was stopped."""
        return {"what": self.what}

    def __str__(self) -> str:
        return f"{_WHAT[self.what]} stopped in its tracks"

    def sightings(self, before: tuple[Sample, ...], during: tuple[Sample, ...]) -> tuple[Sighting, ...]:
        """Count the looks that found stopped who should be, and the service's sessions among them."""
        healthy = [s for s in before if s.probe == "server_processes" and s.ok]
        looks = [s for s in during if s.probe == "server_processes" and s.ok]
        ran = any(not self._is_frozen(s) for s in healthy)
        frozen = [s for s in looks if self._is_frozen(s)] if ran else []
        sessions = [s for s in before if s.probe == "server_sessions" and s.ok]
        backends: set[Any] = {one["pid"] for one in sessions[-1].value["backends"]} if sessions else set()  # type: ignore[union-attr,call-overload,index]  # as the probe writes it
        hit = backends & {pid for s in frozen for pid in _stopped(s)} if self.what == "all" else backends if frozen else set()
        return (
            Sighting(
                witness="kernel's table of processes",
                count=len(frozen),
                statement=f"{len(frozen)} of {len(looks)} looks found {_WHAT[self.what]} stopped, and none of {len(healthy)} before the fault"
                if ran
                else "nobody saw the server running before the fault",
            ),
            Sighting(
                witness="pg_stat_activity over the control socket",
                count=len(hit),
                statement=f"{len(hit)} of the {len(backends)} sessions that the service had on the server were "
                + ("among the stopped" if self.what == "all" else "those of a server that let nobody else in"),
                shows="reach",
            ),
        )

    def _is_frozen(self, look: Sample) -> bool:
        """Tell whether who should be stopped is; a child that is dead, or was forked and stopped a moment later, does not count."""
        stopped = _stopped(look)
        return look.value["postmaster"] in stopped and (self.what == "postmaster" or len(stopped) > 1)


def _stopped(look: Sample) -> set[Any]:
    processes: Any = look.value["processes"]
    return {one["pid"] for one in processes if one["state"] == _STOPPED}
