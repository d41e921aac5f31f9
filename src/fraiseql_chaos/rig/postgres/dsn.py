"""
Connection strings, as URIs: FraiseQL's configuration takes no other form.

A DSN may hold a password, so nothing of one may get into a message except the host, the port and the user.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from fraiseql_chaos.errors import DeclarationError

__all__ = ["Target", "parse_dsn", "to_uri"]

type Parameters = dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What of a DSN may be shown to people."""

    host: str
    port: str
    user: str
    database: str

    @classmethod
    def of(cls, parameters: Mapping[str, str]) -> Target:
        """Pick it out of a DSN's parameters."""
        return cls(
            host=parameters.get("host") or parameters.get("hostaddr") or "the default Unix socket",
            port=parameters.get("port", "5432"),
            user=parameters.get("user", "(unnamed)"),
            database=parameters.get("dbname") or parameters.get("user", "(unnamed)"),
        )

    def __str__(self) -> str:
        return f"database {self.database!r} on host {self.host}, port {self.port}, as user {self.user}"


def parse_dsn(dsn: str) -> Parameters:
    """
    Take a DSN apart, in either of libpq's forms.

    Raises:
        DeclarationError: If it is none. The text is not repeated, since it may hold a password.
    """
    try:
        return {key: str(value) for key, value in conninfo_to_dict(dsn).items() if value is not None}
    except ProgrammingError:
        raise DeclarationError(
            "the DSN cannot be read (it is not shown, for it may hold a password); write postgresql://user:password@host:port/database; nothing was touched"
        ) from None


def to_uri(parameters: Mapping[str, str]) -> str:
    """
    Put a DSN together as a URI.

    Args:
        parameters: libpq's parameter words; ``host``, ``port``, ``user``, ``password`` and ``dbname`` go into the URI's own places,
            except that a host which is a directory of a Unix socket can only be said in the query.
    """
    rest = dict(parameters)
    user, password, name = (quote(rest.pop(key, ""), safe="") for key in ("user", "password", "dbname"))
    credentials = f"{user}:{password}@" if password else f"{user}@" if user else ""
    address = ""
    if not rest.get("host", "").startswith("/") and "," not in rest.get("host", ""):
        host, port = rest.pop("host", ""), rest.pop("port", "")
        address = (f"[{host}]" if ":" in host else host) + (f":{port}" if port else "")
    query = urlencode(rest, quote_via=quote, safe="")
    return f"postgresql://{credentials}{address}/{name}" + (f"?{query}" if query else "")
