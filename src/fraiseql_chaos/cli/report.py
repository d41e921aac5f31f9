"""``fraiseql-chaos report``: judge a stored run again, from its histories alone, and write its page."""

from __future__ import annotations

import argparse
from pathlib import Path

from fraiseql_chaos.cli.status import status_of
from fraiseql_chaos.reports import RunFolder, rejudge, verdict_table
from fraiseql_chaos.reports.publishing import make_room, publish

__all__ = ["add_to"]


def add_to(command: argparse.ArgumentParser) -> None:
    """Add the command's options to its parser."""
    command.description = (
        "Read every history of a run again, ask it the stored questions again, and write run.json and report.html. "
        "Needs neither root nor PostgreSQL nor FraiseQL."
    )
    command.add_argument("folder", type=Path, nargs="?", default=Path(".chaos/runs/latest"), help="a run's folder (default: %(default)s)")
    command.add_argument("--html", type=Path, metavar="F.html", help="also write the page to F.html")
    command.add_argument("--json", action="store_true", help="print the run as JSON instead of the table")
    command.set_defaults(perform=perform)


def perform(arguments: argparse.Namespace) -> int:
    """Judge again, and print what came of it."""
    folder = RunFolder.open(arguments.folder)
    make_room(arguments.html, option="--html")
    document = rejudge(folder)
    page = publish(folder, document, html=arguments.html)
    if arguments.json:
        print((folder.path / "run.json").read_text(encoding="utf-8"), end="")
    else:
        print(verdict_table(document))
        print(f"report  {page}")
    return status_of(document)
