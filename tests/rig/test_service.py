"""Services of every character, each a real process under a real keeper: ready, silent, stubborn, dead."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import aiohttp
import pytest

from fraiseql_chaos.core import ms, seconds, wait_until
from fraiseql_chaos.errors import RigError, ServiceError
from fraiseql_chaos.rig.keeper import Keeper
from fraiseql_chaos.rig.keeper.processes import descendants
from fraiseql_chaos.rig.service import Service

pytestmark = pytest.mark.anyio

APP = """
import asyncio, json, os
STATUS = {}
TIRED = []
async def app(scope, receive, send):
    assert scope["type"] == "http"
    path = scope["path"]
    if path == "/hang" or (path == "/ready" and TIRED[1:]):
        open("hanging", "w").close()
        await asyncio.sleep(60)
    if path == "/tire" or TIRED:
        TIRED.append(path)
    if path == "/unready":
        STATUS["/ready"] = 503
    if path == "/die":
        print("last words", flush=True)
        os._exit(3)
    await send({"type": "http.response.start", "status": STATUS.get(path, 404), "headers": []})
    await send({"type": "http.response.body", "body": json.dumps({**os.environ, "cwd": os.getcwd()}).encode()})
"""

type Serve = Callable[..., Awaitable[Service]]


@pytest.fixture
def keeper() -> Iterator[Keeper]:
    with Keeper.start() as keeper:
        yield keeper


@pytest.fixture
def serve(keeper: Keeper, tmp_path: Path) -> Serve:
    """Start a tiny app that answers each path with the status given, and every other with 404."""

    async def start(
        app: str = "tiny:app", *, env: dict[str, str] | None = None, unix_socket: Path | None = None, within_s: float = 20, **status: int
    ) -> Service:
        answers = {f"/{path}": number for path, number in status.items()}
        (tmp_path / "tiny.py").write_text(APP.replace("{}", repr(answers), 1), encoding="utf-8")
        return await Service.start(
            keeper,
            python=Path(sys.executable),
            app=app,
            app_dir=tmp_path,
            database_url="postgresql://app@127.0.0.1:1/none",
            env=env,
            unix_socket=unix_socket,
            within=seconds(within_s),
        )

    return start


def ask(service: Service, path: str) -> dict[str, str]:
    connection = http.client.HTTPConnection(service.url.removeprefix("http://"), timeout=20)
    with contextlib.closing(connection):
        connection.request("GET", path)
        found: dict[str, str] = json.load(connection.getresponse())
    return found


def ask_in_vain(service: Service, path: str) -> None:
    """Ask for what will not be answered."""
    with pytest.raises((OSError, http.client.HTTPException)):
        ask(service, path)


async def test_a_service_that_says_so_is_ready(serve: Serve) -> None:
    service = await serve(ready=200)
    assert service.exited() is None
    assert service.versions["fraiseql"].startswith("1.")
    assert service.versions["python"].startswith("3.")


async def test_a_service_may_answer_on_a_unix_socket(serve: Serve, keeper: Keeper) -> None:
    """As it must where nobody could reach a port of its."""
    path = keeper.directory / "http.sock"
    service = await serve(unix_socket=path, ready=200)
    assert service.unix_socket == path
    assert "unix_socket" not in service.versions
    async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(path))) as http, http.get(f"{service.url}/ready") as answer:
        assert answer.status == 200


@pytest.mark.parametrize("status", [{"health": 200}, {"graphql": 400}, {"ready": 405, "health": 200}], ids=str)
async def test_without_a_readiness_route_the_next_best_sign_decides(serve: Serve, status: dict[str, int]) -> None:
    assert (await serve(**status)).exited() is None


async def test_a_service_that_is_not_ready_is_quoted(serve: Serve) -> None:
    service = await serve(ready=200, health=200)
    ask(service, "/unready")
    with pytest.raises(ServiceError, match=r"not ready within 1 s; its last answer was 503 to GET /ready: .*the end of its log .*service\.log"):
        await service.wait_ready(within=seconds(1))


async def test_an_ask_that_the_deadline_cuts_short_leaves_the_last_answer_standing(serve: Serve) -> None:
    """It answers once more, and then never."""
    service = await serve(ready=200, health=200)
    ask(service, "/unready")
    ask(service, "/tire")
    with pytest.raises(ServiceError, match=r"not ready within 1 s; its last answer was 503 to GET /ready: "):
        await service.wait_ready(within=seconds(1))


async def test_a_service_that_is_never_ready_is_given_up_and_ended(serve: Serve, keeper: Keeper) -> None:
    with pytest.raises(ServiceError, match=r"(not ready|did not finish starting) within .*service\.log"):
        await serve(ready=503, health=200, within_s=1)
    await wait_until(lambda: not descendants(keeper._process.pid), within=seconds(5), what="the end of the service")


async def test_its_environment_is_clean_and_names_the_database_twice(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIRTUAL_ENV", "/elsewhere")
    monkeypatch.setenv("PGHOST", "production.example")
    service = await serve(ready=200, env={"EXTRA": "1", "DATABASE_URL": "postgresql://production.example/live"})
    seen = ask(service, "/ready")
    assert seen["DATABASE_URL"] == seen["FRAISEQL_DATABASE_URL"] == "postgresql://app@127.0.0.1:1/none"
    assert (seen["EXTRA"], seen["cwd"], seen["PATH"]) == ("1", str(tmp_path), os.environ["PATH"])
    assert not seen.keys() & {"VIRTUAL_ENV", "PGHOST", "PYTHONPATH"}


@pytest.mark.parametrize("app", ["missing:app", "tiny:missing"])
async def test_an_app_that_does_not_import_is_named_with_what_python_said(serve: Serve, app: str) -> None:
    with pytest.raises(
        ServiceError, match=rf"the app '{app}' could not be imported: \w+Error: .*'missing'; nothing else was started; .*service\.log"
    ):
        await serve(app)


async def test_a_missing_interpreter_is_a_matter_of_the_rig(keeper: Keeper, tmp_path: Path) -> None:
    with pytest.raises(RigError, match="nothing was started") as raised:
        await Service.start(keeper, python=tmp_path / "python", app="a:b", app_dir=None, database_url="")
    assert not isinstance(raised.value, ServiceError)


async def test_a_service_that_dies_is_noticed_with_its_last_words(serve: Serve) -> None:
    service = await serve(ready=200)
    ask_in_vain(service, "/die")
    ended = await wait_until(service.exited, within=seconds(5), what="the end of the service")
    assert ended.startswith("exit status 3; the end of its log ")
    assert "last words" in ended
    with pytest.raises(ServiceError, match="was not ready before it ended: exit status 3"):
        await service.wait_ready(within=seconds(1))


async def test_a_service_that_is_killed_says_by_what(serve: Serve) -> None:
    service = await serve(ready=200)
    os.kill(service.child.pid, signal.SIGKILL)
    ended = await wait_until(service.exited, within=seconds(5), what="the end of the service")
    assert ended.startswith("killed by SIGKILL")


async def test_terminating_lets_it_finish(serve: Serve) -> None:
    service = await serve(ready=200)
    await service.terminate()
    ended = service.exited()
    assert ended is not None
    assert "Finished server process" in ended


async def test_terminating_does_not_wait_for_a_request_that_hangs(serve: Serve, tmp_path: Path) -> None:
    service = await serve(ready=200)
    hanging = threading.Thread(target=ask_in_vain, args=(service, "/hang"))
    hanging.start()
    await wait_until((tmp_path / "hanging").exists, within=seconds(20), what="the arrival of the request")
    await service.terminate(within=ms(300))
    hanging.join()
    ended = service.exited()
    assert ended is not None
    assert ended.startswith("killed by SIGKILL")
