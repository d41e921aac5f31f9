"""The table in three forms, which say the same."""

from __future__ import annotations

from fraiseql_chaos.coverage import Claim, CollectedTest, Row, TestStanding, join
from fraiseql_chaos.coverage.wording import as_json, as_markdown, as_text

PLAN = (
    Claim(id="1.1.1a", kind="claim", title="Away", text="It fails"),
    Claim(id="1.1.1.m1", kind="metric", title="Away", text="Time | to detect"),
    Claim(id="1.2.1a", kind="claim", title="Slow", text="Overhead <10%"),
    Claim(id="2.1.1a", kind="claim", title="Later", text="Not yet"),
)
ROWS = (
    Row(
        claim=PLAN[0],
        tests=(
            TestStanding(id="network/test_a.py::TestA::test_x[stock]", standing="weakness", measured=False),
            TestStanding(id="network/test_a.py::TestA::test_x[hardened]", standing="held", measured=False),
        ),
    ),
    Row(claim=PLAN[1], tests=(TestStanding(id="network/test_a.py::TestA::test_x[stock]", standing="weakness", measured=True),)),
    Row(claim=PLAN[2], tests=(TestStanding(id="network/test_b.py::test_y", standing="inconclusive", measured=False),)),
    Row(claim=PLAN[3], tests=()),
)


def test_the_terminal_shows_open_claims_first_with_the_reason() -> None:
    assert as_text(ROWS).splitlines() == [
        "OPEN      1.2.1  Slow",
        "  1.2.1a    Overhead <10%  (inconclusive)",
        "            inconclusive        network/test_b.py::test_y",
        "OPEN      2.1.1  Later",
        "  2.1.1a    Not yet  (no test)",
        "covered   1.1.1  Away",
        "  1.1.1a    It fails",
        "            weakness            network/test_a.py::TestA::test_x[stock]",
        "            held                network/test_a.py::TestA::test_x[hardened]",
        "  1.1.1.m1  Time | to detect",
        "            weakness, measured  network/test_a.py::TestA::test_x[stock]",
        "",
        "4 claims and metrics: 2 open, 2 covered",
    ]


def test_a_program_is_told_the_same() -> None:
    told = as_json(ROWS, run="here/run.json")
    rows = told["rows"]
    assert isinstance(rows, list)
    assert (told["schema"], told["run"], told["claims"], told["open"]) == ("fraiseql-chaos/coverage/1", "here/run.json", 4, 2)
    assert rows[0] == {
        "id": "1.2.1a",
        "kind": "claim",
        "scenario": "1.2.1",
        "title": "Slow",
        "text": "Overhead <10%",
        "open_because": "inconclusive",
        "tests": [{"id": "network/test_b.py::test_y", "standing": "inconclusive", "measured": False}],
    }
    assert [row["open_because"] for row in rows if isinstance(row, dict)] == ["inconclusive", "no test", None, None]


def test_the_document_has_no_verdicts_and_only_the_sections_that_a_test_speaks_to() -> None:
    """It must say the same before and after a run; there, a claim is open if no test names it."""
    tests = (CollectedTest(id="network/test_a.py::TestA::test_x[stock]", claims=("1.1.1a",)),)
    document = as_markdown(join(PLAN, tests, None), plan=PLAN)
    head, _, tables = document.partition("\n## Open\n")
    without, _, with_test = tables.partition("\n## With a test\n")
    assert "Of the 4 claims and metrics of the plan 1 have a test and 3 are open. Listed are the sections 1.1; of their 2, 1 are open." in head
    assert "| 2.1 | 1 | 0 | 1 |" in head
    assert "| 1.1.1 Away | 1.1.1.m1 | Time \\| to detect | **none** |" in without
    assert "| 1.1.1 Away | 1.1.1a | It fails | [test_x](../tests/chaos/network/test_a.py) |" in with_test
    assert "1.2.1a" not in tables
    assert document == as_markdown([Row(claim=row.claim, tests=row.tests if row.claim.id == "1.1.1a" else ()) for row in ROWS], plan=PLAN)


def test_the_document_shows_the_sections_that_are_asked_for() -> None:
    document = as_markdown(ROWS, plan=PLAN, sections=["1.2"])
    assert "Overhead &lt;10%" in document
    assert "It fails" not in document
