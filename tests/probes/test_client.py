"""A client that stays connected, lets go in time, and comes back."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from fraiseql_chaos.core import ms, now_ns, seconds, wait_until
from fraiseql_chaos.probes.client import Connection, KeptClient
from fraiseql_chaos.probes.model import Look
from fraiseql_chaos.rig.keeper import Keeper
from fraiseql_chaos.rig.postgres.cluster import Cluster

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def cluster() -> AsyncIterator[Cluster]:
    with Keeper.start() as keeper:
        async with await Cluster.create(keeper) as cluster:
            yield cluster


async def backend(connection: Connection) -> Look:
    return Look(ok=True, value={"pid": connection.info.backend_pid})


async def long_wait(connection: Connection) -> Look:
    await connection.execute("SELECT pg_sleep(60)")
    raise AssertionError("nobody waits that long")


async def nonsense(_connection: Connection) -> Look:
    raise ValueError("not a number")


async def test_the_connection_is_kept_from_look_to_look(cluster: Cluster) -> None:
    client = KeptClient(cluster.control_dsn(), within=seconds(10))
    assert (await client.look(backend)).value == (await client.look(backend)).value
    await client.close()


async def until_asked(client: KeptClient) -> Look:
    """Ask until there is an answer: who gives up soon may give up a server that is there, where the machine is busy."""

    async def answer() -> Look | None:
        look = await client.look(backend)
        return look if look.ok else None

    return await wait_until(answer, within=seconds(30), what="an answer")


@pytest.mark.parametrize(("ask", "error"), [(long_wait, "TimeoutError"), (nonsense, "not a number")])
async def test_what_takes_too_long_or_makes_no_sense_is_let_go_of_at_once_and_asked_again_on_another(
    cluster: Cluster, ask: object, error: str
) -> None:
    client = KeptClient(cluster.control_dsn(), within=seconds(10) if ask is nonsense else ms(300))
    before = await until_asked(client)
    began_ns = now_ns()
    look = await client.look(ask)  # type: ignore[arg-type]  # one of the two above
    assert (look.ok, look.error) == (False, error)
    assert now_ns() - began_ns < seconds(10).ns
    assert (await until_asked(client)).value != before.value
    await client.close()
