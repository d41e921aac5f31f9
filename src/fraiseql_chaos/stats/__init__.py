"""Numbers in, numbers with their uncertainty out; each file says where its method is published. Knows nothing of faults or services."""

from __future__ import annotations

from fraiseql_chaos.stats.bootstrap import Estimated, bootstrap_interval
from fraiseql_chaos.stats.change_point import ChangePoint, change_point, least_values
from fraiseql_chaos.stats.clopper_pearson import clopper_pearson
from fraiseql_chaos.stats.comparison import Better, Change, Outcome, Pair, compare, compare_many
from fraiseql_chaos.stats.drift import STILL, Drift, measure_drift
from fraiseql_chaos.stats.equivalence import Equivalence, tost, tost_ranks
from fraiseql_chaos.stats.histogram import Histogram
from fraiseql_chaos.stats.mann_whitney import Alternative, mann_whitney
from fraiseql_chaos.stats.multiplicity import benjamini_hochberg, holm
from fraiseql_chaos.stats.newcombe import Difference, share_difference
from fraiseql_chaos.stats.percentile import Percentile, nearest_rank, percentile, value_at
from fraiseql_chaos.stats.repeatability import Repeatability, repeatability
from fraiseql_chaos.stats.sensitivity import Sensitivity, sensitivity
from fraiseql_chaos.stats.settling import first_of_final_run, settled_from
from fraiseql_chaos.stats.shift import Shift, centre, hodges_lehmann
from fraiseql_chaos.stats.two_shares import fisher
from fraiseql_chaos.stats.wilson import Share, wilson

__all__ = [
    "STILL",
    "Alternative",
    "Better",
    "Change",
    "ChangePoint",
    "Difference",
    "Drift",
    "Equivalence",
    "Estimated",
    "Histogram",
    "Outcome",
    "Pair",
    "Percentile",
    "Repeatability",
    "Sensitivity",
    "Share",
    "Shift",
    "benjamini_hochberg",
    "bootstrap_interval",
    "centre",
    "change_point",
    "clopper_pearson",
    "compare",
    "compare_many",
    "first_of_final_run",
    "fisher",
    "hodges_lehmann",
    "holm",
    "least_values",
    "mann_whitney",
    "measure_drift",
    "nearest_rank",
    "percentile",
    "repeatability",
    "sensitivity",
    "settled_from",
    "share_difference",
    "tost",
    "tost_ranks",
    "value_at",
    "wilson",
]
