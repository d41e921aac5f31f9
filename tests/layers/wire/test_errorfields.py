"""An error is written as libpq reads it, and its SQLSTATE is found in what servers write."""

from __future__ import annotations

import pytest

from fraiseql_chaos.layers.wire.errorfields import error_response, sqlstate_of


def test_what_is_written_can_be_read() -> None:
    told = error_response("FATAL", "57P01", "terminating connection")
    assert (told[:1], int.from_bytes(told[1:5])) == (b"E", len(told) - 1)
    assert told[5:] == b"SFATAL\0VFATAL\0C57P01\0Mterminating connection\0\0"
    assert sqlstate_of(told[5:]) == "57P01"


@pytest.mark.parametrize("body", [b"", b"SERROR\0MC40001\0\0", b"C4000"])
def test_an_error_without_a_sqlstate_tells_none(body: bytes) -> None:
    assert sqlstate_of(body) == ""
