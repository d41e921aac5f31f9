"""
``fraiseql-chaos run``: experiments from the command line.

Without ``--fault`` it runs the bundled suite, through pytest. With it, one experiment:

    fraiseql-chaos run --fault network_latency,latency_ms=250 --from 1s --for 3s --rate 50 --lasting 6s --recovers-within 2s

Both take a service of the user's own with ``--app`` and ``--workload``. One experiment asks all of such a workload; of the reference service it
asks only what reads.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shlex
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

import fraiseql_chaos
from fraiseql_chaos.cli.status import HELD, INCONCLUSIVE, RIG_FAILED, WRONG_USE, status_of
from fraiseql_chaos.core import Duration, JsonScalar, parse_duration, per_second, seconds
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.experiment import FAILURE_TYPES, VARIANTS, Chaos, Inconclusive, Laboratory, Load, Title, Violated, fault_from_options
from fraiseql_chaos.plan import Fault, Window
from fraiseql_chaos.pytest_plugin.laboratory import laboratory_settings
from fraiseql_chaos.pytest_plugin.options import ChaosOptions, shown_words
from fraiseql_chaos.pytest_plugin.session import State, state_of
from fraiseql_chaos.reports import RunFolder, verdict_table
from fraiseql_chaos.reports.publishing import make_room, publish
from fraiseql_chaos.verdicts import Expectation, availability, detects_within, fails_within, recovers_within

__all__ = ["add_to"]

_PYTEST_NAMES: Final = {
    "seed": "--chaos-seed",
    "duration": "--chaos-duration",
    "strict": "--chaos-strict",
    "disarm": "--chaos-disarm",
    "store": "--chaos-store",
    "report": "--chaos-report",
    "json": "--chaos-json",
    "postgres": "--chaos-postgres",
    "dsn": "--chaos-dsn",
    "i_own_this_database": "--i-own-this-database",
    "target_python": "--target-python",
    "app": "--chaos-app",
    "sql": "--chaos-sql",
    "workload": "--chaos-workload",
}
"""Our options, without the prefix that pytest's shared name space needs."""

FAILS_WITHIN: Final = seconds(5)
"""How long a request may take to fail while the database is away, if the command line does not say."""

_PYTEST_STATUS: Final = {
    pytest.ExitCode.USAGE_ERROR: WRONG_USE,
    pytest.ExitCode.NO_TESTS_COLLECTED: INCONCLUSIVE,
}


def add_to(command: argparse.ArgumentParser) -> None:
    """Add the command's options to its parser."""
    command.description = "Run the bundled suite, or with --fault one experiment, against the reference service or one of your own."
    options = (f"{name} ({', '.join(kind.options) or 'none'})" for name, kind in FAILURE_TYPES.items())
    command.epilog = f"Failure types and their options: {'; '.join(options)}. A duration is a number of milliseconds, or has its unit: delay=50ms."
    _add_common(command)
    _add_single(command.add_argument_group("one experiment"))
    command.set_defaults(perform=perform)


def _add_common(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("select", nargs="*", metavar="PYTEST_ARG", help="which tests of the suite, in pytest's words; put -- in front of options: -- -k latency")
    add("--seed", metavar="N", help="seed of every random choice; drawn and printed if not given")
    add("--duration", metavar="S", help="how long each fault of the suite stays armed")
    add("--strict", action="store_true", help="a capability this machine lacks is an error, not a counted skip")
    add("--disarm", action="store_true", help="negative control: inject nothing; nothing may then be held")
    add("--store", type=Path, metavar="DIR", help="where runs are kept (default: .chaos/runs)")
    add("--report", type=Path, metavar="F.html", help="also write the page to F.html")
    add("--json", type=Path, metavar="F.json", help="also write the run to F.json")
    add("--postgres", metavar="MAJOR", help="major version of PostgreSQL, 14..18")
    add("--dsn", metavar="DSN", help="use this server instead of one of our own")
    add("--i-own-this-database", action="store_true", help="allow experiments on the database of --dsn although it is not marked disposable")
    add("--target-python", type=Path, metavar="PATH", help="interpreter that runs the service, for another FraiseQL release")
    add("--app", metavar="MODULE:APP", help="the service to test (default: the reference service)")
    add("--sql", type=Path, metavar="F.sql", help="schema and data of the service given by --app")
    add("--workload", type=Path, metavar="F.toml", help="what to ask of the service given by --app; --fault asks all of it, writes too")


def _add_single(group: Any) -> None:
    add = group.add_argument
    add("--fault", metavar="TYPE[,OPTION=VALUE...]", help=f"one of {', '.join(FAILURE_TYPES)}, with its options")
    add("--from", dest="begin", default="1s", metavar="T", help="when it is armed, after the first request (default: %(default)s)")
    add("--for", dest="length", default="3s", metavar="T", help="how long it stays armed (default: %(default)s)")
    add("--rate", default="50", metavar="N", help="requests per second, open loop (default: %(default)s)")
    add("--lasting", metavar="T", help="how long requests are sent (default: until 4 s after the fault)")
    add("--service", default="stock", metavar="VARIANT", help="which reference service, stock or hardened (default: %(default)s)")
    add("--availability", type=float, metavar="SHARE", help="expect at least this share of all requests to succeed, 0 to 1")
    add("--fails-within", metavar="T", help="expect every request during the fault to end within T (default with database_unavailable: 5s)")
    add("--detects-within", metavar="T", help="expect the service to show the fault within T")
    add(
        "--recovers-within", default="5s", metavar="T", help="expect requests to succeed again, for good, within T of the heal (default: %(default)s)"
    )


def perform(arguments: argparse.Namespace) -> int:
    """Run the suite, or one experiment."""
    if arguments.fault is None:
        _make_room(arguments)
        return _suite(arguments)
    if arguments.select:
        raise DeclarationError(
            f"{shlex.join(arguments.select)}: tests are chosen from the suite, and --fault does not run the suite; nothing was run"
        )
    return asyncio.run(_single(arguments))


def suite_directory() -> Path:
    """Return where the bundled suite lies: in the wheel, or in the source tree beside ``src``."""
    package = Path(fraiseql_chaos.__file__).parent
    bundled = package / "suite"
    return bundled if bundled.is_dir() else package.parents[1] / "tests" / "chaos"


def _suite(arguments: argparse.Namespace) -> int:
    suite = suite_directory()
    # The suite is the same wherever it is run: neither the configuration nor the conftest files of the project around it take part.
    select = list(_within(suite, arguments.select))
    words = ["-p", "no:cacheprovider", "-c", os.devnull, f"--rootdir={suite}", f"--confcutdir={suite}", "--import-mode=importlib", "-v"]
    words += [f"-o=chaos_weaknesses={suite / 'weaknesses.toml'}", "-W", "ignore:Module already imported:pytest.PytestAssertRewriteWarning"]
    if arguments.store is None:
        words.append(f"--chaos-store={Path.cwd() / '.chaos' / 'runs'}")
    for ours, theirs in _PYTEST_NAMES.items():
        value = getattr(arguments, ours)
        if value is True:
            words.append(theirs)
        elif value not in {None, False}:
            words.append(f"{theirs}={value}")
    # Without a place of its own choice, it is the whole suite.
    places = [] if select != arguments.select else [str(suite)]
    result = _Result(arguments.typed)
    status = pytest.ExitCode(pytest.main([*places, *words, *select], plugins=[result]))
    if status in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}:
        return result.status(failed=status != pytest.ExitCode.OK)
    return _PYTEST_STATUS.get(status, RIG_FAILED)


def _within(suite: Path, select: Sequence[str]) -> Iterator[str]:
    """
    Yield pytest's words, those that are places in the suite made absolute: a replay names its test relative to the suite.

    Behind the first option a word may be that option's value, so from there on only a file is taken for a place.
    """
    option_seen = False
    for word in select:
        option_seen = option_seen or word.startswith("-")
        path = word.partition("::")[0]
        is_place = (path.endswith(".py") or not option_seen) and not word.startswith("-") and (suite / path).exists()
        yield str(suite / word) if is_place else word


class _Result:
    """Tells the plugin what was typed, and keeps what a run of pytest came to, because pytest itself knows only failed."""

    def __init__(self, typed: tuple[str, ...]) -> None:
        self._typed = typed
        self._state: State | None = None

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        self._state = state_of(config)
        self._state.typed = self._typed

    def status(self, *, failed: bool) -> int:
        """Return the status of a run; if something failed and it was no verdict, then it was the rig."""
        document = None if self._state is None else self._state.document
        verdict = HELD if document is None else status_of(document)
        return RIG_FAILED if failed and verdict == HELD else verdict


async def _single(arguments: argparse.Namespace) -> int:
    options = _options(arguments)
    fault = _fault(arguments.fault)
    expectations = _expectations(arguments, fault)
    begin, length = parse_duration(arguments.begin), parse_duration(arguments.length)
    lasting = parse_duration(arguments.lasting) if arguments.lasting else begin + length + parse_duration("4s")
    rate = per_second(_number("--rate", arguments.rate))
    _check_before_anything_starts(Window(begin=begin, end=begin + length), lasting, arguments.service)
    _make_room(arguments)
    started = datetime.now(UTC)
    replay = _replay(arguments, options)
    settings = laboratory_settings(options)
    folder = RunFolder.join(options.store / f"{started:%Y%m%dT%H%M%SZ}-{options.seed}", seed=options.seed, replay=replay, started=started)
    title = Title(experiment=fault.kind, title=f"{fault} on the database", claims=(), weakness=None, replay=replay)
    print("expected", *map(str, expectations), sep="\n  ")
    async with Laboratory(settings, folder) as laboratory, AsyncExitStack() as stack:
        service = await laboratory.deploy(None if arguments.app else arguments.service)
        chaos = Chaos()
        await stack.enter_async_context(chaos(fault, on=service.database, between=(begin, begin + length)))
        asked = service.operations if arguments.app else service.reads
        recording = await Load(laboratory, service, chaos, title, say=print).open_loop(asked, rate=rate, lasting=lasting)
    try:
        recording.require(*expectations)
    except (Violated, Inconclusive) as verdict:
        print(verdict)
    document = folder.collect()
    page = publish(folder, document, html=options.report, json=options.json)
    print(f"{verdict_table(document)}\nseed    {options.seed}\nreport  {page}")
    return status_of(document)


_OURS: Final = {theirs: ours for ours, theirs in _PYTEST_NAMES.items()}


def _make_room(arguments: argparse.Namespace) -> None:
    make_room(arguments.report, option="--report")
    make_room(arguments.json, option="--json")


def _replay(arguments: argparse.Namespace, options: ChaosOptions) -> str:
    command, *words = shown_words(arguments.typed, dsn=options.dsn)
    seed = () if arguments.seed else (f"--seed={options.seed}",)
    return shlex.join(["fraiseql-chaos", command, *seed, *words])


def _options(arguments: argparse.Namespace) -> ChaosOptions:
    try:
        return ChaosOptions(lambda name: getattr(arguments, _OURS[name]), Path.cwd())
    except DeclarationError as error:
        raise DeclarationError(str(error).replace("--chaos-", "--")) from None


def _check_before_anything_starts(window: Window, lasting: Duration, service: str) -> None:
    """A wrong word costs no start of a server, and leaves no folder of a run that never was."""
    if window.end > lasting:
        raise DeclarationError(f"--lasting={lasting}: the fault heals at {window.end}, and recovery could not be seen; nothing was run")
    if service not in VARIANTS:
        raise DeclarationError(f"--service={service}: one of {', '.join(VARIANTS)}; nothing was run")


def _fault(text: str) -> Fault:
    name, *pairs = text.split(",")
    options: dict[str, JsonScalar] = {}
    for pair in pairs:
        option, equals, value = pair.partition("=")
        if not equals:
            raise DeclarationError(f"--fault={text}: {pair!r} is not OPTION=VALUE; nothing was armed")
        try:
            options[option] = float(value)
        except ValueError:
            options[option] = value
    return fault_from_options(name, options)


def _expectations(arguments: argparse.Namespace, fault: Fault) -> tuple[Expectation, ...]:
    expectations: list[Expectation] = [recovers_within(parse_duration(arguments.recovers_within))]
    if arguments.availability is not None:
        expectations.append(availability(at_least=arguments.availability))
    if arguments.fails_within is not None:
        expectations.append(fails_within(parse_duration(arguments.fails_within)))
    elif fault.failure_type == "database_unavailable":
        # A service that recovers but lets everybody wait meanwhile should not pass unasked.
        expectations.append(fails_within(FAILS_WITHIN))
    if arguments.detects_within is not None:
        expectations.append(detects_within(parse_duration(arguments.detects_within)))
    return tuple(expectations)


def _number(option: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise DeclarationError(f"{option}={text}: a number per second; nothing was run") from None
