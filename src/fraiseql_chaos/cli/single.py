"""
``fraiseql-chaos run --fault ...``: one experiment, of one fault or several at once, with what is expected of the service said before it begins.

With ``--within-baseline`` one of the promises is measured against a baseline: the one that is named, the one that is stored for this machine, target and configuration, or,
where there is none, one that is collected first.

It asks all of a workload of the user's; of the reference service it asks only what reads.
"""

from __future__ import annotations

import argparse
import math
import re
import shlex
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Final

from fraiseql_chaos.baselines import Baseline
from fraiseql_chaos.cli.status import status_of
from fraiseql_chaos.core import Duration, parse_duration, per_second, seconds
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.experiment import VARIANTS, Chaos, Inconclusive, Laboratory, Load, Recording, Service, Title, Violated, fault_from_words
from fraiseql_chaos.experiment.baseline import BaselinePlan, Yardstick, yardstick_for
from fraiseql_chaos.plan import Declaration, Fault, Window, edge_for, make_plan
from fraiseql_chaos.pytest_plugin.comparing import compared
from fraiseql_chaos.pytest_plugin.comparing import yardstick_for as yardstick_of_run
from fraiseql_chaos.pytest_plugin.coroutines import ATTEMPTS_MAX
from fraiseql_chaos.pytest_plugin.laboratory import laboratory_settings
from fraiseql_chaos.pytest_plugin.options import ChaosOptions, short
from fraiseql_chaos.pytest_plugin.shown import shown_words
from fraiseql_chaos.reports import RunFolder, verdict_table
from fraiseql_chaos.reports.publishing import make_room, publish
from fraiseql_chaos.reports.repetition import repetition_id
from fraiseql_chaos.verdicts import Expectation, availability, detects_within, latency_within, no_hang, recovers_within

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
    faults = tuple(map(_fault, arguments.fault))
    expectations = _expectations(arguments, faults)
    if options.pcap and (options.edge or edge_for(faults)) == "stream":
        kinds = " and ".join(fault.kind for fault in faults)
        raise DeclarationError(
            f"--pcap keeps what crosses a packet link, and with {kinds} there is none on the way to the database; add --edge packets, or both; nothing was run"
        )
    begin, length = parse_duration(arguments.begin), parse_duration(arguments.length)
    promise = parse_duration(arguments.recovers_within)
    lasting = parse_duration(arguments.lasting) if arguments.lasting else begin + length + promise + AFTERWARDS
    rate = per_second(_number("--rate", arguments.rate, "requests per second"))
    factor = _factor(arguments.within_baseline)
    window = Window(begin=begin, end=begin + length)
    _check_before_anything_starts(window, lasting, promise, arguments.service)
    make_plan([Declaration(fault=fault, target="database", window=window) for fault in faults], seed=options.seed)  # says if two exclude each other
    make_room(options.report, option="--report")
    make_room(options.json, option="--json")
    yardstick = _yardstick(options)
    started = datetime.now(UTC)
    replay = _replay(arguments, options)
    settings = laboratory_settings(options)
    folder = RunFolder.create(options.store, seed=options.seed, replay=replay, started=started)
    say = partial(print, flush=True)  # progress is live also where it is piped
    say("expected", *map(str, expectations), sep="\n  ")
    async with _kept_if_used(folder), Laboratory(settings, folder) as laboratory:
        for repetition in range(1, options.repeat + 1):
            name = repetition_id("+".join(fault.kind for fault in faults), repetition, options.repeat)
            title = Title(experiment=name, title=f"{' and '.join(map(str, faults))} on the database", claims=(), weakness=None, replay=replay)
            if options.repeat > 1:
                say(f"repetition {repetition} of {options.repeat}")
            service = await laboratory.deploy(None if options.app else arguments.service, edge=options.edge or edge_for(faults))
            chaos = Chaos()
            load = Load(laboratory, service, chaos, title, say=say)

            async def ask(service: Service = service, chaos: Chaos = chaos, load: Load = load) -> Recording:
                async with AsyncExitStack() as armed:
                    for fault in faults:
                        await armed.enter_async_context(chaos(fault, on=service.database, between=(begin, begin + length)))
                    return await load.open_loop(service.operations if options.app else service.reads, rate=rate, lasting=lasting)

            if factor is not None:
                kept = await _yardstick_for(laboratory, service, options, say)
                load.baseline = kept.describe()
                asked = (*expectations, latency_within(kept.baseline, factor, foreign=options.foreign_baseline))
            else:
                asked = expectations
            await _until_concluded(ask, load, asked, disarmed=options.disarmed, say=say)
            await service.close()
    document = folder.collect()
    page = publish(folder, document, html=options.report, json=options.json)
    print(f"{verdict_table(document)}\nseed    {options.seed}\nreport  {page}")
    if yardstick is not None and options.comparison is not None:
        name, foreign = str(options.baseline), options.foreign_baseline
        print(f"against {name}: {compared(yardstick, folder, document, name=name, page=options.comparison, allow_foreign=foreign)}")
        print(f"compare {options.comparison}")
    return status_of(document)


async def _yardstick_for(laboratory: Laboratory, service: Service, options: ChaosOptions, say: Callable[[str], None]) -> Yardstick:
    return await yardstick_for(
        laboratory,
        service,
        named=options.baseline,
        store=options.baselines,
        plan=BaselinePlan(),
        say=say,
        allow_foreign=options.foreign_baseline,
    )


async def _until_concluded(
    ask: Callable[[], Awaitable[Recording]], load: Load, expectations: tuple[Expectation, ...], *, disarmed: bool, say: Callable[[str], None]
) -> None:
    """Run one repetition; again, on a fresh service, if nothing could be concluded, and never because something was."""
    for attempt in range(1, ATTEMPTS_MAX + 1):
        recording = await ask()
        try:
            recording.require(*expectations)
        except (Violated, Inconclusive) as verdict:
            print(verdict)
            is_worth_another = isinstance(verdict, Inconclusive) and not disarmed and attempt < ATTEMPTS_MAX
            if is_worth_another:
                say(f"nothing can be concluded; attempt {attempt + 1} of {ATTEMPTS_MAX}, on a fresh service")
                await load.begin_again()
                continue
        break


def _yardstick(options: ChaosOptions) -> Baseline | None:
    """Read the baseline that this run will be compared with, if it will be, before anything starts."""
    if options.comparison is None or options.baseline is None:
        return None
    try:
        return yardstick_of_run(options.baseline, page=options.comparison, allow_foreign=options.foreign_baseline)
    except DeclarationError as error:
        raise DeclarationError(short(str(error))) from None


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


def _expectations(arguments: argparse.Namespace, faults: Sequence[Fault]) -> tuple[Expectation, ...]:
    expectations: list[Expectation] = [recovers_within(parse_duration(arguments.recovers_within))]
    if arguments.availability is not None:
        expectations.append(availability(at_least=_number("--availability", arguments.availability, "a share of all requests, 0 to 1")))
    if arguments.fails_within is not None:
        expectations.append(no_hang(within=parse_duration(arguments.fails_within)))
    elif any(fault.failure_type == "database_unavailable" for fault in faults):
        # A service that recovers but lets everybody wait meanwhile should not pass unasked.
        expectations.append(no_hang(within=FAILS_WITHIN))
    if arguments.detects_within is not None:
        expectations.append(detects_within(parse_duration(arguments.detects_within)))
    return tuple(expectations)


def _factor(text: str | None) -> float | None:
    """Return how many times as long as in the baseline an answer may take."""
    if text is None:
        return None
    factor = _number("--within-baseline", text, "how many times as long as in the baseline, from 1")
    if not 1 <= factor < math.inf:
        raise DeclarationError(f"--within-baseline={text}: a factor of at least 1; nothing was run")
    return factor


def _number(option: str, text: str, meaning: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise DeclarationError(f"{option}={text}: a number, {meaning}; nothing was run") from None
