"""
Before any fault: does the service answer what the workload expects of it?

A workload with a typo, or one written for another schema, fails every request, and an experiment would report the outage of a service
that was never well. So each query is asked once while nothing is wrong, and an answer that is not right is an error of the declaration.
Mutations are asked only if the caller says so, because GraphQL has no way to validate one without running it.

A case that says nothing about its answer can have its healthy answer *recorded* as the yardstick: then a row that vanishes under a
fault is a wrong answer even if nobody wrote the row down. Such a case is asked twice, because an answer that differs from one healthy
moment to the next is no yardstick.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from fraiseql_chaos.core import Duration, JsonObject, fresh_seed, seconds
from fraiseql_chaos.errors import DeclarationError, ServiceError
from fraiseql_chaos.workload.answers import Answer
from fraiseql_chaos.workload.causes import CAUSES
from fraiseql_chaos.workload.client import GraphQLClient, Passage
from fraiseql_chaos.workload.matching import mismatch
from fraiseql_chaos.workload.model import Case, GraphQLOperation
from fraiseql_chaos.workload.requests import request_with
from fraiseql_chaos.workload.spec import Target

__all__ = ["verify_operations"]


async def verify_operations(
    target: Target,
    operations: Iterable[GraphQLOperation],
    *,
    run_mutations: bool = False,
    record: Collection[tuple[str, int]] = (),
    within: Duration = seconds(10),
) -> tuple[GraphQLOperation, ...]:
    """
    Ask a healthy service every case of every query once.

    Args:
        target: The service.
        operations: What a load is going to ask.
        run_mutations: Whether to ask mutations too; they write.
        record: The cases, as operation name and index, whose healthy answer becomes what is expected of them.
        within: Bound on one request.

    Returns:
        The operations, with recorded answers filled in.

    Raises:
        DeclarationError: If the service answers an operation otherwise than expected; the message carries its own words.
        ServiceError: If there is no service at the target.
    """
    # Mutations must not collide with those of an earlier check on the same database, so this seed is nobody's.
    unique = f"{fresh_seed():08x}-check"
    async with GraphQLClient(target, connections_max=1, timeout=within) as client:
        checker = _Checker(client, target, unique)
        return tuple(
            [
                replace(
                    operation, cases=tuple([await checker.case(operation, n, (operation.name, n) in record) for n in range(len(operation.cases))])
                )
                if operation.kind == "query" or run_mutations
                else operation
                for operation in operations
            ]
        )


class _Checker:
    def __init__(self, client: GraphQLClient, target: Target, unique: str) -> None:
        self._client = client
        self._target = target
        self._unique = unique

    async def case(self, operation: GraphQLOperation, index: int, record: bool) -> Case:  # noqa: FBT001  private, and named at its only call
        """Ask one case; return it, with its healthy answer if that is to be recorded."""
        case = operation.cases[index]
        data = await self._healthy(operation, index, f"{self._unique}-{index}")
        if not record:
            return case
        again = await self._healthy(operation, index, f"{self._unique}-{index}-again")
        if told := mismatch(data, again) or mismatch(again, data):
            raise DeclarationError(
                f"operation {operation.name}, case {index}: two healthy answers differ ({told}), so none can be the yardstick; "
                f"say what to expect, or leave the part that changes out of the document; no fault was armed"
            )
        if all(value is None for value in data.values()):
            raise DeclarationError(
                f"operation {operation.name}, case {index}: the healthy answer holds nothing ({data}), so an error swallowed into nothing would look right; "
                f"check the document for a misspelt field (FraiseQL answers those with nothing, too), or say what to expect; no fault was armed"
            )
        return replace(case, data=data)

    async def _healthy(self, operation: GraphQLOperation, index: int, unique: str) -> JsonObject:
        answer = await self._client.ask(request_with(operation, operation.cases[index].filled(unique)), Passage())
        if answer.outcome == "ok" and answer.data is not None:
            return answer.data
        raise self._unhealthy(operation, index, answer)

    def _unhealthy(self, operation: GraphQLOperation, index: int, answer: Answer) -> DeclarationError | ServiceError:
        if answer.cause == "connect_failed":
            return ServiceError(f"nobody answers at {self._target.unix_socket or self._target.url} ({answer.detail}); no fault was armed")
        status = "" if answer.status is None else f" (HTTP {answer.status})"
        return DeclarationError(
            f"operation {operation.name}, case {index}: a healthy service did not answer it as expected: {CAUSES[answer.cause]}{status}. "
            f"It said: {answer.detail}. No fault was armed"
        )
