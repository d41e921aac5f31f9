"""A line for each thing that changes the world, and none for the rest."""

from __future__ import annotations

from fraiseql_chaos.experiment.progress import Narrator
from fraiseql_chaos.history import Event, FaultHealed, GeneratorStalled, ProcessExited
from histories import outage


def _told(*events: Event) -> list[str]:
    lines: list[str] = []
    narrator = Narrator(lines.append)
    for event in events:
        narrator(event)
    return lines


def test_a_run_is_told_in_the_order_it_happened() -> None:
    lines = _told(*outage().history().events)
    assert [line.split()[2] for line in lines if " s  " in line] == ["armed:", "healed:"]
    assert len(lines) == 3, "and one for the load"


def test_what_must_not_happen_stands_out() -> None:
    lines = _told(
        FaultHealed(fault="0-refuse", began_ns=0, at_ns=2_000_000_000, error="no"),
        GeneratorStalled(at_ns=3_000_000_000, stall_ns=1_500_000_000),
        ProcessExited(at_ns=4_000_000_000, process="service", status="killed by SIGKILL; the end of its log: ..."),
    )
    assert lines == [
        "  2.00 s  NOT HEALED: 0-refuse",
        "  3.00 s  the load generator stood still for 1.50 s",
        "  4.00 s  service ended: killed by SIGKILL",
    ]
