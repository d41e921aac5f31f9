"""The proxy process that reads PostgreSQL's messages (``python -m fraiseql_chaos.layers.wire.driver``)."""

from __future__ import annotations
