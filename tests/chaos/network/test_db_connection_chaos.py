"""Connections to the database fail: what clients of the service see, how soon, and how it comes back."""

from __future__ import annotations

import pytest

from fraiseql_chaos import (
    Chaos,
    Load,
    PoolExhaustion,
    Refuse,
    Service,
    Stop,
    availability,
    detects_within,
    error_is_clear,
    fault_observed,
    measures,
    ms,
    no_data_loss,
    no_deadlock,
    no_duplicates,
    no_hang,
    oldest_first,
    per_second,
    queue_depth_reported,
    queued_not_rejected,
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


@pytest.mark.failure_type("pool_exhaustion")
class TestPoolExhaustion:
    """All connections of the pool are in use, because a crowd of 80 clients keeps asking for a report that takes its server half a second."""

    @pytest.mark.claims("1.1.2a", "1.1.2.m2", "1.1.2.m3")
    async def test_new_queries_wait_in_line_and_are_not_rejected(self, service: Service, chaos: Chaos, load: Load) -> None:
        """
        Queries that come while no connection is free wait for one, and every one of them is answered.

        Method: open-loop reads at 20/s for 5 s; from 0.5 s to 3 s a crowd of 80 exhausts the pool. Not rejected: no request, of the load or of the
        crowd, ends in an error, and the pool counts none that got no connection, while it counts at least 20 that had to wait.
        """
        async with chaos(PoolExhaustion(in_flight=80), on=service.database, between=(seconds(0.5), seconds(3))):
            recording = await load.open_loop(service.reads, rate=per_second(20), lasting=seconds(5))

        recording.measure("1.1.2.m2", measures.pool_wait())
        recording.measure("1.1.2.m3", measures.throughput_impact())
        recording.require(fault_observed(PoolExhaustion.kind), queued_not_rejected(), availability(at_least=0.99))

    @pytest.mark.claims("1.1.2a")
    async def test_new_mutations_wait_in_line_and_are_not_rejected(self, service: Service, chaos: Chaos, load: Load) -> None:
        """
        Mutations that come while no connection is free wait for one, and every one of them takes effect once.

        Method: open-loop mutations at 20/s for 5 s; from 0.5 s to 3 s a crowd of 80 exhausts the pool. The database is asked afterwards.
        """
        async with chaos(PoolExhaustion(in_flight=80), on=service.database, between=(seconds(0.5), seconds(3))):
            recording = await load.open_loop(service.writes, rate=per_second(20), lasting=seconds(5))

        recording.require(fault_observed(PoolExhaustion.kind), queued_not_rejected(), no_data_loss(), no_duplicates())

    @pytest.mark.claims("1.1.2b", "1.1.2.m1")
    async def test_the_pool_reports_how_many_wait(self, service: Service, chaos: Chaos, load: Load) -> None:
        """
        What the pool reports as waiting is what the clients know to be in flight, less the connections handed out.

        Method: open-loop reads and mutations at 20/s for 5 s; from 0.5 s to 3 s a crowd of 80 exhausts the pool, whose own statistics are read twenty
        times a second. Correctly: the median difference over all looks at which somebody waited is shown to be 3 requests at most.
        """
        async with chaos(PoolExhaustion(in_flight=80), on=service.database, between=(seconds(0.5), seconds(3))):
            recording = await load.open_loop(service.operations, rate=per_second(20), lasting=seconds(5))

        recording.measure("1.1.2.m1", measures.queue_depth())
        recording.require(fault_observed(PoolExhaustion.kind), queue_depth_reported(off_by_at_most=3))

    @pytest.mark.claims("1.1.2c")
    async def test_the_oldest_are_served_first(self, service: Service, chaos: Chaos, load: Load) -> None:
        """
        Who has waited longest gets the next connection.

        Method: open-loop reads and mutations at 20/s for 5 s; from 0.5 s to 3 s a crowd of 80 exhausts the pool, whose queue is read twenty times a second.
        First: nobody leaves the queue, or is answered, before one who came more than 250 ms earlier.
        """
        async with chaos(PoolExhaustion(in_flight=80), on=service.database, between=(seconds(0.5), seconds(3))):
            recording = await load.open_loop(service.operations, rate=per_second(20), lasting=seconds(5))

        recording.require(fault_observed(PoolExhaustion.kind), oldest_first(ms(250)))

    @pytest.mark.claims("1.1.2d")
    async def test_nobody_waits_for_ever(self, service: Service, chaos: Chaos, load: Load) -> None:
        """
        An exhausted pool does not lock itself up: everything ends, every connection comes back, and no session is stuck.

        Method: open-loop reads and mutations at 20/s for 5 s; from 0.5 s to 2.5 s a crowd of 80 exhausts the pool. Afterwards the server's log, its
        sessions and the pool are asked, when nothing is in flight any more.
        """
        async with chaos(PoolExhaustion(in_flight=80), on=service.database, between=(seconds(0.5), seconds(2.5))):
            recording = await load.open_loop(service.operations, rate=per_second(20), lasting=seconds(5))

        recording.require(fault_observed(PoolExhaustion.kind), no_deadlock(), recovers(within=seconds(2)))
