"""
How a baseline is collected: a healthy service, measured from outside and from inside, again and again.

    plan         what is measured and how much of it           collection   carries it out
    bursts       queries, and the processor time they take     connections  the pool, as the server sees it
    memory       of service and server                         inside       FraiseQL's parts, in the target's interpreter
    readings     one repetition; metrics of all of them        self_check   the collection compared with itself
    neighbours   what else the machine did meanwhile           pace         how fast it was
    yardstick    which baseline a run is measured against
"""

from __future__ import annotations

from fraiseql_chaos.experiment.baseline.collection import collect
from fraiseql_chaos.experiment.baseline.plan import BaselinePlan
from fraiseql_chaos.experiment.baseline.yardstick import Yardstick, baseline_for, yardstick_for, yardstick_from

__all__ = ["BaselinePlan", "Yardstick", "baseline_for", "collect", "yardstick_for", "yardstick_from"]
