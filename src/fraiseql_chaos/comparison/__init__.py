"""Two baselines, or two runs, side by side: what got worse and by how much, what was shown not to, and what nobody can tell."""

from __future__ import annotations

from fraiseql_chaos.comparison.model import COMPARISON_SCHEMA, Comparison, Flip, Row, Side
from fraiseql_chaos.comparison.of_baselines import compare_baselines
from fraiseql_chaos.comparison.of_run import compare_run_with_baseline
from fraiseql_chaos.comparison.of_runs import compare_runs

__all__ = ["COMPARISON_SCHEMA", "Comparison", "Flip", "Row", "Side", "compare_baselines", "compare_run_with_baseline", "compare_runs"]
