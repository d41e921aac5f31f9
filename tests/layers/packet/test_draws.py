"""Draws have no memory, and fall evenly."""

from __future__ import annotations

from statistics import mean

from hypothesis import given
from hypothesis import strategies as st

from fraiseql_chaos.layers.packet.draws import Draws


@given(ordinals=st.lists(st.integers(0, 5000), min_size=1, max_size=30))
def test_a_draw_depends_on_its_ordinal_and_on_nothing_drawn_before(ordinals: list[int]) -> None:
    draws = Draws(7, "loss", "up")
    assert [draws[n] for n in ordinals] == [Draws(7, "loss", "up")[n] for n in ordinals]


def test_other_names_and_seeds_draw_otherwise() -> None:
    drawn = {Draws(seed, *names)[n] for seed in (1, 2) for names in (("a",), ("b",), ("a", "up")) for n in (0, 255, 256)}
    assert len(drawn) == 18


def test_draws_are_spread_evenly_also_over_the_bounds_of_blocks() -> None:
    """Method: 20,000 draws; the mean's standard deviation is 0.002, and four of those are allowed; so are those of each tenth."""
    draws = Draws(1, "x")
    drawn = [draws[n] for n in range(20_000)]
    assert abs(mean(drawn) - 0.5) < 0.0082
    assert all(abs(sum(tenth <= x * 10 < tenth + 1 for x in drawn) - 2000) < 4 * 42.5 for tenth in range(10))
    assert min(drawn) >= 0
    assert max(drawn) < 1
