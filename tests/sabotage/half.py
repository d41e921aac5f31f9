"""The stock service with half a processor: before it does anything it joins the control group that it is told, which has a quota."""

import os
from pathlib import Path

Path(os.environ["CPU_QUOTA_GROUP"], "cgroup.procs").write_text(str(os.getpid()), encoding="ascii")

from stock import app  # type: ignore[import-not-found]  # noqa: E402  the reference service's directory is on the path where it runs; what it imports is under the quota too

__all__ = ["app"]
