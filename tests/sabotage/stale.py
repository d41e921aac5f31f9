"""The stock service with a defect: when the database is slow, it serves the last answer to the same question, whoever it was about."""

from typing import Any

from rewriting import Rewriting  # type: ignore[import-not-found]  # beside this file
from stock import app as genuine  # type: ignore[import-not-found]  # the reference service's directory is on the path where it runs

__all__ = ["app"]

SLOW_S = 0.045

_last: dict[str, dict[str, Any]] = {}


def _stale(request: dict[str, Any], answer: dict[str, Any], took_s: float) -> dict[str, Any]:
    if took_s > SLOW_S:
        return _last.get(request["query"], answer)
    _last[request["query"]] = answer
    return answer


app = Rewriting(genuine, _stale)
