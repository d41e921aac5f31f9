"""
The world a run needs, and the order in which it goes away again: keeper, PostgreSQL, service.

Nothing is imported here: the keeper's own process starts from this package, and must start fast and without a database driver.
"""

from __future__ import annotations
