"""
The pool as the server sees it: how many connections the service keeps, and how many are at work, under load and after it.

Asked of ``pg_stat_activity`` over the control socket, in one session of our own which is not counted. It is looked at during bursts that
measure nothing else, so that looking slows nothing that is timed.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from statistics import fmean
from typing import Final

from fraiseql_chaos.experiment.baseline.plan import LIMIT_BETWEEN_RUNS
from fraiseql_chaos.experiment.baseline.readings import Reading
from fraiseql_chaos.experiment.deployment import Deployment
from fraiseql_chaos.rig.postgres.control import APPLICATION_NAME, Connection, session
from fraiseql_chaos.workload.bursts import Burst, BurstGenerator

__all__ = ["measure_connections"]

LOOK_EVERY_S: Final = 0.01

_COUNT: Final = """
SELECT count(*), count(*) FILTER (WHERE state <> 'idle') FROM pg_catalog.pg_stat_activity
WHERE backend_type = 'client backend' AND datname = %s AND application_name <> %s
"""


async def measure_connections(deployment: Deployment, generator: BurstGenerator, burst: Burst, levels: tuple[int, ...]) -> dict[str, Reading]:
    """
    Count connections during a burst at each level, and afterwards.

    Args:
        deployment: Whose.
        generator: Carries out the bursts.
        burst: What is asked, as often as it says.
        levels: How many in flight, ascending.
    """
    found: dict[str, Reading] = {}
    async with session(deployment.server.control_dsn(deployment.database)) as connection:
        for in_flight in levels:
            looks = await _looked(connection, deployment, generator, replace(burst, in_flight=in_flight, mark=f"{burst.mark}-p{in_flight}"))
            where, said = f"c{in_flight}", f"with {in_flight} in flight"
            found[f"pool.open.{where}"] = _counted(f"connections that the service has open {said}, at most", max(total for total, _ in looks))
            found[f"pool.busy.{where}"] = _counted(f"connections at work {said}, on average", fmean(busy for _, busy in looks))
        open_afterwards, _ = await _look(connection, deployment)
    found["pool.idle.open"] = _counted("connections that the service keeps when nothing is asked any more", open_afterwards)
    return found


async def _looked(connection: Connection, deployment: Deployment, generator: BurstGenerator, burst: Burst) -> list[tuple[int, int]]:
    """Return what was seen during a burst."""
    running = asyncio.ensure_future(generator.run(burst))
    looks = []
    while not running.done():
        looks.append(await _look(connection, deployment))
        await asyncio.wait({running}, timeout=LOOK_EVERY_S)
    await running
    return looks


async def _look(connection: Connection, deployment: Deployment) -> tuple[int, int]:
    row = await (await connection.execute(_COUNT, [deployment.database, APPLICATION_NAME])).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


def _counted(what: str, value: float) -> Reading:
    return Reading(group="pool", what=what, unit="connections", better="neither", limit=LIMIT_BETWEEN_RUNS, value=value)
