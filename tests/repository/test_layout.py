"""
The tests mirror the source: whoever opens a module knows where it is proved, and the other way round.

    src/fraiseql_chaos/core/units.py                    tests/core/test_units.py
    src/fraiseql_chaos/layers/stream/faults/refuse.py   tests/layers/stream/faults/test_refuse.py, or tests/layers/stream/test_faults.py

One file may prove a whole folder, if it is named after the folder and stands beside where the folder's tests would be.
"""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE, TESTS = ROOT / "src" / "fraiseql_chaos", ROOT / "tests"

NOT_MIRRORED = {"chaos", "repository"}
"""``tests/chaos`` proves things about FraiseQL and ``tests/repository`` about this repository; neither has a counterpart in the source."""

PROVED_ELSEWHERE: dict[str, str] = {
    "__init__.py": "tests/test_package.py: a package named after the project has no folder of tests to be named after",
    "layers/stream/driver/encryption.py": "tests/layers/wire/test_reading.py: says what an end of TLS owes to a relay; who reads what passes brings the ends",
    "experiment/captures.py": "tests/experiment/test_network.py: what a capture says of a fault is seen in a real run",
    "experiment/edges.py": "tests/experiment/test_network.py: names for what two control sockets do, used by every run",
    "layers/packet/control.py": "tests/layers/packet/test_driver.py: the two ends of one protocol are proved by a real forwarder",
    "probes/capture/process.py": "tests/probes/capture/test_acceptance.py: a real capture at both ends of a real link",
    "probes/capture/recording.py": "tests/probes/capture/test_acceptance.py: likewise",
    "probes/capture/tap.py": "tests/probes/capture/test_acceptance.py: likewise",
    "rig/keeper/namespaces.py": "tests/experiment/test_network.py: a service and a server that were started in networks of their own",
    "rig/keeper/process.py": "tests/rig/keeper/test_client.py: the two ends of one protocol are proved by real processes on both",
    "rig/keeper/spawning.py": "tests/rig/keeper/test_client.py: what is spawned is spawned for the client",
}
"""Modules whose proof has another name, each as ``<test file>: <why>``."""

ABOUT_SEVERAL: dict[str, str] = {
    "test_package.py": "proves the package's own __init__.py",
    "experiment/test_ambiguous_commit.py": "shows a fault of the wire on a real mutation of a real service; rig, layers and server all have a part",
    "layers/stream/test_storm.py": "drives one proxy with a thousand connections and ten thousand changes; the relay, the engine and the control socket hold together or not",
    "experiment/test_both.py": "bends messages and packets on one way; network, proxy, link and those who look from inside hold together or not",
    "experiment/test_cleanup.py": "kills the runner at random moments; what must be left, nothing, is everybody's doing",
    "layers/wire/test_conformance.py": "real clients through the whole of the wire layer; none of its modules is their home",
    "experiment/test_rootless.py": "runs what needs a link as a user who is nobody; keeper, forwarder, server, service and capture all have a part",
    "experiment/test_isolation.py": "judges a bystander on a real service while its neighbour is hit; the fault, the service and the judge all have a part",
    "experiment/baseline/test_regressions.py": "measures services with a defect and compares them; what is a regression is decided by collection and statistics together",
    "experiment/test_negative_controls.py": "shows the bundled suite red, by disarmed injectors and by services with a defect",
    "probes/capture/test_acceptance.py": "counts what a link did at both of its ends; the engine, the capture and the kernels agree or not",
    "toxiproxy/test_clients.py": "runs Toxiproxy's own clients, unchanged, against a process of ours",
    "toxiproxy/test_conformance.py": "asks again for every answer that Toxiproxy was recorded to give, through socket, API, proxies and edges",
}
"""Test files that prove how several modules work together, each with the reason why no module is their home."""


def has_code(path: Path) -> bool:
    """Tell whether a module defines a function or a class; lists of names and data need no test of their own."""
    return any(
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    )


def homes(module: Path) -> set[Path]:
    """Return every place, relative to the tests, where a module may be proved: its own file, or one for a folder it is in."""
    place = module.relative_to(SOURCE)
    own = place.parent if place.name == "__init__.py" else place.with_suffix("")
    return {step.parent / f"test_{step.name}.py" for step in (own, *own.parents) if step.name}


def modules() -> list[Path]:
    """Return every module with code in it."""
    return [path for path in sorted(SOURCE.rglob("*.py")) if path.name != "__main__.py" and has_code(path)]


def proofs() -> set[Path]:
    """Return every test file that mirrors the source, relative to the tests."""
    found = {path.relative_to(TESTS) for path in TESTS.rglob("test_*.py")}
    return {path for path in found if path.parts[0] not in NOT_MIRRORED}


def test_every_module_with_code_has_its_tests() -> None:
    """A module without a test beside it is a module nobody has seen fail."""
    there = proofs()
    unproved = [str(m.relative_to(SOURCE)) for m in modules() if not homes(m) & there and str(m.relative_to(SOURCE)) not in PROVED_ELSEWHERE]
    assert unproved == []


def test_no_test_file_outlives_its_module() -> None:
    """A test that mirrors nothing was left behind, or has the wrong name."""
    mirrored = set().union(*(homes(module) for module in SOURCE.rglob("*.py")))
    assert sorted(map(str, proofs() - mirrored - set(map(Path, ABOUT_SEVERAL)))) == []


def test_exceptions_to_the_mirror_are_still_needed() -> None:
    """Each names a module that exists, and a test file that does."""
    stale = [
        module
        for module, reason in PROVED_ELSEWHERE.items()
        if not (SOURCE / module).exists() or not (ROOT / reason.partition(":")[0]).exists() or homes(SOURCE / module) & proofs()
    ]
    assert stale + [name for name in ABOUT_SEVERAL if not (TESTS / name).exists()] == []
