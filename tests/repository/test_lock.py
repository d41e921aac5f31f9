"""The lock pins what pyproject.toml asks for, by hash, and knows nothing of where packages come from."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "requirements" / "dev.txt").read_text(encoding="utf-8")
PINS: dict[str, str] = {canonicalize_name(name): version for name, version in re.findall(r"^([\w.-]+)==(\S+) ", LOCK, re.MULTILINE)}


def declared() -> list[Requirement]:
    """Return everything that pyproject.toml asks for, to run, to develop and to build."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    lines = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"], *project["build-system"]["requires"]]
    return [Requirement(line) for line in lines]


def test_the_lock_fits_what_is_declared() -> None:
    """After a change of pyproject.toml comes `make lock`."""
    unfit = [str(r) for r in declared() if not r.specifier.contains(PINS.get(canonicalize_name(r.name), "0"))]
    assert unfit == []


def test_fraiseql_is_pinned_and_its_range_is_wider() -> None:
    """The weakness register describes one release; we support a range."""
    [fraiseql] = [requirement for requirement in declared() if requirement.name == "fraiseql"]
    assert PINS["fraiseql"] == "1.9.16"
    assert fraiseql.specifier == Requirement("fraiseql>=1.8.9,<2").specifier


def test_every_line_of_the_lock_is_a_pin_a_hash_or_a_comment() -> None:
    """No option, no address: `--index-url` or a link would bind a checkout to one machine."""
    line = re.compile(r"(?:[\w.-]+==\S+ \\| {4}--hash=sha256:[0-9a-f]{64}(?: \\)?| *#.*|)")
    assert [text for text in LOCK.splitlines() if not line.fullmatch(text)] == []
    assert len(PINS) > 50
