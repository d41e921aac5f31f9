"""What may be imported from where. A name added or taken away is a decision, so it is written down here a second time."""

from __future__ import annotations

import importlib
import inspect

import pytest

PINNED = {
    "fraiseql_chaos.core": """
        NS_PER_MS NS_PER_S SEED_MAX Duration Json JsonObject JsonScalar Rate
        dice fresh_seed ms now_ns parse_duration per_second seconds us wait_until
    """,
    "fraiseql_chaos.errors": """
        ChaosError DeclarationError HistoryError InjectionError InternalError LocalProtocolError PeerProtocolError
        ProtocolError RigError ServiceError
    """,
    "fraiseql_chaos.history": """
        SCHEMA Begin End Event Evidence FaultArmed FaultDeclared FaultHealed FaultRecord GeneratorStalled History HistoryLog
        LoadPlanned Operation Outcome ProcessExited Sample decode encode read_history
    """,
    "fraiseql_chaos.plan": "Declaration Fault Fidelity Plan Planned Sighting Step Window make_plan stretch",
}


@pytest.mark.parametrize("module", PINNED)
def test_public_names_are_the_ones_pinned(module: str) -> None:
    """Flat, sorted as the linter sorts them, and nothing besides."""
    assert importlib.import_module(module).__all__ == PINNED[module].split()


@pytest.mark.parametrize("module", PINNED)
def test_every_public_name_exists_and_is_explained(module: str) -> None:
    """Classes and functions carry a docstring; constants and type aliases are explained where they stand."""
    public = {name: getattr(importlib.import_module(module), name) for name in PINNED[module].split()}
    unexplained = [name for name, value in public.items() if (inspect.isclass(value) or inspect.isroutine(value)) and not value.__doc__]
    assert unexplained == []
