"""
Can an interpreter serve the service under test?

It is asked before anything is started, because its own answer to a missing module would be a traceback in a log.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Final

from fraiseql_chaos.errors import RigError

__all__ = ["check_interpreter"]

NEEDED: Final = ("fraiseql", "uvicorn")

ANSWER_DEADLINE_S: Final = 20.0
"""An interpreter answers in a twentieth of a second; the rest is for a busy machine and a cold disk."""

_QUESTION: Final = (
    "import importlib.util as u, json, platform;"
    f"print(json.dumps([platform.python_version(), [name for name in {NEEDED} if u.find_spec(name) is None]]))"
)
_REMEDY: Final = "name the python of an environment made by `python3.13 -m venv DIR && DIR/bin/pip install fraiseql uvicorn`; nothing was started"


def check_interpreter(python: Path) -> None:
    """
    Make sure that an interpreter runs, is a Python 3, and finds what a service needs.

    Args:
        python: Its path.

    Raises:
        RigError: If not; the message names what is missing and how to get it.
    """
    try:
        # Isolated, so that what lies in our working directory cannot pass for something installed there.
        answer = subprocess.run([python, "-I", "-c", _QUESTION], capture_output=True, text=True, timeout=ANSWER_DEADLINE_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RigError(f"the service's interpreter {python} does not run: {error}; {_REMEDY}") from None
    try:
        version, missing = json.loads(answer.stdout)
    except ValueError:
        said = answer.stderr.strip().rpartition("\n")[2] or f"exit status {answer.returncode}"
        raise RigError(f"the service's interpreter {python} is not a Python 3: {said}; {_REMEDY}") from None
    if missing:
        raise RigError(f"the service's interpreter {python} (Python {version}) has no {' and no '.join(missing)}; {_REMEDY}")
