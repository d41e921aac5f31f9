"""An ordinal and a seed decide every byte of a request."""

from __future__ import annotations

import json

from fraiseql_chaos.workload import Case, GraphQLOperation
from fraiseql_chaos.workload.requests import request_of

READ = GraphQLOperation(
    name="read",
    document="query Q($id: ID!) { post(id: $id) {unique} }",
    kind="query",
    cases=tuple(Case(variables={"id": n}, data={"post": {"unique": n}}) for n in range(5)),
)
WRITE = GraphQLOperation(
    name="write",
    document="mutation M($t: String!) { add(title: $t) { title } }",
    kind="mutation",
    cases=(Case(variables={"t": "é {unique}"}, data={"add": {"title": "é {unique}"}}),),
)


def test_the_same_place_in_the_same_plan_asks_the_same() -> None:
    asked = [[request_of((READ, WRITE), (3, 1), seed=7, ordinal=n, mark="m") for n in range(50)] for _ in range(2)]
    assert asked[0] == asked[1]
    assert {request.name for request in asked[0]} == {"read", "write"}


def test_another_seed_asks_otherwise() -> None:
    one, other = ([request_of((READ,), (1,), seed=seed, ordinal=n, mark="m").body for n in range(50)] for seed in (7, 8))
    assert one != other


def test_what_is_unique_is_so_in_the_request_and_in_its_answer() -> None:
    request = request_of((WRITE,), (1,), seed=7, ordinal=12, mark="m")
    assert json.loads(request.body)["variables"] == {"t": "é m-12"}
    assert request.expected == {"add": {"title": "é m-12"}}


def test_the_document_is_sent_as_it_is() -> None:
    """A selection set may well read ``{unique}``."""
    assert json.loads(request_of((READ,), (1,), seed=7, ordinal=0, mark="m").body)["query"] == READ.document
