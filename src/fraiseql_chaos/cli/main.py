"""
One parser, one module a command, one place that turns errors into a sentence and an exit status.

Only the module of the command that was asked for is imported: judging a stored run needs no database driver.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Final

from fraiseql_chaos.cli.status import INTERRUPTED, RIG_FAILED, WRONG_USE
from fraiseql_chaos.errors import ChaosError, DeclarationError

__all__ = ["COMMANDS", "main", "parser"]

COMMANDS: Final = {
    "run": "run the bundled suite, or one fault",
    "baseline": "measure the service in health, as the yardstick of later runs",
    "report": "judge a stored run again, and write its page",
    "compare": "compare two baselines or two runs: what got worse, and by how much",
    "coverage": "what the plan claims, which test speaks to it, and what it said last",
    "proxy": "serve Toxiproxy's HTTP API over faults of ours",
    "doctor": "what this machine can and cannot do",
}
"""Each is a module beside this one, with ``add_to(parser)``, which sets the function ``perform(arguments)``."""


def parser(*, for_command: str | None = None) -> argparse.ArgumentParser:
    """
    Return the parser.

    Args:
        for_command: The command whose options are wanted; those of the others are left out.
    """
    top = argparse.ArgumentParser(
        prog="fraiseql-chaos",
        description="Real faults against a real FraiseQL service on a real PostgreSQL, judged from evidence.",
        epilog="Exit status: 0 held, 1 violated, 2 wrong use, 3 inconclusive, 4 the rig or a record failed, 130 Ctrl-C.",
    )
    commands = top.add_subparsers(title="commands", required=True, metavar=" | ".join(COMMANDS))
    for name, summary in COMMANDS.items():
        # Abbreviated options would have to be known as such wherever a command line is shown or repeated.
        command = commands.add_parser(name, help=summary, allow_abbrev=False)
        if name == for_command:
            import_module(f"fraiseql_chaos.cli.{name}").add_to(command)
    return top


def main(argv: Sequence[str] | None = None) -> None:
    """Run a command and exit with its status."""
    words = sys.argv[1:] if argv is None else list(argv)
    arguments = parser(for_command=words[0] if words else None).parse_args(_with_negative_values(words))
    arguments.typed = tuple(words)
    try:
        status: int = arguments.perform(arguments)
    except* DeclarationError as group:
        status = _told(group, WRONG_USE)
    except* (ChaosError, OSError) as group:
        # Several things may go wrong side by side, as when the disk is full while faults are healed; none of it is a broken promise.
        status = _told(group, RIG_FAILED)
    except* KeyboardInterrupt:
        # Whatever was armed or started has been put back on the way here.
        print("fraiseql-chaos: interrupted", file=sys.stderr)
        status = INTERRUPTED
    sys.exit(status)


def _with_negative_values(words: Sequence[str]) -> list[str]:
    """
    Join an option and a value that begins with a minus sign and a digit.

    argparse takes ``-3s`` for an option that it does not know, and would say so instead of letting us say what is wrong with the value.
    """
    joined: list[str] = []
    for word in words:
        if word[:1] == "-" and word[1:2].isdecimal() and joined and joined[-1].startswith("--") and "=" not in joined[-1] and joined[-1] != "--":
            joined[-1] += f"={word}"
        else:
            joined.append(word)
    return joined


def _told(failures: BaseExceptionGroup[BaseException], status: int) -> int:
    # One cause may break several things with the same words, as a full disk does.
    for sentence in dict.fromkeys(map(str, _flat(failures))):
        print(f"fraiseql-chaos: {sentence}", file=sys.stderr)
    return status


def _flat(failures: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for failure in failures.exceptions:
        if isinstance(failure, BaseExceptionGroup):
            yield from _flat(failure)
        else:
            yield failure
