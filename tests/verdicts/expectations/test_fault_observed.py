"""Evidence: it holds, or it cannot tell; that a fault did not bite is never the service's fault."""

from __future__ import annotations

import pytest

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.layers.stream.faults import Latency, Refuse
from fraiseql_chaos.verdicts import fault_observed
from histories import Scene, outage


def test_it_holds_when_an_independent_witness_saw_the_fault() -> None:
    finding = fault_observed().judge(outage().history())

    assert finding.verdict == "held"
    assert finding.statement == (
        "0-refuse: 12 connects were answered ECONNREFUSED (kernel, asked by a connect to the edge); "
        "9 of 9 looks before the fault found sessions of the service, and 9 of 9 during it none (pg_stat_activity over the control socket)"
    )
    assert finding.numbers["sightings"] == {"0-refuse": 12}
    assert finding.numbers["sightings_of_reach"] == {"0-refuse": 9}


@pytest.mark.parametrize(
    ("scene", "reason"),
    [
        (Scene().fault(1000, 2000, count=0), "0-refuse was armed, but no independent witness saw it: kernel, asked by a connect to the edge: 0"),
        (Scene().fault(1000, 2000, reach=0), "0-refuse happened, but no independent witness saw the service under it: pg_stat_activity over"),
        (Scene(disarmed=True).fault(1000, 2000, count=0), "0-refuse was not injected: injection was switched off on purpose"),
        (Scene(disarmed=True).fault(1000, 2000), "0-refuse was not injected: injection was switched off on purpose"),
        (Scene().fault(1000, 2000, independent=False), "0-refuse was armed, but no independent witness was there to see it"),
        (Scene().fault(None, None), "0-refuse was never armed"),
        (Scene().fault(1000, None), "0-refuse was never healed"),
        (Scene().fault(1000, 2000, error="the edge did not answer"), "0-refuse did not heal: the edge did not answer"),
        (Scene(), "no fault was declared"),
        (Scene().fault(1000, 2000).fault(3000, 4000, count=0), "1-refuse was armed, but no independent witness saw it"),
    ],
    ids=[
        "unseen",
        "service elsewhere",
        "disarmed",
        "disarmed and seen",
        "no witness",
        "never armed",
        "never healed",
        "heal failed",
        "no fault",
        "one of two",
    ],
)
def test_it_cannot_tell_and_never_violates_when_anything_is_missing(scene: Scene, reason: str) -> None:
    finding = fault_observed().judge(scene.answers(0, 5000).history())

    assert finding.verdict == "inconclusive"
    assert finding.statement.startswith(reason)


def test_it_asks_about_the_kinds_given_as_name_class_or_value() -> None:
    history = Scene().fault(1000, 2000).fault(3000, 4000, kind="latency", count=0).history()

    assert fault_observed(Refuse) == fault_observed(Refuse()) == fault_observed("refuse")
    assert fault_observed(Refuse).judge(history).verdict == "held"
    assert fault_observed(Latency).judge(history).verdict == "inconclusive"


def test_a_kind_that_was_not_declared_is_named() -> None:
    assert fault_observed("refuse", "corrupt").judge(outage().history()).statement == "no fault of kind 'corrupt' was declared"


def test_a_kind_without_a_name_is_refused() -> None:
    with pytest.raises(DeclarationError, match="not an empty text"):
        fault_observed("")
