"""
Whatever is under way when the runner is killed, nothing is left of it.

Twenty runners, each killed with SIGKILL at a moment drawn by lot: while the rig comes up, while faults are armed, while processes are
stopped or settings changed, while service, proxy and server live in networks of their own, with witnesses that look from inside, and while a
whole experiment runs, generator and all. A network of ours has no name, so it is gone with the last process in it. All that a runner started can
be recognised by the temporary directory it was given.

Three collections of a baseline, each killed while another part of it is at work.

And eight runners which lose a part of what they stand on, at a moment drawn by lot: the forwarder between the networks, which is ours, so the run is broken
off and says why; or the service, whose death is a finding.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import pytest

from fraiseql_chaos.core import fresh_seed, now_ns
from fraiseql_chaos.experiment.turns import turns_root
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


COLLECTING = {"service": b"launch_service.py", "bursts": b"fraiseql_chaos.workload.bursts", "inside": b"measure_inside.py"}
"""A word of the command line of each part of a collection, in the order of their coming."""


def test_a_killed_collection_leaves_nothing_but_its_two_locks(tmp_path: Path, eventually: Eventually) -> None:
    """To remove a lock's file is to have two of them, so they stay, empty: one directory for each user."""
    with ThreadPoolExecutor(len(COLLECTING)) as pool:
        for left in pool.map(lambda part: _killed_collection(COLLECTING[part], tmp_path, eventually), COLLECTING):
            assert left == []


def _killed_collection(part: bytes, results: Path, eventually: Eventually) -> list[str]:
    """Start a collection, kill it a while after a part of it began, and return what is left but the locks, also of what is called a result."""
    command = [sys.executable, "-m", "fraiseql_chaos.cli", "baseline", "--repetitions=2", "--output=baseline.json"]
    seen: set[int] = set()
    with _temporary_root() as root:
        with subprocess.Popen(command, env={**os.environ, "TMPDIR": root}, cwd=results, stdout=subprocess.DEVNULL) as collector:
            try:
                eventually(lambda: _part_of(root, part), 240)
                deadline_ns = now_ns() + random.SystemRandom().randrange(1_000_000_000)
                while now_ns() < deadline_ns:
                    seen |= _processes_of(root)
                    time.sleep(LOOK_EVERY_S)
            finally:
                collector.kill()
        assert len(seen) > 3, "server, proxy and service were there"
        locks = Path(root) / turns_root().name
        eventually(lambda: not _processes_of(root) and list(Path(root).iterdir()) == [locks], GONE_WITHIN_S)
        sizes = {path.name: path.stat().st_size for path in locks.iterdir()}
    assert sizes == {"turn": 0, "floor": 0}
    return [*_segments_of(seen), *(str(path) for path in results.rglob("*") if path.is_file())]


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


PHASES = {"start": b"", "load": b"requests, ", "armed": b"armed: ", "healed": b"healed: "}
"""What a runner prints when each begins; a start begins when the part is there."""

PARTS = {"forwarder": b"fraiseql_chaos.layers.packet.driver", "service": b"launch_service.py"}
"""A word of each part's command line."""

AFTER_S_MAX = 0.7
"""How long after the beginning of a phase a part is killed at most: each lasts a little longer."""


@dataclass(frozen=True)
class Broken:
    """A runner that lost a part of its own: how it ended, what is left, and the networks it lived in."""

    status: int
    said: str
    left: list[str] = field(default_factory=list)
    networks: frozenset[str] = frozenset()


@pytest.mark.parametrize("phases", [("start", "load"), ("armed", "healed")])
def test_a_killed_part_leaves_nothing_and_the_run_says_what_it_was(phases: tuple[str, str], tmp_path: Path, eventually: Eventually) -> None:
    """A forwarder's death is the rig's, and nothing is concluded; a service's is a finding, or before the first request a service that did not start."""
    seed = fresh_seed()
    print(f"seed {seed}")  # noqa: T201  shown by pytest if the test fails
    dice = random.Random(f"{seed} {phases}")  # noqa: S311  no secret
    cases = [(part, phase, dice.uniform(0, AFTER_S_MAX)) for part in PARTS for phase in phases]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        ends = list(pool.map(lambda case: _broken(case[0], case[1], case[2], tmp_path, eventually), cases))
    # The kernel gives a network's number to the next one, which may be another case's: so this is looked at when there is none left.
    eventually(lambda: _held(set().union(*(end.networks for end in ends))) == [], GONE_WITHIN_S)
    for (part, phase, after_s), end in zip(cases, ends, strict=True):
        told = f"the {part} was killed {after_s:.3f} s into {phase!r}, and the runner ended with {end.status}: {end.said}"
        assert end.left == [], told
        if part == "forwarder":
            assert (end.status, "packet forwarder" in end.said) == (4, True), told
        elif phase == "start":
            assert (end.status, "killed by SIGKILL" in end.said) == (4, True), told
        else:
            assert (end.status, "service ended" in end.said, "killed by SIGKILL" in end.said) == (1, True, True), told


def _broken(part: str, phase: str, after_s: float, results: Path, eventually: Eventually) -> Broken:
    """Start a runner, kill a part of it in a phase, wait for the runner's own end and until all it started is gone."""
    words = ["run", "--fault=loss,rate=0.3", "--from=1s", "--for=1s", "--recovers-within=2s"]
    with _temporary_root() as root:
        command = [sys.executable, "-m", "fraiseql_chaos.cli", *words]
        with subprocess.Popen(command, env={**os.environ, "TMPDIR": root}, cwd=results, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as runner:
            assert runner.stdout is not None
            # Who it is, and where they live, takes a look at every process there is; so that is known before the phase begins, in which it would be late.
            said = b"" if phase == "start" else _read_until(runner.stdout, PHASES["load"])
            eventually(lambda: _part_of(root, PARTS[part]), 60)
            victim = _part_of(root, PARTS[part])
            assert victim is not None
            networks = _networks_of(_processes_of(root))
            if PHASES[phase] not in said:
                said += _read_until(runner.stdout, PHASES[phase])
            deadline_ns = now_ns() + int(after_s * 1e9)
            while now_ns() < deadline_ns:
                time.sleep(LOOK_EVERY_S)
            if phase == "start":
                networks = _networks_of(_processes_of(root))
            os.kill(victim, signal.SIGKILL)
            said += runner.communicate(timeout=60)[0]
        eventually(lambda: not _processes_of(root) and not list(Path(root).iterdir()), GONE_WITHIN_S)
        left = [*_unix_sockets_of(root), *_devices_of_links()]
    return Broken(runner.returncode, said.decode(), left, frozenset(networks))


def _read_until(stream: IO[bytes], word: bytes) -> bytes:
    """Read lines up to one that has a word, or to the end."""
    said = b""
    while word not in said and (line := stream.readline()):
        said += line
    return said


def _part_of(root: str, word: bytes) -> int | None:
    """Return the process of a runner whose command line has a word, once it has come as far as that."""
    for pid in _processes_of(root):
        try:
            if word in Path(f"/proc/{pid}/cmdline").read_bytes():
                return pid
        except (FileNotFoundError, ProcessLookupError):
            continue
    return None


def _networks_of(pids: Iterable[int]) -> set[str]:
    """Return the networks and users' namespaces that processes live in, or hold by a descriptor, but for our own."""
    ours = {str(Path(f"/proc/self/ns/{kind}").readlink()) for kind in ("net", "user")}
    found = set()
    for pid in pids:
        for link in (Path(f"/proc/{pid}/ns/net"), Path(f"/proc/{pid}/ns/user"), *Path(f"/proc/{pid}/fd").glob("*")):
            try:
                found.add(str(link.readlink()))
            except OSError:
                continue
    return {name for name in found if name.startswith(("net:", "user:"))} - ours


def _held(networks: set[str]) -> list[str]:
    """Return which of these namespaces somebody on this machine still lives in, or holds."""
    assert networks, "a runner with a link has networks of its own"
    return sorted(networks & _networks_of(int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()))


def _unix_sockets_of(root: str) -> list[str]:
    return [line for line in Path("/proc/net/unix").read_text().splitlines() if root in line]


def _devices_of_links() -> list[str]:
    """Return what of a link stands in this machine's own network, where it never belongs."""
    names = [line.partition(":")[0].strip() for line in Path("/proc/net/dev").read_text().splitlines()[2:]]
    return [name for name in names if name == "near" or name.startswith("far")]
