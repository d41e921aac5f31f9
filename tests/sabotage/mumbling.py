"""The hardened service with a defect: whatever went wrong, it says that something went wrong."""

from typing import Any

from hardened import app as genuine  # type: ignore[import-not-found]  # the reference service's directory is on the path where it runs
from rewriting import Rewriting  # type: ignore[import-not-found]  # beside this file

__all__ = ["app"]


def _mumble(_request: dict[str, Any], answer: dict[str, Any], _took_s: float) -> dict[str, Any]:
    return {"data": None, "errors": [{"message": "Internal server error"}]} if "errors" in answer else answer


app = Rewriting(genuine, _mumble)
