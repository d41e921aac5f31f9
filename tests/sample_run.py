"""One run with every kind of result in it, made by hand: what the page, the table and the store are tested and looked at with."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from fraiseql_chaos.core import ms, seconds
from fraiseql_chaos.reports import Attempt, ExperimentRecord, RunFolder, Weakness
from fraiseql_chaos.verdicts import (
    Expectation,
    availability,
    detects_within,
    error_is_clear,
    judge_all,
    latency,
    no_hang,
    recovers,
)
from histories import Scene, outage, store

STARTED = datetime(2026, 11, 22, 6, 9, 5, tzinfo=UTC)
SLOW = "250 ms of latency towards the service"


def refused() -> tuple[Scene, list[Expectation]]:
    """Holds: errors at once, noticed, back."""
    asked: list[Expectation] = [
        availability(at_least=0.99, during="outside"),
        no_hang(within=seconds(1)),
        detects_within(ms(500)),
        recovers(within=seconds(1)),
        error_is_clear(),
    ]
    return outage("tests/chaos/network/test_db_connection_chaos.py::TestDatabaseConnection::test_connection_refused"), asked


def slow() -> tuple[Scene, list[Expectation]]:
    """Holds: latency and nothing else, many requests."""
    scene = Scene(experiment="tests/chaos/network/test_latency_chaos.py::test_reads_survive_a_slow_database").load(1750, rate_per_s=250)
    scene.fault(1500, 5000, kind="latency", count=31, description=SLOW)
    scene.answers(0, 1500, every_ms=4).answers(1500, 5000, every_ms=4, took_ms=262).answers(5000, 7000, every_ms=4)
    return scene, [availability(at_least=0.99), latency(95, at_most=ms(600), during="fault"), recovers(within=seconds(2))]


def hanging() -> tuple[Scene, list[Expectation]]:
    """Is violated: requests hang, some are censored, recovery is late."""
    scene = Scene(experiment="tests/chaos/network/test_db_connection_chaos.py::TestDatabaseConnection::test_pool_recovers").load(450)
    scene.fault(2000, 4500).answers(0, 2000).hangs(2000, 4500, took_ms=3000).hangs(4500, 6200, took_ms=2000, cause="unfinished").answers(6200, 9000)
    return scene, [no_hang(within=seconds(1)), detects_within(seconds(1)), recovers(within=seconds(1))]


def corrupted() -> tuple[Scene, list[Expectation]]:
    """Is violated: three wrong answers, one of them with markup in its words."""
    scene = Scene(experiment="tests/chaos/cache/test_cache_chaos.py::test_corrupt_rows_are_never_served").load(250)
    scene.fault(2000, 3000, kind="corrupt", count=3, description="3 rows of the cache overwritten", target="cache").answers(0, 5000)
    for at_ms in (2105, 2225, 2605):
        words = 'title is <script>alert("x")</script>, expected "First post"'
        scene.request(at_ms, 3.1, outcome="fail", cause="wrong_answer", detail=words)
    return scene, [availability(at_least=0.9)]


def unseen() -> tuple[Scene, list[Expectation]]:
    """Cannot tell: the fault left no trace."""
    scene = Scene(experiment="tests/chaos/network/test_packet_loss_chaos.py::test_loss_of_one_percent").load(300)
    scene.fault(2000, 4000, kind="loss", count=0, description="1 % of packets lost").answers(0, 6000)
    return scene, [availability(at_least=0.99), latency(99, at_most=ms(50))]


def unclear() -> tuple[Scene, list[Expectation]]:
    """Is violated, and known: the error gives SQL away."""
    scene = Scene(experiment="tests/chaos/database/test_query_chaos.py::test_errors_give_nothing_away").load(300)
    scene.fault(2000, 3500, kind="terminate", count=5, description="all of the service's sessions terminated, 5 times", target="server").answers(
        0, 2000
    )
    for index, at_ms in enumerate(range(2000, 3500, 20)):
        if index % 6:
            scene.request(at_ms, 5.5)
        else:
            words = 'terminating connection due to administrator command: SELECT data::text FROM "v_post"'
            scene.request(at_ms, 7.5, outcome="fail", cause="graphql_error", detail=words)
    return scene.answers(3500, 6000), [error_is_clear(), recovers(within=seconds(1))]


KNOWN = Weakness(
    id="W-007",
    seen="GraphQL errors carry the SQL statement that failed.",
    violates=("error_is_clear",),
    affects="FraiseQL 1.8.9 to 1.9.16",
    remedy="set environment to production and mask errors in an error formatter, as the hardened reference service does",
    evidence="test_errors_give_nothing_away: 12 of 75 errors carried SQL",
    cause="fraiseql/errors.py:12 `raise <type> from error` hands the driver's words on",
)


def sample_run(root: Path) -> RunFolder:
    """Store a run of six tests and two skipped ones below ``root``, and collect it."""
    folder = RunFolder.create(root, seed=42, replay="pytest tests/chaos --chaos-seed=42 --chaos-report=report.html", started=STARTED)
    for title, claims, weakness, (scene, asked) in (
        ("A refused connection is an error at once, and over when the database is back", ("1.1.1a", "1.1.1b"), None, refused()),
        ("A slow database costs latency, not availability", ("1.2.1a",), None, slow()),
        ("The pool recovers within a second of the database's return", ("1.1.1d",), None, hanging()),
        ("Corrupt rows of the cache are never served", ("3.1.3a",), None, corrupted()),
        ("One lost packet in a hundred goes unnoticed by users", ("1.3.1a", "1.3.1b"), None, unseen()),
        ("Errors under fault name the database and give nothing away", ("2.1.2b",), KNOWN, unclear()),
    ):
        history = scene.history()
        path = folder.history_path(history.begin.experiment)
        store(history, path)
        judgement = judge_all(history, asked)
        earlier = (
            [Attempt(history=folder.relative(path), verdict=judgement.verdict, reasons=judgement.reasons)]
            if "loss" in history.begin.experiment
            else []
        )
        folder.add(
            ExperimentRecord.of(
                history, judgement, path=folder.relative(path), title=title, expectations=asked, claims=claims, weakness=weakness, earlier=earlier
            )
        )
    folder.skip("tests/chaos/network/test_packet_loss_chaos.py::test_netem", "this kernel has no sch_netem; load the module, or use the packet link")
    folder.skip("tests/chaos/resources/test_disk_chaos.py::test_disk_full", "mounting a tmpfs needs CAP_SYS_ADMIN, or an unprivileged user namespace")
    folder.collect()
    return folder


def add_outage(path: Path, name: str) -> None:
    """Judge one outage into the folder of a run that has begun, as a worker of a parallel test run does."""
    folder, history = RunFolder.open(path), outage(name).history()
    file = folder.history_path(name)
    store(history, file)
    folder.add(ExperimentRecord.of(history, judge_all(history, []), path=folder.relative(file), title=name, expectations=[]))
