"""Real faults against a real FraiseQL service on a real PostgreSQL, judged from evidence."""

from __future__ import annotations
