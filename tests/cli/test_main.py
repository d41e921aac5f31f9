"""One sentence and one exit status for everything that can go wrong; no stack of ours is shown for what is not our bug."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fraiseql_chaos.cli import main as entry_point
from fraiseql_chaos.cli.main import COMMANDS, main, parser
from fraiseql_chaos.errors import DeclarationError, HistoryError, InjectionError


def status_and_words(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[object, str]:
    """Run a command in this process; return its exit status and what it said on standard error."""
    with pytest.raises(SystemExit) as exit_:
        main(words)
    return exit_.value.code, capsys.readouterr().err


def failing_with(error: BaseException) -> Callable[[argparse.Namespace], int]:
    """Return a command that goes wrong."""

    def perform(_: argparse.Namespace) -> int:
        raise error

    return perform


@pytest.fixture
def goes_wrong(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], None]:
    """Return a function that adds a command ``wrong`` which raises what it is given."""

    def add(error: BaseException) -> None:
        module = type(sys)("fraiseql_chaos.cli.wrong")
        module.add_to = lambda command: command.set_defaults(perform=failing_with(error))  # type: ignore[attr-defined]  # made here
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setitem(COMMANDS, "wrong", "a command that goes wrong")

    return add


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (DeclarationError("write ms(250)"), 2, ["write ms(250)"]),
        (HistoryError("h.jsonl: line 3: cut short"), 4, ["h.jsonl: line 3: cut short"]),
        (FileNotFoundError(2, "No such file or directory", "/nowhere/report.html"), 4, ["/nowhere/report.html"]),
        (
            ExceptionGroup("two", [HistoryError("disk is full"), ExceptionGroup("in", [InjectionError("not healed")])]),
            4,
            ["disk is full", "not healed"],
        ),
        (ExceptionGroup("two", [DeclarationError("no unit"), HistoryError("disk is full")]), 4, ["no unit", "disk is full"]),
        (ExceptionGroup("two", [HistoryError("disk is full"), ExceptionGroup("in", [HistoryError("disk is full")])]), 4, ["disk is full"]),
    ],
)
def test_what_goes_wrong_is_a_sentence_and_a_status(
    capsys: pytest.CaptureFixture[str], goes_wrong: Callable[[BaseException], None], error: Exception, status: int, said: list[str]
) -> None:
    """Also where several things went wrong side by side; it is never the 1 that says a promise was broken."""
    goes_wrong(error)
    code, words = status_and_words(capsys, "wrong")
    assert code == status
    lines = words.splitlines()
    assert all(line.startswith("fraiseql-chaos: ") for line in lines)
    assert len(lines) == len(said)
    assert all(sentence in line for sentence, line in zip(said, lines, strict=True))


def test_our_own_bugs_keep_their_stack(goes_wrong: Callable[[BaseException], None]) -> None:
    """A sentence would hide where it happened."""
    goes_wrong(ZeroDivisionError("ours"))
    with pytest.raises(ZeroDivisionError):
        main(["wrong"])


@pytest.mark.parametrize("words", [[], ["compute"], ["--json"]], ids=["nothing", "unknown", "an option first"])
def test_without_a_command_the_commands_are_named(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    status, said = status_and_words(capsys, *words)
    assert status == 2
    assert all(command in said for command in COMMANDS)


def test_help_names_every_command_and_every_status(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["--help"])
    told = " ".join(capsys.readouterr().out.split())
    assert exit_.value.code == 0
    assert all(summary in told for summary in COMMANDS.values())
    assert "0 held, 1 violated, 2 wrong use, 3 inconclusive, 4 the rig or a record failed, 130 Ctrl-C" in told


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_its_options(capsys: pytest.CaptureFixture[str], command: str) -> None:
    with pytest.raises(SystemExit):
        parser(for_command=command).parse_args([command, "--help"])
    assert "--json" in capsys.readouterr().out


def test_the_command_starts_without_the_rig(tmp_path: Path) -> None:
    """What a command does not need is not imported: ``--help`` comes at once."""
    program = (
        "import sys\nfrom fraiseql_chaos.cli import main\ntry:\n    main(['--help'])\nexcept SystemExit:\n"
        "    print([name for name in ('psycopg', 'aiohttp', 'scipy', 'fraiseql_chaos.experiment') if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30, cwd=tmp_path).stdout
    assert shown.endswith("[]\n")
    assert entry_point is main
