"""Faults are declared before they are armed, aim at something that can be aimed at, and are not forgotten."""

from __future__ import annotations

from typing import cast

import pytest

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.experiment import Chaos, Target
from fraiseql_chaos.layers.stream.faults import Refuse

pytestmark = pytest.mark.anyio


async def test_a_fault_that_no_load_was_run_under_is_an_error() -> None:
    chaos = Chaos()
    with pytest.raises(DeclarationError, match="'refuse' was declared but never armed"):
        async with chaos(Refuse(), on=Target("database")):
            pass


async def test_a_fault_aims_at_a_target_and_not_at_a_name() -> None:
    with pytest.raises(DeclarationError, match=r"on='database' is nothing a fault can be aimed at; write on=service\.database; nothing was armed"):
        async with Chaos()(Refuse(), on=cast("Target", "database")):
            pass
