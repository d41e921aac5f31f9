"""
Read what the server says about itself.

The server's log is the witness nobody can bribe: it tells of shutdowns, terminations, recoveries and failed statements without being
asked by anyone who broke something. We have it written to standard error with a prefix of our choice, which works the same on every
major we support (JSON logs came only with 15, and need the logging collector, a process more).

    2026-01-31 09:15:02.417 UTC [4711] 57P01 FATAL:  terminating connection due to administrator command
                            |    |     |      |
                 milliseconds   pid   SQLSTATE severity

Lines that begin with a tab continue the message above. DETAIL, HINT, CONTEXT, STATEMENT and so on are lines of their own with the same
prefix, and belong to the last message of the same process. Lines of any other shape are no words of the server's own and are left out:
a loader's complaint, for instance.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from fraiseql_chaos.core import NS_PER_MS

__all__ = ["LOG_LINE_PREFIX", "LogRecord", "ServerLog", "parse_log", "wall_offset_ns"]

LOG_LINE_PREFIX: Final = "%m [%p] %e "
"""Time with milliseconds, process, SQLSTATE. ``log_timezone`` must be UTC with it."""

_LINE: Final = re.compile(
    r"(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}) (?:UTC|GMT) \[(?P<pid>\d+)\] (?P<sqlstate>[0-9A-Z]{5}) (?P<severity>[A-Z0-9]+):  (?P<message>.*)"
)
_ATTACHMENTS: Final = frozenset({"DETAIL", "HINT", "CONTEXT", "STATEMENT", "QUERY", "LOCATION", "BACKTRACE"})
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRecord:
    """
    One message of the server.

    Attributes:
        wall_ns: When, in nanoseconds since 1970 UTC, cut to the millisecond.
        pid: The process that wrote it.
        severity: LOG, WARNING, ERROR, FATAL, PANIC, ...
        sqlstate: The five characters; ``00000`` when nothing is wrong.
        message: The primary message.
        attachments: DETAIL, HINT, STATEMENT and so on, by name, in their order.
    """

    wall_ns: int
    pid: int
    severity: str
    sqlstate: str
    message: str
    attachments: tuple[tuple[str, str], ...] = ()

    def monotonic_ns(self, offset_ns: int) -> int:
        """
        Return when, on the machine's monotonic clock.

        Args:
            offset_ns: From ``wall_offset_ns``, taken near that time, for somebody may set the wall clock.

        Returns:
            Nanoseconds; up to 1 ms earlier than it was, because the log cuts its times.
        """
        return self.wall_ns - offset_ns


def wall_offset_ns() -> int:
    """Return how far the wall clock is ahead of the monotonic clock now, in nanoseconds."""
    before_ns = time.monotonic_ns()
    wall_ns = time.time_ns()
    return wall_ns - (before_ns + time.monotonic_ns()) // 2


def parse_log(text: str) -> tuple[LogRecord, ...]:
    """Turn log text into records; see the header for the format."""
    records: list[LogRecord] = []
    latest: dict[int, int] = {}
    writer = 0
    for line in text.split("\n"):
        match = _LINE.fullmatch(line)
        if match is None:
            if line.startswith("\t") and writer in latest:
                records[latest[writer]] = _continued(records[latest[writer]], line[1:])
            continue
        writer = int(match["pid"])
        if match["severity"] not in _ATTACHMENTS:
            latest[writer] = len(records)
            records.append(_record(match))
        elif writer in latest:
            owner = records[latest[writer]]
            records[latest[writer]] = replace(owner, attachments=(*owner.attachments, (match["severity"], match["message"])))
    return tuple(records)


@dataclass(frozen=True, slots=True)
class ServerLog:
    """A server's log file, which grows while we read it."""

    path: Path

    def end(self) -> int:
        """Return the position behind what is written now, in bytes."""
        return self.path.stat().st_size

    def since(self, position: int) -> tuple[tuple[LogRecord, ...], int]:
        """
        Return what was written after a position.

        Args:
            position: In bytes, 0 or what an earlier call returned.

        Returns:
            The records, and the position to go on from. A line that is not complete yet is left for the next call.
        """
        with self.path.open("rb") as file:
            file.seek(position)
            written = file.read()
        complete = written[: written.rfind(b"\n") + 1]
        return parse_log(complete.decode(errors="replace")), position + len(complete)

    def tail(self, lines: int = 12) -> str:
        """Return the last lines as they are, for an error message."""
        try:
            return "\n".join(self.path.read_text(errors="replace").splitlines()[-lines:])
        except FileNotFoundError:
            return "(it wrote no log)"


def _record(match: re.Match[str]) -> LogRecord:
    written = datetime.strptime(match["time"], "%Y-%m-%d %H:%M:%S.%f").replace(tzinfo=UTC)
    since_epoch = written - _EPOCH
    wall_ms = (since_epoch.days * 86_400 + since_epoch.seconds) * 1000 + since_epoch.microseconds // 1000
    return LogRecord(
        wall_ns=wall_ms * NS_PER_MS,
        pid=int(match["pid"]),
        severity=match["severity"],
        sqlstate=match["sqlstate"],
        message=match["message"],
    )


def _continued(record: LogRecord, line: str) -> LogRecord:
    if not record.attachments:
        return replace(record, message=f"{record.message}\n{line}")
    *others, (name, text) = record.attachments
    return replace(record, attachments=(*others, (name, f"{text}\n{line}")))
