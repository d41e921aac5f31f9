"""
Whatever is under way when the runner is killed, nothing is left of it.

Twenty runners, each killed with SIGKILL at a moment drawn by lot: while the rig comes up, while faults are armed, while processes are
stopped or settings changed, while service, proxy and server live in networks of their own, with witnesses that look from inside, and while a
whole experiment runs, generator and all. A network of ours has no name, so it is gone with the last process in it. All that a runner started can
be recognised by the temporary directory it was given.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from fraiseql_chaos.core import now_ns
from fraiseql_chaos.rig.keeper.processes import posix_segments

type Eventually = Callable[[Callable[[], object], float], None]

KILLS = 20
AT_ONCE = 4
GONE_WITHIN_S = 5.0
LOOK_EVERY_S = 0.02
"""Often enough to see every postmaster, and no competition for what is looked at."""

RUNNER = """
import asyncio, os, signal
from fraiseql_chaos.experiment import Rig, RigSettings
from fraiseql_chaos.layers.stream.faults import Refuse
from fraiseql_chaos.rig.keeper import Continue

async def main():
    rig = await Rig.start(RigSettings(seed=1))
    deployment = await rig.deploy()
    print("deployed", flush=True)
    service = deployment.service.child
    while True:
        async with rig.server.setting("work_mem", "64kB"):
            async with rig.server.frozen("all"):
                rig.keeper.protect(Continue(service.pid, service.start_ticks))
                os.kill(service.pid, signal.SIGSTOP)
                deployment.way.proxy.arm("refuse", Refuse())
                await asyncio.sleep(0.05)
                deployment.way.proxy.heal("refuse")
                os.kill(service.pid, signal.SIGCONT)
        async with rig.server.stopped("immediate"):
            pass
        async with rig.server.crashed():
            pass

asyncio.run(main())
"""
"""Does what faults do, one thing after the other without a pause, so that most moments find something that is to be undone."""

BARE = ([sys.executable, "-c", RUNNER], b"deployed")


def whole(*faults: str) -> tuple[list[str], bytes]:
    """Return a runner of a whole experiment."""
    words = ["run", *(f"--fault={fault}" for fault in faults), "--from=200ms", "--for=600ms", "--recovers-within=4s"]
    return [sys.executable, "-m", "fraiseql_chaos.cli", *words], b"requests, "


MOMENTS = (BARE, BARE, whole("database_unavailable,mode=crash"), whole("latency,delay=20ms", "loss,rate=0.3"))
"""What the n-th of each four runners does, and what it prints once its service stands; every other one is killed only after that."""


def _processes_of(root: str) -> set[int]:
    """Return every process that was started for a temporary directory, by its environment, its arguments or where it stands."""
    return {pid for entry in Path("/proc").iterdir() if entry.name.isdecimal() and _belongs(pid := int(entry.name), root)}


def _belongs(pid: int, root: str) -> bool:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes() + b"\0" + Path(f"/proc/{pid}/environ").read_bytes()
        return root.encode() in words or str(Path(f"/proc/{pid}/cwd").readlink()).startswith(root)
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return False


def _segments_of(creators: set[int]) -> list[str]:
    """Return the System V segments that these processes made; a postmaster makes one."""
    lines = Path("/proc/sysvipc/shm").read_text().splitlines()[1:]
    return [line for line in lines if int(line.split()[4]) in creators]


@pytest.fixture
def root() -> Iterator[str]:
    with _temporary_root() as directory:
        yield directory


@contextmanager
def _temporary_root() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="killed-") as directory:
        Path(directory).chmod(0o711)
        yield directory


@pytest.mark.parametrize("batch", range(KILLS // AT_ONCE))
def test_a_killed_runner_leaves_nothing(batch: int, tmp_path: Path, eventually: Eventually) -> None:
    """Kill runners a while after their start, or after their service stood, and look for what is left."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for left in pool.map(lambda n: _killed(n, batch % 2, tmp_path, eventually), range(AT_ONCE)):
            assert left == []


def _killed(place: int, shift: int, results: Path, eventually: Eventually) -> list[str]:
    """Start a runner, kill it, wait until nothing runs and no file is there, and return what shared memory is left."""
    command, standing = MOMENTS[place]
    after_ns = random.SystemRandom().randrange(1_500_000_000)
    seen: set[int] = set()
    segments: set[Path] = set()
    with _temporary_root() as root:
        with subprocess.Popen(command, env={**os.environ, "TMPDIR": root}, cwd=results, stdout=subprocess.PIPE) as runner:
            assert runner.stdout is not None
            if (place + shift) % 2:
                assert any(standing in line for line in runner.stdout)
            deadline_ns = now_ns() + after_ns
            while now_ns() < deadline_ns:
                seen |= (now := _processes_of(root))
                segments |= {segment for pid in now for segment in posix_segments(pid)}
                time.sleep(LOOK_EVERY_S)
            runner.kill()
        eventually(lambda: not _processes_of(root) and not list(Path(root).iterdir()), GONE_WITHIN_S)
    return [*_segments_of(seen), *(str(segment) for segment in segments if segment.exists())]


def test_a_keyboard_interrupt_leaves_nothing_and_ends_at_once(root: str, eventually: Eventually) -> None:
    """Ctrl-C in the middle of an armed fault heals, removes everything, and ends by the signal."""
    fault = ["--fault", "database_unavailable,mode=crash", "--from", "100ms", "--for", "30s"]
    command = [sys.executable, "-m", "fraiseql_chaos.cli", "run", *fault, f"--store={root}/runs"]
    with subprocess.Popen(command, env={**os.environ, "TMPDIR": root}, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as runner:
        eventually(lambda: '"fault_armed"' in "".join(path.read_text() for path in Path(root).glob("runs/*/histories/*.jsonl")), 60)
        runner.send_signal(signal.SIGINT)
        runner.communicate(timeout=20)
    assert runner.returncode in {130, -signal.SIGINT}
    eventually(lambda: not _processes_of(root) and [path.name for path in Path(root).iterdir()] == ["runs"], GONE_WITHIN_S)
