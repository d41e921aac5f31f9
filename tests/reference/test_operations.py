"""The real service, asked everything that the operations can ask, gives the answers that they expect."""

from __future__ import annotations

import asyncio
import json

import pytest

from fix_reference import Reference
from fraiseql_chaos.reference import CREATE_USER, DELETE_USER, OPERATIONS, RING, SLOW_REPORT, UPDATE_USER
from fraiseql_chaos.workload.matching import mismatch
from fraiseql_chaos.workload.model import UNIQUE, Case, GraphQLOperation

pytestmark = pytest.mark.anyio

WRITES = (CREATE_USER, UPDATE_USER, DELETE_USER)


def named(operation: GraphQLOperation) -> str:
    return operation.name


async def complaint(reference: Reference, operation: GraphQLOperation, case: Case) -> str:
    """Return what is wrong with the answer to a request; nothing if it is right."""
    answer = await reference.ask(operation, case)
    return json.dumps(answer["errors"]) if "errors" in answer else mismatch(case.data, answer["data"])


def test_operations_have_names_of_their_own_and_expect_something() -> None:
    assert len({operation.name for operation in OPERATIONS}) == len(OPERATIONS) == 8
    assert all(case.data for operation in OPERATIONS for case in operation.cases)
    assert all(UNIQUE in json.dumps(case.variables) for operation in WRITES for case in operation.cases)


@pytest.mark.parametrize("operation", RING, ids=named)
async def test_every_case_of_every_read_is_answered_as_expected(reference: Reference, operation: GraphQLOperation) -> None:
    complaints = [await complaint(reference, operation, case) for case in operation.cases]
    assert set(complaints) == {""}


@pytest.mark.parametrize("operation", WRITES, ids=named)
async def test_a_write_takes_effect_exactly_once_and_says_so(reference: Reference, operation: GraphQLOperation) -> None:
    marks = [f"{operation.name}-{n}" for n in range(20)]
    assert {await complaint(reference, operation, operation.cases[n % len(operation.cases)].filled(mark)) for n, mark in enumerate(marks)} == {""}
    changes = await reference.rows(f"SELECT request FROM tb_change WHERE function = '{operation.name}' AND request LIKE '{operation.name}-%'")  # noqa: S608
    assert sorted(request for (request,) in changes) == sorted(marks)


async def test_the_slow_report_is_right_and_slow_and_in_no_mix(reference: Reference) -> None:
    """Twenty at once: the server sleeps half a second for each."""
    began_s = asyncio.get_running_loop().time()
    complaints = await asyncio.gather(*(complaint(reference, SLOW_REPORT, case) for case in SLOW_REPORT.cases[:20]))
    assert set(complaints) == {""}
    assert asyncio.get_running_loop().time() - began_s >= 0.5
    assert SLOW_REPORT not in OPERATIONS


async def test_reads_and_writes_at_the_same_time_do_not_disturb_each_other(reference: Reference) -> None:
    asked = [
        (operation, operation.case(seed=7, ordinal=n * len(OPERATIONS) + k, mark="m")) for n in range(25) for k, operation in enumerate(OPERATIONS)
    ]
    complaints = await asyncio.gather(*(complaint(reference, operation, case) for operation, case in asked))
    assert set(complaints) == {""}


async def test_the_same_user_cannot_be_created_twice(reference: Reference) -> None:
    (case,) = CREATE_USER.cases
    assert await complaint(reference, CREATE_USER, case.filled("twin")) == ""
    assert "CreateUserError" in await complaint(reference, CREATE_USER, case.filled("twin"))


async def test_a_deleted_guest_is_gone_and_may_be_deleted_again(reference: Reference) -> None:
    case = DELETE_USER.cases[-1]
    assert {await complaint(reference, DELETE_USER, case.filled(f"again-{n}")) for n in range(2)} == {""}
    assert await reference.rows("SELECT count(*) FROM tb_user WHERE identifier = 'guest-1000'") == [(0,)]
