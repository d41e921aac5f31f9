"""Our own sessions are bounded, recognisable, and tell what went wrong without telling a secret."""

from __future__ import annotations

import pytest

from fraiseql_chaos.core import ms
from fraiseql_chaos.errors import RigError
from fraiseql_chaos.rig.postgres import Cluster
from fraiseql_chaos.rig.postgres.control import APPLICATION_NAME, IMMUNE, fetch, run
from fraiseql_chaos.rig.postgres.port import HeldPort

pytestmark = pytest.mark.anyio


async def test_sessions_carry_our_name_and_our_immunity(cluster: Cluster) -> None:
    assert await fetch(cluster.control_dsn(), "SELECT current_setting('application_name')") == [(APPLICATION_NAME,)]
    rows = await fetch(cluster.control_dsn(), "SELECT DISTINCT source FROM pg_settings WHERE name = ANY (%s)", [list(IMMUNE)])
    assert rows == [("client",)]


async def test_options_of_the_dsn_are_kept(cluster: Cluster) -> None:
    dsn = f"{cluster.control_dsn()}&options=-c%20work_mem%3D777kB"
    assert await fetch(dsn, "SHOW work_mem") == [("777kB",)]


async def test_failing_statement_is_quoted(cluster: Cluster) -> None:
    with pytest.raises(RigError, match='relation "nowhere" does not exist'):
        await run(cluster.control_dsn(), "SELECT 1", "SELECT * FROM nowhere")


async def test_unreachable_server_is_named_without_the_password() -> None:
    with HeldPort() as port, pytest.raises(RigError) as caught:
        await fetch(f"postgresql://u:hunter2@127.0.0.1:{port.number}/d", "SELECT 1")
    assert f"host 127.0.0.1, port {port.number}, as user u" in str(caught.value)
    assert "refused" in str(caught.value)
    assert "hunter2" not in f"{caught.value}{caught.value.__cause__}"


async def test_slow_answer_ends_at_the_deadline(cluster: Cluster) -> None:
    with pytest.raises(RigError, match="no answer within 100 ms"):
        await fetch(cluster.control_dsn(), "SELECT pg_sleep(60)", within=ms(100))
