"""Two baselines: exactly what changed is reported, and what cannot be a yardstick is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from baselines_made import metric
from compared_made import repeated, service
from fraiseql_chaos.baselines.sensitivity import sensitivities
from fraiseql_chaos.comparison import compare_baselines
from fraiseql_chaos.errors import DeclarationError


def test_a_slower_read_is_a_regression_of_exactly_the_metrics_concerned() -> None:
    found = compare_baselines(service(seed=1), service(seed=2, by_id_ms=3.0))
    assert {row.name for row in found.having("worse")} == {"query.by_id.c1.latency_p50", "query.by_id.c1.throughput"}
    assert len(found.having("equal")) == 6
    assert found.regressed


def test_the_same_service_twice_is_no_regression() -> None:
    found = compare_baselines(service(seed=1), service(seed=2))
    assert not found.regressed
    assert len(found.having("equal")) == len(found.rows) == 8


def test_regressions_come_first_and_the_largest_before_the_smaller() -> None:
    """A throughput that was quartered is worse than a latency that was doubled, whatever their per cents."""
    old = [metric("a", repeated(10, 1)), metric("b", repeated(100, 2), better="higher"), metric("c", repeated(10, 3)), metric("d", repeated(5, 4))]
    new = [metric("a", repeated(20, 5)), metric("b", repeated(25, 6), better="higher"), metric("c", repeated(5, 7)), metric("d", repeated(5, 8))]
    found = compare_baselines(replace(service(), metrics=tuple(old)), replace(service(), metrics=tuple(new)))
    assert [(row.name, row.outcome) for row in found.rows] == [("b", "worse"), ("a", "worse"), ("c", "better"), ("d", "equal")]


def test_another_target_is_compared_and_said() -> None:
    found = compare_baselines(service(fraiseql="1.8.9"), service(seed=2))
    assert found.differs == ("target fraiseql 1.8.9, not 1.9.16",)
    assert not found.foreign


def test_another_machine_is_refused_unless_it_was_asked_for_and_then_said() -> None:
    other = replace(service(seed=2), machine={"id": "feedfacefeedface"})
    with pytest.raises(
        DeclarationError, match=r"different machines \(machine 0123456789abcdef, not feedfacefeedface\).*--foreign-baseline.*; nothing was compared"
    ):
        compare_baselines(service(), other)
    found = compare_baselines(service(), other, allow_foreign=True)
    assert found.foreign
    assert found.differs == ("machine 0123456789abcdef, not feedfacefeedface",)


def test_what_only_one_of_them_has_is_listed_and_never_judged() -> None:
    found = compare_baselines(service(more=[metric("gone")]), service(seed=2, more=[metric("new")]))
    assert (found.only_old, found.only_new) == (("gone",), ("new",))
    assert {"gone", "new"} & {row.name for row in found.rows} == set()


def test_a_metric_in_another_unit_is_another_metric() -> None:
    with pytest.raises(DeclarationError, match=r"m is in ms .lower is better. in old and in s .*; nothing was compared"):
        compare_baselines(service(more=[metric("m")]), service(more=[replace(metric("m"), unit="s")]))


def test_a_noisy_metric_is_marked_and_has_the_tolerance_that_it_supports() -> None:
    """Within five per cent nobody could tell, within its own it is shown to be the same; and what it would find is said."""
    wild = [metric("wild", repeated(10, seed, spread=0.12)) for seed in (1, 2)]
    sides = service(more=wild[:1]), service(seed=2, more=wild[1:])
    row, strict = (next(row for row in compare_baselines(*sides, tolerance=tolerance).rows if row.name == "wild") for tolerance in (None, 5.0))
    assert row.noisy
    assert strict.outcome == "unsure"
    assert (row.outcome, strict.tolerance, strict.finds) == ("equal", 5.0, None)
    assert 15 < row.tolerance < (row.finds or 0) < 200


@pytest.mark.parametrize(("share", "outcome"), [(1.2, "worse"), (0.3, "equal")])
def test_a_noisy_metric_that_gets_worse_by_what_it_finds_is_worse_and_by_much_less_is_not(share: float, outcome: str) -> None:
    old = service(more=[metric("wild", repeated(10, 1, spread=0.12))])
    finds = sensitivities(old.metrics)["wild"].finds
    assert finds is not None
    new = service(seed=2, more=[metric("wild", [value * (1 + share * finds / 100) for value in repeated(10, 3, spread=0.12)])])
    found = compare_baselines(old, new)
    assert {row.name for row in found.having("worse")} == ({"wild"} if outcome == "worse" else set())
    assert next(row.outcome for row in found.rows if row.name == "wild") in {outcome, "unsure"} - ({"unsure"} if outcome == "worse" else set())


def test_the_old_baseline_alone_decides_what_counts() -> None:
    """A service that got slower and varies more must not be excused by its own variation."""
    calm, wild = (metric("m", repeated(mean, 1, spread=spread)) for mean, spread in ((10, 0.01), (20, 0.2)))
    found = compare_baselines(service(more=[calm]), service(seed=2, more=[wild]))
    row = next(row for row in found.rows if row.name == "m")
    assert row.tolerance < 6
    assert row.outcome == "worse"
