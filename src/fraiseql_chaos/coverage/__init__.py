"""
What the plan asks, which test speaks to it, and what the last run said.

    claims of the plan + collected tests + run.json  -->  one row a claim, the open ones on top

Pure: who collects the tests and where a run lies is the caller's business.
"""

from __future__ import annotations

from fraiseql_chaos.coverage.claims import Claim, in_sections, plan_claims
from fraiseql_chaos.coverage.joining import CollectedTest, Row, TestStanding, join

__all__ = ["Claim", "CollectedTest", "Row", "TestStanding", "in_sections", "join", "plan_claims"]
