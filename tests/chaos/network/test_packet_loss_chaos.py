"""Packets between a service and its database are lost, doubled, overtaken and bent, or do not pass at all: what two kernels mend, and what they cannot."""

from __future__ import annotations

import pytest

from fraiseql_chaos import (
    BitFlip,
    Chaos,
    Duplicate,
    Flapping,
    Load,
    Loss,
    Match,
    Partition,
    Reorder,
    Service,
    availability,
    checksums_refused,
    correct_results,
    detects_within,
    fault_observed,
    kernels_mended,
    measures,
    ms,
    no_data_loss,
    no_duplicates,
    no_hang,
    per_second,
    recovers,
    seconds,
)
from fraiseql_chaos.plan import Fault

RETRIES = ("TcpRetransSegs", "TcpExtTCPLossProbes", "TcpExtTCPTimeouts", "TcpExtTCPFastRetrans")

UNACKNOWLEDGED = seconds(3)
"""The remedy's ``tcp_user_timeout`` of 2 s, which the kernel counts from the first retransmission on, and what a busy machine adds to it."""


@pytest.mark.edge("packets")
@pytest.mark.failure_type("loss")
class TestPacketLoss:
    @pytest.mark.claims("1.3.1a", "1.3.1b", "1.3.1.m1", "1.3.1.m2", "1.3.1.m3")
    @pytest.mark.parametrize("fault", [Loss(rate=0.01), Loss(rate=0.05), Loss(rate=0.1)], ids=["1%", "5%", "10%"])
    async def test_queries_succeed_because_what_is_lost_is_sent_again(self, service: Service, chaos: Chaos, load: Load, fault: Fault) -> None:
        """
        What is lost on its way is sent again by the kernels, and every query succeeds.

        Method: open-loop reads at 50/s for 5.5 s; of all packets, both ways, each is lost by its own chance from 0.5 s to 2.3 s. A kernel that had to repeat a
        handshake waits 3 s until it sends again what follows, so nobody may look away sooner.
        """
        async with chaos(fault, on=service.database, between=(seconds(0.5), seconds(2.3))):
            recording = await load.open_loop(service.reads, rate=per_second(50), lasting=seconds(5.5))

        recording.measure("1.3.1.m1", measures.error_rate())
        recording.measure("1.3.1.m2", measures.kernel_counts(*RETRIES))
        recording.measure("1.3.1.m3", measures.latency_impact())
        recording.require(fault_observed(Loss.kind), kernels_mended(), availability(at_least=0.99))

    @pytest.mark.claims("1.3.1b", "1.3.1c")
    @pytest.mark.parametrize(
        "fault",
        [Loss(rate=0.05, direction="up"), Loss(rate=0.05, direction="down"), Loss(rate=0.1)],
        ids=["5%-of-requests", "5%-of-responses", "10%"],
    )
    async def test_mutations_are_carried_out_once_and_rightly(self, service: Service, chaos: Chaos, load: Load, fault: Fault) -> None:
        """
        However many packets are lost, every mutation is carried out once, is found afterwards, and is answered rightly.

        Method: open-loop writes at 40/s for 4 s; packets are lost from 0.8 s to 2.8 s, on the way to the server, to the service, or both.
        """
        async with chaos(fault, on=service.database, between=(seconds(0.8), seconds(2.8))):
            recording = await load.open_loop(service.writes, rate=per_second(40), lasting=seconds(4))

        recording.require(fault_observed(Loss.kind), availability(at_least=0.99), correct_results(), no_data_loss(), no_duplicates())


@pytest.mark.edge("packets")
@pytest.mark.failure_type("duplicate")
class TestDuplicatePackets:
    @pytest.mark.claims("1.3.2a", "1.3.2b", "1.3.2.m1")
    @pytest.mark.parametrize("fault", [Duplicate(rate=0.005), Duplicate(rate=0.02)], ids=["0.5%", "2%"])
    async def test_copies_are_noticed_and_thrown_away(self, service: Service, chaos: Chaos, load: Load, fault: Fault) -> None:
        """
        A packet that comes twice is noticed by the kernel and thrown away, and no answer is wrong for it.

        Method: open-loop reads at 60/s for 4.6 s; of all packets, both ways, some are delivered twice from 0.8 s to 4 s.
        """
        async with chaos(fault, on=service.database, between=(seconds(0.8), seconds(4))):
            recording = await load.open_loop(service.reads, rate=per_second(60), lasting=seconds(4.6))

        recording.measure("1.3.2.m1", measures.kernels_noticed("copies"))
        recording.require(fault_observed(Duplicate.kind), kernels_mended(), correct_results(), availability(at_least=0.99))

    @pytest.mark.claims("1.3.2c", "1.3.2.m2")
    @pytest.mark.parametrize(
        "fault", [Duplicate(rate=0.02), Duplicate(rate=0.5, direction="up", match=Match(tcp="data"))], ids=["2%", "half-of-all-statements"]
    )
    async def test_a_statement_that_arrives_twice_is_carried_out_once(self, service: Service, chaos: Chaos, load: Load, fault: Fault) -> None:
        """
        A mutation whose packets arrive twice is carried out once.

        Method: open-loop writes at 40/s for 4 s; packets, or half of those alone that carry a statement, are delivered twice from 0.8 s to 2.8 s.
        """
        async with chaos(fault, on=service.database, between=(seconds(0.8), seconds(2.8))):
            recording = await load.open_loop(service.writes, rate=per_second(40), lasting=seconds(4))

        recording.measure("1.3.2.m2", measures.executed_once())
        recording.require(fault_observed(Duplicate.kind), no_duplicates(), no_data_loss(), availability(at_least=0.99))


@pytest.mark.edge("packets")
@pytest.mark.failure_type("reorder")
class TestReorderedPackets:
    @pytest.mark.claims("1.3.3a", "1.3.3.m1", "1.3.3.m2")
    async def test_segments_are_put_back_in_order(self, service: Service, chaos: Chaos, load: Load) -> None:
        """
        Segments that are overtaken are put back in order by the kernel, and every query succeeds.

        Method: open-loop reads at 50/s for 4 s; one in five segments with data is held back for 3 ms, both ways, from 0.8 s to 2.8 s.
        """
        async with chaos(Reorder(rate=0.2, delay=ms(3), match=Match(tcp="data")), on=service.database, between=(seconds(0.8), seconds(2.8))):
            recording = await load.open_loop(service.reads, rate=per_second(50), lasting=seconds(4))

        recording.measure("1.3.3.m1", measures.packet_fates())
        recording.measure("1.3.3.m2", measures.recovery_time())
        recording.require(fault_observed(Reorder.kind), kernels_mended(), availability(at_least=0.99))

    @pytest.mark.claims("1.3.3b")
    async def test_data_stays_whole(self, service: Service, chaos: Chaos, load: Load) -> None:
        """
        What is read and written across packets that overtake each other is what was asked for, once and whole.

        Method: open-loop reads and writes at 50/s for 4 s; one packet in five is held back for 3 ms, both ways, from 0.8 s to 2.8 s.
        """
        async with chaos(Reorder(rate=0.2, delay=ms(3)), on=service.database, between=(seconds(0.8), seconds(2.8))):
            recording = await load.open_loop(service.operations, rate=per_second(50), lasting=seconds(4))

        recording.require(fault_observed(Reorder.kind), correct_results(), no_data_loss(), no_duplicates(), availability(at_least=0.99))


@pytest.mark.failure_type("bit_flip")
class TestCorruptedPackets:
    @pytest.mark.edge("packets")
    @pytest.mark.claims("1.3.4a", "1.3.4b", "1.3.4.m1", "1.3.4.m2")
    @pytest.mark.parametrize("fault", [BitFlip(rate=0.01), BitFlip(rate=0.05)], ids=["1%", "5%"])
    async def test_wrong_checksums_are_refused_and_sent_again(self, service: Service, chaos: Chaos, load: Load, fault: Fault) -> None:
        """
        A packet with a flipped bit fails its checksum, is refused and sent again, and no answer is wrong for it.

        Method: open-loop reads at 50/s for 4 s; of all packets, both ways, some arrive with one bit flipped from 0.8 s to 2.8 s.
        """
        async with chaos(fault, on=service.database, between=(seconds(0.8), seconds(2.8))):
            recording = await load.open_loop(service.reads, rate=per_second(50), lasting=seconds(4))

        recording.measure("1.3.4.m1", measures.kernels_noticed("wrong_checksums"))
        recording.measure("1.3.4.m2", measures.kernel_counts(*RETRIES))
        recording.require(fault_observed(BitFlip.kind), checksums_refused(), kernels_mended(), correct_results(), availability(at_least=0.99))

    @pytest.mark.edge("packets")
    @pytest.mark.claims("1.3.4a", "1.3.4c")
    async def test_rare_flipped_bits_are_caught(self, service: Service, chaos: Chaos, load: Load) -> None:
        """
        At the rate of a bad cable not one flipped bit passes the checksum, and no answer is wrong or missing for it.

        Method: open-loop reads at 70/s for 5 s; five packets in a thousand, both ways, arrive with one bit flipped from 0.5 s to 4.5 s. The plan's one
        in a thousand would be less than three in all, and none at all with one seed in fifteen.
        """
        async with chaos(BitFlip(rate=0.005), on=service.database, between=(seconds(0.5), seconds(4.5))):
            recording = await load.open_loop(service.reads, rate=per_second(70), lasting=seconds(5))

        recording.require(fault_observed(BitFlip.kind), checksums_refused(), correct_results(), availability(at_least=0.99))

    @pytest.mark.edge("packets")
    @pytest.mark.claims("1.3.4c")
    @pytest.mark.weakness("W-007", remedy=False)
    async def test_what_no_checksum_shows_does_not_reach_clients_as_data(self, service: Service, chaos: Chaos, load: Load) -> None:
        """
        Bits that are flipped under a checksum that is right again do not reach clients as data.

        Method: open-loop reads at 60/s for 4 s, in the clear; in three of ten longer segments of answers a bit is flipped and the checksum repaired, as
        by a faulty router, from 0.8 s to 2.8 s. No setting of a service can mend that, only the way to its database; see the next test.
        """
        bent = BitFlip(rate=0.3, checksum="repaired", where="payload", direction="down", match=Match(tcp="data", size_at_least=600))
        async with chaos(bent, on=service.database, between=(seconds(0.8), seconds(2.8))):
            recording = await load.open_loop(service.reads, rate=per_second(60), lasting=seconds(4))

        recording.require(fault_observed(BitFlip.kind), correct_results())

    @pytest.mark.edge("packets", tls=True)
    @pytest.mark.claims("1.3.4c")
    async def test_what_no_checksum_shows_breaks_connections_over_tls(self, service: Service, chaos: Chaos, load: Load) -> None:
        """
        Over TLS, bits that are flipped under a right checksum are noticed at once and never reach clients as data, and the service comes back.

        Method: the test before this one, word for word, but the service speaks TLS to its database. A request that fails is what shows that somebody noticed.
        """
        bent = BitFlip(rate=0.3, checksum="repaired", where="payload", direction="down", match=Match(tcp="data", size_at_least=600))
        async with chaos(bent, on=service.database, between=(seconds(0.8), seconds(2.8))):
            recording = await load.open_loop(service.reads, rate=per_second(60), lasting=seconds(4))

        recording.require(fault_observed(BitFlip.kind), correct_results(), detects_within(seconds(1)), recovers(within=seconds(2)))


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
