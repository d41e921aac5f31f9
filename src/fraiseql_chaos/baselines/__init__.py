"""What a service does in health, as numbers that carry their own uncertainty, in a file that can be trusted or is refused."""

from __future__ import annotations

from fraiseql_chaos.baselines.codec import read_baseline, write_baseline
from fraiseql_chaos.baselines.metric import Better, Estimate, Metric
from fraiseql_chaos.baselines.model import BASELINE_SCHEMA, AACheck, Baseline

__all__ = ["BASELINE_SCHEMA", "AACheck", "Baseline", "Better", "Estimate", "Metric", "read_baseline", "write_baseline"]
