"""``fraiseql-chaos proxy``: a Toxiproxy, with its HTTP API, whose faults are ours."""

from __future__ import annotations

import argparse
import ipaddress
import json
import sys
from pathlib import Path
from typing import Final

import uvloop

from fraiseql_chaos.cli.status import HELD
from fraiseql_chaos.core import SEED_MAX, fresh_seed
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.toxiproxy.config import read_config
from fraiseql_chaos.toxiproxy.driver import Settings, Started, serve
from fraiseql_chaos.toxiproxy.go_net import AddressError, port_number, split_host_port

__all__ = ["add_to"]

LISTEN_DEFAULT: Final = "127.0.0.1:8474"
"""Where Toxiproxy's clients look for it."""


def add_to(command: argparse.ArgumentParser) -> None:
    """Add the command's options to its parser."""
    command.description = (
        "Serve Toxiproxy's HTTP API, version 2.12, until stopped (SIGTERM, SIGINT). Its clients work unchanged. "
        "docs/toxiproxy.md says where toxics mean something better than there, and --compat something the same."
    )
    command.add_argument(
        "--listen", default=LISTEN_DEFAULT, metavar="HOST:PORT", help="where the API listens; port 0 lets the kernel choose (default: %(default)s)"
    )
    command.add_argument(
        "--config", type=Path, metavar="F.json", help="proxies to start with: the array that POST /populate takes, with toxics if wanted"
    )
    command.add_argument("--seed", type=int, metavar="N", help=f"where all chance derives from, 0 to {SEED_MAX} (default: a fresh one)")
    command.add_argument("--compat", action="store_true", help="Toxiproxy's own semantics, where ours differ")
    command.add_argument("--metrics", action="store_true", help="serve Prometheus metrics at /metrics")
    command.add_argument("--json", action="store_true", help="say as JSON where everything listens")
    command.set_defaults(perform=perform)


def perform(arguments: argparse.Namespace) -> int:
    """Serve until told to stop."""
    host, port = _listen(arguments.listen)
    config: Path | None = arguments.config
    settings = Settings(
        host=host,
        port=port,
        seed=_seed(arguments.seed),
        is_compatible=arguments.compat,
        has_metrics=arguments.metrics,
        configured=() if config is None else read_config(config.read_bytes(), where=str(config), has_toxics=not arguments.compat),
    )

    def tell(started: Started) -> None:
        if arguments.json:
            told = {"api": f"http://{started.api}", "seed": settings.seed, "compat": settings.is_compatible, "proxies": started.proxies}
            print(json.dumps(told), flush=True)
        else:
            proxies = "".join(f", {name} at {listen}" for name, listen in started.proxies.items())
            print(f"Toxiproxy's API at http://{started.api}{proxies}, seed {settings.seed}", flush=True)
        if not ipaddress.ip_address(started.api.host).is_loopback:
            print(f"fraiseql-chaos: whoever can reach {started.api} may cut and delay what passes here", file=sys.stderr)

    uvloop.run(serve(settings, tell))
    return HELD


def _listen(given: str) -> tuple[str, int]:
    try:
        host, port = split_host_port(given)
        number = port_number(port)
    except AddressError as error:
        raise DeclarationError(f"--listen {given}: {error}; write it as {LISTEN_DEFAULT}; nothing was started") from None
    if not host or not port:
        raise DeclarationError(
            f"--listen {given}: write host and port, as {LISTEN_DEFAULT}; to let in everybody on the network, say 0.0.0.0; nothing was started"
        )
    return host, number


def _seed(given: int | None) -> int:
    if given is None:
        return fresh_seed()
    if not 0 <= given <= SEED_MAX:
        raise DeclarationError(f"--seed {given}: a seed is a whole number from 0 to {SEED_MAX}; nothing was started")
    return given
