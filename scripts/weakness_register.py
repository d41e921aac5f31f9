"""
Write ``docs/weaknesses.md``: the weakness register as a document, each entry with the tests that speak of it and the command that shows it.

It says what ``tests/chaos/weaknesses.toml`` and the marks of the suite say; ``tests/repository/test_weakness_register.py`` is red until it is written again.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from fraiseql_chaos.cli.suite import suite_directory
from fraiseql_chaos.coverage import CollectedTest
from fraiseql_chaos.pytest_plugin.collecting import collect_suite
from fraiseql_chaos.reports import Weakness
from fraiseql_chaos.reports.register import read_register

DOCUMENT: Final = Path(__file__).parents[1] / "docs" / "weaknesses.md"

SEED: Final = 1
"""Any would do: a weakness that hangs on the seed would not be met by every run of the suite, as it must be."""

HEAD: Final = """\
# Known weaknesses

What the stock service does not do as the plan expects: the [register](../tests/chaos/weaknesses.toml) of the suite, written by `scripts/weakness_register.py`.
A test that names an entry is as strict as any other. On the stock service it must be violated, in nothing but the promises that the entry lists, and the day it
holds the run is red until the register says so; on the hardened service, where the remedy is in place, it must hold. Lines are those of the releases that
`requirements/dev.txt` pins.
"""


def weakness_register() -> str:
    """Return the document."""
    suite = suite_directory()
    register, tests = read_register(suite / "weaknesses.toml"), collect_suite(suite)
    overview = "\n".join(f"| [{name}](#{name.lower()}) | {_cell(entry)} | {', '.join(entry.violates)} |" for name, entry in register.items())
    sections = [_section(entry, [test for test in tests if test.weakness == name]) for name, entry in register.items()]
    return "\n".join([HEAD, f"| entry | seen | broken promise |\n|---|---|---|\n{overview}\n", *sections])


def _section(entry: Weakness, tests: Iterable[CollectedTest]) -> str:
    named = tuple(tests)
    shown = next((test.id for test in named if "stock" in test.id), "")
    facts = {
        "Broken promise": ", ".join(entry.violates),
        "Evidence": entry.evidence,
        "Cause": entry.cause,
        "Affected": entry.affects,
        "Remedy": entry.remedy or "none is known",
        "Tests": _links(named) or "none",
    }
    parts = [f"## {entry.id}", entry.seen, "\n".join(f"- **{name}:** {text}" for name, text in facts.items())]
    parts.append(f"See it:\n\n    fraiseql-chaos run {shlex.quote(shown)} --seed={SEED}")
    return "\n\n".join(parts) + "\n"


def _links(tests: Iterable[CollectedTest]) -> str:
    """Return links to the tests, each with the services that it runs on."""
    variants: dict[str, list[str]] = {}
    for test in tests:
        name, _, parameters = test.id.partition("[")
        variants.setdefault(name, []).append(parameters.removesuffix("]"))
    return ", ".join(f"[{name.rpartition('::')[2]}](../tests/chaos/{name.partition('::')[0]}) ({', '.join(on)})" for name, on in variants.items())


def _cell(entry: Weakness) -> str:
    return entry.seen.partition(". ")[0].rstrip(".").replace("|", "\\|")


if __name__ == "__main__":
    DOCUMENT.write_text(weakness_register(), encoding="utf-8")
