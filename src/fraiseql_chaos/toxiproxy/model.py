"""
What Toxiproxy's API speaks of: proxies, and toxics on them.

A *toxic* here is a record of the API: a name, a type, a stream, a toxicity and whole-numbered attributes, kept exactly as the client
wrote them, because that is how they are shown again. What it does to a connection is said by a fault of ours (see ``mapping``).

    {"attributes":{"latency":100,"jitter":10},"name":"lat","type":"latency","stream":"upstream","toxicity":0.5}

Source: Toxiproxy 2.12, by its recorded answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from fraiseql_chaos.errors import ChaosError
from fraiseql_chaos.layers.stream.model import Direction
from fraiseql_chaos.toxiproxy.go_json import Float32
from fraiseql_chaos.toxiproxy.go_types import Scalar, Struct

__all__ = ["DIRECTIONS", "TOXIC_TYPES", "ApiError", "Toxic", "ToxicType"]

DIRECTIONS: Final[Mapping[str, Direction]] = {"upstream": "up", "downstream": "down"}
"""In the order in which toxics are listed."""


class ApiError(ChaosError):
    """
    A request that gets an error for an answer.

    Args:
        message: Toxiproxy's words, or ours where it has none.
        status: The HTTP status that goes with them.
    """

    def __init__(self, message: str, status: HTTPStatus) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class ToxicType:
    """
    A kind of toxic, as Toxiproxy's Go code declares it.

    Attributes:
        struct: The name of its struct.
        attributes: Its attributes in order, each with the Go type that its JSON is read into.
    """

    struct: str
    attributes: Mapping[str, Scalar]

    @property
    def go(self) -> Struct:
        """The struct that attributes are read into."""
        return Struct(name=self.struct, type=f"toxics.{self.struct}", fields=self.attributes)


TOXIC_TYPES: Final[Mapping[str, ToxicType]] = {
    "bandwidth": ToxicType(struct="BandwidthToxic", attributes={"rate": "int64"}),
    "latency": ToxicType(struct="LatencyToxic", attributes={"latency": "int64", "jitter": "int64"}),
    "limit_data": ToxicType(struct="LimitDataToxic", attributes={"bytes": "int64"}),
    "noop": ToxicType(struct="NoopToxic", attributes={}),
    "reset_peer": ToxicType(struct="ResetToxic", attributes={"timeout": "int64"}),
    "slicer": ToxicType(struct="SlicerToxic", attributes={"average_size": "int", "size_variation": "int", "delay": "int"}),
    "slow_close": ToxicType(struct="SlowCloseToxic", attributes={"delay": "int64"}),
    "timeout": ToxicType(struct="TimeoutToxic", attributes={"timeout": "int64"}),
}
"""Rates in kB/s, sizes in bytes, the slicer's delay in microseconds, every other time in milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Toxic:
    """
    A toxic as the API knows it: any whole number is an attribute, and any number a toxicity.

    Attributes:
        name: Unique on its proxy.
        type: One of ``TOXIC_TYPES``.
        stream: ``upstream`` or ``downstream``, in whatever case the client wrote it.
        toxicity: The share of connections that it hits.
        attributes: All that its type has, in their order.
    """

    name: str
    type: str
    stream: str
    toxicity: Float32
    attributes: Mapping[str, int]

    @property
    def direction(self) -> Direction:
        """Which way what it acts on goes."""
        return DIRECTIONS[self.stream.lower()]

    def to_json(self) -> dict[str, Any]:
        """Return the toxic as the API shows it."""
        return {
            "attributes": dict(self.attributes),
            "name": self.name,
            "type": self.type,
            "stream": self.stream,
            "toxicity": self.toxicity,
        }
