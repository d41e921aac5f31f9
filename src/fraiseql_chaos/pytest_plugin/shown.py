"""What of a command line may be shown: a line that replays a run stands in its report, reports are passed on, and a DSN may hold a password."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from fraiseql_chaos.errors import DeclarationError

__all__ = ["shown_dsn", "shown_words"]

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
