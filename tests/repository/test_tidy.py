"""
Small rules that no linter knows, each with its reason. They read files and nothing else.

The words searched for are written here in two halves, so that this file may be searched too.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PLACES = (".ci", "benchmarks", "changes.d", "docs", "requirements", "scripts", "src", "tests")
TEXT = {
    "",
    ".cfg",
    ".css",
    ".csv",
    ".html",
    ".in",
    ".ini",
    ".j2",
    ".js",
    ".json",
    ".jsonl",
    ".md",
    ".py",
    ".sh",
    ".sql",
    ".svg",
    ".toml",
    ".tsv",
    ".txt",
    ".yaml",
    ".yml",
}
GENERATED = {"requirements/dev.txt"}

MODULE_LINES_MAX = 400
FUNCTION_LINES_MAX = 80
"""Where looking twice is over: the style asks for a second look at 300 and 40 lines."""

LOOKED_TWICE: dict[str, str] = {}
"""Files, and functions as ``file:function``, that are longer for a reason, each with the reason."""

README_LINES_MAX = 120
FRAGMENT = re.compile(r"changes\.d/[a-z0-9-]+\.(?:added|changed|fixed|removed)\.md")
FILE_BYTES_MAX = 512 * 1024

NO_NAMES = {"util", "utils", "helper", "helpers", "common", "misc", "manager", "base"}
LEFTOVERS = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK|NotImplemented" + r"Error)\b|breakpoint\(\)|import p" + r"db\b")
MACHINE = re.compile(r"(?<![\w./~<-])/(?:ro" + r"ot|wo" + r"rk|ho" + r"me/\w+|Us" + r"ers/\w+)/")
REGISTRY = re.compile(r"py" + r"pi\.org|python" + r"hosted\.org|--(?:extra-)?index" + r"-url|--find" + r"-links|--trusted" + r"-host", re.IGNORECASE)
DOUBLES = re.compile(r"unittest\.mo" + r"ck|Magic" + r"Mock|Async" + r"Mock|monkeypatch\.set" + r"attr\((?!tempfile, \"tempdir\")")


def files() -> list[Path]:
    """Return every file that we keep, without asking git, which an unpacked archive does not have."""
    top = [path for path in ROOT.iterdir() if path.is_file() and path.name != ".git"]  # which is a file in a linked worktree
    below = [path for place in PLACES for path in (ROOT / place).rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    return sorted(top + below)


def name(path: Path) -> str:
    """Return a file's name as people write it."""
    return path.relative_to(ROOT).as_posix()


def text_files() -> list[Path]:
    """Return the files that people of ours write."""
    return [path for path in files() if path.suffix in TEXT and name(path) not in GENERATED and "vendor" not in path.parts]


def python_files() -> list[Path]:
    """Return the Python files."""
    return [path for path in files() if path.suffix == ".py"]


def matches(pattern: re.Pattern[str], paths: list[Path]) -> list[str]:
    """Return where a pattern is found, as ``file:line: text``."""
    return [
        f"{name(path)}:{number}: {line.strip()[:120]}"
        for path in paths
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if pattern.search(line)
    ]


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Yield every function's name and length in lines."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


def naps(path: Path) -> set[int]:
    """Return the lines that sleep outside a loop; ``sleep(0)`` only lets others run."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    polling = {id(inner) for loop in ast.walk(tree) if isinstance(loop, ast.While | ast.For | ast.AsyncFor) for inner in ast.walk(loop)}
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and id(node) not in polling]
    sleeping = [call for call in calls if ast.unparse(call.func).split(".")[-1] == "sleep" and ast.unparse(call) != f"{ast.unparse(call.func)}(0)"]
    return {call.lineno for call in sleeping}


def test_no_module_is_named_after_nothing() -> None:
    """A drawer with such a name collects what has no home."""
    assert [name(path) for path in python_files() if NO_NAMES & set(path.relative_to(ROOT).with_suffix("").parts)] == []


def test_no_leftovers() -> None:
    """What is unfinished belongs into the tracker, where somebody will find it."""
    assert matches(LEFTOVERS, text_files()) == []


def test_no_path_of_one_machine() -> None:
    """What names somebody's home directory works for nobody else."""
    assert matches(MACHINE, text_files()) == []


def test_no_registry_is_named() -> None:
    """Where packages come from is the business of the machine's own configuration; the lock has hashes instead."""
    assert matches(REGISTRY, [path for path in files() if path.parts[len(ROOT.parts)] in {"requirements", ".ci", "Makefile", "pyproject.toml"}]) == []


def test_no_test_replaces_what_it_tests() -> None:
    """There is no mock mode: what cannot be had for real is declared missing, and not imitated."""
    assert matches(DOUBLES, python_files()) == []


def test_no_test_sleeps() -> None:
    """
    A nap is too short or too long. What polls, inside a loop with a deadline, may pause between two looks.

    A sabotaged service is no test, and to be slow may be its defect.
    """
    tests = [path for path in python_files() if name(path).startswith("tests/") and not name(path).startswith("tests/sabotage/")]
    wrong = [f"{name(path)}:{line}" for path in tests for line in naps(path)]
    assert wrong == []


def test_every_document_has_one_title() -> None:
    """One idea a file, said in its first line."""
    fence = re.compile(r"^(```+|~~~+).*?^\1\s*?$", re.MULTILINE | re.DOTALL)
    documents = {
        name(path): fence.sub("", path.read_text(encoding="utf-8"))
        for path in text_files()
        if path.suffix == ".md" and not FRAGMENT.fullmatch(name(path))
    }
    assert documents != {}
    assert [where for where, text in documents.items() if not text.startswith("# ") or len(re.findall(r"^# ", text, re.MULTILINE)) != 1] == []


def test_every_news_fragment_has_a_kind_and_says_something() -> None:
    """See changes.d/README.md for the names; a title would end up in the middle of the changelog."""
    fragments = [path for path in (ROOT / "changes.d").iterdir() if path.name != "README.md"]
    assert [name(path) for path in fragments if not FRAGMENT.fullmatch(name(path))] == []
    assert [
        name(path) for path in fragments if not path.read_text(encoding="utf-8").strip() or path.read_text(encoding="utf-8").startswith("#")
    ] == []


def test_the_readme_is_short() -> None:
    """It is read by people who have not decided yet."""
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= README_LINES_MAX


def test_long_modules_and_functions_have_a_reason() -> None:
    """Never split a thing to please a ruler; say instead why it is one thing."""
    modules = {name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in python_files()}
    long = {where: lines for where, lines in modules.items() if lines > MODULE_LINES_MAX}
    long |= {f"{name(path)}:{function}": lines for path in python_files() for function, lines in functions(path) if lines > FUNCTION_LINES_MAX}
    assert {where: lines for where, lines in long.items() if where not in LOOKED_TWICE} == {}
    assert LOOKED_TWICE.keys() - long.keys() == set(), "no longer long, so no longer an exception"


def test_no_file_is_large() -> None:
    """Results and binaries live in stores that git ignores."""
    assert [name(path) for path in files() if path.stat().st_size > FILE_BYTES_MAX] == []


def test_text_ends_cleanly() -> None:
    """Every text file ends with one newline and has neither carriage returns nor spaces at the end of a line."""
    texts = {name(path): path.read_bytes() for path in text_files() if path.stat().st_size}
    assert [where for where, raw in texts.items() if b"\r\n" in raw and not where.endswith(".jsonl")] == []
    assert [where for where, raw in texts.items() if not raw.endswith(b"\n") or raw.endswith(b"\n\n")] == []
    assert [where for where, raw in texts.items() if re.search(rb"[ \t]$", raw, re.MULTILINE)] == []
