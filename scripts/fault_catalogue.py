"""
Write ``docs/faults.md``: every fault, in the words of its own file.

What a fault does is the head of its module, up to the paragraph about its witnesses; what it takes is read off its fields. So the catalogue
says nothing that the code does not, and ``tests/repository/test_fault_catalogue.py`` is red until it is written again.
"""

from __future__ import annotations

import sys
from collections.abc import Collection
from pathlib import Path
from typing import Final

from fraiseql_chaos.experiment.catalogue import FAULTS
from fraiseql_chaos.layers.stream.scope import Scope
from fraiseql_chaos.plan import Fault, described_parameters

CATALOGUE: Final = Path(__file__).parents[1] / "docs" / "faults.md"

HEAD: Final = """\
# Faults

Every fault there is, written by `scripts/fault_catalogue.py` from the faults' own files. Each can be asked for by its name, with its options:

    fraiseql-chaos run --fault latency,delay=250ms,jitter=50ms,direction=up
    @chaos_inject(failure_type="latency", duration=30, delay_ms=250)

A duration is a number of milliseconds (`delay_ms=250`), or has its unit (`delay=250ms`). Faults of a stream that act on what flows also take *whom* they hit:

| option | takes |
|---|---|
"""


def catalogue() -> str:
    """Return the document."""
    scope = described_parameters(Scope)
    whom = "\n".join(f"| `{name}` | {takes} |" for name, takes in scope.items())
    overview = "\n".join(f"| [{f.kind}](#{f.kind}) | {f.layer} | {f.fidelity} | {_claim(f)} |" for f in FAULTS)
    sections = "\n\n".join(_section(fault, scope.keys()) for fault in FAULTS)
    return f"{HEAD}{whom}\n\n| fault | layer | fidelity | what it does |\n|---|---|---|---|\n{overview}\n\n{sections}\n"


def _section(fault: type[Fault], whom: Collection[str]) -> str:
    story, _, witnesses = _module_head(fault).partition("\n\nWitnesses: ")
    witnesses = witnesses.partition("\n\nSource:")[0]
    options = {name: takes for name, takes in described_parameters(fault).items() if name not in whom}
    table = "\n".join(["| option | takes |", "|---|---|", *(f"| `{name}` | {takes} |" for name, takes in options.items())])
    parts = [f"## {fault.kind}", story, f"*Witnesses:* {witnesses}", *([table] if options else [])]
    return "\n\n".join(parts)


def _claim(fault: type[Fault]) -> str:
    return (fault.__doc__ or "").strip().partition("\n")[0].rstrip(".")


def _module_head(fault: type[Fault]) -> str:
    return (sys.modules[fault.__module__].__doc__ or "").strip().replace("``", "`")


if __name__ == "__main__":
    CATALOGUE.write_text(catalogue(), encoding="utf-8")
