"""
Histories made by hand, for tests of the reading arm: the same calls always give the same events.

A ``Scene`` is written like the log of an experiment. Times are milliseconds since the origin, because that is how tests are read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from fraiseql_chaos.core import Json, JsonObject, dice
from fraiseql_chaos.history import (
    Begin,
    End,
    Event,
    Evidence,
    FaultArmed,
    FaultDeclared,
    FaultHealed,
    GeneratorStalled,
    History,
    HistoryLog,
    Inventory,
    LoadPlanned,
    Operation,
    Outcome,
    ProcessExited,
    Sample,
)

NS_PER_MS = 1_000_000


@dataclass
class Scene:
    """A history in the making."""

    experiment: str = "tests/chaos/network/test_example.py::test_example"
    seed: int = 42
    disarmed: bool = False
    events: list[Event] = field(default_factory=list)
    requests: int = 0

    def request(
        self,
        at_ms: float,
        took_ms: float = 4.0,
        *,
        outcome: Outcome = "ok",
        cause: str = "",
        detail: str = "",
        status: int | None = 200,
        lag_ms: float | None = 0.2,
        name: str = "read_post",
    ) -> Self:
        """Add one request; ``lag_ms=None`` means that it was never sent."""
        planned_ns = round(at_ms * NS_PER_MS)
        self.events.append(
            Operation(
                ordinal=self.requests,
                name=name,
                planned_ns=planned_ns,
                sent_ns=None if lag_ms is None else planned_ns + round(lag_ms * NS_PER_MS),
                done_ns=planned_ns + round(took_ms * NS_PER_MS),
                outcome=outcome,
                cause=cause,
                detail=detail,
                status=status,
            )
        )
        self.requests += 1
        return self

    def answers(self, begin_ms: float, end_ms: float, *, every_ms: float = 20, took_ms: float = 4.0, name: str = "read_post") -> Self:
        """Add right answers at a steady rate, their times spread by dice around ``took_ms``."""
        for index in range(round((end_ms - begin_ms) / every_ms)):
            draw = dice(self.seed, "latency", self.requests).lognormvariate(0, 0.18)
            self.request(begin_ms + index * every_ms, took_ms * draw, name=name)
        return self

    def errors(self, begin_ms: float, end_ms: float, *, every_ms: float = 20, took_ms: float = 6.0, detail: str = "database connection lost") -> Self:
        """Add requests that the service answers with a clear error at once."""
        for index in range(round((end_ms - begin_ms) / every_ms)):
            draw = dice(self.seed, "latency", self.requests).lognormvariate(0, 0.25)
            self.request(begin_ms + index * every_ms, took_ms * draw, outcome="fail", cause="graphql_error", detail=detail)
        return self

    def hangs(self, begin_ms: float, end_ms: float, *, every_ms: float = 20, took_ms: float = 5000, cause: str = "timeout") -> Self:
        """Add requests that were given up."""
        for index in range(round((end_ms - begin_ms) / every_ms)):
            self.request(begin_ms + index * every_ms, took_ms, outcome="indeterminate", cause=cause, detail="no answer", status=None)
        return self

    def fault(
        self,
        armed_ms: float | None,
        healed_ms: float | None,
        *,
        kind: str = "refuse",
        count: int = 12,
        reach: int = 9,
        independent: bool = True,
        error: str = "",
        description: str = "connections refused at the edge, existing ones cut",
        target: str = "database",
    ) -> Self:
        """Declare a fault, seen ``count`` times, and the service under it ``reach`` times; arming takes 2 ms, healing 3 ms, None is never."""
        fault_id = f"{sum(isinstance(e, FaultDeclared) for e in self.events)}-{kind}"
        self.events.append(
            FaultDeclared(
                fault=fault_id,
                kind=kind,
                failure_type="database_unavailable" if kind == "refuse" else f"network_{kind}",
                layer="stream",
                fidelity="kernel" if kind == "refuse" else "wire",
                target=target,
                parameters={} if kind == "refuse" else {"delay_ms": 250.0, "jitter_ms": 0.0, "direction": "down"},
                description=description,
                arm_at_ns=None if armed_ms is None else round(armed_ms * NS_PER_MS),
                heal_at_ns=None if healed_ms is None else round(healed_ms * NS_PER_MS),
            )
        )
        if armed_ms is not None:
            began_ns = round(armed_ms * NS_PER_MS)
            self.events.append(FaultArmed(fault=fault_id, began_ns=began_ns, at_ns=began_ns + 2 * NS_PER_MS))
        if healed_ms is not None:
            at_ns = round(healed_ms * NS_PER_MS)
            self.events.append(FaultHealed(fault=fault_id, began_ns=at_ns - 3 * NS_PER_MS, at_ns=at_ns, error=error))
        self.events.append(Evidence(fault=fault_id, witness="edge ledger", count=7, independent=False, statement="7 connections were refused"))
        self.events.append(
            Evidence(
                fault=fault_id,
                witness="kernel, asked by a connect to the edge",
                count=count,
                independent=independent,
                statement=f"{count} connects were answered ECONNREFUSED",
            )
        )
        self.events.append(
            Evidence(
                fault=fault_id,
                witness="pg_stat_activity over the control socket",
                count=reach,
                independent=independent,
                statement=f"{reach} of 9 looks before the fault found sessions of the service, and 9 of 9 during it none",
                shows="reach",
            )
        )
        return self

    def counted(self, marked: int, of: int, *, asked: float = 0.05) -> Self:
        """Say what captures counted of the last fault, each way."""
        fault = next(e.fault for e in reversed(self.events) if isinstance(e, FaultDeclared))
        ways: JsonObject = {way: {"marked": marked, "of": of} for way in ("up", "down")}
        counted: JsonObject = {"asked": asked, "how": "never arrived", "spread": 1.0, "at_most": False, "ways": ways}
        statement = f"{marked} of {of} packets never arrived"
        self.events.append(
            Evidence(fault=fault, witness="capture at both ends of the link", count=marked, independent=True, statement=statement, counted=counted)
        )
        return self

    def captures(self, name: str, *, not_kept: int = 0) -> Self:
        """Say that captures of the link were kept."""
        value: JsonObject = {"near": f"{name}.near.pcap", "far": f"{name}.far.pcap", "packets": 1234, "not_kept": not_kept}
        self.events.append(Sample(probe="link_pcap", began_ns=-NS_PER_MS, at_ns=9 * NS_PER_MS, ok=True, value=value))
        return self

    def ready(self, at_ms: float, *, ok: bool, took_ms: float = 2.0) -> Self:
        """Add one look at ``/ready``."""
        began_ns = round(at_ms * NS_PER_MS)
        at_ns = began_ns + round(took_ms * NS_PER_MS)
        self.events.append(Sample(probe="service_ready", began_ns=began_ns, at_ns=at_ns, ok=ok, value={"status": 200 if ok else 503}))
        return self

    def inventory(self, name: str = "create_user", *, times: dict[int, int] | None = None, under_way: int = 0, error: str = "") -> Self:
        """
        The database was asked what it holds of an operation's requests: all that were acknowledged, once.

        Args:
            name: The operation.
            times: By ordinal, how often others were found, or these otherwise.
            under_way: How many sessions of the service were still at work.
            error: Why it could not be asked.
        """
        acknowledged = {o.ordinal: 1 for o in self.events if isinstance(o, Operation) and o.name == name and o.outcome == "ok"}
        counted = {} if error else {str(n): count for n, count in sorted((acknowledged | (times or {})).items()) if count}
        self.events.append(
            Inventory(at_ns=9_000 * NS_PER_MS, operation=name, query="SELECT ...", found=dict(counted), under_way=under_way, error=error)
        )
        return self

    def memory(self, at_ms: float, rss_mb: float, *, peak_mb: float | None = None, processes: int = 1, ok: bool = True) -> Self:
        """Add one look at the service's memory; its peak is what it is now if not given."""
        at_ns, rss, peak = round(at_ms * NS_PER_MS), round(rss_mb * 1_000_000), round((peak_mb or rss_mb) * 1_000_000)
        value: JsonObject = {"rss_bytes": rss, "peak_bytes": peak, "processes": processes} if ok else {}
        self.events.append(Sample(probe="service_memory", began_ns=at_ns - NS_PER_MS, at_ns=at_ns, ok=ok, value=value))
        return self

    def pool(
        self,
        at_ms: float,
        *,
        waiting: int = 0,
        available: int = 2,
        size: int = 2,
        queue: tuple[tuple[int, int], ...] | None = (),
        queued: int = 0,
        numbered: int | None = None,
        errors: int = 0,
        wait_ms: int = 0,
        ok: bool = True,
    ) -> Self:
        """Add one look at the service's pool of at most 30 connections; ``numbered`` is ``queued`` if not given, and ``queue=None`` is a pool that shows none."""
        at_ns = round(at_ms * NS_PER_MS)
        value: JsonObject = {
            "max": 30,
            "size": size,
            "available": available,
            "waiting": waiting,
            "queued": queued,
            "errors": errors,
            "wait_ms": wait_ms,
        }
        if queue is not None:
            value = {**value, "queue": [list(run) for run in queue], "numbered": queued if numbered is None else numbered, "given_up": 0}
        error = "" if ok else "the app has made no connection pool of FraiseQL's"
        self.events.append(Sample(probe="service_pool", began_ns=at_ns - NS_PER_MS, at_ns=at_ns, ok=ok, value=value if ok else {}, error=error))
        return self

    def crowd(self, at_ms: float, took_ms: float, *, error: str = "") -> Self:
        """Add one request of a fault's own clients."""
        began_ns = round(at_ms * NS_PER_MS)
        self.events.append(Sample(probe="crowd", began_ns=began_ns, at_ns=began_ns + round(took_ms * NS_PER_MS), ok=not error, error=error))
        return self

    def sessions(self, at_ms: float, *states: str, age_ms: int = 0, waits_for: str | None = None) -> Self:
        """Add one look at the service's sessions on the server, each in the state given."""
        at_ns = round(at_ms * NS_PER_MS)
        backends: list[Json] = [
            {"pid": 100 + n, "state": state, "wait_event_type": waits_for, "wait_event": None, "state_age_ms": age_ms}
            for n, state in enumerate(states)
        ]
        value: JsonObject = {"sessions": len(states), "backends": backends}
        self.events.append(Sample(probe="server_sessions", began_ns=at_ns - NS_PER_MS, at_ns=at_ns, ok=True, value=value))
        return self

    def stall(self, at_ms: float, stall_ms: float) -> Self:
        """The load generator stood still."""
        self.events.append(GeneratorStalled(at_ns=round(at_ms * NS_PER_MS), stall_ns=round(stall_ms * NS_PER_MS)))
        return self

    def exit(self, at_ms: float, process: str = "service", status: str = "killed by signal 11") -> Self:
        """A process ended unasked."""
        self.events.append(ProcessExited(at_ns=round(at_ms * NS_PER_MS), process=process, status=status))
        return self

    def load(self, requests: int, *, rate_per_s: float = 50) -> Self:
        """Say what the load generator was told."""
        lasting_ns = round(requests / rate_per_s * 1e9)
        self.events.append(
            LoadPlanned(requests=requests, rate_per_s=rate_per_s, lasting_ns=lasting_ns, in_flight_max=1000, operations=("read_post", "create_post"))
        )
        return self

    def history(self) -> History:
        """Return the finished history."""
        begin = Begin(
            experiment=self.experiment,
            seed=self.seed,
            replay=f"pytest '{self.experiment}' --chaos-seed={self.seed}",
            origin_monotonic_ns=1_000_000_000,
            origin_wall="2026-11-22T06:09:05+00:00",
            target={"service": "stock reference service", "fraiseql": "1.9.16", "postgresql": "18.1", "python": "3.13.2"},
            machine={"system": "Linux 6.18", "cpus": 2, "memory_gib": 7.8},
            disarmed=self.disarmed,
        )
        last_ns = max((o.done_ns for o in self.events if isinstance(o, Operation)), default=0)
        return History((begin, *self.events, End(at_ns=last_ns + 5 * NS_PER_MS, events=len(self.events) + 1)))


def outage(experiment: str = "tests/chaos/network/test_example.py::test_example", *, disarmed: bool = False) -> Scene:
    """A service that says so at once, and is back at once: 2 s before, 2 s of refused connections, 3 s after."""
    scene = Scene(experiment=experiment, disarmed=disarmed).load(350).fault(2000, 4000)
    return scene.answers(0, 2000).errors(2000, 4000).answers(4000, 7000).ready(1000, ok=True).ready(2500, ok=False)


def store(history: History, path: Path) -> None:
    """Write a history as an experiment would."""
    with HistoryLog(path) as log:
        for event in history.events[:-1]:
            log.append(event)
        log.end(history.end_ns)
