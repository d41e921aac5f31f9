"""The two reference services differ in what the hardened one is hardened by, as PostgreSQL sees it."""

from __future__ import annotations

import asyncio

import psycopg
import pytest

from fix_reference import Reference
from fraiseql_chaos.core import seconds, wait_until
from fraiseql_chaos.reference import HARDENED, SERVICE_DIRECTORY, UPDATE_USER

pytestmark = pytest.mark.anyio


async def test_only_the_hardened_service_keeps_many_connections_open(reference: Reference) -> None:
    hardened = reference.app == HARDENED
    _: bool = await wait_until(lambda: _has_sessions(reference, 40 if hardened else 2), within=seconds(15), what="the filling of the pool")
    assert await _has_sessions(reference, 40) == hardened


async def test_only_the_hardened_service_gives_up_on_a_lock(reference: Reference) -> None:
    """Its limit is 2 s; the other one is still waiting half a second later, and would be for ever."""
    hardened = reference.app == HARDENED
    async with await psycopg.AsyncConnection.connect(reference.control_dsn) as holder:
        await holder.execute("SELECT FROM tb_user WHERE identifier = 'author-42' FOR UPDATE")
        asked = asyncio.create_task(reference.ask(UPDATE_USER, UPDATE_USER.cases[41].filled("locked")))
        answered, _ = await asyncio.wait({asked}, timeout=15 if hardened else 2.5)
    answer = await asked
    assert bool(answered) == hardened
    assert ("lock timeout" in str(answer.get("errors"))) == hardened


def test_services_import_nothing_that_the_target_does_not_have() -> None:
    imports = [
        line
        for path in SERVICE_DIRECTORY.glob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.startswith(("import ", "from ", "    import ", "    from "))
    ]
    assert imports
    assert [line for line in imports if "chaos" in line] == []


async def _has_sessions(reference: Reference, least: int) -> bool:
    ((found,),) = await reference.rows("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = 'app'")
    return bool(found >= least)
