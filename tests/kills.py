"""
Which service with a defect turns which test of the suite red, and by which broken promise. The defects are in ``tests/sabotage``.

A promise of the suite that no defect breaks has never been seen broken, and so has a test that no defect turns red; ``tests/experiment/test_negative_controls.py``
runs all of it.
"""

from __future__ import annotations

from typing import Final

__all__ = ["KILLS", "STOCK_ONLY"]

_AWAY: Final = "network/test_db_connection_chaos.py::TestDatabaseConnection::"
_POOL: Final = "network/test_db_connection_chaos.py::TestPoolExhaustion::"
_SLOW: Final = "network/test_db_connection_chaos.py::TestSlowConnection::"
_DROPS: Final = "network/test_db_connection_chaos.py::TestConnectionDrops::"
_LATENCY: Final = "network/test_network_latency_chaos.py::"
_PACKETS: Final = "network/test_packet_loss_chaos.py::"

KILLS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "chatty": (
        (f"{_LATENCY}TestGradualLatency::test_latency_grows_as_the_delay_does[reads-hardened]", "grows_with_delay"),
        (f"{_LATENCY}TestConsistentLatency::test_answers_are_slower_and_right[writes]", "grows_with_delay"),
        (f"{_LATENCY}TestJitteryLatency::test_percentiles_show_the_declared_distribution", "spread_as_declared"),
        (f"{_LATENCY}TestAsymmetricLatency::test_only_the_sum_of_both_ways_counts[hardened-slow-requests]", "grows_with_delay"),
    ),
    "cleartext": ((f"{_PACKETS}TestCorruptedPackets::test_what_no_checksum_shows_breaks_connections_over_tls", "correct_results"),),
    "doubling": (
        (f"{_AWAY}test_no_acknowledged_write_is_lost[refuse]", "no_duplicates"),
        (f"{_DROPS}test_a_write_whose_connection_is_lost_is_neither_lost_nor_doubled", "no_duplicates"),
        (f"{_PACKETS}TestDuplicatePackets::test_a_statement_that_arrives_twice_is_carried_out_once[2%]", "no_duplicates"),
    ),
    "forgetting": (
        (f"{_AWAY}test_no_acknowledged_write_is_lost[stop-crash]", "no_data_loss"),
        (f"{_DROPS}test_a_write_whose_connection_is_lost_is_neither_lost_nor_doubled", "no_data_loss"),
        (f"{_PACKETS}TestPacketLoss::test_mutations_are_carried_out_once_and_rightly[10%]", "no_data_loss"),
        (f"{_PACKETS}TestReorderedPackets::test_data_stays_whole", "no_data_loss"),
    ),
    "hanging": ((f"{_LATENCY}TestGradualLatency::test_nobody_is_turned_away_while_latency_grows[reads]", "no_hang"),),
    "impatient": (
        (f"{_LATENCY}TestGradualLatency::test_nobody_is_turned_away_while_latency_grows[writes]", "availability"),
        (f"{_LATENCY}TestConsistentLatency::test_nothing_times_out[hardened-1 s]", "availability"),
        (f"{_LATENCY}TestJitteryLatency::test_outliers_do_not_time_out[hardened]", "availability"),
        (f"{_PACKETS}TestPacketLoss::test_queries_succeed_because_what_is_lost_is_sent_again[10%]", "availability"),
    ),
    "mixing": (
        (f"{_PACKETS}TestDuplicatePackets::test_copies_are_noticed_and_thrown_away[2%]", "correct_results"),
        (f"{_PACKETS}TestReorderedPackets::test_segments_are_put_back_in_order", "correct_results"),
        (f"{_PACKETS}TestCorruptedPackets::test_wrong_checksums_are_refused_and_sent_again[5%]", "correct_results"),
    ),
    "mumbling": (
        (f"{_AWAY}test_connection_refused", "error_is_clear"),
        (f"{_AWAY}test_a_server_that_is_down_is_told_of[fast]", "error_is_clear"),
        (f"{_DROPS}test_a_client_is_told_of_the_loss", "error_is_clear"),
    ),
    "pool_hasty": ((f"{_SLOW}test_requests_wait_for_a_slow_connection", "availability"),),
    "pool_leak": ((f"{_POOL}test_nobody_waits_for_ever", "no_deadlock"),),
    "pool_miscounting": ((f"{_POOL}test_the_pool_reports_how_many_wait", "queue_depth_reported"),),
    "pool_rejecting": (
        (f"{_POOL}test_new_queries_wait_in_line_and_are_not_rejected", "queued_not_rejected"),
        (f"{_POOL}test_new_mutations_wait_in_line_and_are_not_rejected", "queued_not_rejected"),
    ),
    "pool_resigned": (
        (f"{_AWAY}test_requests_succeed_again[refuse]", "recovers_within"),
        (f"{_SLOW}test_a_connect_that_failed_is_tried_again", "availability"),
    ),
    "pool_stack": ((f"{_POOL}test_the_oldest_are_served_first", "oldest_first"),),
    "pool_unchecked": ((f"{_DROPS}test_the_pool_throws_dead_connections_away", "recovers_within"),),
    "stale": (
        (f"{_AWAY}test_an_outage_is_noticed_within_a_second", "correct_results"),
        (f"{_LATENCY}TestGradualLatency::test_nobody_is_turned_away_while_latency_grows[reads]", "correct_results"),
    ),
    "sulking": (
        (f"{_DROPS}test_asking_again_helps[reads]", "next_try_succeeds"),
        (f"{_DROPS}test_asking_again_helps[writes]", "next_try_succeeds"),
    ),
    "swallow": (
        (f"{_AWAY}test_connection_refused", "correct_results"),
        (f"{_AWAY}test_a_server_that_is_down_is_told_of[crash]", "correct_results"),
        (f"{_DROPS}test_half_a_result_is_never_taken_for_a_whole_one", "correct_results"),
    ),
    # The stock service is one that waits without a bound, for a connection and for who acknowledges and is silent.
    "unbounded": (
        (f"{_SLOW}test_a_connect_that_hangs_is_given_up", "no_hang"),
        (f"{_SLOW}test_how_long_a_request_waits_for_a_connection_can_be_set", "no_hang"),
        (f"{_PACKETS}TestPartition::test_nothing_passes_and_nobody_is_told", "no_hang"),
    ),
}
"""By defect, the tests that it must turn red, each with the promise that is broken."""

STOCK_ONLY: Final = frozenset(
    {
        # No service is known that keeps these: see W-002 and W-003.
        f"{_AWAY}test_an_outage_is_noticed_within_a_second",
        # Who gives a connect 2 s, as the remedy of W-001 does, has none that takes 2 s.
        f"{_SLOW}test_requests_wait_for_a_slow_connection",
    }
)
"""Tests that a healthy hardened service does not hold either, each for a reason."""
