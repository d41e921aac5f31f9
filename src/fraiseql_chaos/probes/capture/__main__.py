"""``python -m fraiseql_chaos.probes.capture``; see ``process``."""

from __future__ import annotations

from fraiseql_chaos.probes.capture.process import main

main()
