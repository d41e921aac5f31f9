"""``fraiseql-chaos run`` without ``--fault``: the bundled suite, through pytest, the same wherever it is run."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import pytest

import fraiseql_chaos
from fraiseql_chaos.cli.status import HELD, INCONCLUSIVE, RIG_FAILED, WRONG_USE, status_of
from fraiseql_chaos.pytest_plugin.options import OPTIONS, short
from fraiseql_chaos.pytest_plugin.session import State, state_of

__all__ = ["run_suite", "suite_directory"]

_PYTEST_STATUS: Final = {
    pytest.ExitCode.USAGE_ERROR: WRONG_USE,
    pytest.ExitCode.NO_TESTS_COLLECTED: INCONCLUSIVE,
}


def suite_directory() -> Path:
    """Return where the bundled suite lies: in the wheel, or in the source tree beside ``src``."""
    package = Path(fraiseql_chaos.__file__).parent
    bundled = package / "suite"
    return bundled if bundled.is_dir() else package.parents[1] / "tests" / "chaos"


def run_suite(arguments: argparse.Namespace) -> int:
    """Run the suite, or the part of it that was selected, and return the exit status."""
    suite = suite_directory()
    # The suite is the same wherever it is run: neither the configuration nor the conftest files of the project around it take part.
    select = list(_within(suite, arguments.select))
    words = ["-p", "no:cacheprovider", "-c", os.devnull, f"--rootdir={suite}", f"--confcutdir={suite}", "--import-mode=importlib", "-v"]
    words += [f"-o=chaos_weaknesses={suite / 'weaknesses.toml'}", "-W", "ignore:Module already imported:pytest.PytestAssertRewriteWarning"]
    if arguments.store is None:
        words.append(f"--chaos-store={Path.cwd() / '.chaos' / 'runs'}")
    for option in OPTIONS:
        value = getattr(arguments, short(option.name).lstrip("-").replace("-", "_"))
        if value is True:
            words.append(option.name)
        elif value not in {None, False}:
            words.append(f"{option.name}={value}")
    # Without a place of its own choice, it is the whole suite.
    places = [] if select != arguments.select else [str(suite)]
    result = _Result(arguments.typed)
    status = pytest.ExitCode(pytest.main([*places, *words, *select], plugins=[result]))
    if status in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}:
        return result.status(failed=status != pytest.ExitCode.OK)
    return _PYTEST_STATUS.get(status, RIG_FAILED)


def _within(suite: Path, select: Sequence[str]) -> Iterator[str]:
    """
    Yield pytest's words, those that are places in the suite made absolute: a replay names its test relative to the suite.

    Behind the first option a word may be that option's value, so from there on only a file is taken for a place.
    """
    option_seen = False
    for word in select:
        option_seen = option_seen or word.startswith("-")
        path = word.partition("::")[0]
        is_place = (path.endswith(".py") or not option_seen) and not word.startswith("-") and (suite / path).exists()
        yield str(suite / word) if is_place else word


class _Result:
    """Tells the plugin what was typed, and keeps what a run of pytest came to, because pytest itself knows only failed."""

    def __init__(self, typed: tuple[str, ...]) -> None:
        self._typed = typed
        self._state: State | None = None

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        self._state = state_of(config)
        self._state.typed = self._typed

    def status(self, *, failed: bool) -> int:
        """Return the status of a run; if something failed and it was no verdict, then it was the rig."""
        document = None if self._state is None else self._state.document
        verdict = HELD if document is None else status_of(document)
        return RIG_FAILED if failed and verdict == HELD else verdict
