"""What Python says is in the reference database is what PostgreSQL put there."""

from __future__ import annotations

import pytest

from fix_reference import Seeded
from fraiseql_chaos.core import Json
from fraiseql_chaos.reference import dataset

pytestmark = pytest.mark.anyio


async def column(seeded: Seeded, query: str) -> list[Json]:
    return [row[0] for row in await (await seeded.execute(query)).fetchall()]


async def test_authors_agree(seeded: Seeded) -> None:
    found = await column(seeded, "SELECT data - 'bio' FROM v_user WHERE role = 'author' ORDER BY ordinal")
    assert found == [dataset.author(n) for n in range(1, dataset.AUTHORS + 1)]


async def test_guests_agree(seeded: Seeded) -> None:
    found = await column(seeded, "SELECT data ->> 'id' FROM v_user WHERE role = 'guest' ORDER BY ordinal")
    assert found == [dataset.guest_id(n) for n in range(1, dataset.GUESTS + 1)]


async def test_posts_agree(seeded: Seeded) -> None:
    found = await column(seeded, "SELECT data FROM v_post ORDER BY ordinal")
    assert found == [dataset.post(n) for n in range(1, dataset.POSTS + 1)]


async def test_threads_agree(seeded: Seeded) -> None:
    found = await column(seeded, "SELECT v_thread.data FROM v_thread JOIN v_post USING (id) ORDER BY ordinal")
    assert found == [dataset.thread(n) for n in range(1, dataset.POSTS + 1)]


async def test_figures_agree(seeded: Seeded) -> None:
    found = await column(seeded, "SELECT v_author_statistics.data FROM v_author_statistics JOIN v_user USING (id) ORDER BY ordinal")
    assert found == [dataset.author_statistics(n) for n in range(1, dataset.AUTHORS + 1)]


async def test_the_slow_report_shows_the_same_figures_and_sleeps_once_a_row(seeded: Seeded) -> None:
    """Of three times the least: twice half a second would be so each time, and a machine that stands still for as long is so in one of them."""
    took_ms = []
    for _ in range(3):
        (plan,) = await column(seeded, f"EXPLAIN (ANALYZE, FORMAT JSON) SELECT data FROM v_slow_report WHERE id = '{dataset.author(7)['id']}'")  # noqa: S608
        assert isinstance(plan, list)
        (top,) = plan
        assert isinstance(top, dict)
        took_ms.append(float(str(top["Execution Time"])))
    assert 500 <= min(took_ms) < 1000
    found = await column(seeded, f"SELECT data FROM v_slow_report WHERE id = '{dataset.author(7)['id']}'")  # noqa: S608
    assert found == [dataset.author_statistics(7)]


async def test_there_is_nothing_else(seeded: Seeded) -> None:
    tables = ("tb_user", "tb_post", "tb_comment", "tb_change")
    counted = [await column(seeded, f"SELECT count(*) FROM {table}") for table in tables]  # noqa: S608  the names stand above
    assert counted == [[dataset.AUTHORS + dataset.GUESTS], [dataset.POSTS], [dataset.COMMENTS], [0]]
