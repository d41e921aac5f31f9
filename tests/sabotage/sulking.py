"""The hardened service with a defect: after an error it answers nobody for three seconds, as a circuit breaker that opens at the first."""

import time
from typing import Any

from hardened import app as genuine  # type: ignore[import-not-found]  # the reference service's directory is on the path where it runs
from rewriting import Rewriting  # type: ignore[import-not-found]  # beside this file

__all__ = ["app"]

SULKS_S = 3.0
_until = 0.0


def _sulk(_request: dict[str, Any], answer: dict[str, Any], _took_s: float) -> dict[str, Any]:
    global _until  # noqa: PLW0603  there is one service in the process
    if time.monotonic() < _until:
        return {"data": None, "errors": [{"message": "database connection: circuit breaker is open, try again later"}]}
    if "errors" in answer:
        _until = time.monotonic() + SULKS_S
    return answer


app = Rewriting(genuine, _sulk)
