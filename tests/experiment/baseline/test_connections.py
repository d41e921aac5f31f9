"""The pool as the server sees it, at a real service."""

from __future__ import annotations

import pytest

from fraiseql_chaos import reference
from fraiseql_chaos.experiment import Service
from fraiseql_chaos.experiment.baseline.connections import measure_connections
from fraiseql_chaos.workload.bursts import Burst, BurstGenerator

pytestmark = pytest.mark.anyio


async def test_a_crowd_opens_connections_and_the_pool_keeps_them(service: Service) -> None:
    """
    FraiseQL begins with two and may open thirty; what was opened under load is there afterwards.

    It may be one more than was seen under load: the pool opens connections beside the requests that want them, and may be at it when the last one ends.
    Bursts of 400 last for a second or more, so that whoever looks does so in their midst, also if it stood still for a few tenths.
    """
    deployment = service.deployment
    burst = Burst(operation=reference.READ_POST, in_flight=1, requests=400, warm_up=0, seed=1, mark="m")
    async with await BurstGenerator.start(deployment.keeper, directory=deployment.directory, target=deployment.target, connections=20) as generator:
        found = await measure_connections(deployment, generator, burst, (1, 20))
    assert found.keys() == {"pool.open.c1", "pool.busy.c1", "pool.open.c20", "pool.busy.c20", "pool.idle.open"}
    assert 2 <= found["pool.open.c1"].value <= found["pool.open.c20"].value <= 30
    assert 2 < found["pool.open.c20"].value <= found["pool.idle.open"].value <= 30
    assert 0 <= found["pool.busy.c1"].value <= 1.5
    assert found["pool.busy.c20"].value <= 20
