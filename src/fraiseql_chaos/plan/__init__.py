"""Pure: from faults and a seed to timed steps, each arm with its heal."""

from __future__ import annotations

from fraiseql_chaos.plan.magnitudes import check_choice, check_count, check_duration, check_fraction, check_share, check_truth
from fraiseql_chaos.plan.model import Declaration, Fault, Fidelity, Sighting, Window
from fraiseql_chaos.plan.parameters import (
    described_parameters,
    parameter_names,
    parameters_of,
    textual_parameters,
    with_options,
    with_parameters,
)
from fraiseql_chaos.plan.schedule import Plan, Planned, Step, make_plan, stretch
from fraiseql_chaos.plan.ways import EDGE_KINDS, EdgeKind, check_edge_kind, edge_for
from fraiseql_chaos.plan.wireform import fault_from_json, fault_to_json

__all__ = [
    "EDGE_KINDS",
    "Declaration",
    "EdgeKind",
    "Fault",
    "Fidelity",
    "Plan",
    "Planned",
    "Sighting",
    "Step",
    "Window",
    "check_choice",
    "check_count",
    "check_duration",
    "check_edge_kind",
    "check_fraction",
    "check_share",
    "check_truth",
    "described_parameters",
    "edge_for",
    "fault_from_json",
    "fault_to_json",
    "make_plan",
    "parameter_names",
    "parameters_of",
    "stretch",
    "textual_parameters",
    "with_options",
    "with_parameters",
]
