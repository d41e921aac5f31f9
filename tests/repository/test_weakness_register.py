"""The register of weaknesses: its document says what it says, a test speaks of every entry, and its causes are where it says they are."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from fraiseql_chaos.reports import Weakness
from fraiseql_chaos.reports.register import read_register

ROOT = Path(__file__).parents[2]
SUITE = ROOT / "tests" / "chaos"
REGISTER = read_register(SUITE / "weaknesses.toml")
TAKES_AT_MOST_S = 60
WRITTEN = "import runpy, sys; sys.stdout.write(runpy.run_path(sys.argv[1])['weakness_register']())"
NAMED = """
import json, sys
from pathlib import Path
from fraiseql_chaos.pytest_plugin.collecting import collect_suite
print(json.dumps([[test.id, test.weakness] for test in collect_suite(Path(sys.argv[1]))]))
"""
TEST = re.compile(r"\btest_\w+")
PLACE = re.compile(r"(?P<file>(?P<package>\w+)/[\w/]+\.py):(?P<line>\d+)(?: `(?P<words>[^`]+)`)?")


def answer(*words: str) -> str:
    """Return what a process says: pytest is no guest in its own house."""
    done = subprocess.run([sys.executable, "-c", *words], capture_output=True, text=True, timeout=TAKES_AT_MOST_S, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def collected() -> list[tuple[str, str]]:
    """All tests of the suite, each with the entry that it names."""
    return [(test, weakness) for test, weakness in json.loads(answer(NAMED, str(SUITE)))]


@pytest.fixture(scope="module")
def named(collected: list[tuple[str, str]]) -> dict[str, list[str]]:
    """The tests that name each entry, with the services they run on."""
    found: dict[str, list[str]] = {}
    for test, weakness in collected:
        if weakness:
            found.setdefault(weakness, []).append(test)
    return found


def line_of(place: re.Match[str]) -> str | None:
    """Return the line of an installed package that a cause points at."""
    spec = importlib.util.find_spec(place["package"])
    if spec is None or spec.origin is None:
        return None
    file = Path(spec.origin).parent.parent / place["file"]
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    return lines[int(place["line"]) - 1] if 0 < int(place["line"]) <= len(lines) else None


def test_the_document_is_the_one_that_the_register_writes() -> None:
    """If it is not, run ``python scripts/weakness_register.py``."""
    assert (ROOT / "docs" / "weaknesses.md").read_text(encoding="utf-8") == answer(WRITTEN, str(ROOT / "scripts" / "weakness_register.py"))


def test_every_entry_is_spoken_of_and_every_name_is_an_entry(named: dict[str, list[str]]) -> None:
    """What no test meets may be mended long since; a name that is not there excuses nothing, and would be found only when the test runs."""
    assert sorted(REGISTER) == sorted(named)


def test_where_there_is_a_remedy_a_test_tries_it(named: dict[str, list[str]], collected: list[tuple[str, str]]) -> None:
    """
    On the hardened service; where no known remedy is left to the service, there is nothing to show there.

    A remedy that is no setting of a service's, but one of the way to its database, is tried by another test, which its text names.
    """
    known = {test.rpartition("::")[2].partition("[")[0] for test, weakness in collected if not weakness}
    tried = {name: any("hardened" in test for test in tests) for name, tests in named.items()}
    elsewhere = {name: bool(told := TEST.findall(entry.remedy)) and set(told) <= known for name, entry in REGISTER.items()}
    assert {name: bool(entry.remedy) for name, entry in REGISTER.items()} == {name: tried[name] or elsewhere[name] for name in REGISTER}


@pytest.mark.parametrize("entry", REGISTER.values(), ids=list(REGISTER))
def test_an_entry_has_everything_that_its_card_must_say(entry: Weakness) -> None:
    assert [name for name in ("seen", "affects", "evidence", "cause") if not getattr(entry, name).strip()] == []
    assert "fraiseql" in entry.affects


@pytest.mark.parametrize("entry", REGISTER.values(), ids=list(REGISTER))
def test_a_cause_is_where_the_register_says_it_is(entry: Weakness) -> None:
    """Each is written as ``fraiseql/file.py:LINE`` with the words of that line, in the releases that are pinned; at least one is in FraiseQL."""
    places = list(PLACE.finditer(entry.cause))
    assert "fraiseql" in {place["package"] for place in places}, entry.cause
    assert [place[0] for place in places if (line := line_of(place)) is None or (place["words"] or "") not in line] == []
