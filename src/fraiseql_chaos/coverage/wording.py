"""
Coverage for a terminal, for a program and for a document.

The document has no verdicts, because it is kept beside the code and must not depend on a run; there, open means that no test speaks to a claim.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final

from fraiseql_chaos.core import JsonObject
from fraiseql_chaos.coverage.claims import Claim
from fraiseql_chaos.coverage.joining import Row, open_first

__all__ = ["COVERAGE_SCHEMA", "as_json", "as_markdown", "as_text"]

COVERAGE_SCHEMA: Final = "fraiseql-chaos/coverage/1"

_HEAD: Final = """\
# Coverage of the plan

Which test of the [suite](../tests/chaos) speaks to which claim of the plan, written by `scripts/coverage_table.py` from the marks of the tests. What the last run
said about each is not in here; this command says it, and there a claim is covered only by a test that came to a verdict, and a metric (`m`) only by one that
measured it:

    fraiseql-chaos coverage --section 1.1
"""


def as_text(rows: Iterable[Row]) -> str:
    """Return the table for a terminal: the open claims first, grouped by scenario, with the tests that name them."""
    shown = tuple(rows)
    open_count = sum(bool(row.open_because) for row in shown)
    total = f"{len(shown)} claims and metrics: {open_count} open, {len(shown) - open_count} covered"
    return "\n".join([*_text_lines(shown), "", total])


def as_json(rows: Iterable[Row], *, run: str | None) -> JsonObject:
    """
    Return the table for a program, open claims first.

    Args:
        rows: The table.
        run: Whose verdicts these are; None if there was no run.
    """
    shown = tuple(open_first(rows))
    return {
        "schema": COVERAGE_SCHEMA,
        "run": run,
        "claims": len(shown),
        "open": sum(bool(row.open_because) for row in shown),
        "rows": [
            {
                "id": row.claim.id,
                "kind": row.claim.kind,
                "scenario": row.claim.scenario,
                "title": row.claim.title,
                "text": row.claim.text,
                "open_because": row.open_because or None,
                "tests": [{"id": test.id, "standing": test.standing, "measured": test.measured} for test in row.tests],
            }
            for row in shown
        ],
    }


def as_markdown(rows: Iterable[Row], *, plan: Sequence[Claim], sections: Iterable[str] = ()) -> str:
    """
    Return the document.

    Args:
        rows: The whole table; its verdicts are left out.
        plan: All claims.
        sections: Which to show; those that a test speaks to if none is given.
    """
    table = tuple(rows)
    spoken = tuple(sections) or tuple(dict.fromkeys(row.claim.section for row in table if row.tests))
    shown = [row for row in table if row.claim.section in spoken]
    without, with_test = [row for row in shown if not row.tests], [row for row in shown if row.tests]
    unspoken = sum(not row.tests for row in table)
    told = (
        f"Of the {len(plan)} claims and metrics of the plan {len(plan) - unspoken} have a test and {unspoken} are open. Listed are the sections "
        f"{', '.join(spoken) or 'that a test speaks to: none'}; of their {len(shown)}, {len(without)} are open."
    )
    parts = [_HEAD, told, _counts(table), "## Open", _markdown_table(without), "## With a test", _markdown_table(with_test)]
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def _text_lines(rows: Iterable[Row]) -> Iterator[str]:
    for (word, scenario, title), group in groupby(open_first(rows), key=_heading):
        yield f"{word:<9} {scenario}  {title}"
        for row in group:
            why = f"  ({row.open_because})" if row.open_because else ""
            yield f"  {row.claim.id:<9} {row.claim.text}{why}"
            for test in row.tests:
                measured = ", measured" if test.measured else ""
                yield f"            {test.standing + measured:<19} {test.id}"


def _heading(row: Row) -> tuple[str, str, str]:
    return ("OPEN" if row.open_because else "covered", row.claim.scenario, row.claim.title)


def _counts(rows: Iterable[Row]) -> str:
    every, open_ = Counter[str](), Counter[str]()
    for row in rows:
        every[row.claim.section] += 1
        open_[row.claim.section] += not row.tests
    lines = [f"| {section} | {count} | {count - open_[section]} | {open_[section]} |" for section, count in every.items()]
    return "\n".join(["| section | claims and metrics | with a test | open |", "|---|---|---|---|", *lines])


def _markdown_table(rows: Iterable[Row]) -> str:
    lines = [f"| {row.claim.scenario} {_cell(row.claim.title)} | {row.claim.id} | {_cell(row.claim.text)} | {_tests(row)} |" for row in rows]
    return "\n".join(["| scenario | claim | what it says | tests |", "|---|---|---|---|", *lines]) if lines else "None."


def _tests(row: Row) -> str:
    """Return links to the tests; variants and other parameters of one are one."""
    names = dict.fromkeys(test.id.partition("[")[0] for test in row.tests)
    return ", ".join(f"[{name.rpartition('::')[2]}](../tests/chaos/{name.partition('::')[0]})" for name in names) or "**none**"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")
