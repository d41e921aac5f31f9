"""
Connections to the database fail: what clients of the service see, how soon, and how it comes back.

The plan's section 1.1. Windows are short: what a longer outage adds is shown by ``--chaos-duration``.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from fraiseql_chaos import (
    Blackhole,
    Chaos,
    CutAt,
    DelayMessage,
    Duration,
    Freeze,
    Hang,
    Load,
    PoolExhaustion,
    Recording,
    Refuse,
    Reset,
    Scope,
    Service,
    Stop,
    Trigger,
    TruncateResult,
    availability,
    correct_results,
    detects_within,
    error_is_clear,
    fault_observed,
    latency,
    measures,
    ms,
    next_try_succeeds,
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
from fraiseql_chaos.plan import Fault
from fraiseql_chaos.workload import GraphQLOperation

HEALTHY = seconds(1)
"""How long every service is watched before anything happens to it."""

RESET = (HEALTHY + ms(50), HEALTHY + ms(550))
"""When connections are reset that are in the way of another fault: long enough for every witness to look once."""

OUTAGES = [Refuse(), Stop(mode="fast"), Stop(mode="crash")]
"""The ways in which a server is gone and its kernel, or the edge's, says so."""

SILENCES = [Freeze(), Blackhole()]
"""The ways in which a server is silent: what is sent to it is acknowledged and never answered."""


def name_of(fault: Fault) -> str:
    """Return what a variant is called: the fault, and its mode if it has one."""
    return "-".join([fault.kind, *(str(value) for name, value in fault.parameters().items() if name == "mode")])


async def under(
    fault: Fault, *, on: Service, chaos: Chaos, load: Load, lasting: Duration, after: Duration, asking: Sequence[GraphQLOperation], per_s: float = 20
) -> Recording:
    """Ask, open loop, from a second before a fault until a while after it."""
    heal = HEALTHY + lasting
    async with chaos(fault, on=on.database, between=(HEALTHY, heal)):
        return await load.open_loop(asking, rate=per_second(per_s), lasting=heal + after)


@pytest.mark.failure_type("database_unavailable")
class TestDatabaseConnection:
    """1.1.1: the database is away."""

    @pytest.mark.claims("1.1.1b", "1.1.1c", "1.1.1.m2")
    @pytest.mark.weakness("W-001")
    async def test_connection_refused(self, service: Service, chaos: Chaos, load: Load) -> None:
        """
        While connections are refused, every request is told so clearly within 3 s.

        Method: open-loop reads at 20/s; the edge refuses connects and cuts those that stand, from 1 s to 4.5 s. Clear is an error that names the database or the
        connection, of a kind that tells what to do, without secrets, SQL or a stack.
        """
        recording = await under(Refuse(), on=service, chaos=chaos, load=load, lasting=seconds(3.5), after=seconds(0.5), asking=service.reads)

        recording.measure("1.1.1.m2", measures.error_rate())
        recording.require(fault_observed(Refuse.kind), no_hang(within=seconds(3)), error_is_clear())

    @pytest.mark.claims("1.1.1b", "1.1.1c")
    @pytest.mark.weakness("W-001")
    @pytest.mark.parametrize("mode", ["fast", "crash"])
    async def test_a_server_that_is_down_is_told_of(self, service: Service, chaos: Chaos, load: Load, mode: str) -> None:
        """
        While the server is down, every request is told so clearly within 3 s.

        Method: open-loop reads at 20/s; the server is shut down (fast), or its postmaster killed, at 1 s and started at 4.5 s.
        """
        fault = Stop(mode=mode)  # type: ignore[arg-type]  # one of the words above
        recording = await under(fault, on=service, chaos=chaos, load=load, lasting=seconds(3.5), after=seconds(0.5), asking=service.reads)

        recording.require(fault_observed(Stop.kind), no_hang(within=seconds(3)), error_is_clear())

    @pytest.mark.claims("1.1.1b")
    @pytest.mark.weakness("W-003", remedy=False)
    @pytest.mark.parametrize("silence", SILENCES, ids=name_of)
    async def test_a_silent_server_does_not_make_requests_hang(self, service: Service, chaos: Chaos, load: Load, silence: Fault) -> None:
        """
        While the server acknowledges what it is sent and never answers, no request waits for more than 3 s.

        Method: open-loop reads at 20/s; the server's processes are stopped, or the edge lets nothing through, from 1 s to 4.5 s.
        """
        recording = await under(silence, on=service, chaos=chaos, load=load, lasting=seconds(3.5), after=seconds(0.5), asking=service.reads)

        recording.require(fault_observed(silence.kind), no_hang(within=seconds(3)))

    @pytest.mark.alone
    @pytest.mark.claims("1.1.1a", "1.1.1.m1")
    @pytest.mark.weakness("W-002", remedy=False)
    async def test_an_outage_is_noticed_within_a_second(self, service: Service, chaos: Chaos, load: Load) -> None:
        """
        A database that is gone shows within a second: a request fails, or the service says that it is not ready.

        Method: open-loop reads at 20/s for 3 s; the edge refuses connects and cuts those that stand, from 1 s to 2.5 s.
        """
        recording = await under(Refuse(), on=service, chaos=chaos, load=load, lasting=seconds(1.5), after=seconds(0.5), asking=service.reads)

        recording.measure("1.1.1.m1", measures.time_to_detect())
        recording.require(fault_observed(Refuse.kind), detects_within(seconds(1)))

    @pytest.mark.claims("1.1.1d", "1.1.1.m3")
    @pytest.mark.parametrize("outage", [*OUTAGES, *SILENCES], ids=name_of)
    async def test_requests_succeed_again(self, service: Service, chaos: Chaos, load: Load, outage: Fault) -> None:
        """
        Within 5 s of the database's return every request succeeds, without anybody's help.

        Method: open-loop reads at 20/s; the database is away from 1 s to 2 s; the load goes on until 7.5 s.
        """
        recording = await under(outage, on=service, chaos=chaos, load=load, lasting=seconds(1), after=seconds(5.5), asking=service.reads)

        recording.measure("1.1.1.m3", measures.recovery_time())
        recording.require(fault_observed(outage.kind), recovers(within=seconds(5)))

    @pytest.mark.parametrize("outage", OUTAGES, ids=name_of)
    async def test_no_acknowledged_write_is_lost(self, service: Service, chaos: Chaos, load: Load, outage: Fault) -> None:
        """
        What was answered as written before, during or after an outage is there afterwards, and nothing is there twice.

        Method: open-loop mutations (create, update, delete) at 20/s for 5.5 s, each with an identity of its own; the database is away from 1 s to 2 s; when all is
        healed, every identity is counted over the control socket.
        """
        recording = await under(outage, on=service, chaos=chaos, load=load, lasting=seconds(1), after=seconds(3.5), asking=service.writes)

        recording.require(fault_observed(outage.kind), no_data_loss(), no_duplicates())


@pytest.mark.failure_type("pool_exhaustion")
class TestPoolExhaustion:
    """1.1.2: all connections of the pool are in use, because a crowd of 80 clients keeps asking for a report that takes its server half a second."""

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

    @pytest.mark.alone
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

        Method: open-loop reads and mutations at 20/s for 5 s; from 0.5 s to 2 s a crowd of 80 exhausts the pool. Afterwards the server's log, its
        sessions and the pool are asked, when nothing is in flight any more.
        """
        async with chaos(PoolExhaustion(in_flight=80), on=service.database, between=(seconds(0.5), seconds(2))):
            recording = await load.open_loop(service.operations, rate=per_second(20), lasting=seconds(5))

        recording.require(fault_observed(PoolExhaustion.kind), no_deadlock(), recovers(within=seconds(2)))


@pytest.mark.failure_type("slow_connection")
class TestSlowConnection:
    """
    1.1.3: a connection takes seconds to establish.

    The startup's answer is held at the edge, so each connect takes that long, however many there are at once. A pool that is warm would never notice, so what it
    has is reset first.
    """

    @staticmethod
    async def slow(delay: Duration, *, service: Service, chaos: Chaos, load: Load, lasting: Duration, after: Duration) -> Recording:
        """Ask, while every new connection is slow and, at the beginning, none is left."""
        startup = DelayMessage(delay=delay, trigger=Trigger(message="Authentication"))
        heal = HEALTHY + lasting
        async with (
            chaos(startup, on=service.database, between=(HEALTHY, heal)),
            chaos(Reset(), on=service.database, between=RESET),
        ):
            return await load.open_loop(service.reads, rate=per_second(20), lasting=heal + after)

    @pytest.mark.claims("1.1.3a", "1.1.3.m1", "1.1.3.m2")
    async def test_requests_wait_for_a_slow_connection(self, service: Service, chaos: Chaos, load: Load) -> None:
        """
        Requests that must wait 2 s for a connection get their answers, and none times out.

        Method: open-loop reads at 20/s; from 1 s to 4.5 s each connect takes 2 s, and at 1.05 s all connections are reset.
        """
        recording = await self.slow(seconds(2), service=service, chaos=chaos, load=load, lasting=seconds(3.5), after=seconds(1))

        recording.measure("1.1.3.m1", measures.look_time("edge_login"))
        recording.measure("1.1.3.m2", measures.timeout_rate())
        recording.require(
            fault_observed(DelayMessage.kind, Reset.kind), availability(at_least=0.9, during="fault"), latency(95, at_most=seconds(5), during="fault")
        )

    @pytest.mark.claims("1.1.3b")
    @pytest.mark.weakness("W-001")
    async def test_how_long_a_request_waits_for_a_connection_can_be_set(self, service: Service, chaos: Chaos, load: Load) -> None:
        """
        A service that is told to wait at most 2 s for a connection fails after 2 s, and not after its default of 30 s.

        Method: open-loop reads at 20/s; from 1 s to 4.5 s each connect takes 3 s, and at 1.05 s all connections are reset. The hardened service sets
        ``database_pool_timeout`` and libpq's ``connect_timeout``; the stock one sets neither, and shows by hanging that it is the setting that helps.
        """
        recording = await self.slow(seconds(3), service=service, chaos=chaos, load=load, lasting=seconds(3.5), after=seconds(0.5))

        recording.require(fault_observed(DelayMessage.kind, Reset.kind), no_hang(within=seconds(3)))

    @pytest.mark.claims("1.1.3c")
    async def test_a_connect_that_failed_is_tried_again(self, service: Service, chaos: Chaos, load: Load) -> None:
        """
        Connects that are cut are tried again by the pool, so requests get their answers although nobody asked twice.

        Method: open-loop reads at 20/s for 6.5 s; at 1.05 s all connections are reset, and the first three connects after it are cut when the server lets them in.
        """
        cut = CutAt(trigger=Trigger(message="Authentication", first=3, counted="edge"))
        async with (
            chaos(cut, on=service.database, between=(HEALTHY, seconds(4))),
            chaos(Reset(), on=service.database, between=RESET),
        ):
            recording = await load.open_loop(service.reads, rate=per_second(20), lasting=seconds(6.5))

        recording.require(fault_observed(CutAt.kind, Reset.kind), availability(at_least=0.9, during="fault"), recovers(within=seconds(2)))

    @pytest.mark.claims("1.1.3b")
    @pytest.mark.weakness("W-001")
    async def test_a_connect_that_hangs_is_given_up(self, service: Service, chaos: Chaos, load: Load) -> None:
        """
        A connect that gets no answer at all is given up, and so is the request that waits for it, within 3 s.

        Method: open-loop reads at 20/s; from 1 s to 4.5 s the edge's kernel drops every SYN, and at 1.05 s all connections are reset.
        """
        async with (
            chaos(Hang(), on=service.database, between=(HEALTHY, seconds(4.5))),
            chaos(Reset(), on=service.database, between=RESET),
        ):
            recording = await load.open_loop(service.reads, rate=per_second(20), lasting=seconds(5))

        recording.require(fault_observed(Hang.kind, Reset.kind), no_hang(within=seconds(3)))


MID_QUERY = Trigger(message="DataRow", sql="v_(user|post|thread)", probability=0.3)
"""Three of ten rows of the service's own statements."""

THE_NEXT = Scope(first=1)
"""The connection that was opened first of those that stand, and no other."""


@pytest.mark.failure_type("connection_lost")
class TestConnectionDrops:
    """1.1.4: a connection dies in the middle of a query."""

    @pytest.mark.claims("1.1.4a", "1.1.4.m1")
    async def test_half_a_result_is_never_taken_for_a_whole_one(self, service: Service, chaos: Chaos, load: Load) -> None:
        """
        A result that breaks off after its first row is an error, and never a shorter list.

        Method: open-loop lists of users at 20/s for 4 s; from 1 s to 3 s the connection is cut behind the first row of every result.
        """
        lists = [operation for operation in service.reads if operation.name == "read_users"]
        fault = TruncateResult(rows=1)
        recording = await under(fault, on=service, chaos=chaos, load=load, lasting=seconds(2), after=seconds(1), asking=lists)

        recording.measure("1.1.4.m1", measures.error_rate())
        recording.require(fault_observed(TruncateResult.kind), correct_results())

    @pytest.mark.claims("1.1.4b")
    async def test_a_client_is_told_of_the_loss(self, service: Service, chaos: Chaos, load: Load) -> None:
        """
        Whose connection is cut in the middle of a query is told so clearly, and at once.

        Method: open-loop reads at 20/s for 4 s; from 1 s to 3 s the connection is cut at three of ten rows.
        """
        fault = CutAt(trigger=MID_QUERY)
        recording = await under(fault, on=service, chaos=chaos, load=load, lasting=seconds(2), after=seconds(1), asking=service.reads)

        recording.require(fault_observed(CutAt.kind), error_is_clear(), no_hang(within=seconds(3)))

    @pytest.mark.claims("1.1.4c")
    async def test_the_pool_throws_dead_connections_away(self, service: Service, chaos: Chaos, load: Load) -> None:
        """
        Connections that were reset are not handed out again: within a second of the reset every request succeeds.

        Method: open-loop reads at 20/s for 4 s; all connections are reset at 1 s, idle or not.
        """
        recording = await under(Reset(), on=service, chaos=chaos, load=load, lasting=ms(300), after=seconds(2.7), asking=service.reads)

        recording.require(fault_observed(Reset.kind), recovers(within=seconds(1)))

    @pytest.mark.claims("1.1.4d", "1.1.4.m2")
    @pytest.mark.parametrize("asked", ["reads", "writes"])
    async def test_asking_again_helps(self, service: Service, chaos: Chaos, load: Load, asked: str) -> None:
        """
        Whoever asks again after a connection was lost is answered, from another connection.

        Method: open-loop reads, or mutations, at 40/s for 4 s, so that each connection of a pool has its turn; from 1 s to 3 s the pool's oldest connection is cut at
        the next row that comes over it, and no other is; a second try is the next request for the same thing.
        """
        row = CutAt(trigger=Trigger(message="DataRow", sql="v_(user|post|thread)|_user"), scope=THE_NEXT)
        asking = service.reads if asked == "reads" else service.writes
        recording = await under(row, on=service, chaos=chaos, load=load, lasting=seconds(2), after=seconds(1), asking=asking, per_s=40)

        recording.measure("1.1.4.m2", measures.next_try())
        recording.require(fault_observed(CutAt.kind), next_try_succeeds())

    @pytest.mark.claims("1.1.4b")
    async def test_a_write_whose_connection_is_lost_is_neither_lost_nor_doubled(self, service: Service, chaos: Chaos, load: Load) -> None:
        """
        A write whose connection is cut before the server has said that it is done may fail, but what is answered as written is there, once.

        Method: open-loop mutations at 20/s for 4 s; from 1 s to 3 s the connection is cut in front of half of the acknowledgements of a statement.
        """
        fault = CutAt(trigger=Trigger(message="CommandComplete", sql="(create|update|delete)_user", probability=0.5))
        recording = await under(fault, on=service, chaos=chaos, load=load, lasting=seconds(2), after=seconds(1), asking=service.writes)

        recording.require(fault_observed(CutAt.kind), no_data_loss(), no_duplicates())
