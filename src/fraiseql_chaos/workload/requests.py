"""
From an ordinal to the bytes of its request: a pure function of the operations, their weights, the seed and the load's mark.

The same ordinal asks the same thing in every run of a seed, whatever was answered before it, so two runs can be compared request by
request and a history names what was asked without storing it. Only what must be new in every load differs: it begins with the mark.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from fraiseql_chaos.core import JsonObject
from fraiseql_chaos.workload.arrivals import choose
from fraiseql_chaos.workload.model import Case, GraphQLOperation, OperationKind

__all__ = ["Request", "request_of", "request_with"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request, ready to be sent: ``body`` is what goes out, ``expected`` what the answer's data must contain."""

    name: str
    kind: OperationKind
    body: bytes
    expected: JsonObject | None


def request_of(operations: Sequence[GraphQLOperation], weights: Sequence[int], *, seed: int, ordinal: int, mark: str) -> Request:
    """
    Return the request of one place in the plan.

    Args:
        operations: What may be asked.
        weights: How often each of them is meant, relative to the others.
        seed: The run's seed.
        ordinal: The place, from 0; negative ones are free for what happens before a load.
        mark: What no other load on the same database has.
    """
    operation = operations[choose(weights, seed=seed, ordinal=ordinal)]
    return request_with(operation, operation.case(seed=seed, ordinal=ordinal, mark=mark))


def request_with(operation: GraphQLOperation, case: Case) -> Request:
    """Return the request that asks an operation with one case, as it stands."""
    body = json.dumps({"query": operation.document, "variables": case.variables}, separators=(",", ":"))
    return Request(name=operation.name, kind=operation.kind, body=body.encode(), expected=case.data)
