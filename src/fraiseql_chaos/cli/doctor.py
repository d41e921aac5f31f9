"""``fraiseql-chaos doctor``: what this machine can and cannot do, why, and how to get the rest."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from fraiseql_chaos.cli.status import HELD, RIG_FAILED
from fraiseql_chaos.experiment.capabilities import Capability, capabilities

__all__ = ["add_to"]


def add_to(command: argparse.ArgumentParser) -> None:
    """Add the command's options to its parser."""
    command.description = "List every fault, and what it needs here."
    command.add_argument("--target-python", type=Path, metavar="PATH", help="the interpreter that would run the service (default: this one)")
    command.add_argument("--json", action="store_true", help="print JSON instead of a table")
    command.set_defaults(perform=perform)


def perform(arguments: argparse.Namespace) -> int:
    """Look, print, and succeed if the bundled suite can run."""
    found = capabilities(arguments.target_python)
    if arguments.json:
        print(json.dumps([asdict(capability) for capability in found], indent=1))
    else:
        for capability in found:
            _print(capability)
    return HELD if all(capability.available for capability in found if capability.required) else RIG_FAILED


def _print(capability: Capability) -> None:
    mark = "yes" if capability.available else ("NO " if capability.required else "no ")
    print(f"{mark}  {capability.name:<34}  {capability.detail}")
    if not capability.available and capability.remedy:
        print(f"     {'':<34}  get it: {capability.remedy}")
