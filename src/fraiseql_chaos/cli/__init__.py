"""
The command ``fraiseql-chaos``.

    run      experiments: the bundled suite, or one fault named on the command line
    report   judge a stored run again, and write its page
    proxy    a Toxiproxy, with its HTTP API, whose faults are ours
    doctor   what this machine can and cannot do, and how to get the rest

Exit status: 0 every promise held (or is a known weakness), 1 one was violated, 2 wrong use, 3 inconclusive, 4 the rig or a record failed, 130 Ctrl-C.
"""

from __future__ import annotations

from fraiseql_chaos.cli.main import main

__all__ = ["main"]
