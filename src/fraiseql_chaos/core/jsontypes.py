"""The shapes JSON can have, as types."""

from __future__ import annotations

__all__ = ["Json", "JsonObject", "JsonScalar"]

type JsonScalar = str | int | float | bool | None
type Json = JsonScalar | list[Json] | dict[str, Json]
type JsonObject = dict[str, Json]
