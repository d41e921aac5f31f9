"""Connections to the database fail: what clients of the service see, how soon, and how it comes back."""

from __future__ import annotations

import pytest

from fraiseql_chaos import (
    Chaos,
    Load,
    Refuse,
    Service,
    Stop,
    detects_within,
    error_is_clear,
    fault_observed,
    measures,
    no_hang,
    per_second,
    recovers,
    seconds,
)


@pytest.mark.failure_type("database_unavailable")
class TestDatabaseConnection:
    @pytest.mark.claims("1.1.1b", "1.1.1c", "1.1.1d", "1.1.1.m2", "1.1.1.m3")
    @pytest.mark.weakness("W-001")
    async def test_connection_refused(self, service: Service, chaos: Chaos, load: Load) -> None:
        """
        While connections are refused, requests fail clearly instead of hanging, and succeed again when the way is open.

        Method: open-loop reads at 20/s for 9 s; the edge refuses connections and cuts the existing ones from 1 s to 4.5 s.
        """
        async with chaos(Refuse(), on=service.database, between=(seconds(1), seconds(4.5))):
            recording = await load.open_loop(service.reads, rate=per_second(20), lasting=seconds(9))

        recording.measure("1.1.1.m2", measures.error_rate())
        recording.measure("1.1.1.m3", measures.recovery_time())
        recording.require(fault_observed(Refuse.kind), no_hang(within=seconds(3)), error_is_clear(), recovers(within=seconds(5)))

    @pytest.mark.claims("1.1.1a", "1.1.1.m1")
    @pytest.mark.weakness("W-002", remedy=False)
    async def test_an_outage_is_noticed_within_a_second(self, service: Service, chaos: Chaos, load: Load) -> None:
        """
        A database that is gone shows within a second: a request fails, or the service says that it is not ready.

        Method: open-loop reads at 20/s for 4 s; the edge refuses connections and cuts the existing ones from 1 s to 3 s.
        """
        async with chaos(Refuse(), on=service.database, between=(seconds(1), seconds(3))):
            recording = await load.open_loop(service.reads, rate=per_second(20), lasting=seconds(4))

        recording.measure("1.1.1.m1", measures.time_to_detect())
        recording.require(fault_observed(Refuse.kind), detects_within(seconds(1)))

    @pytest.mark.claims("1.1.1b", "1.1.1d")
    @pytest.mark.weakness("W-001")
    async def test_the_server_is_stopped_and_started(self, service: Service, chaos: Chaos, load: Load) -> None:
        """
        While the server is down, requests fail instead of hanging, and succeed again when it is back.

        Method: open-loop reads at 20/s for 9 s; the server is shut down (fast) at 1 s and started again at 4.5 s.
        """
        async with chaos(Stop(mode="fast"), on=service.database, between=(seconds(1), seconds(4.5))):
            recording = await load.open_loop(service.reads, rate=per_second(20), lasting=seconds(9))

        recording.require(fault_observed(Stop.kind), no_hang(within=seconds(3)), recovers(within=seconds(5)))
