"""
``fraiseql-chaos run``: experiments from the command line.

Without ``--fault`` it runs the bundled suite (``suite``). With it, one experiment (``single``):

    fraiseql-chaos run --fault network_latency,latency_ms=250 --from 1s --for 3s --rate 50 --lasting 7s --recovers-within 2s

Given again, ``--fault`` adds another to the same experiment. Both take a service of the user's own with ``--app`` and ``--workload``.
"""

from __future__ import annotations

import argparse
import asyncio
import shlex
from pathlib import Path
from typing import Any

from fraiseql_chaos.cli.single import run_single
from fraiseql_chaos.cli.suite import run_suite
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.experiment import FAILURE_TYPES
from fraiseql_chaos.pytest_plugin.options import OPTIONS, ChaosOptions, short
from fraiseql_chaos.reports.publishing import make_room

__all__ = ["add_to"]


def add_to(command: argparse.ArgumentParser) -> None:
    """Add the command's options to its parser."""
    command.description = "Run the bundled suite, or with --fault one experiment, against the reference service or one of your own."
    options = (f"{name} ({', '.join(f'{o}: {meaning}' for o, meaning in kind.options.items()) or 'none'})" for name, kind in FAILURE_TYPES.items())
    command.epilog = f"Failure types and their options: {'; '.join(options)}. A duration is a number of milliseconds, or has its unit: delay=50ms."
    command.add_argument(
        "select", nargs="*", metavar="PYTEST_ARG", help="which tests of the suite, in pytest's words; put -- in front of options: -- -k latency"
    )
    for option in OPTIONS:
        command.add_argument(short(option.name), help=short(option.help), **option.how())
    _add_single(command.add_argument_group("one experiment"))
    command.set_defaults(perform=perform)


def _add_single(group: Any) -> None:
    add = group.add_argument
    add(
        "--fault",
        action="append",
        metavar="TYPE[,OPTION=VALUE...]",
        help=f"one of {', '.join(FAILURE_TYPES)}, with its options; given again, all of them act at once; with --app all of its workload is asked, writes too",
    )
    add("--from", dest="begin", default="1s", metavar="T", help="when it is armed, after the first request (default: %(default)s)")
    add("--for", dest="length", default="3s", metavar="T", help="how long it stays armed (default: %(default)s)")
    add("--rate", default="50", metavar="N", help="requests per second, open loop (default: %(default)s)")
    add("--lasting", metavar="T", help="how long requests are sent (default: until 1 s after --recovers-within is over)")
    add("--service", default="stock", metavar="VARIANT", help="which reference service, stock or hardened (default: %(default)s)")
    add("--availability", metavar="SHARE", help="expect at least this share of all requests to succeed, 0 to 1")
    add("--fails-within", metavar="T", help="expect every request during the fault to end within T (default with database_unavailable: 5s)")
    add(
        "--within-baseline",
        metavar="FACTOR",
        help="expect the median answer during the fault to take at most FACTOR times what it takes in the baseline: the one named by --baseline, the one stored, or "
        "one that is collected first, which takes minutes",
    )
    add("--detects-within", metavar="T", help="expect the service to show the fault within T")
    add(
        "--recovers-within", default="5s", metavar="T", help="expect requests to succeed again, for good, within T of the heal (default: %(default)s)"
    )


def perform(arguments: argparse.Namespace) -> int:
    """Run the suite, or one experiment."""
    options = _options(arguments)
    if arguments.fault is not None:
        if arguments.select:
            raise DeclarationError(
                f"{shlex.join(arguments.select)}: tests are chosen from the suite, and --fault does not run the suite; nothing was run"
            )
        return asyncio.run(run_single(arguments, options))
    make_room(options.report, option="--report")
    make_room(options.json, option="--json")
    return run_suite(arguments)


def _options(arguments: argparse.Namespace) -> ChaosOptions:
    try:
        return ChaosOptions(lambda name: getattr(arguments, short(name).lstrip("-").replace("-", "_")), Path.cwd())
    except DeclarationError as error:
        raise DeclarationError(short(str(error))) from None
