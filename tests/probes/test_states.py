"""The kernel's word on each process of a server: real processes, running, stopped and gone."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from fraiseql_chaos.core import seconds, wait_until
from fraiseql_chaos.probes.states import ServerProcesses

pytestmark = pytest.mark.anyio


async def seen(pid: int | None) -> dict[int, str]:
    look = await ServerProcesses(lambda: pid).look()
    found: Any = look.value.get("processes", [])
    return {one["pid"]: one["state"] for one in found}


async def test_stopped_processes_are_told_from_others(family: tuple[int, int]) -> None:
    parent, child = family
    assert "T" not in (await seen(parent)).values()
    os.kill(child, signal.SIGSTOP)
    await wait_until(lambda: _is_stopped(child), within=seconds(5), what="the stop of a child")
    states = await seen(parent)
    assert (set(states), states[child], states[parent] != "T") == ({parent, child}, "T", True)


async def test_a_server_that_is_gone_is_an_observation() -> None:
    ended = subprocess.Popen(["true"])  # noqa: ASYNC220  it ends at once
    ended.wait()
    for pid in (None, ended.pid):
        look = await ServerProcesses(lambda pid=pid: pid).look()  # type: ignore[misc]  # the default binds what the loop has now
        assert (look.ok, look.value, look.error) == (False, {}, "the postmaster is gone")


def _is_stopped(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "T"
