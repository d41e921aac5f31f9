"""Who was started by whom, asked of real processes."""

from __future__ import annotations

from fraiseql_chaos.probes.descendants import PROCESSES_MAX, with_descendants


def test_descendants_come_parents_first_and_not_without_end(family: tuple[int, int]) -> None:
    assert tuple(with_descendants(family[0])) == family
    assert PROCESSES_MAX >= 100


def test_a_process_that_is_gone_has_no_descendants() -> None:
    assert tuple(with_descendants(2**22)) == (2**22,)
