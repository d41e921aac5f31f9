"""The table in plain text."""

from __future__ import annotations

from pathlib import Path

from fraiseql_chaos.reports import ExperimentRecord, RunDocument, totals_line, verdict_table
from fraiseql_chaos.reports.terminal import met, quantity
from fraiseql_chaos.verdicts import judge_all
from histories import outage
from sample_run import sample_run


def test_the_worst_comes_first_and_every_test_that_did_not_hold_says_why(tmp_path: Path) -> None:
    lines = verdict_table(sample_run(tmp_path).collect()).splitlines()
    words = [line.split()[0] for line in lines if line and not line.startswith(" ")]

    assert words == ["VIOLATED", "VIOLATED", "INCONCLUSIVE", "WEAKNESS", "held", "held", "skipped", "skipped", "indicators", "6"]
    assert "              recovers_within: a request planned 1.68 s after the fault's end still failed" in lines
    assert "              known weakness W-007: GraphQL errors carry the SQL statement that failed." in lines
    assert "              attempt 2; before it: inconclusive" in lines
    assert any(line.startswith("              fault_observed: 0-loss was armed, but no independent witness saw it") for line in lines)


def test_indicators_are_counted_and_those_that_missed_their_target_explained(tmp_path: Path) -> None:
    lines = verdict_table(sample_run(tmp_path).collect()).splitlines()

    assert "indicators    4 met, 2 cannot tell, 3 not met" in lines
    assert any(
        line.startswith("              Detection not met (< 1 s): never; met in 3 of 4; 2 cannot tell; test_pool_recovers: ") for line in lines
    )


def test_a_quantity_has_its_unit_and_what_never_happened_none() -> None:
    assert [quantity(value, unit) for value, unit in ((1.25, "s"), (0.0123, "s"), (99.5, "%"), (2.5, "x"), (151.4, "MB"), (None, "s"))] == [
        "1.25 s",
        "12.3 ms",
        "99.5 %",
        "2.5 times",
        "151 MB",
        "never",
    ]
    assert (met("held"), met("violated"), met("inconclusive")) == ("met", "not met", "cannot tell")


def test_a_line_names_the_test_its_fault_and_the_key_numbers(tmp_path: Path) -> None:
    table = verdict_table(sample_run(tmp_path).collect())
    (line,) = [line for line in table.splitlines() if "slow_database" in line]

    assert line.startswith("held          test_latency_chaos.py::test_reads_survive_a_slow_database")
    assert "  latency on database | ok 100 % | p95 3" in line
    assert " ms | back " in line


def test_the_table_is_plain_text(tmp_path: Path) -> None:
    table = verdict_table(sample_run(tmp_path).collect())

    assert "\x1b" not in table
    assert table.splitlines()[-1] == "6 tests: 2 held, 2 violated, 1 inconclusive, 1 weakness; 2 skipped"


def test_a_test_that_failed_without_a_verdict_comes_first_and_is_counted(tmp_path: Path) -> None:
    folder = sample_run(tmp_path)
    folder.problem("tests/test_a.py::test_it", "LookupError: a slip")
    lines = verdict_table(folder.collect()).splitlines()

    assert lines[0] == "PROBLEM       test_a.py::test_it  LookupError: a slip"
    assert lines[-1] == "6 tests: 2 held, 2 violated, 1 inconclusive, 1 weakness; 2 skipped; 1 PROBLEM"


def test_a_run_of_nothing_says_so() -> None:
    document = RunDocument.of([], seed=1, replay="x", started="2026-01-01T00:00:00+00:00")

    assert totals_line(document) == "0 tests: 0 held, 0 violated, 0 inconclusive, 0 weaknesses; 0 skipped"
    assert verdict_table(document).strip() == totals_line(document)


def test_captures_that_were_kept_are_named() -> None:
    history = outage("a").captures("a-1", not_kept=3).history()
    record = ExperimentRecord.of(history, judge_all(history, []), path="histories/a.jsonl", title="t", expectations=[])
    table = verdict_table(RunDocument.of([record], seed=1, replay="x", started="2026-01-01T00:00:00+00:00"))
    assert "              1234 packets in pcaps/a-1.near.pcap and pcaps/a-1.far.pcap; 3 more came after a file was full" in table.splitlines()
