"""``fraiseql-chaos coverage``: scenario, claim, test and last verdict side by side, the open claims on top. Nothing is run."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Final

from fraiseql_chaos.cli.status import HELD
from fraiseql_chaos.cli.suite import suite_directory
from fraiseql_chaos.coverage import in_sections, join, plan_claims
from fraiseql_chaos.coverage.wording import as_json, as_markdown, as_text
from fraiseql_chaos.pytest_plugin.collecting import collect_suite
from fraiseql_chaos.reports import RunDocument, read_run

__all__ = ["add_to"]

LATEST: Final = Path(".chaos/runs/latest")


def add_to(command: argparse.ArgumentParser) -> None:
    """Add the command's options to its parser."""
    command.description = (
        "List the claims of the plan with the tests of the bundled suite that name them and what those said in the last run, the open claims first. A claim is "
        "covered by a test that came to a verdict; a metric only if that test measured it. Nothing is run."
    )
    command.add_argument(
        "--section", nargs="+", action="extend", default=[], metavar="N", help="only these parts of the plan, as 1.1, 1.1.1 or 1.1.1a (default: all)"
    )
    command.add_argument("--run", type=Path, metavar="PATH", help=f"the run whose verdicts count: its folder or run.json (default: {LATEST})")
    form = command.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON instead of the table")
    form.add_argument("--markdown", action="store_true", help="print the document docs/coverage.md, which has no verdicts")
    command.set_defaults(perform=perform)


def perform(arguments: argparse.Namespace) -> int:
    """Collect, join, print."""
    plan = plan_claims()
    wanted = {claim.id for claim in in_sections(plan, arguments.section)}
    suite = collect_suite(suite_directory())
    path, run = (None, None) if arguments.markdown else _run(arguments.run)
    rows = join(plan, suite, run)
    shown = [row for row in rows if row.claim.id in wanted]
    if arguments.markdown:
        sections = dict.fromkeys(row.claim.section for row in shown) if arguments.section else ()
        print(as_markdown(rows, plan=plan, sections=sections), end="")
    elif arguments.json:
        print(json.dumps(as_json(shown, run=None if path is None else str(path)), indent=1, ensure_ascii=False))
    else:
        print(as_text(shown))
        print(
            f"verdicts  {LATEST} is not there, so there are none"
            if path is None or run is None
            else f"verdicts  {path}, {run.started}, seed {run.seed}"
        )
    return HELD


def _run(asked: Path | None) -> tuple[Path | None, RunDocument | None]:
    """Return the run that was asked for; the last one if none was, and nothing if there is none."""
    path = asked or LATEST
    if asked is None and not path.exists():
        return None, None
    return path, read_run(path)
