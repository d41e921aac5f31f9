"""
What this machine can do, found out by trying and not by trusting a list.

Each fault needs parts of the rig; a part that is missing takes its faults with it, with the reason and the way to get it. A PostgreSQL that
lies here but lacks a library of the system is missing too, so each is started once, with ``--version``; and a packet link of each mechanism is made once, a
packet sent across it and back, and the kernel's ``netem`` told to do nothing.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fraiseql_chaos.core import seconds
from fraiseql_chaos.errors import CapabilityError, ChaosError, RigError
from fraiseql_chaos.experiment.catalogue import FAULTS
from fraiseql_chaos.experiment.network import MTU, start_forwarder
from fraiseql_chaos.layers.packet.control import LinkControl
from fraiseql_chaos.layers.packet.ends import MECHANISMS, Mechanism
from fraiseql_chaos.layers.packet.faults import PACKET_FAULTS
from fraiseql_chaos.layers.packet.netem import NETEM_FAULTS
from fraiseql_chaos.plan import Fault
from fraiseql_chaos.rig.keeper import Keeper
from fraiseql_chaos.rig.keeper.lease import leases_root
from fraiseql_chaos.rig.postgres.binaries import MAJORS, available_majors, find_binaries, install_command
from fraiseql_chaos.rig.service import check_interpreter

__all__ = ["Capability", "capabilities"]

TRIAL: Final = seconds(2)
"""How long a packet may take across a link that was made to be tried, and back."""

_ROWS: Final[Mapping[Mechanism, str]] = {"tun": "packet link, TUN forwarder", "netem": "packet link, veth and netem"}

_FAULTS_OF: Final[Mapping[Mechanism, Sequence[type[Fault]]]] = {"tun": PACKET_FAULTS, "netem": NETEM_FAULTS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """
    Something a run may need.

    Attributes:
        name: What it is.
        available: Whether this machine has it.
        required: Whether the bundled suite cannot run without it.
        detail: What was found, or what is missing.
        remedy: How to get it; empty if it is there.
    """

    name: str
    available: bool
    required: bool
    detail: str
    remedy: str = ""


def capabilities(python: Path | None = None) -> tuple[Capability, ...]:
    """
    Look at this machine.

    Args:
        python: The interpreter that would run the service; this one if not given.
    """
    servers = tuple(_postgres(major) for major in reversed(MAJORS))
    links = _links()
    parts = (_interpreter(python or Path(sys.executable)), _any_postgres(servers), *servers, _leases(), *links.values())
    rig = all(part.available for part in parts if part.required)
    on_links = {
        fault.kind for mechanism, known in _FAULTS_OF.items() if links[mechanism].available for fault in known
    }  # What one mechanism cannot do, the other may.
    return (*parts, *(_fault(fault, possible=rig and (fault.layer != "packet" or fault.kind in on_links)) for fault in FAULTS))


def _fault(fault: type[Fault], *, possible: bool) -> Capability:
    return Capability(
        name=f"fault {fault.layer}/{fault.kind}",
        available=possible,
        required=False,
        detail=f"{fault.failure_type}, fidelity: {fault.fidelity}" if possible else "a part of the rig is missing, see above",
    )


def _interpreter(python: Path) -> Capability:
    name = "interpreter of the service"
    try:
        check_interpreter(python)
    except ChaosError as error:
        remedy = f"install fraiseql and uvicorn into the environment of {python}, or name another with --target-python"
        return Capability(name=name, available=False, required=True, detail=str(error), remedy=remedy)
    return Capability(name=name, available=True, required=True, detail=str(python))


def _any_postgres(servers: tuple[Capability, ...]) -> Capability:
    there = [server.name.removeprefix("PostgreSQL ") for server in servers if server.available]
    remedy = "" if there else install_command(MAJORS[-1])
    detail = ", ".join(there) or "there is none"
    return Capability(name="PostgreSQL of our own, any version", available=bool(there), required=True, detail=detail, remedy=remedy)


def _postgres(major: int) -> Capability:
    name = f"PostgreSQL {major}"
    if major not in available_majors():
        return Capability(name=name, available=False, required=False, detail="not here", remedy=install_command(major))
    try:
        found = find_binaries(major)
    except RigError as error:
        remedy = "install what it lacks, or name the directory of another with --postgres"
        return Capability(name=name, available=False, required=False, detail=str(error), remedy=remedy)
    return Capability(name=name, available=True, required=False, detail=f"{found.version}, {found.origin}")


def _leases() -> Capability:
    root = leases_root()
    parent = root if root.exists() else root.parent
    fine = os.access(parent, os.W_OK | os.X_OK) and (not root.exists() or root.stat().st_uid == os.getuid())
    remedy = "" if fine else "set TMPDIR to a directory of your own"
    return Capability(name="place for temporary files", available=fine, required=True, detail=str(root), remedy=remedy)


def _links() -> dict[Mechanism, Capability]:
    """Try each mechanism in a network that is made for it and gone when this returns."""
    try:
        with Keeper.start() as keeper:
            _, links = start_forwarder(keeper)
            return {mechanism: _link(links, mechanism) for mechanism in MECHANISMS}
    except (RigError, OSError) as error:
        remedy = "as it says" if isinstance(error, CapabilityError) else "see that the keeper can start; the rows above say more"
        return {mechanism: _no_link(mechanism, str(error), remedy) for mechanism in MECHANISMS}


def _link(links: LinkControl, mechanism: Mechanism) -> Capability:
    name = f"trial {mechanism}"
    try:
        _, user = links.namespaces()
        links.check(mechanism)
        far = links.open(name, seed=0, mtu=MTU, mechanism=mechanism).far
        with links.socket(name, "near") as client:
            client.settimeout(TRIAL.s)
            # Nobody listens there, so it is the far kernel that refuses: a packet has crossed, and one has come back.
            answered = client.connect_ex((str(far.ipv4), 9)) == errno.ECONNREFUSED
    except CapabilityError as error:
        return _no_link(mechanism, str(error), "as it says")
    except (RigError, OSError) as error:
        return _no_link(mechanism, str(error), "see what the kernel refuses, and who may allow it")
    if not answered:
        return _no_link(mechanism, "a packet sent across it was not answered", "look for a firewall")
    detail = "as root" if user is None else "in a user namespace of its own"
    return Capability(name=_ROWS[mechanism], available=True, required=False, detail=detail)


def _no_link(mechanism: Mechanism, detail: str, remedy: str) -> Capability:
    return Capability(name=_ROWS[mechanism], available=False, required=False, detail=detail, remedy=remedy)
