"""The hardened service with a defect: it swallows errors, and answers as if there were nothing to answer."""

from typing import Any

from hardened import app as genuine  # type: ignore[import-not-found]  # the reference service's directory is on the path where it runs
from rewriting import Rewriting  # type: ignore[import-not-found]  # beside this file

__all__ = ["app"]


def _swallow(_request: dict[str, Any], answer: dict[str, Any], _took_s: float) -> dict[str, Any]:
    return {"data": {}} if "errors" in answer else answer


app = Rewriting(genuine, _swallow)
