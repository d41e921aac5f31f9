"""
What clients send, read as Toxiproxy reads it: pure, from bytes to values.

The order of the checks is part of the protocol, because a body with two mistakes is answered with one of them.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, Final

from fraiseql_chaos.toxiproxy import go_json
from fraiseql_chaos.toxiproxy.go_json import Float32
from fraiseql_chaos.toxiproxy.go_types import Read, Struct, read, read_list
from fraiseql_chaos.toxiproxy.model import DIRECTIONS, TOXIC_TYPES, ApiError, Toxic

__all__ = ["ProxyBody", "new_proxies", "new_proxy", "new_toxic", "proxies_from", "proxy_changes", "toxic_changes", "toxic_from"]

_LOGGER: Final = Struct(name="Logger", type="zerolog.Logger")
"""Toxiproxy shows this field of its server without meaning to, and clients that send back what they were shown send it, too."""

_PROXY: Final = Struct(
    name="Proxy",
    type="toxiproxy.Proxy",
    fields={"name": "string", "listen": "string", "upstream": "string", "enabled": "bool", "Logger": _LOGGER},
)
_POPULATE: Final = Struct(name="", type='struct { toxiproxy.Proxy; Enabled *bool "json:\\"enabled\\"" }', fields=_PROXY.fields)
_TOXIC: Final = Struct(
    name="ToxicWrapper",
    type="toxics.ToxicWrapper",
    fields={"attributes": TOXIC_TYPES["noop"].go, "name": "string", "type": "string", "stream": "string", "toxicity": "float32"},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyBody:
    """A proxy as a client describes it."""

    name: str
    listen: str
    upstream: str
    enabled: bool


def new_proxy(raw: bytes) -> ProxyBody:
    """
    Read the body of POST /proxies.

    Raises:
        ApiError: If it is no proxy, or lacks what one needs.
    """
    proxy = _proxy(_fitting(read(_decoded(raw), _PROXY)))
    _require(proxy, "")
    return proxy


def new_proxies(raw: bytes) -> list[ProxyBody]:
    """
    Read the body of POST /populate, which is also the format of Toxiproxy's configuration files.

    Raises:
        ApiError: If it is no array of proxies, or one of them lacks what it needs.
    """
    return proxies_from(_decoded(raw))


def proxies_from(decoded: Any) -> list[ProxyBody]:
    """
    Read an array of proxies that is decoded already.

    Args:
        decoded: What ``go_json.decode`` returned.

    Raises:
        ApiError: If it is no array of proxies, or one of them lacks what it needs.
    """
    items, misfit = read_list(decoded, _POPULATE)
    if misfit:
        raise _bad_body(misfit)
    proxies = [_proxy(item.values) for item in items]
    for number, proxy in enumerate(proxies, start=1):
        _require(proxy, f" at proxy {number}")
    return proxies


def proxy_changes(raw: bytes) -> dict[str, Any]:
    """
    Read the body of PATCH /proxies/{proxy}: those of ``listen``, ``upstream`` and ``enabled`` that it has.

    Raises:
        ApiError: If it cannot be read.
    """
    values = _fitting(read(_decoded(raw), _PROXY))
    return {name: values[name] for name in ("listen", "upstream", "enabled") if name in values}


def new_toxic(raw: bytes, taken: Container[str]) -> Toxic:
    """
    Read the body of POST /proxies/{proxy}/toxics.

    Args:
        raw: The body.
        taken: The names that the proxy's toxics have already.

    Raises:
        ApiError: If it is no toxic.
    """
    return toxic_from(_decoded(raw), taken)


def toxic_from(decoded: Any, taken: Container[str]) -> Toxic:
    """
    Read a toxic that is decoded already.

    Args:
        decoded: What ``go_json.decode`` returned.
        taken: The names that the proxy's toxics have already.

    Raises:
        ApiError: If it is no toxic.
    """
    values = _fitting(read(decoded, _TOXIC))
    kind, stream = values.get("type", ""), values.get("stream", "downstream")
    if stream.lower() not in DIRECTIONS:
        raise ApiError("stream was invalid, can be either upstream or downstream", HTTPStatus.BAD_REQUEST)
    name = values.get("name") or f"{kind}_{stream}"
    if kind not in TOXIC_TYPES:
        raise ApiError("invalid toxic type", HTTPStatus.BAD_REQUEST)
    if name in taken:
        raise ApiError("toxic already exists", HTTPStatus.CONFLICT)
    attributes = _fitting(read(decoded, Struct(name="", type="struct", fields={"attributes": TOXIC_TYPES[kind].go}))).get("attributes", {})
    return Toxic(
        name=name,
        type=kind,
        stream=stream,
        toxicity=values.get("toxicity", Float32(1)),
        attributes=dict.fromkeys(TOXIC_TYPES[kind].attributes, 0) | attributes,
    )


def toxic_changes(raw: bytes, toxic: Toxic) -> tuple[Toxic, ApiError | None]:
    """
    Read the body of PATCH /proxies/{proxy}/toxics/{toxic}.

    Returns:
        The toxic with the attributes that could be read and, if all could, the toxicity; and the refusal, if anything could not.

    Raises:
        ApiError: If it is no JSON.
    """
    kind = TOXIC_TYPES[toxic.type]
    changes = read(_decoded(raw), Struct(name="", type="struct", fields={"attributes": kind.go, "toxicity": "float32"}))
    changed = replace(toxic, attributes={**toxic.attributes, **changes.values.get("attributes", {})})
    if changes.misfit:
        return changed, _bad_body(changes.misfit)
    return replace(changed, toxicity=changes.values.get("toxicity", toxic.toxicity)), None


def _bad_body(fault: object) -> ApiError:
    return ApiError(f"bad request body: {fault}", HTTPStatus.BAD_REQUEST)


def _decoded(raw: bytes) -> Any:
    try:
        return go_json.decode(raw)
    except go_json.JsonError as fault:
        raise _bad_body(fault) from None


def _fitting(result: Read) -> dict[str, Any]:
    if result.misfit:
        raise _bad_body(result.misfit)
    return result.values


def _proxy(values: dict[str, Any]) -> ProxyBody:
    return ProxyBody(
        name=values.get("name", ""), listen=values.get("listen", ""), upstream=values.get("upstream", ""), enabled=values.get("enabled", True)
    )


def _require(proxy: ProxyBody, where: str) -> None:
    for field in ("name", "upstream"):
        if not getattr(proxy, field):
            raise ApiError(f"missing required field: {field}{where}", HTTPStatus.BAD_REQUEST)
