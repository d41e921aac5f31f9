"""Each metric's own tolerance follows from its repetitions and from how its group drifted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from baselines_made import metric
from compared_made import repeated
from fraiseql_chaos.baselines.sensitivity import drift_by_group, sensitivities

CALM = [metric(f"calm{n}", repeated(10, n, spread=0.01)) for n in range(5)]


def test_a_noisy_metric_has_a_tolerance_of_its_own_and_a_calm_one_the_least() -> None:
    known = sensitivities([*CALM, metric("noisy", repeated(10, 9, spread=0.2))])
    assert known["calm0"].tolerance == pytest.approx(5.0, abs=0.5)
    assert 30 < known["noisy"].tolerance <= 100
    assert (known["noisy"].finds or 0) > known["noisy"].tolerance > (known["calm0"].finds or 0) > known["calm0"].tolerance


def test_a_machine_that_grows_slower_meanwhile_drifts_and_all_metrics_of_the_group_tolerate_more() -> None:
    """Method: all metrics of one group take a tenth longer in the second half; the other group does not."""
    slower = [metric(each.name, [value * (1.1 if n >= 5 else 1) for n, value in enumerate(each.repetitions)]) for each in CALM]
    others = [replace(each, name=f"other {each.name}", group="pool") for each in CALM]
    drift = drift_by_group([*slower, *others])
    assert drift["queries"] == pytest.approx(0.1 / 2**0.5, rel=0.15)
    assert drift["pool"] < 0.01
    known = sensitivities([*slower, *others])
    assert known["calm0"].tolerance > 2 * known["other calm0"].tolerance


def test_a_group_of_one_metric_or_of_too_few_repetitions_has_no_drift() -> None:
    assert drift_by_group(CALM[:1]) == {"queries": 0}
    assert drift_by_group([metric(f"m{n}", [1.0, 2.0]) for n in range(4)]) == {"queries": 0}
    assert drift_by_group([metric(f"m{n}", [0.0, 2.0, 1.0, 4.0]) for n in range(4)]) == {"queries": 0}


def test_what_is_said_of_a_metric_depends_on_how_many_there_are_and_not_on_their_order() -> None:
    alone, among, turned = (sensitivities(metrics)["calm0"] for metrics in (CALM[:1], CALM, CALM[::-1]))
    assert (alone.finds or 0) < (among.finds or 0)
    assert among == turned
