"""Whatever a line is, it is answered by a line, and nothing that is said ends the process."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fraiseql_chaos.control import answer_line
from fraiseql_chaos.errors import CapabilityError, DeclarationError, LocalProtocolError, RigError


def outcome(line: bytes, error: Exception | None = None) -> dict[str, Any]:
    def execute(request: Any) -> Any:
        if error is not None:
            raise error
        return request

    answer = answer_line(line, execute)
    assert answer.endswith(b"\n")
    found: dict[str, Any] = json.loads(answer)
    return found


def test_what_is_done_is_said() -> None:
    assert outcome(b'{"do": "ping"}') == {"ok": {"do": "ping"}}


@pytest.mark.parametrize(
    ("error", "whose"),
    [
        (DeclarationError("no"), "declaration"),
        (LocalProtocolError("no"), "protocol"),
        (CapabilityError("no"), "capability"),
        (RigError("no"), "rig"),
        (OSError("no"), "rig"),
    ],
)
def test_a_refusal_says_whose_it_is(error: Exception, whose: str) -> None:
    assert outcome(b"{}", error) == {"error": {"whose": whose, "message": "no"}}


@pytest.mark.parametrize("line", [b"", b"{", b"\xff", b"[" * 100_000])
def test_what_is_no_json_is_said_to_be_none(line: bytes) -> None:
    assert outcome(line)["error"]["whose"] == "protocol"
