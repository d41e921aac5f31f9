"""The load: what is asked of a service, when, and what became of each request."""

from __future__ import annotations

from fraiseql_chaos.workload.load import LoadGenerator, WarmUp
from fraiseql_chaos.workload.model import Case, GraphQLOperation, OperationKind
from fraiseql_chaos.workload.spec import LoadSpec, Target

__all__ = ["Case", "GraphQLOperation", "LoadGenerator", "LoadSpec", "OperationKind", "Target", "WarmUp"]
