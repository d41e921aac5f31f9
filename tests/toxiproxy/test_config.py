"""The configuration file, with toxics; what is wrong with one is said with its place."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.toxiproxy.config import read_config

PROXY = {"name": "pg", "listen": "127.0.0.1:0", "upstream": "127.0.0.1:5432"}


def read(value: Any, **options: Any) -> list[Any]:
    return list(read_config(json.dumps(value).encode(), where="f.json", **options))


def test_a_proxy_may_bring_its_toxics() -> None:
    latency = {"type": "latency", "attributes": {"latency": 100}}
    (configured,) = read([{**PROXY, "enabled": False, "toxics": [latency, {"name": "b", "type": "noop", "stream": "upstream"}]}])
    assert (configured.proxy.name, configured.proxy.enabled) == ("pg", False)
    assert [(toxic.name, toxic.type) for toxic in configured.toxics] == [("latency_downstream", "latency"), ("b", "noop")]


def test_toxiproxy_skips_them() -> None:
    (configured,) = read([{**PROXY, "toxics": [{"type": "nope"}]}], has_toxics=False)
    assert configured.toxics == ()


@pytest.mark.parametrize("value", [None, []])
def test_a_file_may_be_empty_in_two_ways(value: Any) -> None:
    assert read(value) == []


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"name": "pg"}, "f.json: json: cannot unmarshal object into Go value"),
        ([{"name": "pg"}], "f.json: missing required field: upstream at proxy 1"),
        ([PROXY, PROXY], "f.json: two proxies are called 'pg'"),
        ([{**PROXY, "upstream": "nonsense"}], "f.json: proxy 'pg' leads to 'nonsense', which is no address; write host:port"),
        ([{**PROXY, "toxics": {}}], "f.json: proxy 'pg': toxics is an array of toxics"),
        ([{**PROXY, "toxics": [{"type": "nope"}]}], "f.json: proxy 'pg': toxic 1: invalid toxic type (there are bandwidth, latency,"),
        ([{**PROXY, "toxics": [{"type": "noop"}, {"type": "noop"}]}], "f.json: proxy 'pg': toxic 2: toxic already exists"),
        (
            [{**PROXY, "toxics": [{"type": "latency", "attributes": {"latency": "x"}}]}],
            "f.json: proxy 'pg': toxic 1: json: cannot unmarshal string into Go struct field LatencyToxic.attributes.latency of type int64",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_place(value: Any, message: str) -> None:
    with pytest.raises(DeclarationError) as refused:
        read(value)
    assert str(refused.value).startswith(message)
    assert str(refused.value).endswith("; nothing was started")


def test_what_is_no_json_is_said_in_the_words_of_go() -> None:
    with pytest.raises(DeclarationError, match=r"f.json: invalid character 'b' looking for beginning of object key string; nothing was started"):
        read_config(b"{bad", where="f.json")
