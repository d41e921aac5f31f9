"""
Conformance checks for whoever adds a fault, here or in a package of their own, and the tools they are made of.

``check_stream_fault(Doze(nap=ms(20)))`` proves in milliseconds, without a socket or a clock, what every fault of a stream owes to the rest. That it
bites for real is a test of its own.
"""

from __future__ import annotations

from fraiseql_chaos.testing.health import HEALTHY
from fraiseql_chaos.testing.one_way import OneWay, Timed, arm, armed_with
from fraiseql_chaos.testing.stream_faults import check_stream_fault

__all__ = ["HEALTHY", "OneWay", "Timed", "arm", "armed_with", "check_stream_fault"]
