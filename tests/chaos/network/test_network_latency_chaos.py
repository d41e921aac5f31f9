"""The network to the database is slow: latency is the price, availability is not."""

from __future__ import annotations

import pytest

from fraiseql_chaos import Chaos, Latency, Load, Service, availability, fault_observed, latency, ms, per_second, recovers, seconds


@pytest.mark.alone
@pytest.mark.failure_type("network_latency")
class TestNetworkLatency:
    @pytest.mark.claims("1.2.2a", "1.2.2b")
    async def test_reads_survive_a_slow_database(self, service: Service, chaos: Chaos, load: Load) -> None:
        """
        A slow way to the database costs latency, not availability.

        Method: open-loop reads at 20/s for 7 s; everything towards the service arrives 50 ms late from 1 s to 4 s.
        """
        async with chaos(Latency(delay=ms(50)), on=service.database, between=(seconds(1), seconds(4))):
            recording = await load.open_loop(service.reads, rate=per_second(20), lasting=seconds(7))

        recording.require(
            fault_observed(Latency.kind), availability(at_least=0.99), latency(95, at_most=seconds(2), during="fault"), recovers(within=seconds(2))
        )
