"""The control connection notices every way in which a child, here a load generator, can be lost."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from fraiseql_chaos.core import ms, now_ns, per_second, seconds
from fraiseql_chaos.errors import LocalProtocolError, RigError
from fraiseql_chaos.rig.control_link import ControlLink
from fraiseql_chaos.rig.keeper import Keeper
from fraiseql_chaos.workload import Case, GraphQLOperation, LoadSpec, Target

pytestmark = pytest.mark.anyio


@pytest.fixture
def keeper(lease_root: Path) -> Iterator[Keeper]:
    """Hold a lease of the test's own."""
    assert lease_root.is_dir()
    with Keeper.start() as keeper:
        yield keeper


async def opened(keeper: Keeper, directory: Path) -> ControlLink:
    """Return a generator that waits to be told its load."""
    return await ControlLink.open(keeper, directory, module="fraiseql_chaos.workload.driver", name="load generator")


async def test_a_generator_that_was_killed_is_reported_with_its_signal(keeper: Keeper) -> None:
    link = await opened(keeper, keeper.directory)
    os.kill(link.child.pid, signal.SIGKILL)
    with pytest.raises(RigError, match=rf"process {link.child.pid}\) was killed by signal 9"):
        await link.line(until_ns=now_ns() + seconds(10).ns)
    link.close()


async def test_a_generator_that_is_silent_is_not_waited_for_longer_than_said(keeper: Keeper) -> None:
    link = await opened(keeper, keeper.directory)
    with pytest.raises(RigError, match="hangs"):
        await link.line(until_ns=now_ns() + ms(50).ns)
    link.close()


async def test_a_generator_that_failed_says_why(keeper: Keeper) -> None:
    link = await opened(keeper, keeper.directory)
    await link.say({"nonsense": 1})
    with pytest.raises(RigError, match="should have sent 'spec', and sent nonsense"):
        await link.answer("ready", within=seconds(10))
    link.close()


async def test_a_generator_that_crashed_leaves_its_last_words(keeper: Keeper) -> None:
    link = await opened(keeper, keeper.directory)
    await link.say({"spec": {}})
    with pytest.raises(RigError, match=r"(?s)ended with status 1 before its work was done.*KeyError: 'target'"):
        await link.answer("ready", within=seconds(10))
    link.close()


async def test_a_generator_that_says_something_else_breaks_the_protocol(keeper: Keeper) -> None:
    ping = GraphQLOperation(name="ping", document="{ ping }", kind="query", cases=(Case(variables={}, data=None),))
    spec = LoadSpec(target=Target(url="http://127.0.0.1:1/"), operations=(ping,), rate=per_second(1), lasting=seconds(1), seed=1, mark="m", warm_up=0)
    link = await opened(keeper, keeper.directory)
    await link.say({"spec": spec.to_json()})
    with pytest.raises(LocalProtocolError, match="should have said 'done', and said ready"):
        await link.answer("done", within=seconds(10))
    link.close()


async def test_a_path_too_long_for_a_socket_is_named(keeper: Keeper) -> None:
    directory = keeper.directory / ("d" * 100)
    with pytest.raises(RigError, match="set TMPDIR to a shorter one"):
        await opened(keeper, Path(directory))
