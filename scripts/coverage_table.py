"""
Write ``docs/coverage.md``: which test of the bundled suite speaks to which claim of the plan.

It is what ``fraiseql-chaos coverage --markdown`` prints; ``tests/repository/test_coverage_table.py`` is red until it is written again.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from fraiseql_chaos.cli.suite import suite_directory
from fraiseql_chaos.coverage import join, plan_claims
from fraiseql_chaos.coverage.wording import as_markdown
from fraiseql_chaos.pytest_plugin.collecting import collect_suite

DOCUMENT: Final = Path(__file__).parents[1] / "docs" / "coverage.md"


def coverage_table() -> str:
    """Return the document."""
    plan = plan_claims()
    return as_markdown(join(plan, collect_suite(suite_directory()), None), plan=plan)


if __name__ == "__main__":
    DOCUMENT.write_text(coverage_table(), encoding="utf-8")
