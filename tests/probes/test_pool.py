"""What the pool says of itself, asked of real services whose connections are all in use, and of what is no service."""

from __future__ import annotations

import asyncio
from pathlib import Path

import psycopg
import pytest

from fix_reference import Reference, reference, reference_server
from fraiseql_chaos.core import JsonObject, ms, seconds, wait_until
from fraiseql_chaos.probes import ServicePool
from fraiseql_chaos.reference import HARDENED, UPDATE_USER
from fraiseql_chaos.testing import HEALTHY

__all__ = ["reference", "reference_server"]

pytestmark = pytest.mark.anyio

DEADLINE = seconds(20)
IN_LINE = 7
CASE = UPDATE_USER.cases[17]
LOCK = "SELECT FROM tb_user WHERE identifier = 'author-18' FOR UPDATE"


def patient(reference: Reference) -> ServicePool:
    """Return a probe that waits as long as a busy machine makes a busy service take."""
    return ServicePool(reference.service.observer, within=DEADLINE)


async def looked(probe: ServicePool) -> JsonObject:
    look = await probe.look()
    assert (look.ok, look.error) == (True, "")
    return look.value


async def until(probe: ServicePool, name: str, value: int) -> JsonObject:
    """Look until one of the numbers is as wanted."""

    async def found() -> JsonObject | None:
        seen = await looked(probe)
        return seen if seen[name] == value else None

    return await wait_until(found, within=DEADLINE, what=f"{name} of {value}")


async def test_a_pool_in_health_says_what_a_pool_in_health_says(reference: Reference) -> None:
    seen = await looked(patient(reference))
    assert seen.keys() == HEALTHY["service_pool"].keys()
    assert (seen["waiting"], seen["queue"], seen["errors"]) == (0, [], 0)
    assert (seen["min"], seen["max"]) == ((40, 60) if reference.app == HARDENED else (2, 30))


async def test_who_waits_is_told_in_the_order_of_their_coming(reference: Reference) -> None:
    """A lock keeps as many writers as there are connections; those who come later wait, and are counted, numbered and, when the lock goes, served."""
    probe = patient(reference)
    most = int(str((await looked(probe))["max"]))
    await wait_until(lambda: _is_grown(reference, probe, most), within=DEADLINE, what="a connection for each writer")
    async with await psycopg.AsyncConnection.connect(reference.control_dsn) as holder:
        await holder.execute(LOCK)
        holding = [asyncio.create_task(reference.ask(UPDATE_USER, CASE.filled(f"held-{n}"))) for n in range(most)]
        await until(probe, "available", 0)
        _: bool = await wait_until(lambda: _locked(reference, most), within=DEADLINE, what="every connection's wait for the lock")
        before = await until(probe, "waiting", 0)
        waiting = [asyncio.create_task(reference.ask(UPDATE_USER, CASE.filled(f"waits-{n}"))) for n in range(IN_LINE)]
        seen = await until(probe, "waiting", IN_LINE)
        await holder.rollback()
        answers = await asyncio.gather(*holding, *waiting)
    first = before["numbered"]
    assert isinstance(first, int)
    assert (seen["queue"], seen["numbered"], seen["size"]) == ([[first, first + IN_LINE - 1]], first + IN_LINE, most)
    # The hardened service would rather answer that it waited too long for the lock than keep on waiting for it.
    assert [answer for answer in answers if "errors" in answer and "lock timeout" not in str(answer["errors"])] == []
    after = await until(probe, "waiting", 0)
    assert after["queue"] == []
    assert int(str(after["queued"])) - int(str(before["queued"])) == IN_LINE


async def test_a_service_without_an_observer_is_an_observation() -> None:
    look = await ServicePool(None).look()
    assert (look.ok, look.value, look.error) == (False, {}, "the service was started without an observer")


async def test_a_service_that_is_gone_is_an_observation(tmp_path: Path) -> None:
    look = await ServicePool(tmp_path / "pool.sock").look()
    assert (look.ok, look.value) == (False, {})
    assert "No such file" in look.error


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b'{"error": "there is no pool"}\n', "there is no pool"),
        (b"no JSON\n", "Expecting value"),
        (b"", "Expecting value"),
        (None, "no answer within 50 ms"),
    ],
    ids=["no pool", "garbage", "nothing", "silence"],
)
async def test_an_answer_that_is_none_is_an_observation(tmp_path: Path, answer: bytes | None, error: str) -> None:
    done = asyncio.Event()

    async def tell(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if answer is None:
            await done.wait()
        else:
            writer.write(answer)
        writer.close()

    async with await asyncio.start_unix_server(tell, tmp_path / "pool.sock"):
        look = await ServicePool(tmp_path / "pool.sock", within=ms(50) if answer is None else DEADLINE).look()
        done.set()
    assert (look.ok, look.value) == (False, {})
    assert look.error.startswith(error)


async def _is_grown(reference: Reference, probe: ServicePool, most: int) -> bool:
    """
    Have as many writers come at once as there may be connections, and tell whether the pool has made one for each.

    Making them takes a busy machine a second, and the hardened service lets nobody wait for a lock for longer than two.
    """
    async with await psycopg.AsyncConnection.connect(reference.control_dsn) as holder:
        await holder.execute(LOCK)
        writers = [asyncio.create_task(reference.ask(UPDATE_USER, CASE.filled(f"comes-{n}"))) for n in range(most)]
        await until(probe, "available", 0)
        await holder.rollback()
        await asyncio.gather(*writers)
    return (await looked(probe))["size"] == most


async def _locked(reference: Reference, least: int) -> bool:
    ((found,),) = await reference.rows("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
    return bool(found >= least)
