"""
What a collection measures and how much of it: everything that decides whether two collections measured the same thing.

    repetition 1: fresh database, edge, service, generator -> bursts in a drawn order -> connections -> memory -> inside the interpreter
    repetition 2: the same, all of it begun anew, in another order
    ...

Each repetition measures everything once, so that what changes slowly on the machine (its temperature, its neighbours) meets all metrics alike.
And each has a service of its own: two starts of one program differ by more than two minutes of one start do, in the layout of its memory and
the order of its hashes, and it is with another start that a later collection will be compared.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from fraiseql_chaos.core import JsonObject
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.workload import GraphQLOperation

__all__ = ["LIMIT_BETWEEN_RUNS", "LIMIT_ONE_QUERY", "BaselinePlan", "configuration"]

LIMIT_BETWEEN_RUNS: Final = 0.05
"""How much a metric may vary and count as repeatable."""

LIMIT_ONE_QUERY: Final = 0.03
"""The same for the usual time of one query."""

REPETITIONS_MAX: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselinePlan:
    """
    How much is measured.

    Args:
        repetitions: How often everything is measured, 2 to 100.
        requests: How many requests a burst measures, by how many of them are in flight.
        samples: How many samples each measurement inside the interpreter takes; 0 for no such measurements.
        passes: In how many parts a burst is carried out, spread over the repetition, so that what disturbs the machine for a second meets a part of it.

    Raises:
        DeclarationError: If there is nothing to measure, or no end of it.
    """

    repetitions: int = 10
    requests: Mapping[int, int] = field(default_factory=lambda: MappingProxyType({1: 45, 10: 90, 50: 120}))
    samples: int = 30
    passes: int = 3

    def __post_init__(self) -> None:
        if not 2 <= self.repetitions <= REPETITIONS_MAX:
            raise DeclarationError(
                f"a baseline takes 2 to {REPETITIONS_MAX} repetitions, because one has no variation, not {self.repetitions}; nothing was measured"
            )
        if not self.requests or min(*self.requests, *self.requests.values(), self.passes) < 1 or self.samples < 0:
            raise DeclarationError("a baseline measures at least one request with at least one in flight, in at least one part; nothing was measured")

    @property
    def again_at_most(self) -> int:
        """How many repetitions in all may be measured again because others had the machine."""
        return self.repetitions // 3

    def warm_up(self, in_flight: int) -> int:
        """Return how many requests are sent before those of a part of a burst: a round, and at least five requests."""
        return max(5, in_flight)


def configuration(plan: BaselinePlan, operations: tuple[GraphQLOperation, ...], *, edge_tls: bool, own_server: bool) -> JsonObject:
    """Return what two collections must share to have measured the same thing; how often they did is not part of it."""
    asked = json.dumps([operation.to_json() for operation in operations], sort_keys=True)
    return {
        "edge_tls": edge_tls,
        "own_server": own_server,
        "operations": [operation.name for operation in operations],
        "workload": hashlib.sha256(asked.encode()).hexdigest()[:16],
        "requests": {str(in_flight): count for in_flight, count in plan.requests.items()},
        "samples": plan.samples,
        "passes": plan.passes,
    }
