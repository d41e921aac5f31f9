"""
The server is shut down, and started again when the fault heals.

``fast`` is what ``systemctl stop postgresql`` does: sessions are ended with 57P01 and the port closes. ``immediate`` drops them without a
word and recovers from the write-ahead log at the next start. ``crash`` is SIGKILL of the postmaster, which no handler sees.

Witnesses: the server's own log, and the control socket, which is no part of any edge and at which nobody may be any more, show that the
fault happened. A look that was not answered for another reason, such as too many clients or a server too slow to answer in time, shows
nothing. That the service was under the fault is shown by the sessions it had on the server before, over the same socket.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from fraiseql_chaos.core import JsonObject
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.history import Sample
from fraiseql_chaos.plan import Fidelity, Sighting

__all__ = ["Stop"]

_LOG_LINES = {
    "fast": ("received fast shutdown request", "database system is shut down"),
    "immediate": ("received immediate shutdown request", "database system is shut down"),
    "crash": ("database system was interrupted", "database system was not properly shut down"),
}

_NOBODY_THERE = (
    "connection refused",
    "no such file or directory",
    "57p01",
    "57p02",
    "57p03",
    "terminating connection due to administrator command",
    "terminating connection due to immediate shutdown command",
    "terminating connection because of crash of another server process",
    "terminating connection due to unexpected postmaster exit",
    "the database system is shutting down",
    "the database system is starting up",
    "the database system is not yet accepting connections",
    "the database system is in recovery mode",
    "server closed the connection",
    "connection reset by peer",
    "broken pipe",
)
"""What the kernel, the client library and the server say, in lower case, when a server is away, going or not yet back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """
    Take the whole server away.

    Args:
        mode: ``fast``, ``immediate`` or ``crash``.

    Raises:
        DeclarationError: If the mode is none of these.

    Source:
        PostgreSQL documentation, "Shutting Down the Server".
    """

    kind: ClassVar[str] = "stop"
    failure_type: ClassVar[str] = "database_unavailable"
    layer: ClassVar[str] = "server"
    fidelity: ClassVar[Fidelity] = "server"
    silences: ClassVar[bool] = True
    witnesses: ClassVar[tuple[str, ...]] = ("server_sessions", "server_log")

    mode: Literal["fast", "immediate", "crash"] = "fast"

    def __post_init__(self) -> None:
        if self.mode not in _LOG_LINES:
            raise DeclarationError(f"stop: mode {self.mode!r} is not one of {', '.join(map(repr, _LOG_LINES))}; the server was left running")

    def parameters(self) -> JsonObject:
        """Return the way it was stopped."""
        return {"mode": self.mode}

    def __str__(self) -> str:
        return {"fast": "server stopped (fast)", "immediate": "server stopped (immediate)", "crash": "server crashed (SIGKILL)"}[self.mode]

    def sightings(self, before: tuple[Sample, ...], during: tuple[Sample, ...]) -> tuple[Sighting, ...]:
        """Count the log's own words about it, the looks over the control socket that found nobody, and those that found the service before."""
        healthy = [s for s in before if s.probe == "server_sessions" and s.ok]
        looks = [s for s in during if s.probe == "server_sessions"]
        away = sum(_found_nobody(s) for s in looks) if healthy else 0
        without = sum(s.ok and not s.value["sessions"] for s in looks)
        count, statement = _reach(healthy, away + without, len(looks))
        lines = [s for s in during if s.probe == "server_log" and any(words in str(s.value["message"]) for words in _LOG_LINES[self.mode])]
        return (
            Sighting(
                witness="server log",
                count=len(lines),
                statement="; ".join(f"{s.value['message']!r} at {s.at_ns / 1e9:.3f} s" for s in lines) or "the log says nothing of it",
            ),
            Sighting(witness="control socket", count=away, statement=f"{away} of {len(looks)} looks found nobody there"),
            Sighting(witness="pg_stat_activity over the control socket", count=count, statement=statement, shows="reach"),
        )


def _found_nobody(look: Sample) -> bool:
    return not look.ok and any(words in look.error.lower() for words in _NOBODY_THERE)


def _reach(healthy: list[Sample], gone: int, looks: int) -> tuple[int, str]:
    """Return what the looks before the fault say about the service, given how many of those during it found no session of it."""
    had = sum(bool(s.value["sessions"]) for s in healthy)
    if not healthy:
        return 0, "nobody counted the service's sessions before the fault, so nobody can tell whether it was under it"
    if not had:
        return 0, "the service had no session on the server before the fault, so it was not under it"
    if not gone:
        return 0, f"none of {looks} looks during the fault saw the service's sessions gone"
    return had, f"{had} of {len(healthy)} looks before the fault found sessions of the service, and {gone} of {looks} during it none"
