"""
Whatever happens to the runner, somebody heals.

    runner ==lease (socket + pidfd)==> keeper --parent of--> postmaster, service, edges, load generator
                                         |
                                         +-- journal on disk: what must be undone, written before it is done

The keeper is a small process of its own session. It is the *parent* of every process of the rig, and the subreaper of their
children, so there is no moment at which a process exists that nobody would end. When the runner says goodbye, or dies by any means,
the keeper undoes what was protected (last first), kills its descendants, removes the lease's directory and exits.

Should the keeper itself be killed, the kernel kills its children (``PR_SET_PDEATHSIG``), and the journal tells the next keeper, which
sweeps before it begins. A lease is alive exactly as long as its lock file is locked; the kernel drops that lock with the process.
"""

from __future__ import annotations

from fraiseql_chaos.rig.keeper.client import Child, Keeper, Protection
from fraiseql_chaos.rig.keeper.namespaces import Namespaces
from fraiseql_chaos.rig.keeper.undo import Continue, RemoveCgroup, RemoveTree, RunSql, Undo

__all__ = ["Child", "Continue", "Keeper", "Namespaces", "Protection", "RemoveCgroup", "RemoveTree", "RunSql", "Undo"]
