"""Settings reach the server as they were written, and those the rig stands on are out of reach."""

from __future__ import annotations

import pytest

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.rig.keeper import Keeper
from fraiseql_chaos.rig.postgres import Cluster
from fraiseql_chaos.rig.postgres.control import fetch
from fraiseql_chaos.rig.postgres.initialisation import check_settings

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(("name", "value"), [("port", "1"), ("LOG_LINE_PREFIX", "%m"), ("a b", "1"), ("work_mem", "1\nport = 2"), ("", "1")])
def test_setting_that_would_break_the_rig_is_refused(name: str, value: str) -> None:
    with pytest.raises(DeclarationError, match="nothing was started"):
        check_settings({name: value})


async def test_settings_reach_the_server_as_written(keeper: Keeper) -> None:
    settings = {"work_mem": "3MB", "cluster_name": r"it's \ odd", "fsync": "on"}
    async with await Cluster.create(keeper, settings=settings) as cluster:
        rows = await fetch(cluster.control_dsn(), "SELECT name, current_setting(name) FROM pg_settings WHERE name = ANY (%s)", [list(settings)])
    assert dict(rows) == settings


async def test_a_killed_server_may_lose_nothing(cluster: Cluster) -> None:
    """The two settings that keep a crash honest, and the text encoding that FraiseQL needs."""
    query = "SELECT current_setting('full_page_writes'), current_setting('synchronous_commit'), current_setting('server_encoding')"
    assert await fetch(cluster.control_dsn(), query) == [("on", "on", "UTF8")]
