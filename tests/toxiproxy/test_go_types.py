"""Reading JSON into Go's types: any case of a name, null changes nothing, and a misfit does not end the reading."""

from __future__ import annotations

import pytest

from fraiseql_chaos.toxiproxy.go_json import decode
from fraiseql_chaos.toxiproxy.go_types import Struct, read, read_list

INNER = Struct(name="Inner", type="pkg.Inner", fields={"latency": "int64", "jitter": "int64"})
OUTER = Struct(name="Outer", type="pkg.Outer", fields={"name": "string", "enabled": "bool", "share": "float32", "attributes": INNER})


@pytest.mark.parametrize(
    ("raw", "misfit"),
    [
        (b'{"name": 5}', "number into Go struct field Outer.name of type string"),
        (b'{"enabled": "yes"}', "string into Go struct field Outer.enabled of type bool"),
        (b'{"enabled": 1}', "number into Go struct field Outer.enabled of type bool"),
        (b'{"share": true}', "bool into Go struct field Outer.share of type float32"),
        (b'{"share": 1e99}', "number 1e99 into Go struct field Outer.share of type float32"),
        (b'{"attributes": []}', "array into Go struct field Outer.attributes of type pkg.Inner"),
        (b'{"attributes": 1}', "number into Go struct field Outer.attributes of type pkg.Inner"),
        (b'{"attributes": {"latency": {}}}', "object into Go struct field Inner.attributes.latency of type int64"),
        (b'{"attributes": {"latency": 1.5}}', "number 1.5 into Go struct field Inner.attributes.latency of type int64"),
        (b'{"attributes": {"latency": 1e3}}', "number 1e3 into Go struct field Inner.attributes.latency of type int64"),
        (
            b'{"attributes": {"latency": 9223372036854775808}}',
            "number 9223372036854775808 into Go struct field Inner.attributes.latency of type int64",
        ),
        (b'"x"', "string into Go value of type pkg.Outer"),
        (b"5", "number into Go value of type pkg.Outer"),
        (b"[]", "array into Go value of type pkg.Outer"),
    ],
)
def test_what_does_not_fit_is_named(raw: bytes, misfit: str) -> None:
    assert read(decode(raw), OUTER).misfit == f"json: cannot unmarshal {misfit}"


def test_the_first_misfit_is_told_and_the_rest_is_still_read() -> None:
    """So an update that is refused may have changed something, at Toxiproxy."""
    found = read(decode(b'{"name": 5, "attributes": {"latency": "x", "jitter": 4}, "enabled": true}'), OUTER)
    assert found.values == {"attributes": {"jitter": 4}, "enabled": True}
    assert found.misfit == "json: cannot unmarshal number into Go struct field Outer.name of type string"


def test_names_match_in_any_case_and_unknown_ones_are_skipped() -> None:
    assert read(decode(b'{"NAME": "a", "Attributes": {"LATENCY": -5}, "foo": 1}'), OUTER).values == {"name": "a", "attributes": {"latency": -5}}


@pytest.mark.parametrize("raw", [b"null", b'{"name": null, "attributes": null, "share": null}'])
def test_null_leaves_everything_as_it_was(raw: bytes) -> None:
    found = read(decode(raw), OUTER)
    assert (found.values, found.misfit) == ({}, None)


def test_a_list_is_read_item_by_item() -> None:
    items, misfit = read_list(decode(b'[{"name": "a"}, null, {"name": 1}]'), OUTER)
    assert [item.values for item in items] == [{"name": "a"}, {}, {}]
    assert misfit == "json: cannot unmarshal number into Go struct field Outer.name of type string"
    assert read_list(None, OUTER) == ([], None)
    assert read_list({}, OUTER) == ([], "json: cannot unmarshal object into Go value of type []pkg.Outer")
