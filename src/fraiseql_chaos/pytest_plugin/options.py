"""
The options of a chaos run: listed once, read once, and checked before anything starts.

pytest and the command ``fraiseql-chaos`` take the same ones, the latter without the prefix ``--chaos-``, which pytest's shared name space
needs. A wrong value is an error that names the option, the value, and what is allowed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from fraiseql_chaos.core import SEED_MAX, Duration, fresh_seed, parse_duration, seconds
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.layers.packet.ends import MECHANISMS, MTU_MAX, MTU_MIN, Mechanism
from fraiseql_chaos.plan import EdgeKind, check_edge_kind

__all__ = ["OPTIONS", "ChaosOptions", "Option", "pytest_addoption", "short"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """
    One option, in pytest's words.

    Attributes:
        name: As pytest takes it.
        help: What it does.
        metavar: What its value is called; empty for a flag.
        is_path: Whether the value is a path.
        is_replayed: Whether it changes what a run does; the line that replays a run repeats those.
        also: Another name for it in pytest; empty for none.
    """

    name: str
    help: str
    metavar: str = ""
    is_path: bool = False
    is_replayed: bool = True
    also: str = ""

    def how(self) -> dict[str, Any]:
        """Return how a parser takes it; pytest's and the command's are both argparse at heart."""
        return {"metavar": self.metavar, "type": Path if self.is_path else str} if self.metavar else {"action": "store_true"}


REPEAT_MAX: Final = 1000
"""A thousand repetitions of the shortest experiment take hours, and tell a share of one in a hundred from one in fifty."""

OPTIONS: Final = (
    Option(name="--chaos-report", metavar="F.html", is_path=True, is_replayed=False, help="also write the HTML report of this run to F.html"),
    Option(name="--chaos-json", metavar="F.json", is_path=True, is_replayed=False, help="also write the run as JSON to F.json"),
    Option(name="--chaos-seed", metavar="N", is_replayed=False, help=f"seed of every random choice, 0..{SEED_MAX}; drawn and printed if not given"),
    Option(name="--chaos-duration", metavar="S", help="how long each fault stays armed: seconds, or a number with a unit (120, 90s, 2min)"),
    Option(name="--chaos-strict", help="a capability this machine lacks is an error, not a counted skip"),
    Option(name="--chaos-disarm", help="negative control: go through all motions but inject nothing; nothing may then be held"),
    Option(
        name="--chaos-store",
        metavar="DIR",
        is_path=True,
        is_replayed=False,
        help="where runs are kept (default: .chaos/runs below the root directory)",
    ),
    Option(
        name="--baseline",
        metavar="F.json",
        is_path=True,
        help="the baseline that runs are measured against (default: the one stored for this machine, target and configuration, or else collected)",
    ),
    Option(
        name="--chaos-comparison",
        also="--report",
        metavar="F.html",
        is_path=True,
        is_replayed=False,
        help="compare what this run measured before its faults with --baseline, and write the page to F.html",
    ),
    Option(
        name="--chaos-repeat",
        metavar="N",
        help=f"run each experiment N times, at most {REPEAT_MAX}, every one on a fresh service and with a verdict of its own, and report how they are spread",
    ),
    Option(name="--foreign-baseline", help="allow a --baseline of another machine, target or configuration; the report then says so"),
    Option(
        name="--chaos-postgres",
        metavar="MAJOR|DIR",
        help="PostgreSQL 14..18, or the directory of another's postgres and initdb (default: the newest this machine has)",
    ),
    Option(
        name="--chaos-dsn",
        metavar="DSN",
        help="use this server, with the service's schema and data in it, instead of one of our own; faults it cannot offer are refused by name",
    ),
    Option(name="--i-own-this-database", help="allow experiments on the database of --chaos-dsn although it is not marked disposable"),
    Option(
        name="--chaos-edge-tls", help="let TLS end at the database edge: the service verifies the edge, and faults can still be placed on messages"
    ),
    Option(name="--chaos-server-tls", help="let our own server speak TLS; the service insists on it and verifies who vouches for the server"),
    Option(
        name="--chaos-edge",
        metavar="KIND",
        help="what the way to the database is made of where a test does not say: stream (a proxy; the default), packets (a link between two network "
        "namespaces), or both",
    ),
    Option(name="--chaos-mtu", metavar="BYTES", help="the largest packet of a link (default: 1500)"),
    Option(
        name="--chaos-pcap",
        is_replayed=False,
        help="keep what crosses the link of each experiment that has one, as the kernels of both ends see it: pcaps/*.pcap in the run's folder, for Wireshark",
    ),
    Option(
        name="--chaos-link",
        metavar="MECHANISM",
        help="who carries the packets of a link and bends them: tun (a process of ours; the default where it can), or netem (the kernel's own, which can do "
        "less and counts less)",
    ),
    Option(
        name="--target-python",
        metavar="PATH",
        is_path=True,
        help="interpreter that runs the service, for another FraiseQL release (default: this one)",
    ),
    Option(name="--chaos-app", metavar="MODULE:APP", help="the service to test, an ASGI application (default: the reference service)"),
    Option(name="--chaos-sql", metavar="F.sql", is_path=True, help="schema and data of the service given by --chaos-app"),
    Option(
        name="--chaos-workload",
        metavar="F.toml",
        is_path=True,
        help="what to ask of it; the word reference for a changed copy of the reference service",
    ),
)
"""In the order in which they are explained."""


def short(text: str) -> str:
    """Return an option, or a text about options, in the words of the command ``fraiseql-chaos``."""
    return text.replace("--chaos-", "--")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options, in a group of their own."""
    parser.addini("chaos_weaknesses", "the weakness register, relative to the root directory", default="weaknesses.toml")
    group = parser.getgroup("chaos", "chaos experiments against a FraiseQL service")
    for option in OPTIONS:
        names = (option.name, option.also) if option.also else (option.name,)
        group.addoption(*names, help=option.help, **option.how())


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
        self.baselines: Path = self.store.parent / "baselines"
        self.baseline: Path | None = option("--baseline")
        self.foreign_baseline: bool = bool(option("--foreign-baseline"))
        self.comparison: Path | None = option("--chaos-comparison")
        self.repeat: int = _repeat(option("--chaos-repeat"))
        self.postgres: int | Path | None = _postgres(option("--chaos-postgres"))
        self.dsn: str | None = option("--chaos-dsn")
        self.own_database: bool = option("--i-own-this-database")
        self.edge_tls: bool = option("--chaos-edge-tls")
        self.server_tls: bool = option("--chaos-server-tls")
        self.edge: EdgeKind | None = _edge(option("--chaos-edge"))
        self.mtu: int | None = _mtu(option("--chaos-mtu"))
        self.pcap: bool = bool(option("--chaos-pcap"))
        self.link: Mechanism | None = _link(option("--chaos-link"))
        self.python: Path | None = option("--target-python")
        self.app: str | None = option("--chaos-app")
        self.sql: Path | None = option("--chaos-sql")
        self.workload: Path | None = option("--chaos-workload")
        if self.dsn is not None and self.server_tls:
            raise DeclarationError(
                "--chaos-server-tls is for a server of ours; with --chaos-dsn the DSN says whether TLS is spoken (sslmode); nothing was run"
            )
        if self.dsn is not None and self.pcap:
            raise DeclarationError(
                "--chaos-pcap keeps what crosses a packet link, and the server of --chaos-dsn cannot be moved to the far end of one; nothing was run"
            )
        if self.comparison is not None and self.baseline is None:
            raise DeclarationError("--chaos-comparison (in pytest also --report) needs --baseline: it compares this run with one; nothing was run")
        if self.foreign_baseline and self.baseline is None:
            raise DeclarationError("--foreign-baseline needs --baseline: what is stored or collected here is never foreign; nothing was run")
        if (self.app is None) is not (self.workload is None):
            raise DeclarationError(
                "--chaos-app and --chaos-workload belong together: a service of your own needs to be asked questions of your own; nothing was run"
            )
        if self.sql is not None and self.app is None:
            raise DeclarationError("--chaos-sql needs --chaos-app: the reference service brings a schema of its own; nothing was run")
        if self.sql is not None and self.dsn is not None:
            raise DeclarationError(
                "--chaos-sql and --chaos-dsn exclude each other: a server of your own has its schema and data already; nothing was run"
            )
        if self.app is not None and self.app.count(":") != 1:
            raise DeclarationError(f"--chaos-app={self.app}: write module:attribute, as in myservice.main:app; nothing was run")


def _seed(text: str | None) -> int:
    if text is None:
        return fresh_seed()
    if not text.isdecimal() or len(text) > len(str(SEED_MAX)) or int(text) > SEED_MAX:
        raise DeclarationError(f"--chaos-seed={text}: a whole number from 0 to {SEED_MAX}; nothing was run")
    return int(text)


def _duration(text: str | None) -> Duration | None:
    if text is None:
        return None
    try:
        duration = seconds(float(text)) if text.replace(".", "", 1).isdecimal() else parse_duration(text)
    except DeclarationError as error:
        told = str(error).rpartition(";")[0] or str(error)
        raise DeclarationError(f"--chaos-duration={text}: {told}; a bare number means seconds; nothing was run") from None
    if duration.ns == 0:
        raise DeclarationError(f"--chaos-duration={text}: a fault that lasts no time cannot bite; give more than 0 seconds; nothing was run")
    return duration


def _repeat(text: str | None) -> int:
    if text is not None and not (text.isascii() and text.isdecimal() and len(text) <= len(str(REPEAT_MAX)) and 1 <= int(text) <= REPEAT_MAX):
        raise DeclarationError(f"--chaos-repeat={text}: a whole number from 1 to {REPEAT_MAX}; nothing was run")
    return 1 if text is None else int(text)


def _edge(text: str | None) -> EdgeKind | None:
    return None if text is None else check_edge_kind(text, of="--chaos-edge")


def _mtu(text: str | None) -> int | None:
    if text is not None and not (text.isdecimal() and MTU_MIN <= int(text) <= MTU_MAX):
        raise DeclarationError(
            f"--chaos-mtu={text}: a whole number of bytes from {MTU_MIN} (the least that IPv6 allows) to {MTU_MAX}; nothing was run"
        )
    return None if text is None else int(text)


def _link(text: str | None) -> Mechanism | None:
    for mechanism in MECHANISMS:
        if text == mechanism:
            return mechanism
    if text is None:
        return None
    raise DeclarationError(f"--chaos-link={text}: one of {', '.join(MECHANISMS)}; nothing was run")


def _postgres(text: str | None) -> int | Path | None:
    if text is None:
        return None
    if text in {"14", "15", "16", "17", "18"}:
        return int(text)
    if not Path(text).is_dir():
        raise DeclarationError(f"--chaos-postgres={text}: one of 14, 15, 16, 17, 18, or a directory that holds postgres and initdb; nothing was run")
    return Path(text)
