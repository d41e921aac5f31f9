"""A fault is asked about what its own witnesses saw, split at the instants of arming and healing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fraiseql_chaos.experiment import evidence
from fraiseql_chaos.history import FaultArmed, FaultHealed, Sample
from fraiseql_chaos.layers.stream.faults import Refuse
from fraiseql_chaos.plan import Declaration, Planned

PLANNED = Planned(fault_id="0-refuse", declaration=Declaration(fault=Refuse(), target="database"))
ARMED = FaultArmed(fault="0-refuse", began_ns=100, at_ns=110)
HEALED = FaultHealed(fault="0-refuse", began_ns=190, at_ns=200)


def refused(began_ns: int, at_ns: int, probe: str = "edge_connect") -> Sample:
    return Sample(probe=probe, began_ns=began_ns, at_ns=at_ns, ok=False, error="ECONNREFUSED")


def sessions(at_ns: int, count: int) -> Sample:
    return Sample(probe="server_sessions", began_ns=at_ns, at_ns=at_ns, ok=True, value={"sessions": count})


def counts(*samples: Sample) -> list[int]:
    return [said.count for said in evidence.testimony(PLANNED, ARMED, HEALED, samples)]


@pytest.mark.parametrize(
    ("began_ns", "at_ns", "counted"),
    [
        (0, 99, 0),
        (90, 100, 1),  # It ended as arming began, so the fault may have been there.
        (150, 150, 1),
        (200, 300, 1),  # It began as healing ended.
        (201, 300, 0),
        (0, 500, 1),  # It hung through all of it.
    ],
)
def test_look_counts_if_it_may_have_met_the_fault(began_ns: int, at_ns: int, counted: int) -> None:
    assert counts(refused(began_ns, at_ns)) == [counted, 0]


@pytest.mark.parametrize(("at_ns", "counted"), [(99, 1), (100, 0)])
def test_health_is_what_ended_before_arming_began(at_ns: int, counted: int) -> None:
    assert counts(sessions(at_ns, 5), sessions(150, 0)) == [0, counted]


def test_only_the_faults_own_witnesses_are_heard() -> None:
    assert counts(refused(150, 150, probe="service_ready"), refused(150, 150)) == [1, 0]


def test_every_witness_speaks_also_if_it_saw_nothing() -> None:
    said = list(evidence.testimony(PLANNED, ARMED, HEALED, ()))
    assert [(word.fault, word.count, word.independent, word.shows) for word in said] == [
        ("0-refuse", 0, True, "fault"),
        ("0-refuse", 0, True, "reach"),
    ]
    assert [(word.witness, word.statement) for word in said] == [
        ("kernel, asked by a connect to the edge", "0 connects were answered ECONNREFUSED"),
        (
            "pg_stat_activity over the control socket",
            "nobody counted the service's sessions before the fault, so nobody can tell whether it was under it",
        ),
    ]


def test_a_witness_that_looked_for_one_faults_sake_is_heard_about_no_other() -> None:
    assert counts(replace(refused(150, 150), value={evidence.ABOUT: "1-refuse"}), replace(refused(150, 150), value={evidence.ABOUT: "0-refuse"})) == [
        1,
        0,
    ]
