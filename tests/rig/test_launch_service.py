"""The launcher as a program of its own: what it reports, and what the app it serves gets to see."""

from __future__ import annotations

import json
import runpy
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fraiseql_chaos.rig import service

DEADLINE_S = 20.0

APP = """
import json, sys
async def app(scope, receive, send):
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": json.dumps(sys.path).encode()})
def create_app():
    return app
nothing = 42
"""

POOL_BEFORE_ITS_TIME = "import fraiseql.fastapi\n" + APP

BROKEN_START = """
from contextlib import asynccontextmanager
from fastapi import FastAPI
@asynccontextmanager
async def lifespan(app):
    raise LookupError("no such thing as a database")
    yield
app = FastAPI(lifespan=lifespan)
"""

type Launch = Callable[..., tuple[subprocess.Popen[str], dict[str, Any]]]


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Launch]:
    """Start the launcher on an app and wait for its report."""
    running: list[subprocess.Popen[str]] = []

    def start(source: str, app: str, *options: str) -> tuple[subprocess.Popen[str], dict[str, Any]]:
        (tmp_path / "tiny.py").write_text(source, encoding="utf-8")
        report = tmp_path / "report.json"
        argv = [sys.executable, str(service.LAUNCHER), "--app", app, "--app-dir", str(tmp_path), "--report", str(report), *options]
        process = subprocess.Popen(argv, stderr=subprocess.PIPE, text=True, cwd=tmp_path)
        running.append(process)
        deadline = time.monotonic() + DEADLINE_S
        while not report.exists():
            assert time.monotonic() < deadline, "no report came"
            time.sleep(0.005)
        return process, json.loads(report.read_text(encoding="utf-8"))

    yield start
    for process in running:
        process.kill()
        process.communicate()


def test_a_served_app_is_reported_with_its_port_and_its_versions(launch: Launch, tmp_path: Path) -> None:
    process, report = launch(APP, "tiny:app")
    assert (report["state"], report["pid"], report["executable"]) == ("serving", process.pid, sys.executable)
    assert report["fraiseql"].startswith("1.")
    with urllib.request.urlopen(f"http://127.0.0.1:{report['port']}/") as answer:
        path = json.load(answer)
    assert path[0] == str(tmp_path)
    assert str(service.LAUNCHER.parent) not in path, "our own modules must not shadow the app's"


def test_a_factory_is_called(launch: Launch) -> None:
    _, report = launch(APP, "tiny:create_app", "--factory")
    assert report["state"] == "serving"


@pytest.mark.parametrize(
    ("source", "app", "error"),
    [
        (APP, "missing:app", "ModuleNotFoundError: No module named 'missing'"),
        (APP, "tiny:other", "AttributeError: module 'tiny' has no attribute 'other'"),
        (APP, "tiny:nothing", "TypeError: tiny:nothing is a int, not an ASGI app"),
        ("import sys; sys.exit('not today')", "tiny:app", "SystemExit: not today"),
        ("def (", "tiny:app", "SyntaxError: "),
    ],
)
def test_an_app_that_does_not_import_is_reported_and_ends(launch: Launch, source: str, app: str, error: str) -> None:
    process, report = launch(source, app)
    assert (report["state"], report["stage"]) == ("failed", "import")
    assert report["error"].startswith(error)
    assert "Traceback" in report["traceback"]
    assert process.wait(DEADLINE_S) != 0


def test_an_app_whose_lifespan_fails_is_reported_with_its_own_words(launch: Launch) -> None:
    process, report = launch(BROKEN_START, "tiny:app")
    assert (report["state"], report["stage"]) == ("failed", "startup")
    assert report["error"] == "LookupError: no such thing as a database"
    assert "Traceback" in report["traceback"]
    assert process.wait(DEADLINE_S) != 0


def told(observer: Path) -> dict[str, Any]:
    """Ask an observer once."""
    with socket.socket(socket.AF_UNIX) as asker:
        asker.settimeout(DEADLINE_S)
        asker.connect(str(observer))
        answer: dict[str, Any] = json.loads(asker.makefile().readline())
    return answer


@pytest.mark.parametrize(
    ("source", "error"),
    [
        (APP, "the app has made no connection pool of FraiseQL's"),
        (POOL_BEFORE_ITS_TIME, "the app has made no connection pool of FraiseQL's: Database pool not initialized"),
    ],
    ids=["an app without FraiseQL", "an app that has not made one"],
)
def test_an_app_without_a_pool_has_none(launch: Launch, tmp_path: Path, source: str, error: str) -> None:
    """Twice, because the second who asks is answered like the first."""
    observer = tmp_path / "pool.sock"
    launch(source, "tiny:app", "--observer", str(observer))
    assert [told(observer)["error"].startswith(error) for _ in range(2)] == [True, True]


def test_who_asks_and_goes_keeps_nobody_from_being_answered(launch: Launch, tmp_path: Path) -> None:
    observer = tmp_path / "pool.sock"
    launch(APP, "tiny:app", "--observer", str(observer))
    for _ in range(3):
        with socket.socket(socket.AF_UNIX) as rude:
            rude.connect(str(observer))
    assert told(observer)["error"]


@pytest.mark.parametrize(
    ("numbers", "found"),
    [([], []), ([7], [[7, 7]]), ([3, 4, 5], [[3, 5]]), ([9, 8, 7], [[9, 9], [8, 8], [7, 7]]), ([8, 9, 1, 2], [[8, 9], [1, 2]])],
)
def test_a_queue_is_told_as_runs_in_its_order(numbers: list[int], found: list[list[int]]) -> None:
    assert runpy.run_path(str(service.LAUNCHER))["runs"](numbers) == found


def test_a_signal_ends_it(launch: Launch) -> None:
    process, _ = launch(APP, "tiny:app")
    process.send_signal(signal.SIGTERM)
    assert process.wait(DEADLINE_S) in {0, -signal.SIGTERM}
