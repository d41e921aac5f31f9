"""
The three fixtures of a chaos test.

    service   a FraiseQL service of the test's own, with an edge and a database of its own, proven healthy
    chaos     declares faults:   async with chaos(Latency(delay=ms(250)), on=service.database, between=(seconds(1), seconds(4))):
    load      asks, open loop:       recording = await load.open_loop(service.reads, rate=per_second(50), lasting=seconds(6))

``service`` takes the variant of the reference service as its parameter, which is how a test with a ``weakness`` gets both of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from fraiseql_chaos.errors import CapabilityError
from fraiseql_chaos.pytest_plugin.marks import claims_of
from fraiseql_chaos.pytest_plugin.session import laboratory_of, replay_line, weakness_named_by

if TYPE_CHECKING:
    from fraiseql_chaos.experiment import Chaos, Load, Service

__all__ = ["chaos", "load", "service"]


@pytest.fixture
def service(request: pytest.FixtureRequest) -> Iterator[Service]:
    """A FraiseQL service of the test's own, proven healthy; it ends with the test."""
    laboratory, options = laboratory_of(request.config)
    try:
        deployed = asyncio.run(laboratory.deploy(getattr(request, "param", None)))
    except CapabilityError as error:
        if options.strict:
            raise
        request.node.user_properties.append(("chaos_skipped", str(error)))
        pytest.skip(f"this machine lacks a capability: {error}")
    yield deployed
    asyncio.run(deployed.close())


@pytest.fixture
def chaos() -> Chaos:
    """Declares faults for the load that runs inside its block."""
    from fraiseql_chaos.experiment import Chaos  # noqa: PLC0415  nothing of the rig is imported until a chaos test asks for it

    return Chaos()


@pytest.fixture
def load(request: pytest.FixtureRequest, service: Service, chaos: Chaos) -> Iterator[Load]:
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
    generator = Load(laboratory, service, chaos, title)
    yield generator
    unjudged = [recording for recording in generator.recordings if not recording.judged]
    if unjudged:
        pytest.fail(f"{len(unjudged)} recording(s) were never judged; state what you expect with recording.require(...)", pytrace=False)


def _first_line(node: pytest.Item) -> str:
    doc = getattr(getattr(node, "obj", None), "__doc__", None) or ""
    return doc.strip().partition("\n")[0].strip()
