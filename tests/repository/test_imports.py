"""
Dependencies point one way: what writes a history and what judges one meet only in ``experiment``.

Each package is listed with the nearest packages it may import; what those may import, it may import too. Nothing else may be.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src" / "fraiseql_chaos"

MAY_IMPORT = {
    "errors": "",
    "core": "errors",
    "history": "core",
    "control": "core",
    # the writing arm
    "plan": "history",
    "layers": "plan control",
    "rig": "layers",
    "workload": "rig",
    "probes": "rig",
    "toxiproxy": "layers",
    "reference": "workload",
    "testing": "layers verdicts",
    # the reading arm
    "stats": "history",
    "baselines": "stats",
    "verdicts": "stats baselines",
    "measures": "verdicts",
    "reports": "measures",
    "comparison": "reports",
    "coverage": "reports",
    # where the two meet, and who calls it
    "experiment": "workload probes reports reference",
    "pytest_plugin": "experiment comparison coverage",
    "cli": "pytest_plugin toxiproxy",
    "compat": "experiment",
    "__init__": "experiment testing compat",
}

LAYERS_ON_OTHERS = {("wire", "stream")}
"""The wire layer reads messages in the byte stream that the stream layer carries; no other layer knows of another."""

TOUCHES_THE_WORLD = {
    "aiohttp",
    "asyncio",
    "ctypes",
    "fcntl",
    "http",
    "multiprocessing",
    "psycopg",
    "select",
    "signal",
    "socket",
    "subprocess",
    "threading",
}


@cache
def reachable(package: str) -> frozenset[str]:
    """Return the packages that one may import, itself among them."""
    below = MAY_IMPORT[package].split()
    return frozenset({package}).union(*(reachable(name) for name in below))


def imports(path: Path) -> Iterator[str]:
    """Yield every module a file imports, wherever in the file; a name imported from a module counts as the module it may be."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Import(names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module, names, 0):
                yield from (f"{module}.{alias.name}" for alias in names)
            case ast.ImportFrom():
                yield "(a relative import)"


def own_imports() -> Iterator[tuple[Path, list[str], list[str]]]:
    """Yield every file of ours with its own place and the places it imports, both as lists of names below the root."""
    for path in sorted(SOURCE.rglob("*.py")):
        place = list(path.relative_to(SOURCE).with_suffix("").parts)
        yield from ((path, place, name.split(".")[1:]) for name in imports(path) if name.split(".")[0] == SOURCE.name)


def test_every_package_has_its_place_in_the_order() -> None:
    """A new package is listed above before it is imported by anything."""
    there = {path.stem for path in SOURCE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert there - MAY_IMPORT.keys() - {"__main__"} == set(), "say in MAY_IMPORT what the new package may import"


def test_packages_import_only_what_stands_before_them() -> None:
    """Read off the syntax, so that an import inside a function counts too."""
    wrong = [
        f"{path.relative_to(SOURCE)} imports {SOURCE.name}.{'.'.join(target)}"
        for path, place, target in own_imports()
        if place[0] in MAY_IMPORT and target and target[0] not in reachable(place[0])
    ]
    assert wrong == []


def test_layers_do_not_import_each_other() -> None:
    """Learn one layer, and nothing of the others has to be known."""
    wrong = [
        f"{path.relative_to(SOURCE)} imports {'.'.join(target)}"
        for path, place, target in own_imports()
        if place[0] == "layers" and len(place) > 2 and target[0] == "layers" and len(target) > 1
        if place[1] != target[1] and (place[1], target[1]) not in LAYERS_ON_OTHERS
    ]
    assert wrong == []


def test_nothing_is_imported_relatively() -> None:
    """A full path says where a name comes from, and the tests above can read it."""
    assert [path for path in SOURCE.rglob("*.py") if "(a relative import)" in imports(path)] == []


def test_what_is_pure_imports_nothing_that_touches_the_world() -> None:
    """Plans, statistics, verdicts, faults and engines know neither sockets nor processes nor event loops."""
    pure = [
        path
        for path in sorted(SOURCE.rglob("*.py"))
        if path.relative_to(SOURCE).parts[0] in {"plan", "stats", "baselines", "verdicts"} or path.name == "engine.py" or path.parent.name == "faults"
    ]
    wrong = [f"{path.relative_to(SOURCE)} imports {name}" for path in pure for name in imports(path) if name.split(".")[0] in TOUCHES_THE_WORLD]
    assert pure != []
    assert wrong == []
