"""
The configuration file: the same array that POST /populate takes, and in ours each proxy may bring its toxics.

    [{"name": "pg", "listen": "127.0.0.1:7101", "upstream": "127.0.0.1:5432",
      "toxics": [{"type": "latency", "attributes": {"latency": 100}}]}]

Toxiproxy skips the toxics, and goes on without a word to its user where the file cannot be read. Here a file that is wrong ends the start, and
the message says where; only whether toxics count is left to ``--compat``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.toxiproxy import bodies, go_json
from fraiseql_chaos.toxiproxy.bodies import ProxyBody
from fraiseql_chaos.toxiproxy.edges import NOWHERE, upstream_address
from fraiseql_chaos.toxiproxy.model import TOXIC_TYPES, ApiError, Toxic

__all__ = ["Configured", "read_config"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Configured:
    """A proxy of the file, and the toxics that it starts with."""

    proxy: ProxyBody
    toxics: tuple[Toxic, ...]


def read_config(raw: bytes, *, where: str, has_toxics: bool = True) -> list[Configured]:
    """
    Read a configuration file.

    Args:
        raw: What is in it.
        where: What messages call it.
        has_toxics: Whether its toxics count; Toxiproxy skips them.

    Raises:
        DeclarationError: If it is not what the header says.
    """
    try:
        decoded = go_json.decode(raw)
        proxies = bodies.proxies_from(decoded)
    except (ValueError, ApiError) as error:
        raise _wrong(where, str(error).removeprefix("bad request body: ")) from None
    configured: dict[str, Configured] = {}
    for proxy, entry in zip(proxies, decoded or [], strict=True):
        if proxy.name in configured:
            raise _wrong(where, f"two proxies are called {proxy.name!r}")
        if upstream_address(proxy.upstream) is NOWHERE:
            raise _wrong(where, f"proxy {proxy.name!r} leads to {proxy.upstream!r}, which is no address; write host:port")
        configured[proxy.name] = Configured(proxy=proxy, toxics=_toxics(entry, f"{where}: proxy {proxy.name!r}") if has_toxics else ())
    return list(configured.values())


def _toxics(entry: dict[str, Any], where: str) -> tuple[Toxic, ...]:
    given = [] if entry.get("toxics") is None else entry["toxics"]
    if not isinstance(given, list):
        raise _wrong(where, "toxics is an array of toxics")
    toxics: dict[str, Toxic] = {}
    for number, decoded in enumerate(given, start=1):
        try:
            toxic = bodies.toxic_from(decoded, toxics)
        except ApiError as error:
            known = f" (there are {', '.join(TOXIC_TYPES)})" if str(error) == "invalid toxic type" else ""
            raise _wrong(where, f"toxic {number}: {str(error).removeprefix('bad request body: ')}{known}") from None
        toxics[toxic.name] = toxic
    return tuple(toxics.values())


def _wrong(where: str, what: str) -> DeclarationError:
    return DeclarationError(f"{where}: {what}; nothing was started")
