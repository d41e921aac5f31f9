"""
Run a chaos test: await it if it is a coroutine, and run it again if nothing could be concluded.

Only tests that use our fixtures are run here, without another plugin and without configuration. Nothing of ours is bound to one event
loop, so each attempt has its own.

An inconclusive attempt says nothing about the service: the machine stood still, or too little was to be seen. It is repeated on a fresh service
and with fresh dice, up to three attempts, all of which are recorded. A violated one is never repeated away, and a disarmed one is meant to be inconclusive.
"""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING, Any, Final

import pytest

from fraiseql_chaos.pytest_plugin.session import state_of

if TYPE_CHECKING:
    from fraiseql_chaos.experiment import Load

__all__ = ["ATTEMPTS_MAX", "pytest_pyfunc_call"]

ATTEMPTS_MAX: Final = 3
"""How often an experiment is tried until something can be concluded; the command ``fraiseql-chaos run --fault`` does the same."""


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> object | None:
    """Run the test if it uses a fixture of ours; otherwise leave it to others."""
    fixtures: dict[str, Any] = {name: pyfuncitem.funcargs[name] for name in ("service", "chaos", "load") if name in pyfuncitem.funcargs}
    if not any(type(value).__module__.startswith("fraiseql_chaos.") for value in fixtures.values()):
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}  # noqa: SLF001  pytest's own runner does the same
    _attempt(pyfuncitem, arguments, fixtures.get("load"), attempt=1)
    return True


def _attempt(item: pytest.Function, arguments: dict[str, Any], load: Load | None, *, attempt: int) -> None:
    from fraiseql_chaos.experiment import Inconclusive  # noqa: PLC0415  imported by now; a project without chaos tests never gets here

    try:
        outcome = item.obj(**arguments)
        if inspect.isawaitable(outcome):
            asyncio.run(_awaited(outcome))
    except Inconclusive:
        if load is None or attempt == ATTEMPTS_MAX or state_of(item.config).options.disarmed:
            raise
        asyncio.run(load.begin_again())
    else:
        return
    _attempt(item, arguments, load, attempt=attempt + 1)


async def _awaited(outcome: Any) -> None:
    await outcome
