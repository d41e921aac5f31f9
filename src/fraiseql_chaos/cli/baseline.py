"""
``fraiseql-chaos baseline``: what the service does in health, measured and kept.

    fraiseql-chaos baseline --output baseline_metrics.json

It is also stored where later runs find it by themselves, one for each machine, target and configuration.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

from fraiseql_chaos.baselines import Baseline, Metric, write_baseline
from fraiseql_chaos.baselines.sensitivity import sensitivities
from fraiseql_chaos.cli.status import HELD
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.experiment import VARIANTS, Rig
from fraiseql_chaos.experiment.baseline import BaselinePlan, collect
from fraiseql_chaos.experiment.baseline.yardstick import stored_path
from fraiseql_chaos.experiment.turns import turn, turns_root
from fraiseql_chaos.pytest_plugin.laboratory import laboratory_settings
from fraiseql_chaos.pytest_plugin.options import OPTIONS, ChaosOptions, short
from fraiseql_chaos.reports.publishing import make_room
from fraiseql_chaos.stats import Sensitivity

__all__ = ["add_to", "table"]

TAKEN: Final = frozenset(
    {
        "--chaos-seed",
        "--chaos-postgres",
        "--chaos-dsn",
        "--i-own-this-database",
        "--chaos-edge-tls",
        "--target-python",
        "--chaos-app",
        "--chaos-sql",
        "--chaos-workload",
    }
)
"""The options of a run that decide what is measured; the others speak of faults and reports, and here are neither."""


def add_to(command: argparse.ArgumentParser) -> None:
    """Add the command's options to its parser."""
    command.description = (
        "Measure the reference service, or one of your own, in health: queries at 1, 10 and 50 in flight, pool, authentication, pipeline, resources. "
        "With --app all of its workload is asked, writes too."
    )
    command.add_argument("--output", type=Path, metavar="F.json", help="also write it to F.json (it is always stored below .chaos/baselines)")
    command.add_argument("--repetitions", default="10", metavar="N", help="how often everything is measured, each time anew (default: %(default)s)")
    command.add_argument("--service", default="stock", metavar="VARIANT", help="which reference service, stock or hardened (default: %(default)s)")
    command.add_argument("--json", action="store_true", help="print the baseline as JSON instead of a table; progress goes to the standard error")
    for option in OPTIONS:
        if option.name in TAKEN:
            command.add_argument(short(option.name), help=short(option.help), **option.how())
    command.set_defaults(perform=perform)


def perform(arguments: argparse.Namespace) -> int:
    """Measure, store, print."""
    if not arguments.repetitions.isdecimal():
        raise DeclarationError(f"--repetitions={arguments.repetitions}: a whole number of at least 2; nothing was measured")
    plan = BaselinePlan(repetitions=int(arguments.repetitions))
    options = _options(arguments)
    if arguments.service not in VARIANTS:
        raise DeclarationError(f"--service={arguments.service}: one of {', '.join(VARIANTS)}; nothing was measured")
    make_room(arguments.output, option="--output")
    say = partial(print, file=sys.stderr if arguments.json else sys.stdout, flush=True)
    with turn(turns_root(), alone=True, waiting=lambda: say("waiting until nothing else of ours runs on this machine, because time is measured")):
        baseline = asyncio.run(_collected(options, plan, None if options.app else arguments.service, say))
    stored = stored_path(options.baselines, baseline.machine, baseline.target, baseline.configuration)
    for path in filter(None, (stored, arguments.output)):
        write_baseline(path, baseline)
    if arguments.json:
        print((arguments.output or stored).read_text(encoding="utf-8"), end="")
    else:
        print("\n".join(table(baseline)))
        print(f"seed      {baseline.seed}\nbaseline  {arguments.output or stored}")
    return HELD


async def _collected(options: ChaosOptions, plan: BaselinePlan, variant: str | None, say: partial[None]) -> Baseline:
    settings = laboratory_settings(options).rig
    rig = await Rig.start(settings)
    try:
        return await collect(partial(rig.deploy, variant), settings, plan, seed=options.seed, say=say)
    finally:
        await rig.close()


def _options(arguments: argparse.Namespace) -> ChaosOptions:
    """Read the options that this command takes; the others are as if they had not been given."""

    def given(name: str) -> object:
        return getattr(arguments, short(name).lstrip("-").replace("-", "_")) if name in TAKEN else None

    try:
        return ChaosOptions(given, Path.cwd())
    except DeclarationError as error:
        raise DeclarationError(short(str(error)).replace("nothing was run", "nothing was measured")) from None


def table(baseline: Baseline) -> Iterator[str]:
    """Yield the lines that tell people what a baseline holds, and how far it may be trusted."""
    width = max(len(metric.name) for metric in baseline.metrics)
    known = sensitivities(baseline.metrics)
    yield f"{'metric':<{width}}  {'mean':>10}  {'95 % interval':^23}  {'varies':>7}  {'tolerates':>9}  {'finds':>7}"
    yield from (_row(metric, known[metric.name], width) for metric in baseline.metrics)
    noisy = sum(metric.noisy for metric in baseline.metrics)
    yield f"\n{len(baseline.metrics)} metrics, {noisy} of them noisy: they varied more than their limit between repetitions, and are compared by their own variation"
    finds = sorted(math.inf if each.finds is None else each.finds for each in known.values())
    yield (
        f"a comparison tolerates {min(each.tolerance for each in known.values()):.0f} to {max(each.tolerance for each in known.values()):.0f} %; "
        f"half of the metrics find what is worse by {_per_cent(finds[(len(finds) - 1) // 2])} or less"
    )
    yield f"others kept {baseline.load_after['cores_used_by_others']} of {baseline.machine['cores']} cores busy meanwhile"
    if baseline.a_a is not None:
        yield f"compared with itself: {len(baseline.a_a.alarms)} false alarms among {baseline.a_a.compared} ({baseline.a_a.test})"
    else:
        yield "not compared with itself: too few repetitions for a test to find anything"


def _per_cent(number: float) -> str:
    return "more than there is a number for" if math.isinf(number) else f"{number:.0f} %"


def _row(metric: Metric, known: Sensitivity, width: int) -> str:
    finds = "-" if known.finds is None else f"{known.finds:.0f} %"
    low, high = metric.interval95
    noisy = f"  noisy, above {metric.limit:.0%}" if metric.noisy else ""
    return f"{metric.name:<{width}}  {metric.mean:>10.4g}  {low:>10.4g} - {high:<10.4g}  {metric.cv:>7.1%}  {f'{known.tolerance:.0f} %':>9}  {finds:>7}  {metric.unit}{noisy}"
