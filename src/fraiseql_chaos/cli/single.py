"""
``fraiseql-chaos run --fault ...``: one experiment, with what is expected of the service said before it begins.

It asks all of a workload of the user's; of the reference service it asks only what reads.
"""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Final

from fraiseql_chaos.cli.status import status_of
from fraiseql_chaos.core import Duration, parse_duration, per_second, seconds
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.experiment import VARIANTS, Chaos, Inconclusive, Laboratory, Load, Title, Violated, fault_from_words
from fraiseql_chaos.plan import Fault, Window, edge_for
from fraiseql_chaos.pytest_plugin.coroutines import ATTEMPTS_MAX
from fraiseql_chaos.pytest_plugin.laboratory import laboratory_settings
from fraiseql_chaos.pytest_plugin.options import ChaosOptions
from fraiseql_chaos.pytest_plugin.shown import shown_words
from fraiseql_chaos.reports import RunFolder, verdict_table
from fraiseql_chaos.reports.publishing import make_room, publish
from fraiseql_chaos.verdicts import Expectation, availability, detects_within, no_hang, recovers_within

__all__ = ["run_single"]

AFTERWARDS: Final = seconds(1)
"""How long the load goes on behind the instant at which everything must succeed again, if the command line does not say."""

FAILS_WITHIN: Final = seconds(5)
"""How long a request may take to fail while the database is away, if the command line does not say."""


async def run_single(arguments: argparse.Namespace, options: ChaosOptions) -> int:
    """
    Run one experiment, print what came of it, and return the exit status.

    Raises:
        DeclarationError: If something that was typed has no meaning; nothing was run.
    """
    fault = _fault(arguments.fault)
    expectations = _expectations(arguments, fault)
    begin, length = parse_duration(arguments.begin), parse_duration(arguments.length)
    promise = parse_duration(arguments.recovers_within)
    lasting = parse_duration(arguments.lasting) if arguments.lasting else begin + length + promise + AFTERWARDS
    rate = per_second(_number("--rate", arguments.rate, "requests per second"))
    _check_before_anything_starts(Window(begin=begin, end=begin + length), lasting, promise, arguments.service)
    make_room(options.report, option="--report")
    make_room(options.json, option="--json")
    started = datetime.now(UTC)
    replay = _replay(arguments, options)
    settings = laboratory_settings(options)
    folder = RunFolder.create(options.store, seed=options.seed, replay=replay, started=started)
    title = Title(experiment=fault.kind, title=f"{fault} on the database", claims=(), weakness=None, replay=replay)
    say = partial(print, flush=True)  # progress is live also where it is piped
    say("expected", *map(str, expectations), sep="\n  ")
    async with _kept_if_used(folder), Laboratory(settings, folder) as laboratory:
        service = await laboratory.deploy(None if options.app else arguments.service, edge=options.edge or edge_for([fault]))
        chaos = Chaos()
        load = Load(laboratory, service, chaos, title, say=say)
        for attempt in range(1, ATTEMPTS_MAX + 1):
            async with chaos(fault, on=service.database, between=(begin, begin + length)):
                asked = service.operations if options.app else service.reads
                recording = await load.open_loop(asked, rate=rate, lasting=lasting)
            try:
                recording.require(*expectations)
            except (Violated, Inconclusive) as verdict:
                print(verdict)
                is_worth_another = isinstance(verdict, Inconclusive) and not options.disarmed and attempt < ATTEMPTS_MAX
                if is_worth_another:
                    say(f"nothing can be concluded; attempt {attempt + 1} of {ATTEMPTS_MAX}, on a fresh service")
                    await load.begin_again()
                    continue
            break
    document = folder.collect()
    page = publish(folder, document, html=options.report, json=options.json)
    print(f"{verdict_table(document)}\nseed    {options.seed}\nreport  {page}")
    return status_of(document)


@asynccontextmanager
async def _kept_if_used(folder: RunFolder) -> AsyncIterator[None]:
    """Take the folder back if the block fails before anything is in it; a log, or a history that was cut short, is worth looking at."""
    try:
        yield
    except BaseException:
        folder.remove_if_unused()
        raise


def _replay(arguments: argparse.Namespace, options: ChaosOptions) -> str:
    command, *words = shown_words(arguments.typed, dsn=options.dsn)
    seed = () if arguments.seed else (f"--seed={options.seed}",)
    return shlex.join(["fraiseql-chaos", command, *seed, *words])


def _check_before_anything_starts(window: Window, lasting: Duration, promise: Duration, service: str) -> None:
    """A wrong word costs no start of a server, and leaves no folder of a run that never was."""
    if window.end > lasting:
        raise DeclarationError(f"--lasting={lasting}: the fault heals at {window.end}, and recovery could not be seen; nothing was run")
    if window.end + promise >= lasting:
        raise DeclarationError(
            f"--lasting={lasting}: the fault heals at {window.end}, so a load that ends within {promise} of that could never show that the service had not "
            f"recovered (--recovers-within); let it last longer than {window.end + promise}, or promise less; nothing was run"
        )
    if service not in VARIANTS:
        raise DeclarationError(f"--service={service}: one of {', '.join(VARIANTS)}; nothing was run")


def _fault(text: str) -> Fault:
    name, *pairs = (part.replace("\\,", ",") for part in re.split(r"(?<!\\),", text))
    words: dict[str, str] = {}
    for pair in pairs:
        option, equals, value = pair.partition("=")
        if not equals:
            raise DeclarationError(f"--fault={text}: {pair!r} is not OPTION=VALUE; nothing was armed")
        if option in words:
            raise DeclarationError(f"--fault={text}: {option!r} is given twice, and only one of them could count; nothing was armed")
        words[option] = value
    return fault_from_words(name, words)


def _expectations(arguments: argparse.Namespace, fault: Fault) -> tuple[Expectation, ...]:
    expectations: list[Expectation] = [recovers_within(parse_duration(arguments.recovers_within))]
    if arguments.availability is not None:
        expectations.append(availability(at_least=_number("--availability", arguments.availability, "a share of all requests, 0 to 1")))
    if arguments.fails_within is not None:
        expectations.append(no_hang(within=parse_duration(arguments.fails_within)))
    elif fault.failure_type == "database_unavailable":
        # A service that recovers but lets everybody wait meanwhile should not pass unasked.
        expectations.append(no_hang(within=FAILS_WITHIN))
    if arguments.detects_within is not None:
        expectations.append(detects_within(parse_duration(arguments.detects_within)))
    return tuple(expectations)


def _number(option: str, text: str, meaning: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise DeclarationError(f"{option}={text}: a number, {meaning}; nothing was run") from None
