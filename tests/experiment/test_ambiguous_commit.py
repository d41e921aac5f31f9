"""
The ambiguous commit, on a real mutation of a real FraiseQL service: the client sees an error, and only the server knows whether it committed.

Method: the COMMIT of a mutation is stalled on its way to the server, where the transaction's id can be read in ``pg_stat_activity``. Then the
connection is cut, once before the COMMIT has reached the server and once behind it, before its acknowledgement has reached the service. What
became of the transaction is the server's own word, ``pg_xact_status``, and whether the row is there.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

import aiohttp
import psycopg
import pytest

from fraiseql_chaos.core import JsonObject, seconds, wait_until
from fraiseql_chaos.experiment import Rig, RigSettings
from fraiseql_chaos.experiment.deployment import Deployment
from fraiseql_chaos.layers.stream.faults import Reset
from fraiseql_chaos.layers.wire.faults import StallAt, ambiguous_commit
from fraiseql_chaos.layers.wire.trigger import Trigger
from fraiseql_chaos.reference.operations import CREATE_USER

pytestmark = pytest.mark.anyio

WITHIN = seconds(20)

IN_TRANSACTION = """
    SELECT pid, backend_xid::text FROM pg_stat_activity
    WHERE datname = %s AND state LIKE 'idle in transaction%%' AND backend_xid IS NOT NULL
"""


@pytest.fixture(params=["stock", "hardened"])
async def deployment(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Deployment]:
    rig = await Rig.start(RigSettings(seed=1, logs=tmp_path / "logs"))
    try:
        yield await rig.deploy(request.param)
    finally:
        await rig.close()


@pytest.mark.parametrize(("cut", "status", "rows"), [("before", "aborted", 0), ("behind", "committed", 1)])
async def test_the_client_sees_an_error_whether_or_not_the_server_committed(
    deployment: Deployment, cut: Literal["before", "behind"], status: str, rows: int
) -> None:
    edge = deployment.way.proxy
    assert edge is not None
    identifier = f"ambiguous-{uuid.uuid4().hex}"
    edge.arm("stall", StallAt(trigger=Trigger(message="Statement", sql=r"^\s*COMMIT"), when="before"))
    async with (
        aiohttp.ClientSession() as http,
        await psycopg.AsyncConnection.connect(deployment.server.control_dsn(deployment.database), autocommit=True) as control,
    ):
        answer = asyncio.ensure_future(ask(http, deployment, {"identifier": identifier, "name": "In Doubt"}))

        async def in_doubt() -> tuple[object, ...] | None:
            return await (await control.execute(IN_TRANSACTION, (deployment.database,))).fetchone()

        pid, xid = await wait_until(in_doubt, within=WITHIN, what="the transaction in doubt")
        if cut == "behind":
            edge.arm("cut", ambiguous_commit())
            edge.heal("stall")
        else:
            edge.arm("cut", Reset())
        reply = await answer
        edge.heal("cut")

        async def gone() -> bool:
            cursor = await control.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", (pid,))
            return await cursor.fetchone() is None

        await wait_until(gone, within=WITHIN, what="the end of the session")
        assert await (await control.execute("SELECT pg_xact_status(%s::xid8)", (xid,))).fetchone() == (status,)
        assert await (await control.execute("SELECT count(*) FROM tb_user WHERE identifier = %s", (identifier,))).fetchone() == (rows,)
    assert is_an_error(reply), reply
    if cut == "behind":
        (incident,) = [i for i in edge.record().incidents if i.fault_id == "cut"]
        assert (incident.message, incident.delivered) == ("CommandComplete", False)
        assert incident.sql.strip().upper().startswith("COMMIT")


async def ask(http: aiohttp.ClientSession, deployment: Deployment, given: JsonObject) -> JsonObject:
    body = {"query": CREATE_USER.document, "variables": {"input": given}}
    async with http.post(deployment.target.url, json=body, timeout=aiohttp.ClientTimeout(total=WITHIN.s)) as response:
        reply: JsonObject = await response.json()
        return reply | {"http_status": response.status}


def is_an_error(reply: JsonObject) -> bool:
    """Tell whether a client would take the reply for a failure."""
    match reply:
        case {"http_status": 200, "data": {"createUser": {"__typename": "CreateUserSuccess"}}}:
            return False
        case _:
            return True
