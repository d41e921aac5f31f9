"""The memory of a service that has answered everything once, and of its server."""

from __future__ import annotations

from fraiseql_chaos.experiment.baseline.plan import LIMIT_BETWEEN_RUNS
from fraiseql_chaos.experiment.baseline.readings import Reading
from fraiseql_chaos.experiment.baseline.resources import Processes, memory_of

__all__ = ["measure_memory"]


def measure_memory(processes: Processes) -> dict[str, Reading]:
    """Return what the processes hold now."""
    found: dict[str, Reading] = {}
    for name, pids in processes.named().items():
        memory = memory_of(pids)
        for kind, mib, said in (("rss", memory.rss, "resident"), ("pss", memory.pss, "proportional")):
            found[f"resources.memory.{name}.{kind}"] = Reading(
                group="resources", what=f"{said} memory of the {name}", unit="MiB", better="lower", limit=LIMIT_BETWEEN_RUNS, value=mib
            )
    return found
