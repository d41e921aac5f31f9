"""
The server is shut down, and started again when the fault heals.

``fast`` is what ``systemctl stop postgresql`` does: sessions are ended with 57P01 and the port closes. ``immediate`` drops them without a
word and recovers from the write-ahead log at the next start. ``crash`` is SIGKILL of the postmaster, which no handler sees.

Witnesses: the server's own log, and the control socket, which is no part of any edge and must have stopped answering.
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
        """Count the log's own words about it, and the looks over the control socket that found nobody."""
        answered_before = any(s.probe == "server_sessions" and s.ok for s in before)
        looks = [s for s in during if s.probe == "server_sessions"]
        silent = sum(not s.ok for s in looks) if answered_before else 0
        lines = [s for s in during if s.probe == "server_log" and any(words in str(s.value["message"]) for words in _LOG_LINES[self.mode])]
        return (
            Sighting(
                witness="server log",
                count=len(lines),
                statement="; ".join(f"{s.value['message']!r} at {s.at_ns / 1e9:.3f} s" for s in lines) or "the log says nothing of it",
            ),
            Sighting(witness="control socket", count=silent, statement=f"{silent} of {len(looks)} looks were not answered"),
        )
