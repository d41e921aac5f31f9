"""Numbers in, numbers out: percentiles with their uncertainty, and when a series came to rest. Knows nothing of faults or services."""

from __future__ import annotations

from fraiseql_chaos.stats.newcombe import Difference, share_difference
from fraiseql_chaos.stats.percentile import Percentile, nearest_rank, percentile, value_at
from fraiseql_chaos.stats.settling import first_of_final_run, settled_from

__all__ = ["Difference", "Percentile", "first_of_final_run", "nearest_rank", "percentile", "settled_from", "share_difference", "value_at"]
