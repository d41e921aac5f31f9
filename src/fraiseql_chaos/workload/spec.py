"""
What a load generator is told: where to send, what, how often, how long. A value that refuses nonsense, and its JSON form.

The bounds are limits on what can grow, not judges: a request that runs into one is recorded with a cause of its own. ``in_flight_max``
has its precedent in wrk2's connections and k6's ``maxVUs``; a load that reaches it has stopped being open, and says so (``not_sent``).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self, get_args
from urllib.parse import urlsplit

from fraiseql_chaos.core import SEED_MAX, Duration, JsonObject, Rate, seconds
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.history import LoadPlanned
from fraiseql_chaos.workload.arrivals import Spacing, planned_times
from fraiseql_chaos.workload.model import GraphQLOperation

__all__ = ["IN_FLIGHT_MAX", "REQUESTS_MAX", "LoadSpec", "Target"]

IN_FLIGHT_MAX: Final = 4096
"""Default bound on requests in flight: 8 s of hang at 500 requests a second."""

REQUESTS_MAX: Final = 1_000_000
"""Requests in one load: half an hour at 500 a second, and a plan of 40 MB."""

_MARK: Final = re.compile(r"[0-9A-Za-z-]{1,64}")
_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """
    A GraphQL endpoint.

    Args:
        url: Its whole address, as in ``http://127.0.0.1:8000/graphql``.
        unix_socket: Where to connect instead of the address's host and port; None for TCP.
        headers: Sent with every request.

    Raises:
        DeclarationError: If the address is not one of HTTP, or a header cannot be sent.
    """

    url: str
    unix_socket: Path | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not _is_http(self.url):
            raise DeclarationError(f"load: url {self.url!r} is not an HTTP address such as http://127.0.0.1:8000/graphql; nothing was sent")
        for name, value in self.headers.items():
            if not _HEADER_NAME.fullmatch(name) or any(c in value for c in "\r\n\0"):
                raise DeclarationError(f"load: header {name!r}: {value!r} cannot be sent in HTTP; nothing was sent")

    def to_json(self) -> JsonObject:
        """Return the target as a JSON object."""
        return {"url": self.url, "unix_socket": str(self.unix_socket) if self.unix_socket else None, "headers": dict(self.headers)}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """Read what ``to_json`` wrote."""
        socket = raw["unix_socket"]
        return cls(url=raw["url"], unix_socket=Path(socket) if socket else None, headers=raw["headers"])


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadSpec:
    """
    One open-loop load.

    Args:
        target: Where to.
        operations: What to ask; at least one.
        weights: How often each operation is meant, relative to the others; empty for equally often.
        rate: Requests per second, of all operations together.
        lasting: How long requests are due.
        spacing: ``constant`` or ``poisson``.
        seed: Decides operations, cases and gaps.
        mark: What ``{unique}`` begins with, and no other load on the same database has; letters, digits and hyphens.
        in_flight_max: Bound on requests in flight; one more is recorded as ``not_sent``.
        timeout: Bound on one request, from its send.
        drain: How long answers are waited for after ``lasting``; what is open then is recorded as ``unfinished``.
        warm_up: How often each query is asked before the load, outside the record; 0 for not at all.

    Raises:
        DeclarationError: If something is missing, without a unit, or out of range.
    """

    target: Target
    operations: tuple[GraphQLOperation, ...]
    weights: tuple[int, ...] = ()
    rate: Rate
    lasting: Duration
    spacing: Spacing = "constant"
    seed: int
    mark: str
    in_flight_max: int = IN_FLIGHT_MAX
    timeout: Duration = seconds(60)
    drain: Duration = seconds(10)
    warm_up: int = 1

    def __post_init__(self) -> None:
        self._check_operations()
        self._check_times()
        self._check_number("seed", self.seed, least=0, most=SEED_MAX)
        if not _MARK.fullmatch(self.mark):
            raise DeclarationError(f"load: mark must be 1 to 64 letters, digits and hyphens, not {self.mark!r}; nothing was sent")
        self._check_number("in_flight_max", self.in_flight_max, least=1, most=65536)
        self._check_number("warm_up", self.warm_up, least=0, most=1000)

    @property
    def weighted(self) -> tuple[int, ...]:
        """The weight of each operation, also where none was given."""
        return self.weights or (1,) * len(self.operations)

    def planned_times(self) -> tuple[int, ...]:
        """Return when each request is due, in nanoseconds since the first."""
        return planned_times(rate=self.rate, lasting=self.lasting, spacing=self.spacing, seed=self.seed)

    def planned(self) -> LoadPlanned:
        """Return the plan as an event, for the head of a history."""
        return LoadPlanned(
            requests=len(self.planned_times()),
            rate_per_s=float(self.rate.per_s),
            lasting_ns=self.lasting.ns,
            in_flight_max=self.in_flight_max,
            operations=tuple(operation.name for operation in self.operations),
            mark=self.mark,
        )

    def to_json(self) -> JsonObject:
        """Return the load as a JSON object."""
        return {
            "target": self.target.to_json(),
            "operations": [operation.to_json() for operation in self.operations],
            "weights": list(self.weights),
            "rate_per_s": self.rate.per_s,
            "lasting_ns": self.lasting.ns,
            "spacing": self.spacing,
            "seed": self.seed,
            "mark": self.mark,
            "in_flight_max": self.in_flight_max,
            "timeout_ns": self.timeout.ns,
            "drain_ns": self.drain.ns,
            "warm_up": self.warm_up,
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """Read what ``to_json`` wrote."""
        return cls(
            target=Target.from_json(raw["target"]),
            operations=tuple(GraphQLOperation.from_json(operation) for operation in raw["operations"]),
            weights=tuple(raw["weights"]),
            rate=Rate(raw["rate_per_s"]),
            lasting=Duration(raw["lasting_ns"]),
            spacing=raw["spacing"],
            seed=raw["seed"],
            mark=raw["mark"],
            in_flight_max=raw["in_flight_max"],
            timeout=Duration(raw["timeout_ns"]),
            drain=Duration(raw["drain_ns"]),
            warm_up=raw["warm_up"],
        )

    def _check_operations(self) -> None:
        names = [operation.name for operation in self.operations]
        if not names:
            raise DeclarationError("load: there is no operation to ask; name at least one; nothing was sent")
        for name in {name for name in names if names.count(name) > 1}:
            raise DeclarationError(f"load: two operations are called {name!r}, and a history could not tell them apart; nothing was sent")
        if self.weights and (len(self.weights) != len(names) or any(not _is_count(weight) or weight < 1 for weight in self.weights)):
            raise DeclarationError(
                f"load: weights must be {len(names)} whole numbers above 0, one an operation, not {self.weights!r}; nothing was sent"
            )

    def _check_times(self) -> None:
        for name, value in (("lasting", self.lasting), ("timeout", self.timeout), ("drain", self.drain)):
            if not isinstance(value, Duration):
                raise DeclarationError(f"load: {name}={value!r} has no unit; write {name}=seconds(6); nothing was sent")
        if not isinstance(self.rate, Rate):
            raise DeclarationError(f"load: rate={self.rate!r} has no unit; write rate=per_second(50); nothing was sent")
        for name, value in (("lasting", self.lasting), ("timeout", self.timeout)):
            if value.ns == 0:
                raise DeclarationError(f"load: {name} must be above 0; nothing was sent")
        if self.spacing not in get_args(Spacing.__value__):
            raise DeclarationError(f"load: spacing {self.spacing!r} is neither 'constant' nor 'poisson'; nothing was sent")
        expected = math.ceil(self.rate.per_s * self.lasting.s)
        if expected > REQUESTS_MAX:
            raise DeclarationError(
                f"load: {self.rate} for {self.lasting} is {expected} requests; at most {REQUESTS_MAX} are planned; nothing was sent"
            )

    def _check_number(self, name: str, value: object, *, least: int, most: int) -> None:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise DeclarationError(f"load: {name} must be a whole number from {least} to {most}, not {value!r}; nothing was sent")


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_http(url: object) -> bool:
    if not isinstance(url, str):
        return False
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)
