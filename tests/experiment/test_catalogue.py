"""Faults are told apart by their wire names, whatever their layer."""

from __future__ import annotations

from fraiseql_chaos.experiment.catalogue import FAULTS


def test_no_two_faults_share_a_wire_name() -> None:
    assert len({fault.kind for fault in FAULTS}) == len(FAULTS)


def test_a_fault_lives_in_the_file_that_is_called_like_it() -> None:
    """So that a reader of a report finds it in a minute."""
    assert [f.kind for f in FAULTS if f.__module__ != f"fraiseql_chaos.layers.{f.layer}.faults.{f.kind}"] == []
