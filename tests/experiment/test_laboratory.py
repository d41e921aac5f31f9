"""What a test is given of the rig, and what one test that broke it leaves to the next."""

from __future__ import annotations

import os
import signal

import pytest

from fraiseql_chaos.core import seconds, wait_until
from fraiseql_chaos.experiment import Laboratory, Service
from fraiseql_chaos.rig.postgres.cluster import Cluster

pytestmark = pytest.mark.anyio


async def test_a_rig_that_lost_its_server_is_replaced_and_its_logs_stay(laboratory: Laboratory, service: Service) -> None:
    """Each rig has a folder of logs, because the services of both have the same names."""
    server = service.deployment.server
    assert isinstance(server, Cluster), "the rig is one of ours"
    os.kill(server.postmaster.pid, signal.SIGKILL)
    await wait_until(lambda: service.deployment.rig.lost() is not None, within=seconds(20), what="the end of the server")
    renewed = await laboratory.deploy()
    assert renewed.deployment.rig is not service.deployment.rig
    assert renewed.deployment.server.ended() is None
    assert len({one.deployment.service.log.parent for one in (service, renewed)}) == 2
    assert all(one.deployment.service.log.is_file() for one in (service, renewed))
    await renewed.close()
