"""
The options of a chaos run, read once and checked before anything starts.

pytest and the command ``fraiseql-chaos`` take the same options, the latter without the prefix ``--chaos-``. A wrong value is an error that
names the option, the value, and what is allowed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from fraiseql_chaos.core import SEED_MAX, Duration, fresh_seed, parse_duration, seconds
from fraiseql_chaos.errors import DeclarationError

__all__ = ["GIVEN_AGAIN", "ChaosOptions", "pytest_addoption", "shown_dsn", "shown_words"]

GIVEN_AGAIN: Final = (
    "--chaos-duration",
    "--chaos-strict",
    "--chaos-disarm",
    "--chaos-postgres",
    "--chaos-dsn",
    "--i-own-this-database",
    "--target-python",
    "--chaos-app",
    "--chaos-sql",
    "--chaos-workload",
)
"""Options that change what a run does; the line that replays a run repeats them."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options, in a group of their own."""
    parser.addini("chaos_weaknesses", "the weakness register, relative to the root directory", default="weaknesses.toml")
    group = parser.getgroup("chaos", "chaos experiments against a FraiseQL service")
    add = group.addoption
    add("--chaos-report", metavar="F.html", type=Path, help="also write the HTML report of this run to F.html")
    add("--chaos-json", metavar="F.json", type=Path, help="also write the run as JSON to F.json")
    add("--chaos-seed", metavar="N", help=f"seed of every random choice, 0..{SEED_MAX}; drawn and printed if not given")
    add("--chaos-duration", metavar="S", help="how long each fault stays armed: seconds, or a number with a unit (120, 90s, 2min)")
    add("--chaos-strict", action="store_true", help="a capability this machine lacks is an error, not a counted skip")
    add("--chaos-disarm", action="store_true", help="negative control: go through all motions but inject nothing; nothing may then be held")
    add("--chaos-store", metavar="DIR", type=Path, help="where runs are kept (default: .chaos/runs below the root directory)")
    add("--chaos-postgres", metavar="MAJOR", help="major version of PostgreSQL, 14..18 (default: the newest this machine has)")
    add("--chaos-dsn", metavar="DSN", help="use this server instead of one of our own; faults it cannot offer are refused by name")
    add("--i-own-this-database", action="store_true", help="allow experiments on the database of --chaos-dsn although it is not marked disposable")
    add("--target-python", metavar="PATH", type=Path, help="interpreter that runs the service, for another FraiseQL release (default: this one)")
    add("--chaos-app", metavar="MODULE:APP", help="the service to test, an ASGI application (default: the reference service)")
    add("--chaos-sql", metavar="F.sql", type=Path, help="schema and data of the service given by --chaos-app")
    add("--chaos-workload", metavar="F.toml", type=Path, help="what to ask of it; the word reference for a changed copy of the reference service")


class ChaosOptions:
    """
    What was asked for on the command line, checked.

    Args:
        option: Returns what was given for an option, by its name in pytest.
        root: What the place for runs is relative to.
        seed: The seed that the controller of several workers drew; None to read or draw it here.

    Raises:
        DeclarationError: If a value is not allowed, or two options need or exclude each other.
    """

    def __init__(self, option: Callable[[str], Any], root: Path, *, seed: int | None = None) -> None:
        self.seed: int = seed if seed is not None else _seed(option("--chaos-seed"))
        self.duration: Duration | None = _duration(option("--chaos-duration"))
        self.strict: bool = option("--chaos-strict")
        self.disarmed: bool = option("--chaos-disarm")
        self.report: Path | None = option("--chaos-report")
        self.json: Path | None = option("--chaos-json")
        self.store: Path = option("--chaos-store") or root / ".chaos" / "runs"
        self.postgres: int | None = _major(option("--chaos-postgres"))
        self.dsn: str | None = option("--chaos-dsn")
        self.own_database: bool = option("--i-own-this-database")
        self.python: Path | None = option("--target-python")
        self.app: str | None = option("--chaos-app")
        self.sql: Path | None = option("--chaos-sql")
        self.workload: Path | None = option("--chaos-workload")
        if (self.app is None) is not (self.workload is None):
            raise DeclarationError("--chaos-app and --chaos-workload belong together: a service of your own needs to be asked questions of your own")
        if self.sql is not None and self.app is None:
            raise DeclarationError("--chaos-sql needs --chaos-app: the reference service brings a schema of its own")
        if self.sql is not None and self.dsn is not None:
            raise DeclarationError("--chaos-sql and --chaos-dsn exclude each other: a server of your own has its schema and data already")
        if self.app is not None and self.app.count(":") != 1:
            raise DeclarationError(f"--chaos-app={self.app}: write module:attribute, as in myservice.main:app")


_DSN_OPTIONS: Final = ("--chaos-dsn", "--dsn")
_SHOWN_OF_A_DSN: Final = ("user", "host", "port", "dbname")


def shown_dsn(dsn: str) -> str:
    """
    Return a DSN as it may be shown: who, where and which database, and nothing else of it, since reports are passed on.

    It is taken apart by libpq, whose idea of quoting decides what is a password. What libpq cannot read is not shown at all, nor is what holds
    a second DSN inside.
    """
    from fraiseql_chaos.rig.postgres.dsn import parse_dsn, to_uri  # noqa: PLC0415  a driver's import, for the few runs that name a server

    try:
        parameters = parse_dsn(dsn)
    except DeclarationError:
        return "DSN"
    shown: dict[str, str] = {name: parameters[name] for name in _SHOWN_OF_A_DSN if name in parameters}
    return "DSN" if any("=" in value or "://" in value for value in shown.values()) else to_uri(shown)


def shown_words(words: Iterable[str], *, dsn: str | None) -> Iterator[str]:
    """
    Yield the words of a command line as they may be shown.

    Args:
        words: As they were typed.
        dsn: The DSN that was read from them, or from a configuration file; wherever its text stands, it is replaced.
    """
    before = ""
    for word in words:
        name, equals, value = word.partition("=")
        if before in _DSN_OPTIONS:
            yield shown_dsn(word)
        elif equals and name in _DSN_OPTIONS:
            yield f"{name}={shown_dsn(value)}"
        else:
            yield word.replace(dsn, shown_dsn(dsn)) if dsn else word
        before = word


def _seed(text: str | None) -> int:
    if text is None:
        return fresh_seed()
    if not text.isdecimal() or len(text) > len(str(SEED_MAX)) or int(text) > SEED_MAX:
        raise DeclarationError(f"--chaos-seed={text}: a whole number from 0 to {SEED_MAX}")
    return int(text)


def _duration(text: str | None) -> Duration | None:
    if text is None:
        return None
    try:
        duration = seconds(float(text)) if text.replace(".", "", 1).isdecimal() else parse_duration(text)
    except DeclarationError as error:
        raise DeclarationError(f"--chaos-duration={text}: {error}; a bare number means seconds") from None
    if duration.ns == 0:
        raise DeclarationError(f"--chaos-duration={text}: a fault that lasts no time cannot bite; give more than 0 seconds")
    return duration


def _major(text: str | None) -> int | None:
    if text is None:
        return None
    if text not in {"14", "15", "16", "17", "18"}:
        raise DeclarationError(f"--chaos-postgres={text}: one of 14, 15, 16, 17, 18")
    return int(text)
