"""Proxies and toxics as the API shows them."""

from __future__ import annotations

from fraiseql_chaos.toxiproxy.go_json import Float32, encode
from fraiseql_chaos.toxiproxy.model import TOXIC_TYPES, Toxic


def test_a_toxic_is_shown_as_it_was_written() -> None:
    """Also a stream in odd letters, which decides all the same."""
    toxic = Toxic(name="a", type="latency", stream="DownStream", toxicity=Float32(0.3), attributes={"latency": 5, "jitter": 0})
    assert encode(toxic.to_json()) == '{"attributes":{"latency":5,"jitter":0},"name":"a","type":"latency","stream":"DownStream","toxicity":0.3}'
    assert toxic.direction == "down"


def test_each_type_is_read_into_a_struct_of_its_own() -> None:
    assert {kind: (type_.go.name, type_.go.type) for kind, type_ in TOXIC_TYPES.items()} == {
        kind: (type_.struct, f"toxics.{type_.struct}") for kind, type_ in TOXIC_TYPES.items()
    }
