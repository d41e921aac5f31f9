"""
What a load asks the reference service, each question with its right answer.

Reads and writes may run at the same time, because no write changes what a read is expected to return (``schema.sql`` says how).
Writes may run beside each other, because each answer is expected to show what its own request wrote:

    create_user   adds a user whose name carries ``{unique}``; the same seed on the same database would be refused the second time
    update_user   writes ``{unique}`` as an author's ``bio``; two requests may meet on one row, and each is shown its own text
    delete_user   names one of a thousand guests; one that has gone already is no error, for the promise is that afterwards it is gone

Every write also leaves a row in ``tb_change`` under ``{unique}``, in the same transaction. So afterwards one can ask, request by
request, what was answered and lost, what was carried out twice, and what took effect although its client never heard. A user who was created must be
there beside the row that says so; nobody deletes members.
"""

from __future__ import annotations

from typing import Final

from fraiseql_chaos.reference import dataset
from fraiseql_chaos.workload.model import UNIQUE, Case, GraphQLOperation

__all__ = [
    "AGGREGATE",
    "COUNT_USERS",
    "CREATE_USER",
    "DELETE_USER",
    "OPERATIONS",
    "READ_NESTED",
    "READ_POST",
    "READ_USERS",
    "RING",
    "SLOW_REPORT",
    "UPDATE_USER",
]

_CHANGES: Final = "SELECT change.request FROM tb_change AS change WHERE change.request LIKE '{mark}-%' AND change.function = "
"""``{mark}`` stands for itself here, and is replaced by the mark of each load."""

READ_USERS: Final = GraphQLOperation(
    name="read_users",
    document="query ReadUsers($limit: Int!) { users(limit: $limit) { id identifier name role } }",
    kind="query",
    cases=tuple(
        Case(variables={"limit": limit}, data={"users": [dataset.author(n) for n in range(1, limit + 1)]})
        for limit in (1, 10, 20, 50, dataset.AUTHORS)
    ),
)
"""A list, from 1 to 100 rows long."""

READ_POST: Final = GraphQLOperation(
    name="read_post",
    document="query ReadPost($id: ID!) { post(id: $id) { id title words body author { id name } } }",
    kind="query",
    cases=tuple(Case(variables={"id": dataset.post_id(n)}, data={"post": dataset.post(n)}) for n in range(1, dataset.POSTS + 1, 5)),
)
"""One row by its id, one of a hundred."""

READ_NESTED: Final = GraphQLOperation(
    name="read_nested",
    document="query ReadNested($id: ID!) { thread(id: $id) { id title author { id name } comments { id body author { id name } } } }",
    kind="query",
    cases=tuple(Case(variables={"id": dataset.post_id(n)}, data={"thread": dataset.thread(n)}) for n in range(1, dataset.POSTS + 1, 9)),
)
"""A post, its comments, and the author of each."""

COUNT_USERS: Final = GraphQLOperation(
    name="count_users",
    document="query CountUsers($role: String!) { userCount(role: $role) }",
    kind="query",
    cases=(Case(variables={"role": "author"}, data={"userCount": dataset.AUTHORS}),),
)
"""How many authors there are, which no write changes."""

AGGREGATE: Final = GraphQLOperation(
    name="aggregate",
    document="query Aggregate($id: ID!) { authorStatistics(id: $id) { id posts words longest } }",
    kind="query",
    cases=tuple(
        Case(variables={"id": figures["id"]}, data={"authorStatistics": figures})
        for figures in (dataset.author_statistics(n) for n in range(1, dataset.AUTHORS + 1))
    ),
)
"""Figures over an author's posts."""

SLOW_REPORT: Final = GraphQLOperation(
    name="slow_report",
    document="query SlowReport($id: ID!) { slowReport(id: $id) { id posts words longest } }",
    kind="query",
    cases=tuple(
        Case(variables={"id": figures["id"]}, data={"slowReport": figures})
        for figures in (dataset.author_statistics(n) for n in range(1, dataset.AUTHORS + 1))
    ),
)
"""The same figures, for which the server needs half a second. In no mix: what asks for it asks for it by name."""

CREATE_USER: Final = GraphQLOperation(
    name="create_user",
    document=(
        "mutation CreateUser($input: CreateUserInput!) { createUser(input: $input) { __typename"
        " ... on CreateUserSuccess { message user { id identifier name role } } ... on CreateUserError { message status } } }"
    ),
    kind="mutation",
    cases=(
        Case(
            variables={"input": {"identifier": UNIQUE, "name": f"Member {UNIQUE}"}},
            data={"createUser": {"__typename": "CreateUserSuccess", "user": {"identifier": UNIQUE, "name": f"Member {UNIQUE}", "role": "member"}}},
        ),
    ),
    found_by=f"{_CHANGES}'create_user' AND EXISTS (SELECT FROM tb_user AS member WHERE member.identifier = change.request)",
)
"""A user who was not there before."""

UPDATE_USER: Final = GraphQLOperation(
    name="update_user",
    document=(
        "mutation UpdateUser($input: UpdateUserInput!) { updateUser(input: $input) { __typename"
        " ... on UpdateUserSuccess { message user { id identifier bio } } ... on UpdateUserError { message status } } }"
    ),
    kind="mutation",
    cases=tuple(
        Case(
            variables={"input": {"id": who["id"], "bio": UNIQUE}},
            data={"updateUser": {"__typename": "UpdateUserSuccess", "user": {"id": who["id"], "identifier": who["identifier"], "bio": UNIQUE}}},
        )
        for who in (dataset.author(n) for n in range(1, dataset.AUTHORS + 1))
    ),
    found_by=f"{_CHANGES}'update_user'",
)
"""What an author says about themselves."""

DELETE_USER: Final = GraphQLOperation(
    name="delete_user",
    document=(
        "mutation DeleteUser($input: DeleteUserInput!) { deleteUser(input: $input) { __typename"
        " ... on DeleteUserSuccess { message user { id } } ... on DeleteUserError { message status } } }"
    ),
    kind="mutation",
    cases=tuple(
        Case(
            variables={"input": {"id": dataset.guest_id(n), "reason": UNIQUE}},
            data={"deleteUser": {"__typename": "DeleteUserSuccess", "user": {"id": dataset.guest_id(n)}}},
        )
        for n in range(1, dataset.GUESTS + 1)
    ),
    found_by=f"{_CHANGES}'delete_user'",
)
"""A guest who is not there afterwards."""

RING: Final = (READ_USERS, READ_POST, READ_NESTED, COUNT_USERS, AGGREGATE)
"""Every way to read, for a load that goes round."""

OPERATIONS: Final = (*RING, CREATE_USER, UPDATE_USER, DELETE_USER)
"""Every way to ask that a load mixes."""
