"""What clients send; what the recorded answers show is proved by test_conformance.py, and here is what they do not show."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import pytest

from fraiseql_chaos.toxiproxy.bodies import ProxyBody, new_proxies, new_proxy, new_toxic, proxy_changes, toxic_changes
from fraiseql_chaos.toxiproxy.go_json import Float32
from fraiseql_chaos.toxiproxy.model import ApiError, Toxic

LATENCY = Toxic(name="lat", type="latency", stream="upstream", toxicity=Float32(0.5), attributes={"latency": 100, "jitter": 10})


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (
            b'{"type": "latency", "attributes": "x"}',
            "json: cannot unmarshal string into Go struct field ToxicWrapper.attributes of type toxics.NoopToxic",
        ),
        (
            b'{"type": "slicer", "attributes": {"delay": 0.5}}',
            "json: cannot unmarshal number 0.5 into Go struct field SlicerToxic.attributes.delay of type int",
        ),
        (b'{"name": 1, "type": "nope"}', "json: cannot unmarshal number into Go struct field ToxicWrapper.name of type string"),
        (b'"latency"', "json: cannot unmarshal string into Go value of type toxics.ToxicWrapper"),
    ],
)
def test_a_toxic_that_does_not_fit_is_refused(raw: bytes, message: str) -> None:
    with pytest.raises(ApiError) as refused:
        new_toxic(raw, ())
    assert (str(refused.value), refused.value.status) == (f"bad request body: {message}", HTTPStatus.BAD_REQUEST)


def test_the_stream_is_looked_at_before_the_type_and_the_type_before_the_name() -> None:
    """A body with three mistakes is answered with the first in this order."""
    for raw, message in (
        (b'{"name": "lat", "type": "nope", "stream": "sideways"}', "stream was invalid, can be either upstream or downstream"),
        (b'{"name": "lat", "type": "nope"}', "invalid toxic type"),
        (b'{"name": "lat", "type": "latency", "attributes": {"latency": "x"}}', "toxic already exists"),
    ):
        with pytest.raises(ApiError) as refused:
            new_toxic(raw, {"lat"})
        assert str(refused.value) == message


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b'{"toxicity": "1"}', "string into Go struct field .toxicity of type float32"),
        (b'{"attributes": 5}', "number into Go struct field .attributes of type toxics.LatencyToxic"),
    ],
)
def test_a_change_that_does_not_fit_comes_with_its_refusal(raw: bytes, message: str) -> None:
    changed, refusal = toxic_changes(raw, LATENCY)
    assert changed == LATENCY
    assert str(refusal) == f"bad request body: json: cannot unmarshal {message}"


def test_a_toxicity_counts_only_if_everything_could_be_read() -> None:
    """Toxiproxy reads attributes into the toxic itself, and the toxicity into a place of its own."""
    changed, refusal = toxic_changes(b'{"toxicity": 0.25, "attributes": {"latency": "x", "jitter": 4}}', LATENCY)
    assert (changed.toxicity, changed.attributes) == (0.5, {"latency": 100, "jitter": 4})
    assert refusal is not None
    changed, refusal = toxic_changes(b'{"toxicity": 0.25}', LATENCY)
    assert (changed.toxicity, refusal) == (0.25, None)


def test_a_proxy_may_be_sent_back_as_it_was_shown() -> None:
    """With the logger that Toxiproxy shows without meaning to, and with its toxics, which are not read."""
    raw = b'{"name":"pg","listen":"127.0.0.1:1","upstream":"127.0.0.1:2","enabled":false,"Logger":{},"toxics":[{"name":"lat"}]}'
    assert new_proxy(raw) == ProxyBody(name="pg", listen="127.0.0.1:1", upstream="127.0.0.1:2", enabled=False)
    assert proxy_changes(raw) == {"listen": "127.0.0.1:1", "upstream": "127.0.0.1:2", "enabled": False}


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b'[{"name": "a", "upstream": "b:1"}, {"name": "c"}]', "missing required field: upstream at proxy 2"),
        (b'[{"name": 5, "upstream": "b:1"}]', "bad request body: json: cannot unmarshal number into Go struct field .name of type string"),
        (
            b"[5]",
            'bad request body: json: cannot unmarshal number into Go value of type struct { toxiproxy.Proxy; Enabled *bool "json:\\"enabled\\"" }',
        ),
    ],
)
def test_an_array_with_a_bad_proxy_is_refused_whole(raw: bytes, message: str) -> None:
    with pytest.raises(ApiError) as refused:
        new_proxies(raw)
    assert str(refused.value) == message


@pytest.mark.parametrize(("raw", "count"), [(b"null", 0), (b"[]", 0), (b'[{"name": "a", "upstream": "b:1", "enabled": null}]', 1)])
def test_what_is_enabled_unless_it_says_otherwise(raw: bytes, count: int) -> None:
    proxies: list[Any] = new_proxies(raw)
    assert [proxy.enabled for proxy in proxies] == [True] * count
