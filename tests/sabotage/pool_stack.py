"""The stock service with a defect: its pool is a stack, and serves first who came last."""

from collections import deque
from typing import Any

from pools import with_pool  # type: ignore[import-not-found]  # beside this file

__all__ = ["app"]


class Stack(deque[Any]):
    """A queue that is served from its end."""

    def popleft(self) -> Any:
        """Take who came last."""
        return self.pop()


def _spoil(pool: Any) -> None:
    pool._waiting = Stack(pool._waiting)


app = with_pool(_spoil)
