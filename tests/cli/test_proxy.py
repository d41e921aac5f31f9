"""The command: what it refuses before anything is started, and what it says when it is ready; what it then does is proved in tests/toxiproxy."""

from __future__ import annotations

import re
import socket
import subprocess
import sys

import pytest

from fraiseql_chaos.cli.main import main

COMMAND = (sys.executable, "-m", "fraiseql_chaos.cli", "proxy")


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (
            ["--listen", "nonsense"],
            2,
            "--listen nonsense: address nonsense: missing port in address; write it as 127.0.0.1:8474; nothing was started",
        ),
        (["--listen", ":8474"], 2, "write host and port, as 127.0.0.1:8474; to let in everybody on the network, say 0.0.0.0; nothing was started"),
        (["--listen", "127.0.0.1:"], 2, "write host and port"),
        (["--listen", "127.0.0.1:70000"], 2, "address 70000: invalid port"),
        (["--seed", "-3"], 2, "--seed -3: a seed is a whole number from 0 to 4294967295; nothing was started"),
        (["--config", "/nowhere/f.json"], 4, "/nowhere/f.json"),
        (["--listen", "203.0.113.1:0"], 4, "the API cannot listen on 203.0.113.1:0: cannot assign requested address; nothing was started"),
        (["--listen", "nobody.invalid:0"], 4, "the API cannot listen on nobody.invalid:0: "),
    ],
)
def test_what_cannot_be_is_one_line_and_a_status(capsys: pytest.CaptureFixture[str], words: list[str], status: int, message: str) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["proxy", *words])
    told = capsys.readouterr()
    assert (exit_.value.code, told.out, told.err.count("\n")) == (status, "", 1)
    assert message in told.err


def test_a_port_in_use_is_said_to_be(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(SystemExit) as exit_:
        main(["proxy", "--listen", f"127.0.0.1:{taken.getsockname()[1]}"])
    assert exit_.value.code == 4
    assert "address already in use; nothing was started" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--seed", "7"], r"Toxiproxy's API at http://127\.0\.0\.1:[1-9]\d*, seed 7\n"),
        (["--json", "--seed", "7"], r'\{"api": "http://127\.0\.0\.1:[1-9]\d*", "seed": 7, "compat": false, "proxies": \{\}\}\n'),
    ],
)
def test_a_line_says_where_it_listens_as_soon_as_it_does(words: list[str], line: str) -> None:
    """Port 0 is the kernel's choice, so nobody could know otherwise; the seed that was drawn is told, too."""
    with subprocess.Popen([*COMMAND, "--listen", "127.0.0.1:0", *words], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = process.stdout.readline()
        process.terminate()
        assert process.wait(10) == 0
    assert re.fullmatch(line, told), told


def test_whoever_lets_in_everybody_is_told_what_that_means() -> None:
    with subprocess.Popen([*COMMAND, "--listen", "0.0.0.0:0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.terminate()
        assert "may cut and delay what passes here" in process.stderr.read()
