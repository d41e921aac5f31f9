"""The lead follows the lateness of rings, up at once and down slowly, within its bounds."""

from __future__ import annotations

from fraiseql_chaos.core import NS_PER_MS
from fraiseql_chaos.core.lead import LEAD_LEAST_NS, LEAD_MOST_NS, Lead


def test_it_begins_with_the_least() -> None:
    assert Lead().ns == LEAD_LEAST_NS


def test_a_late_ring_is_believed_at_once_with_a_margin() -> None:
    lead = Lead()
    lead.learn(200_000)
    assert lead.ns == 250_000


def test_punctual_rings_are_believed_slowly_and_never_below_the_least() -> None:
    lead = Lead()
    lead.learn(200_000)
    for _ in range(23):
        lead.learn(0)
    assert 120_000 < lead.ns < 130_000
    for _ in range(200):
        lead.learn(0)
    assert lead.ns == LEAD_LEAST_NS


def test_a_stall_of_the_machine_costs_no_more_than_the_most() -> None:
    lead = Lead()
    lead.learn(100 * NS_PER_MS)
    assert lead.ns == LEAD_MOST_NS
