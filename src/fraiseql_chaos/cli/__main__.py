"""``python -m fraiseql_chaos.cli``, for environments whose scripts are not on PATH."""

from __future__ import annotations

from fraiseql_chaos.cli.main import main

main()
