"""
``fraiseql-chaos report``: judge a stored run again, from its histories alone, and write its page.

``fraiseql-chaos report --flaky`` looks at all stored runs instead, and lists what did not always give the same verdict.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Final

from fraiseql_chaos.cli.status import HELD, VIOLATED, status_of
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.reports import RunFolder, rejudge, verdict_table
from fraiseql_chaos.reports.flaky import flaky, flaky_table, stored_runs
from fraiseql_chaos.reports.publishing import make_room, publish
from fraiseql_chaos.verdicts import to_json

__all__ = ["add_to"]

LATEST: Final = Path(".chaos/runs/latest")


def add_to(command: argparse.ArgumentParser) -> None:
    """Add the command's options to its parser."""
    command.description = (
        "Read every history of a run again, ask it the stored questions again, and write run.json and report.html. "
        "Needs neither root nor PostgreSQL nor FraiseQL."
    )
    command.add_argument(
        "folder", type=Path, nargs="?", help=f"a run's folder (default: {LATEST}); with --flaky the folder of all runs (default: {LATEST.parent})"
    )
    command.add_argument("--html", type=Path, metavar="F.html", help="also write the page to F.html")
    command.add_argument("--json", action="store_true", help="print the run, or the list, as JSON instead of the table")
    command.add_argument(
        "--flaky",
        action="store_true",
        help="list what did not always give the same verdict over all stored runs of the same target, machine and configuration; status 1 if there is any",
    )
    command.set_defaults(perform=perform)


def perform(arguments: argparse.Namespace) -> int:
    """Judge again, and print what came of it."""
    if arguments.flaky:
        return _flaky(arguments)
    folder = RunFolder.open(arguments.folder or LATEST)
    make_room(arguments.html, option="--html")
    document = rejudge(folder)
    page = publish(folder, document, html=arguments.html)
    if arguments.json:
        print((folder.path / "run.json").read_text(encoding="utf-8"), end="")
    else:
        print(verdict_table(document))
        print(f"report  {page}")
    return status_of(document)


def _flaky(arguments: argparse.Namespace) -> int:
    """List what is flaky."""
    if arguments.html is not None:
        raise DeclarationError("--html is for the page of one run, and --flaky looks at all of them; nothing was written")
    store = arguments.folder or LATEST.parent
    runs, unread = stored_runs(store)
    found = flaky(runs)
    for problem in unread:
        print(f"not counted: {problem}", file=sys.stderr)
    if arguments.json:
        print(json.dumps([to_json(each) for each in found], indent=1, ensure_ascii=False))
    else:
        print("\n".join(flaky_table(found)), end="\n\n" if found else "")
        print(
            f"{len(found)} {'experiment' if len(found) == 1 else 'experiments'} did not always give the same verdict, over {len(runs)} stored runs in {store}"
        )
    return VIOLATED if found else HELD
