"""Packets between the service and its database are lost: all of them, some of them, or one way only."""

from __future__ import annotations

import pytest

from fraiseql_chaos import Chaos, Flapping, Load, Partition, Service, availability, fault_observed, no_hang, per_second, recovers, seconds

UNACKNOWLEDGED = seconds(4)
"""The remedy's ``tcp_user_timeout`` of 3 s, which the kernel counts from the first retransmission on, and what a busy machine adds to it."""


@pytest.mark.failure_type("partition")
@pytest.mark.edge("packets")
class TestPartition:
    @pytest.mark.weakness("W-006")
    async def test_nothing_passes_and_nobody_is_told(self, service: Service, chaos: Chaos, load: Load) -> None:
        """
        While packets vanish both ways, requests time out instead of hanging, and succeed again when the way is open.

        Method: open-loop reads at 20/s for 8 s; every packet is dropped without a word from 1 s to 5.5 s.
        """
        async with chaos(Partition(how="drop"), on=service.database, between=(seconds(1), seconds(5.5))):
            recording = await load.open_loop(service.reads, rate=per_second(20), lasting=seconds(8))

        recording.require(fault_observed(Partition.kind), no_hang(within=UNACKNOWLEDGED), recovers(within=seconds(2)))

    @pytest.mark.weakness("W-001")
    async def test_nothing_passes_and_the_sender_is_reset(self, service: Service, chaos: Chaos, load: Load) -> None:
        """
        While connections are reset by what stands between, requests fail instead of hanging, and succeed again when the way is open.

        Method: open-loop reads at 20/s for 9 s; every packet is answered with a reset from 1 s to 4.5 s.
        """
        async with chaos(Partition(how="reset"), on=service.database, between=(seconds(1), seconds(4.5))):
            recording = await load.open_loop(service.reads, rate=per_second(20), lasting=seconds(9))

        recording.require(fault_observed(Partition.kind), no_hang(within=seconds(3)), recovers(within=seconds(5)))

    @pytest.mark.weakness("W-006")
    async def test_nothing_reaches_the_server(self, service: Service, chaos: Chaos, load: Load) -> None:
        """
        While the server hears nothing, requests time out instead of hanging, and succeed again when it does.

        Method: open-loop reads at 20/s for 8 s; every packet towards the server is dropped without a word from 1 s to 5.5 s.
        """
        async with chaos(Partition(direction="up"), on=service.database, between=(seconds(1), seconds(5.5))):
            recording = await load.open_loop(service.reads, rate=per_second(20), lasting=seconds(8))

        recording.require(fault_observed(Partition.kind), no_hang(within=UNACKNOWLEDGED), recovers(within=seconds(2)))

    @pytest.mark.weakness("W-006")
    async def test_nothing_reaches_the_service(self, service: Service, chaos: Chaos, load: Load) -> None:
        """
        While the server hears the service and is not heard, requests time out instead of hanging, and succeed again when it is.

        Method: open-loop reads at 20/s for 8 s; every packet towards the service is dropped without a word from 1 s to 5.5 s.
        """
        async with chaos(Partition(direction="down"), on=service.database, between=(seconds(1), seconds(5.5))):
            recording = await load.open_loop(service.reads, rate=per_second(20), lasting=seconds(8))

        recording.require(fault_observed(Partition.kind), no_hang(within=UNACKNOWLEDGED), recovers(within=seconds(2)))

    async def test_a_link_that_flaps_delays_requests_and_loses_none(self, service: Service, chaos: Chaos, load: Load) -> None:
        """
        A link that is away for 300 ms of every 900 ms is crossed in between: every request succeeds, and none waits for long.

        Method: open-loop reads at 20/s for 6 s; every packet is dropped for 300 ms of every 900 ms from 1 s to 4 s.
        """
        async with chaos(Flapping(up_for=seconds(0.6), down_for=seconds(0.3)), on=service.database, between=(seconds(1), seconds(4))):
            recording = await load.open_loop(service.reads, rate=per_second(20), lasting=seconds(6))

        recording.require(fault_observed(Flapping.kind), availability(at_least=0.99), no_hang(within=seconds(2)), recovers(within=seconds(1)))
