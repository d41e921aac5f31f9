"""
Run a chaos test that is a coroutine, without another plugin and without configuration.

Only tests that use our fixtures are run here. If the user's own async plugin wraps them first, that is fine too: nothing of ours is bound
to one event loop.
"""

from __future__ import annotations

import asyncio
import inspect

import pytest

__all__ = ["pytest_pyfunc_call"]


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> object | None:
    """Run the coroutine to its end if the test uses a fixture of ours; otherwise leave it to others."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj) or not {"service", "chaos", "load"} & pyfuncitem.funcargs.keys():
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}  # noqa: SLF001  pytest's own runner does the same
    if not any(type(value).__module__.startswith("fraiseql_chaos.") for value in arguments.values()):
        return None
    asyncio.run(pyfuncitem.obj(**arguments))
    return True
