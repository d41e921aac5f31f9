"""The commanded end: from a line to an answer's line, whatever the line is."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from fraiseql_chaos.core import Json, JsonObject
from fraiseql_chaos.errors import CapabilityError, ChaosError, DeclarationError, LocalProtocolError

__all__ = ["LINE_BYTES_MAX", "answer_line", "refusal"]

LINE_BYTES_MAX: Final = 64 * 2**10
"""The longest command read; asyncio's own limit for a line (``StreamReader``), and far beyond any fault's parameters."""


def answer_line(line: bytes, execute: Callable[[Any], Json]) -> bytes:
    """
    Do what a line says, and return the answer's line.

    Args:
        line: What came.
        execute: Does what it says, or raises one of our errors or the system's.
    """
    try:
        outcome: JsonObject = {"ok": execute(json.loads(line))}
    except ValueError as error:
        outcome = refusal(error) if isinstance(error, ChaosError) else refusal(LocalProtocolError(f"a command is one line of JSON: {error}"))
    except RecursionError:
        outcome = refusal(LocalProtocolError("a command is one line of JSON, and no command is nested that deeply"))
    except (ChaosError, OSError) as error:
        outcome = refusal(error)
    return json.dumps(outcome, separators=(",", ":")).encode() + b"\n"


def refusal(error: ChaosError | OSError) -> JsonObject:
    """Return an error as an answer; whose it was decides what the asking end raises."""
    match error:
        case DeclarationError():
            whose = "declaration"
        case LocalProtocolError():
            whose = "protocol"
        case CapabilityError():
            whose = "capability"
        case _:
            whose = "rig"
    return {"error": {"whose": whose, "message": str(error)}}
