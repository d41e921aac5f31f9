"""Hits are counted exactly and kept up to a bound."""

from __future__ import annotations

from fraiseql_chaos.layers.stream.hits import Hit, Hits


def test_beyond_the_bound_only_the_counts_go_on() -> None:
    hits = Hits(limit=2)
    made = [Hit("0-latency", n, 0, "down", n, 10, "delayed") for n in range(5)]
    for hit in made:
        hits.add(hit)
    assert hits.kept == made[:2]
    assert hits.counts == {("0-latency", "delayed"): 5}
