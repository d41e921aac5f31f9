"""
What the documents say works: every example is run, every link leads somewhere.

A fence says in its first line what it is:

    ```python run                 a script; it must end without an error
    ```python test                a test file; every test in it must pass
    ```python fails <word>        a test file; it must fail, and print the word
    ```python no-run <reason>     not run, and why
    ```sh                         commands, run in the checkout one after the other; each must succeed
    ```sh no-run <reason>         not run, and why; that the commands exist is checked all the same
    ```console                    lines after "$ " are run in the checkout, the others are their output; "..." stands for anything

Other languages are not looked at. The reason is for readers of the source: nothing that could be run is left out for convenience.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>\w+)(?: +(?P<mode>[\w-]+))?(?: +(?P<reason>[^\n]+?))? *\n(?P<body>.*?)^(?P=indent)``` *$",
    re.MULTILINE | re.DOTALL,
)
ANY_FENCE = re.compile(r"^ *(`{3,}|~{3,}).*?^ *\1`*~* *$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:|mailto:)(?P<target>[^)\s]+)\)")
MODES: dict[str, set[str | None]] = {"python": {"run", "test", "fails", "no-run"}, "sh": {None, "no-run"}, "console": {None, "no-run"}}
EXAMPLE_TAKES_AT_MOST_S = 180


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One fence of a document."""

    where: str
    language: str
    mode: str | None
    reason: str | None
    body: str

    @property
    def commands(self) -> list[str]:
        """The shell commands in it, continued lines joined."""
        text = self.body.replace("\\\n", " ")
        if self.language == "console":
            return [line.removeprefix("$ ") for line in text.splitlines() if line.startswith("$ ")]
        return [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def examples() -> list[Example]:
    """Return every fence in a language that we look at."""
    found = []
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        for match in FENCE.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            body = re.sub(rf"^{match['indent']}", "", match["body"], flags=re.MULTILINE)
            where = f"{document.relative_to(ROOT)}:{line}"
            found.append(Example(where=where, language=match["language"], mode=match["mode"], reason=match["reason"], body=body))
    return [example for example in found if example.language in MODES]


EXAMPLES = examples()
RUN = [example for example in EXAMPLES if example.mode != "no-run"]


def run(command: list[str], cwd: Path) -> tuple[int, str]:
    """
    Run a command as a reader would, and return its exit status and all it printed; nothing of it outlives its time.

    What pytest and make tell their children is taken out of the environment: the reader has neither around them.
    """
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST_", "MAKE", "MFLAGS", "ARGS"))}
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    with subprocess.Popen(
        command,
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            output, _ = process.communicate(timeout=EXAMPLE_TAKES_AT_MOST_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate()
            return -signal.SIGKILL, f"{output}\n(not done after {EXAMPLE_TAKES_AT_MOST_S} s)"
    return process.returncode, output


def expected_output(example: Example) -> re.Pattern[str]:
    """Return the pattern that the printed lines of a console example have to match."""
    lines = [line for line in example.body.replace("\\\n", " ").splitlines() if not line.startswith("$ ")]
    return re.compile("".join(r"(?:.*\n)*" if line.strip() == "..." else re.escape(line).replace(r"\.\.\.", ".*") + r"[ \t]*\n" for line in lines))


def slug(heading: str) -> str:
    """Return the anchor that a heading gets."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def unknown(command: str) -> str | None:
    """Return what a command names that does not exist; None if all is there, or if it is not a command of ours."""
    words = shlex.split(command, comments=True)
    match words:
        case ["make", *arguments]:
            targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
            missing = [word for word in arguments if "=" not in word and not word.startswith("-") and word not in targets]
        case ["pytest", *arguments]:
            missing = [word for word in arguments if word.startswith("tests/") and not (ROOT / word.partition("::")[0]).exists()]
        case [script, *_] if "/" in script and not script.startswith(("/", "~", ".venv/")):
            missing = [] if (ROOT / script).exists() else [script]
        case _:
            missing = []
    return ", ".join(missing) or None


def test_every_fence_says_what_it_is() -> None:
    """A fence that is left out gives its reason."""
    unclear = [
        f"{example.where}: ```{example.language} {example.mode or ''}"
        for example in EXAMPLES
        if example.mode not in MODES[example.language] or (example.mode in {"fails", "no-run"}) != bool(example.reason)
    ]
    assert unclear == []


def test_commands_that_are_not_run_exist() -> None:
    """Targets of the Makefile, paths of tests and scripts."""
    assert [f"{e.where}: {c}" for e in EXAMPLES if e.language != "python" for c in e.commands if unknown(c)] == []


@pytest.mark.parametrize("example", RUN, ids=[example.where for example in RUN])
def test_example_works_as_printed(example: Example, tmp_path: Path) -> None:
    """Run it as a reader would; a console example also prints what it says."""
    match example.language, example.mode:
        case "python", mode:
            (tmp_path / "test_example.py").write_text(example.body, encoding="utf-8")
            arguments = [] if mode == "run" else ["-m", "pytest", "-q", "-p", "no:cacheprovider"]
            status, output = run([sys.executable, *arguments, "test_example.py"], tmp_path)
        case _:
            status, output = run(["bash", "-euo", "pipefail", "-c", "\n".join(example.commands)], ROOT)
    if example.mode == "fails":
        assert status == 1, output
        assert example.reason, "a fence without the word it prints is refused above"
        assert example.reason in output
        return
    assert status == 0, output
    if example.language == "console":
        assert expected_output(example).fullmatch(output), output


@pytest.mark.parametrize("document", DOCUMENTS, ids=[str(document.relative_to(ROOT)) for document in DOCUMENTS])
def test_links_lead_somewhere(document: Path) -> None:
    """To a file that exists, and to a heading in it."""
    broken = []
    for match in LINK.finditer(ANY_FENCE.sub("", document.read_text(encoding="utf-8"))):
        place, _, anchor = match["target"].partition("#")
        target = (document.parent / place).resolve() if place else document
        headings = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE) if target.suffix == ".md" and target.is_file() else []
        if not target.exists() or (anchor and anchor not in set(map(slug, headings))):
            broken.append(match["target"])
    assert broken == []
