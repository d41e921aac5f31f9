"""The proxy process: everything of the stream layer that touches the world (``python -m fraiseql_chaos.layers.stream.driver``)."""

from __future__ import annotations
