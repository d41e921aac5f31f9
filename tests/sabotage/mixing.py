"""The stock service with a defect: every seventh answer is the one to an earlier request of the same kind, as by a buffer that is used again too early."""

import itertools
from typing import Any

from rewriting import Rewriting  # type: ignore[import-not-found]  # beside this file
from stock import app as genuine  # type: ignore[import-not-found]  # the reference service's directory is on the path where it runs

__all__ = ["app"]

_ordinals = itertools.count(1)
_last: dict[str, dict[str, Any]] = {}


def _mix(request: dict[str, Any], answer: dict[str, Any], _took_s: float) -> dict[str, Any]:
    earlier = _last.setdefault(request["query"], answer)
    if next(_ordinals) % 7 == 0:
        return earlier
    _last[request["query"]] = answer
    return answer


app = Rewriting(genuine, _mix)
