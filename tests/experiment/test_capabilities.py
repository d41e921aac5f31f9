"""What this machine can do is found by looking; what it lacks takes its faults with it and comes with the way to get it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from fraiseql_chaos.experiment import catalogue
from fraiseql_chaos.experiment.capabilities import Capability, capabilities
from fraiseql_chaos.rig.postgres.binaries import MAJORS, available_majors

FAULTS = {f"fault {fault.layer}/{fault.kind}" for fault in catalogue.FAULTS}
PLACE = "place for temporary files"
LINKS = {"packet link, TUN forwarder", "packet link, veth and netem"}
INTERPRETER = "interpreter of the service"


def found(python: Path | None = None) -> dict[str, Capability]:
    return {capability.name: capability for capability in capabilities(python)}


def test_everything_that_a_run_may_need_is_listed_once() -> None:
    listed = [capability.name for capability in capabilities()]
    assert len(listed) == len(set(listed))
    assert set(listed) == {INTERPRETER, PLACE, *LINKS, "PostgreSQL of our own, any version", *FAULTS, *(f"PostgreSQL {major}" for major in MAJORS)}


def test_machine_that_runs_these_tests_can_do_every_fault(lease_root: Path) -> None:
    here = found()
    assert [name for name in FAULTS if not here[name].available] == []
    assert (here[INTERPRETER].detail, here[INTERPRETER].remedy) == (sys.executable, "")
    assert here[PLACE].detail.startswith(str(lease_root))


@pytest.mark.parametrize("major", MAJORS)
def test_major_is_available_exactly_if_it_starts(major: int) -> None:
    """That it lies here is not enough: its own word for its version is what was found."""
    capability = found()[f"PostgreSQL {major}"]
    assert capability.available == (major in available_majors())
    assert capability.detail.startswith(f"{major}.") == capability.available
    assert not capability.required
    assert bool(capability.remedy) != capability.available


def test_what_is_there_needs_no_remedy_and_what_is_missing_names_one() -> None:
    parts = [capability for name, capability in found(Path("/bin/false")).items() if name not in FAULTS]
    assert [part.name for part in parts if bool(part.remedy) == part.available] == []


def test_missing_part_takes_the_faults_with_it() -> None:
    without = found(Path("/bin/false"))
    assert not without[INTERPRETER].available
    assert without[INTERPRETER].required
    assert "/bin/false is not a Python 3" in without[INTERPRETER].detail
    assert without[INTERPRETER].remedy == "install fraiseql and uvicorn into the environment of /bin/false, or name another with --target-python"
    assert {(without[name].available, without[name].detail) for name in FAULTS} == {(False, "a part of the rig is missing, see above")}


def test_fault_tells_the_word_it_is_asked_for_by_and_how_real_it_is(lease_root: Path) -> None:
    assert lease_root.is_dir()
    assert found()["fault stream/latency"].detail == "network_latency, fidelity: wire"


def test_place_that_cannot_be_written_to_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    place = found()[PLACE]
    assert (place.available, place.required, place.remedy) == (False, True, "set TMPDIR to a directory of your own")
    assert place.detail == str(tmp_path / "nowhere" / f"fraiseql-chaos-{os.getuid()}")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a directory away")
def test_place_that_somebody_else_has_taken_is_missing(lease_root: Path) -> None:
    taken = lease_root / f"fraiseql-chaos-{os.getuid()}"
    taken.mkdir()
    os.chown(taken, 65534, 65534)
    assert not found()[PLACE].available
    os.chown(taken, 0, 0)
    assert found()[PLACE].available


def test_netem_is_there_or_missed_by_the_name_of_its_module() -> None:
    """It is tried and not looked up, because a module that lies in a directory may not fit the kernel; that TUN is there has been seen above."""
    row = found()["packet link, veth and netem"]
    assert not row.required
    assert row.available or ("sch_netem" in row.detail and "modprobe sch_netem (CONFIG_NET_SCH_NETEM)" in row.detail)


FORBIDDEN = """
import sys
open("/proc/sys/user/max_net_namespaces", "w").write("0")  # of the user namespace that this process is in, and of nobody else's
from fraiseql_chaos.experiment.capabilities import capabilities
for found in capabilities():
    if found.name.startswith("packet link") or found.name.startswith("fault "):
        print(found.available, found.name, found.detail)
"""


def test_where_the_kernel_forbids_networks_faults_of_packets_are_missing_and_the_setting_is_named() -> None:
    """Method: a user namespace in which no network may be made; what needs none is there all the same."""
    namespace = ["unshare", "--user", "--map-root-user", sys.executable, "-c", FORBIDDEN]
    done = subprocess.run(namespace, capture_output=True, text=True, timeout=60, check=False)
    if "unshare failed" in done.stderr:
        pytest.skip(f"this kernel lets nobody make a user namespace to try it in: {done.stderr.strip()}")
    lines = done.stdout.splitlines()
    links = [line for line in lines if "packet link" in line]
    assert len(links) == len(LINKS)
    for link in links:
        assert link.startswith("False")
        assert "sysctl user.max_net_namespaces=10000 allows it" in link
    assert {line.split()[0] for line in lines if "fault packet/" in line} == {"False"}
