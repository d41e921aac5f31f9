"""
The way to the database is slow: how slow answers become, and whether anything worse than slow happens.

The plan's section 1.2. What it adds "to all DB operations" is added here to every answer of the database's, and a request waits for several of them, one after
another: FraiseQL begins a transaction, asks the connection whether it lives, asks its question, and commits. So a delay of 2 s is one of 8 s to a client.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Final

import pytest

from fraiseql_chaos import (
    Chaos,
    Duration,
    Latency,
    Load,
    Recording,
    Service,
    availability,
    fault_observed,
    grows_with_delay,
    latency,
    measures,
    ms,
    no_hang,
    per_second,
    seconds,
    spread_as_declared,
)
from fraiseql_chaos.workload import GraphQLOperation

HEALTHY = seconds(1)
"""How long every service is watched before anything happens to it."""

ROUND_TRIPS: Final = 4
"""BEGIN, SELECT 1 (the pool's check), the statement, COMMIT; for queries and mutations alike."""

OVERHEAD = ms(250)
"""What a request may take beside them, less than one trip of 500 ms more would, on a machine of two cores that has the database, the service, the load and the instrument to carry."""

STOCK_AND_HARDENED = pytest.mark.parametrize("service", ["stock", "hardened"], indirect=True)
"""The pool's timeout is 30 s in one and 2 s in the other."""

HARDENED = pytest.mark.parametrize("service", ["hardened"], indirect=True)
"""Where the pool is no bottleneck, so that what is seen is the network's doing; see W-010."""

READS_AND_WRITES = pytest.mark.parametrize("asked", ["reads", "writes"])


async def under(
    *faults: Latency,
    on: Service,
    chaos: Chaos,
    load: Load,
    lasting: Duration,
    asking: Sequence[GraphQLOperation],
    per_s: float,
) -> Recording:
    """Ask, open loop, from a second before latencies, all at once, until a moment after them."""
    heal = HEALTHY + lasting
    async with AsyncExitStack() as stack:
        for fault in faults:
            await stack.enter_async_context(chaos(fault, on=on.database, between=(HEALTHY, heal)))
        return await load.open_loop(asking, rate=per_second(per_s), lasting=heal + ms(100))


def asked_of(service: Service, asked: str) -> Sequence[GraphQLOperation]:
    """Return the operations that read, or those that write."""
    return service.reads if asked == "reads" else service.writes


@pytest.mark.failure_type("network_latency")
class TestGradualLatency:
    """1.2.1: the delay grows from nothing over 100 and 500 ms to 2 s."""

    @staticmethod
    async def growing(service: Service, chaos: Chaos, load: Load, asking: Sequence[GraphQLOperation]) -> Recording:
        """Ask while one delay follows the other; between them nothing is delayed for 300 ms, so that what one lets go does not meet the next."""
        async with (
            chaos(Latency(delay=ms(100)), on=service.database, between=(seconds(1), seconds(2))),
            chaos(Latency(delay=ms(500)), on=service.database, between=(seconds(2.3), seconds(5.5))),
            chaos(Latency(delay=seconds(2)), on=service.database, between=(seconds(5.8), seconds(10.1))),
        ):
            return await load.open_loop(asking, rate=per_second(8), lasting=seconds(10.2))

    @pytest.mark.claims("1.2.1a", "1.2.1c", "1.2.1.m1", "1.2.1.m2")
    @READS_AND_WRITES
    async def test_nobody_is_turned_away_while_latency_grows(self, service: Service, chaos: Chaos, load: Load, asked: str) -> None:
        """
        While the database's answers are later and later, every request is answered rightly, and none is left waiting.

        Method: open-loop reads, or mutations, at 8/s for 10.2 s; every answer of the database's is held for 100 ms from 1 s, for 500 ms from 2.3 s, and for 2 s from
        5.8 s to 10.1 s. Four round trips of 2 s take 8 s; nobody may wait longer than that.
        """
        recording = await self.growing(service, chaos, load, asked_of(service, asked))

        recording.measure("1.2.1.m1", measures.latency_percentiles())
        recording.measure("1.2.1.m2", measures.timeout_rate())
        recording.require(fault_observed(Latency.kind), availability(at_least=1, during="fault"), no_hang(within=seconds(8)))

    @pytest.mark.alone
    @pytest.mark.claims("1.2.1b", "1.2.1.m1")
    @HARDENED
    @READS_AND_WRITES
    async def test_latency_grows_as_the_delay_does(self, service: Service, chaos: Chaos, load: Load, asked: str) -> None:
        """
        A request is late by four times the delay, whatever the delay, and by nothing else.

        Method: as above. For 95 % of the requests the end lies between the earliest and the latest instant that four round trips allow, given the delays that were
        armed when each trip set out, and 250 ms for everything else.
        """
        recording = await self.growing(service, chaos, load, asked_of(service, asked))

        recording.measure("1.2.1.m1", measures.latency_percentiles())
        recording.require(fault_observed(Latency.kind), grows_with_delay(round_trips=ROUND_TRIPS, overhead=OVERHEAD))


@pytest.mark.failure_type("network_latency")
class TestConsistentLatency:
    """1.2.2: every answer of the database's is late, by a second or so, for as long as it lasts."""

    @pytest.mark.alone
    @pytest.mark.claims("1.2.2a")
    @pytest.mark.weakness("W-010")
    @READS_AND_WRITES
    async def test_answers_are_slower_and_right(self, service: Service, chaos: Chaos, load: Load, asked: str) -> None:
        """
        A database whose answers take half a second more makes requests take two seconds more, and nothing else of them.

        Method: open-loop reads, or mutations, at 12/s for 5.1 s; every answer of the database's is held for 500 ms from 1 s to 5 s.
        """
        late = Latency(delay=ms(500))
        recording = await under(late, on=service, chaos=chaos, load=load, lasting=seconds(4), asking=asked_of(service, asked), per_s=12)

        recording.require(
            fault_observed(Latency.kind),
            availability(at_least=1, during="fault"),
            grows_with_delay(round_trips=ROUND_TRIPS, overhead=OVERHEAD),
        )

    @pytest.mark.claims("1.2.2b")
    @pytest.mark.parametrize("delay", [ms(500), seconds(1), seconds(2)], ids=str)
    @STOCK_AND_HARDENED
    async def test_nothing_times_out(self, service: Service, chaos: Chaos, load: Load, delay: Duration) -> None:
        """
        However late the database's answers are, up to 2 s each, every request is answered rightly.

        Method: open-loop reads and mutations in turn at 5/s for 6.1 s; every answer of the database's is held for 500 ms, 1 s or 2 s from 1 s to 6 s. The
        timeout for a connection is 30 s in the stock service and 2 s in the hardened one, that for a statement none and 3 s: one and a half times 1 s, and more.
        """
        late = Latency(delay=delay)
        recording = await under(late, on=service, chaos=chaos, load=load, lasting=seconds(5), asking=service.operations, per_s=5)

        recording.require(fault_observed(Latency.kind), availability(at_least=1, during="fault"))

    @pytest.mark.claims("1.2.2c", "1.2.2.m1")
    @pytest.mark.weakness("W-011", remedy=False)
    async def test_what_was_asked_before_is_answered_from_a_cache(self, service: Service, chaos: Chaos, load: Load) -> None:
        """
        A question that was answered before is answered again without waiting for a slow database.

        Method: one and the same question at 10/s for 4.1 s, after a warm-up with it; every answer of the database's is held for 400 ms from 1 s to 4 s. Of its repetitions
        95 % take no longer than 200 ms, which is less than one answer of the database's takes.
        """
        same = [operation for operation in service.reads if operation.name == "count_users"]
        recording = await under(Latency(delay=ms(400)), on=service, chaos=chaos, load=load, lasting=seconds(3), asking=same, per_s=10)

        recording.measure("1.2.2.m1", measures.hit_rate())
        recording.require(fault_observed(Latency.kind), latency(95, at_most=ms(200), during="fault"))


@pytest.mark.failure_type("network_latency")
class TestJitteryLatency:
    """1.2.3: every answer of the database's is late by a draw of its own, from 10 to 500 ms."""

    JITTERY = Latency(delay=ms(255), jitter=ms(245))

    @pytest.mark.claims("1.2.3a", "1.2.3.m2")
    @STOCK_AND_HARDENED
    async def test_outliers_do_not_time_out(self, service: Service, chaos: Chaos, load: Load) -> None:
        """
        However the draws fall, every request is answered rightly, within the 2 s that four of the greatest come to and 3 s for a queue.

        Method: open-loop reads and mutations in turn at 10/s for 5.1 s; every answer of the database's is held for 10 to 500 ms, uniformly, from 1 s to 5 s.
        """
        recording = await under(self.JITTERY, on=service, chaos=chaos, load=load, lasting=seconds(4), asking=service.operations, per_s=10)

        recording.measure("1.2.3.m2", measures.latency_percentiles())
        recording.require(fault_observed(Latency.kind), availability(at_least=1, during="fault"), no_hang(within=seconds(5)))

    @pytest.mark.alone
    @pytest.mark.claims("1.2.3b", "1.2.3.m1", "1.2.3.m2")
    @pytest.mark.weakness("W-010")
    async def test_percentiles_show_the_declared_distribution(self, service: Service, chaos: Chaos, load: Load) -> None:
        """
        What is added to a request's latency is distributed as the sum of four draws from the declared distribution.

        Method: open-loop reads and mutations in turn at 25/s for 6.1 s; every answer of the database's is held for 10 to 500 ms, uniformly, from 1 s to 6 s. The requests that
        are sent in the first 3 s of it, less what they took in health, are compared with the sum of four uniform draws (Kolmogorov and Smirnov, 0.1 %).
        """
        recording = await under(self.JITTERY, on=service, chaos=chaos, load=load, lasting=seconds(5), asking=service.operations, per_s=25)

        recording.measure("1.2.3.m1", measures.latency_percentiles())
        recording.measure("1.2.3.m2", measures.latency_percentiles())
        recording.require(fault_observed(Latency.kind), spread_as_declared(round_trips=ROUND_TRIPS))


@pytest.mark.alone
@pytest.mark.failure_type("network_latency")
class TestAsymmetricLatency:
    """1.2.4: one way is slow and the other is not."""

    @pytest.mark.claims("1.2.4a", "1.2.4.m1")
    @pytest.mark.parametrize(("up", "down"), [(ms(400), ms(40)), (ms(40), ms(400))], ids=["slow-requests", "slow-answers"])
    @HARDENED
    async def test_only_the_sum_of_both_ways_counts(self, service: Service, chaos: Chaos, load: Load, up: Duration, down: Duration) -> None:
        """
        A request is late by the sum of both ways, four times, whichever of them is the slow one.

        Method: open-loop reads and mutations in turn at 8/s for 5.1 s; from 1 s to 5 s what goes to the database is held for 400 ms and what comes back for 40 ms, or the other way
        round. The server's clock tells a witness how long its questions, and its answers, were on their way.
        """
        ways = Latency(delay=up, direction="up"), Latency(delay=down, direction="down")
        recording = await under(*ways, on=service, chaos=chaos, load=load, lasting=seconds(4), asking=service.operations, per_s=8)

        recording.measure("1.2.4.m1", measures.one_way())
        recording.require(fault_observed(Latency.kind), grows_with_delay(round_trips=ROUND_TRIPS, overhead=OVERHEAD))
