"""
Packets are lost without root: everything that root can do with a link, a user who is nobody can, where the kernel lets its users make namespaces.

Root gives its rights away and runs the very tests of the layer, a run from the command line and a chaos test as nobody. Where the kernel forbids it,
in a user namespace whose limits are lowered for the purpose, what forbids it is named, and the tests are counted as skipped.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from unprivileged import Nobody, nobody

ROOT = Path(__file__).parents[2]

WHOLE_LAYER = ("layers/packet/test_driver.py", "probes/capture/test_acceptance.py")

CHAOS_TEST = '''
import pytest
from fraiseql_chaos import Loss, availability, correct_results, fault_observed, per_second, seconds


@pytest.mark.edge("packets")
async def test_loss(service, chaos, load):
    """A lossy link costs time, not answers."""
    async with chaos(Loss(rate=0.05), on=service.database, between=(seconds(1), seconds(3))):
        recording = await load.open_loop(service.operations, rate=per_second(40), lasting=seconds(4))
    recording.require(fault_observed("loss"), correct_results(), availability(at_least=0.99))
'''


@pytest.fixture
def user() -> Iterator[Nobody]:
    with nobody() as user:
        yield user


def pytest_as(user: Nobody, *words: str | Path, limits: dict[str, int] | None = None) -> str:
    """Run pytest as somebody, and return what it printed."""
    _, printed = user.run(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:randomly", *words, within_s=240, limits=limits)
    return printed


def counted(printed: str) -> dict[str, int]:
    """Return pytest's own last count: how many passed, failed, were skipped."""
    last = printed.strip().splitlines()[-1]
    return {what: int(number) for number, what in re.findall(r"(\d+) (passed|failed|skipped|errors?)", last)}


@pytest.mark.parametrize("tests", WHOLE_LAYER)
def test_the_tests_of_the_layer_pass_for_nobody(user: Nobody, tests: str) -> None:
    """All that root passes; nothing is skipped for want of rights."""
    printed = pytest_as(user, f"--rootdir={ROOT}", "-c", ROOT / "pyproject.toml", "-rs", ROOT / "tests" / tests)
    count = counted(printed)
    assert count.keys() <= {"passed", "skipped"}, printed
    assert count["passed"] > 2, printed
    assert len(re.findall("^SKIPPED", printed, re.MULTILINE)) == printed.count("this kernel has no IPv6"), printed


def test_one_experiment_from_the_command_line_is_held(user: Nobody) -> None:
    status, printed = user.run(
        Path(sys.executable).with_name("fraiseql-chaos"),
        *("run", "--fault", "loss,rate=0.05", "--from", "1s", "--for", "2s", "--recovers-within", "2s"),
        within_s=120,
    )
    assert (status, "1 held" in printed) == (0, True), printed


def test_a_chaos_test_is_held(user: Nobody) -> None:
    (user.home / "test_lossy.py").write_text(CHAOS_TEST, encoding="utf-8")
    printed = pytest_as(user, user.home / "test_lossy.py")
    assert counted(printed) == {"passed": 1}, printed
    assert "1 held" in printed, printed


@pytest.mark.parametrize("limit", ["max_user_namespaces", "max_net_namespaces"])
def test_where_namespaces_are_not_allowed_a_chaos_test_is_skipped_and_counted_and_the_sysctl_named(user: Nobody, limit: str) -> None:
    (user.home / "test_lossy.py").write_text(CHAOS_TEST, encoding="utf-8")
    printed = pytest_as(user, user.home / "test_lossy.py", limits={limit: 0})
    assert counted(printed) == {"skipped": 1}, printed
    assert f"sysctl user.{limit}=10000 allows it" in printed, printed


def test_where_namespaces_are_not_allowed_the_tools_own_tests_are_skipped_too(user: Nobody) -> None:
    tests = ROOT / "tests/probes/capture/test_acceptance.py"
    printed = pytest_as(user, f"--rootdir={ROOT}", "-c", ROOT / "pyproject.toml", "-rs", tests, limits={"max_user_namespaces": 0})
    assert counted(printed).keys() == {"skipped"}, printed
    assert "sysctl user.max_user_namespaces=10000 allows it" in printed, printed


def test_a_kernel_that_lets_users_in_and_then_no_further_is_a_missing_capability_too(user: Nobody) -> None:
    """As where AppArmor takes every right in a new user namespace away; here who they are there cannot be written."""
    _, printed = user.run(Path(sys.executable).with_name("fraiseql-chaos"), "doctor", within_s=60, proc_is_read_only=True)
    (row,) = [line for line in printed.splitlines() if "packet link, TUN" in line]
    assert row.startswith("no "), row
    assert "/proc/self/setgroups: Read-only file system" in row, row
