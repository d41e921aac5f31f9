"""Alarms of /ready, with reason and without."""

from __future__ import annotations

from fraiseql_chaos.history import Sample
from fraiseql_chaos.verdicts.alerts import alarms
from histories import Scene, outage


def test_an_alarm_has_a_reason_from_the_fault_until_the_service_is_back() -> None:
    late = Scene().fault(1000, 2000).answers(0, 1000).errors(1000, 2600).answers(2600, 4000)
    seen = alarms(late.ready(500, ok=False).ready(1500, ok=False).ready(2300, ok=False).ready(3000, ok=False).ready(3500, ok=True).history())

    assert (seen.looks, seen.true, seen.false) == (5, 2, 2)


def test_a_look_that_was_given_up_is_no_alarm() -> None:
    scene = outage()
    scene.events.append(Sample(probe="service_ready", began_ns=0, at_ns=1_000_000, ok=False, value={"given_up": True}))

    assert alarms(scene.history()).false == 0


def test_without_a_fault_no_alarm_has_a_reason() -> None:
    seen = alarms(Scene().answers(0, 1000).ready(500, ok=False).history())

    assert (seen.true, seen.false) == (0, 1)
