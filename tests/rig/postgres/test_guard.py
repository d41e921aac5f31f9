"""A guard heals by whatever way it is left, and no error is lost."""

from __future__ import annotations

import asyncio

import pytest

from fraiseql_chaos.errors import InjectionError, RigError
from fraiseql_chaos.rig.postgres.guard import healing

pytestmark = pytest.mark.anyio


class Wound:
    """Something that heals once, or fails to."""

    def __init__(self, error: Exception | None = None) -> None:
        self.healed = 0
        self.error = error

    async def heal(self) -> None:
        self.healed += 1
        if self.error is not None:
            raise self.error


async def test_heals_when_nothing_happens() -> None:
    wound = Wound()
    async with healing(wound.heal, what="it was cut"):
        assert wound.healed == 0
    assert wound.healed == 1


async def test_heals_on_exception_and_passes_it_on() -> None:
    wound = Wound()
    with pytest.raises(KeyError):
        async with healing(wound.heal, what="it was cut"):
            raise KeyError
    assert wound.healed == 1


async def test_heals_when_cancelled() -> None:
    wound = Wound()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0), healing(wound.heal, what="it was cut"):
            await asyncio.Event().wait()
    assert wound.healed == 1


async def test_failure_to_heal_is_an_injection_error() -> None:
    with pytest.raises(InjectionError, match="it was cut, and it could not be taken back: no bandage"):
        async with healing(Wound(RigError("no bandage")).heal, what="it was cut"):
            pass


async def test_both_errors_leave_together() -> None:
    with pytest.raises(BaseExceptionGroup) as caught:
        async with healing(Wound(OSError("no bandage")).heal, what="it was cut"):
            raise KeyError
    assert [type(error) for error in caught.value.exceptions] == [KeyError, InjectionError]
