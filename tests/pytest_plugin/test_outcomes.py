from __future__ import annotations
import pytest
from collections.abc import Callable
pytest_plugins = ["pytester"]

ALL = '''
import pytest
from fraiseql_chaos import availability
from histories import outage

async def test_held(load, promises):
    (await load.replays(outage())).require(*promises)

async def test_violated(load):
    print("seen on the way")
    (await load.replays(outage())).require(availability(at_least=0.99))

async def test_inconclusive(load, promises, unseen):
    (await load.replays(unseen)).require(*promises)

@pytest.mark.weakness("W-900")
async def test_weakness(load, service, promises):
    (await load.replays(outage())).require(availability(at_least=0.99) if service == "stock" else promises[0])

@pytest.mark.weakness("W-900", remedy=False)
async def test_outdated(load, promises):
    (await load.replays(outage())).require(*promises)

async def test_unjudged(load):
    await load.replays(outage())

async def test_idle(load):
    pass
'''
def test_x(project):
    r = project(ALL, "--chaos-seed=7", "-v")
