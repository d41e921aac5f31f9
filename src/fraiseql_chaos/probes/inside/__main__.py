"""``python -m fraiseql_chaos.probes.inside``; see ``process``."""

from __future__ import annotations

from fraiseql_chaos.probes.inside.process import main

main()
