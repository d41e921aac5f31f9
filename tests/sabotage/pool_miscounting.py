"""The stock service with a defect: its pool reports half of those who wait."""

from typing import Any

from pools import with_pool  # type: ignore[import-not-found]  # beside this file

__all__ = ["app"]


def _spoil(pool: Any) -> None:
    genuine = pool.get_stats

    def understated() -> dict[str, int]:
        stats: dict[str, int] = genuine()
        return {**stats, "requests_waiting": stats["requests_waiting"] // 2}

    pool.get_stats = understated


app = with_pool(_spoil)
