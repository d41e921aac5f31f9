"""
The fixtures of a chaos test.

    service   a FraiseQL service of the test's own, with an edge and a database of its own, proven healthy
    chaos     declares faults:   async with chaos(Latency(delay=ms(250)), on=service.database, between=(seconds(1), seconds(4))):
    load      asks, open loop:       recording = await load.open_loop(service.reads, rate=per_second(50), lasting=seconds(6))
    baseline  what this service does in health, measured before: the one named by --baseline, the one stored, or else one collected now

``service`` takes the variant of the reference service as its parameter, which is how a test with a ``weakness`` gets both of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Final, NoReturn

import pytest

from fraiseql_chaos.errors import CapabilityError, ChaosError
from fraiseql_chaos.pytest_plugin.marks import claims_of, edge_of
from fraiseql_chaos.pytest_plugin.session import laboratory_of, replay_line, state_of, weakness_named_by
from fraiseql_chaos.pytest_plugin.summary import say

if TYPE_CHECKING:
    from fraiseql_chaos.baselines import Baseline
    from fraiseql_chaos.experiment import Chaos, Load, Service

__all__ = ["baseline", "chaos", "load", "service"]

_CHOICES: Final = ("--chaos-dsn", "--target-python", "--chaos-app", "--chaos-sql", "--chaos-workload")
"""Options that name something which only shows when it is started whether it is any good."""


@pytest.fixture
def service(request: pytest.FixtureRequest) -> Iterator[Service]:
    """A FraiseQL service of the test's own, proven healthy, on a way to its database such as the marker ``edge`` says; it ends with the test."""
    try:
        laboratory, _ = laboratory_of(request.config)
        edge, server_tls = edge_of(request.node)
        deployed = asyncio.run(laboratory.deploy(getattr(request, "param", None), edge=edge, server_tls=server_tls))
    except ChaosError as error:
        _refused(request, error)
    state_of(request.config).served = True
    yield deployed
    asyncio.run(deployed.close())


@pytest.fixture
def chaos() -> Chaos:
    """Declares faults for the load that runs inside its block."""
    from fraiseql_chaos.experiment import Chaos  # noqa: PLC0415  nothing of the rig is imported until a chaos test asks for it

    return Chaos()


@pytest.fixture
def load(request: pytest.FixtureRequest, service: Service, chaos: Chaos) -> Load:
    """Asks the service while the declared faults come and go, and insists that what came back is judged."""
    from fraiseql_chaos.experiment import Load, Title  # noqa: PLC0415  see above

    laboratory, _ = laboratory_of(request.config)
    title = Title(
        experiment=request.node.nodeid,
        title=_first_line(request.node) or request.node.name,
        claims=claims_of(request.node),
        weakness=weakness_named_by(request.node),
        replay=replay_line(request.node),
    )
    return Load(laboratory, service, chaos, title, say=partial(say, request.config))


@pytest.fixture
def baseline(request: pytest.FixtureRequest, service: Service, load: Load) -> Baseline:
    """Return what this service does in health on this machine, and have the report say which baseline that was."""
    from fraiseql_chaos.experiment.baseline import BaselinePlan, yardstick_for  # noqa: PLC0415  see above

    laboratory, options = laboratory_of(request.config)
    try:
        found = asyncio.run(
            yardstick_for(
                laboratory,
                service,
                named=options.baseline,
                store=options.baselines,
                plan=BaselinePlan(),
                say=partial(say, request.config),
                allow_foreign=options.foreign_baseline,
            )
        )
    except ChaosError as error:
        pytest.fail(str(error), pytrace=False)
    load.baseline = found.describe()
    return found.baseline


def _refused(request: pytest.FixtureRequest, error: ChaosError) -> NoReturn:
    """
    Say why there is no service, in one sentence and without our own stack.

    A missing capability is a skip, unless --chaos-strict. If the command line chose what to start and it never came up, no test can run, and
    the run ends as wrong use; a worker of pytest-xdist cannot end the run, so there each test says it.
    """
    config, state = request.config, state_of(request.config)
    if isinstance(error, CapabilityError) and not state.options.strict:
        request.node.user_properties.append(("chaos_skipped", str(error)))
        pytest.skip(f"this machine lacks a capability: {error}")
    chosen = {name: config.getoption(name) for name in _CHOICES}
    # A DSN may hold a password, and the error names its host already.
    words = [name if name == "--chaos-dsn" else f"{name}={value}" for name, value in chosen.items() if value is not None]
    message = f"{error} (asked for with {' '.join(words)})" if words else str(error)
    if words and not state.served and not isinstance(error, CapabilityError) and not hasattr(config, "workerinput"):
        pytest.exit(message, returncode=pytest.ExitCode.USAGE_ERROR)
    pytest.fail(message, pytrace=False)


def _first_line(node: pytest.Item) -> str:
    doc = getattr(getattr(node, "obj", None), "__doc__", None) or ""
    return doc.strip().partition("\n")[0].strip()
