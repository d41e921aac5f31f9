"""Numbers in, numbers with their uncertainty out; each file says where its method is published. Knows nothing of faults or services."""

from __future__ import annotations

from fraiseql_chaos.stats.comparison import Better, Change, Outcome, Pair, compare, compare_many
from fraiseql_chaos.stats.drift import STILL, Drift, measure_drift
from fraiseql_chaos.stats.multiplicity import benjamini_hochberg, holm
from fraiseql_chaos.stats.newcombe import Difference, share_difference
from fraiseql_chaos.stats.percentile import Percentile, nearest_rank, percentile, value_at
from fraiseql_chaos.stats.settling import first_of_final_run, settled_from
from fraiseql_chaos.stats.shift import Shift, centre, hodges_lehmann
from fraiseql_chaos.stats.wilson import Share, wilson

__all__ = [
    "STILL",
    "Better",
    "Change",
    "Difference",
    "Drift",
    "Outcome",
    "Pair",
    "Percentile",
    "Share",
    "Shift",
    "benjamini_hochberg",
    "centre",
    "compare",
    "compare_many",
    "first_of_final_run",
    "hodges_lehmann",
    "holm",
    "measure_drift",
    "nearest_rank",
    "percentile",
    "settled_from",
    "share_difference",
    "value_at",
    "wilson",
]
