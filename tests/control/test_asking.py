"""The commanding end raises what the other end means, and takes over descriptors that come with an answer."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fraiseql_chaos.control import ControlSocket
from fraiseql_chaos.core import ms
from fraiseql_chaos.errors import CapabilityError, DeclarationError, LocalProtocolError, PeerProtocolError, RigError


@contextmanager
def answering(path: Path, answer: bytes, *handed: socket.socket) -> Iterator[ControlSocket]:
    """Run something that gives one answer, with descriptors, whatever it is asked."""

    def serve() -> None:
        client, _ = listener.accept()
        with client:
            client.recv(2**16)
            socket.send_fds(client, [answer], [one.fileno() for one in handed])

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        listener.settimeout(5)
        thread = threading.Thread(target=serve)
        thread.start()
        yield ControlSocket(path, who="forwarder")
        thread.join()


@pytest.mark.parametrize(
    ("whose", "error"),
    [("declaration", DeclarationError), ("protocol", LocalProtocolError), ("capability", CapabilityError), ("rig", RigError)],
)
def test_an_error_is_raised_as_what_it_is(tmp_path: Path, whose: str, error: type[Exception]) -> None:
    answer = json.dumps({"error": {"whose": whose, "message": "because"}}).encode() + b"\n"
    with answering(tmp_path / "s", answer) as asking, pytest.raises(error, match="because"):
        asking.ask({"do": "it"})


def test_a_socket_that_was_asked_for_is_ours_to_use(tmp_path: Path) -> None:
    ours, theirs = socket.socketpair()
    with ours, answering(tmp_path / "s", b'{"ok":null}\n', theirs) as asking, asking.ask_for_socket({"do": "hand"}) as handed:
        theirs.close()
        ours.settimeout(5)
        handed.sendall(b"x")
        assert ours.recv(1) == b"x"


def test_an_answer_without_the_socket_is_the_peers_fault(tmp_path: Path) -> None:
    with answering(tmp_path / "s", b'{"ok":null}\n') as asking, pytest.raises(PeerProtocolError, match="0 descriptors instead of one"):
        asking.ask_for_socket({"do": "hand"})


def test_a_process_that_is_not_there_is_waited_for_as_long_as_asked(tmp_path: Path) -> None:
    with pytest.raises(RigError, match="the forwarder was not ready within 20 ms"):
        ControlSocket(tmp_path / "s", who="forwarder").wait_ready(ms(20))


def test_what_the_machine_cannot_do_is_not_waited_for(tmp_path: Path) -> None:
    answer = b'{"error":{"whose":"capability","message":"sysctl x allows it"}}\n'
    with answering(tmp_path / "s", answer) as asking, pytest.raises(CapabilityError, match=r"^sysctl x allows it$"):
        asking.wait_ready()


def test_a_path_that_no_socket_can_have_is_refused() -> None:
    with pytest.raises(DeclarationError, match=r"at most 107 bytes.*nothing was started"):
        ControlSocket(Path("/" + "x" * 107), who="forwarder")
