"""The ledger counts exactly, and keeps as much as it may."""

from __future__ import annotations

from fraiseql_chaos.layers.packet.ledger import Hits, PacketHit


def test_there_is_room_up_to_the_limit() -> None:
    hits = Hits(limit=1)
    assert hits.has_room
    hits.kept.append(PacketHit("0-loss", 1, "up", 0, "tcp a > b", 40, "dropped"))
    assert not hits.has_room


def test_counts_are_told_by_fault_and_decision() -> None:
    hits = Hits()
    hits.counts["0-loss", "dropped"] += 2
    hits.counts["1-delay", "delayed"] += 1
    hits.counts["1-delay", "overflowed"] += 3
    assert hits.by_fault() == {"0-loss": {"dropped": 2}, "1-delay": {"delayed": 1, "overflowed": 3}}
