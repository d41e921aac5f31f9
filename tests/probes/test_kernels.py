"""The counters of both kernels: read as the kernel writes them, of the right namespace, and missed when nobody is there to be asked about."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from contextlib import closing

import pytest

from fraiseql_chaos.probes.kernels import LinkKernels, counters_in, counters_of

pytestmark = pytest.mark.anyio


def test_names_are_those_of_the_line_and_the_column() -> None:
    table = ["Tcp: RtoMin RetransSegs", "Tcp: 200 17", "TcpExt: TCPOFOQueue", "TcpExt: -1"]
    assert counters_in(table) == {"TcpRtoMin": 200, "TcpRetransSegs": 17, "TcpExtTCPOFOQueue": -1}


@pytest.mark.parametrize(
    "table",
    [["Tcp: A", "Udp: 1"], ["Tcp: A B", "Tcp: 1"], ["Tcp: A"], ["Tcp: A", "Tcp: x"]],
    ids=["another group's numbers", "too few numbers", "no numbers", "no number"],
)
def test_a_table_that_is_written_otherwise_is_no_table(table: list[str]) -> None:
    with pytest.raises(ValueError, match=r"Tcp|argument|invalid"):
        counters_in(table)


def test_a_connect_to_nobody_is_counted() -> None:
    """Method: loopback's kernel answers it with a reset, which is a counter that nothing else here moves backwards."""
    before = counters_of(os.getpid())
    with closing(socket.socket()) as refused, closing(socket.socket()) as bound:
        bound.bind(("127.0.0.1", 0))
        with pytest.raises(ConnectionRefusedError):
            refused.connect(bound.getsockname())
    assert counters_of(os.getpid())["TcpOutRsts"] > before["TcpOutRsts"]


@pytest.mark.skipif(os.geteuid() != 0, reason="entering a new network namespace takes root")
async def test_each_end_has_counters_of_its_own() -> None:
    """Method: a namespace that nobody ever sent anything in has sent no segment, and ours has."""
    words = "import os,sys; os.unshare(os.CLONE_NEWNET); print('there', flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", words], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as silent:  # noqa: ASYNC220  it is there at once
        assert silent.stdout is not None
        assert silent.stdout.readline() == b"there\n"
        with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
            look = await LinkKernels(near=os.getpid(), far=silent.pid).look()
        silent.kill()
    assert look.ok
    assert look.value["far.TcpOutSegs"] == 0
    assert look.value["near.TcpOutSegs"]
    assert {"near.TcpExtTCPDSACKRecv", "far.IpInReceives", "far.Ip6InReceives", "near.IcmpInDestUnreachs"} <= look.value.keys()


async def test_an_end_whose_process_is_gone_is_told() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:  # noqa: ASYNC220  it is there at once
        ended.wait()
    look = await LinkKernels(near=os.getpid(), far=ended.pid).look()
    assert not look.ok
    assert f"the far end's counters could not be read from process {ended.pid}" in look.error
    assert "near.TcpRetransSegs" in look.value
