"""
Before the load: connections made, code paths walked, the service's own pools filled.

Without it the first requests of every run would measure the client's and the service's first times. Only queries are asked, because a
mutation outside the record would be a write that no judge knows of; a load of mutations alone asks ``{ __typename }``, which every
GraphQL service answers without touching its data.
"""

from __future__ import annotations

import asyncio
from typing import Final

from fraiseql_chaos.core import Json
from fraiseql_chaos.workload.client import GraphQLClient, Passage
from fraiseql_chaos.workload.model import Case, GraphQLOperation
from fraiseql_chaos.workload.requests import Request, request_with
from fraiseql_chaos.workload.spec import LoadSpec

__all__ = ["warm_up"]

_TYPENAME: Final = GraphQLOperation(name="typename", document="{ __typename }", kind="query", cases=(Case(variables={}, data=None),))


async def warm_up(client: GraphQLClient, spec: LoadSpec) -> list[Json]:
    """
    Ask each query of a load as often as it says, all queries at once, round after round.

    Returns:
        What became of each request: ``name``, ``outcome``, ``cause``, ``detail``.
    """
    queries = [operation for operation in spec.operations if operation.kind == "query"] or [_TYPENAME]
    told: list[Json] = []
    for turn in range(spec.warm_up):
        # Ordinals below zero belong to no request of the plan, so nothing that is unique there is used up here.
        requests = [request_with(query, query.case(seed=spec.seed, ordinal=-1 - turn, mark=spec.mark)) for query in queries]
        told += await asyncio.gather(*(_asked(client, request) for request in requests))
    return told


async def _asked(client: GraphQLClient, request: Request) -> Json:
    answer = await client.ask(request, Passage())
    return {"name": request.name, "outcome": answer.outcome, "cause": answer.cause, "detail": answer.detail}
