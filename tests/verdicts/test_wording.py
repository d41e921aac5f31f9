"""Numbers as people read them."""

from __future__ import annotations

import pytest

from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.verdicts import no_hang
from fraiseql_chaos.verdicts.wording import percent, span


@pytest.mark.parametrize(
    ("span_ns", "words"),
    [(0, "0 ms"), (1_234, "0.00123 ms"), (250_000_000, "250 ms"), (999_400_000, "999 ms"), (999_900_000, "1 s"), (61_700_000_000, "61.7 s")],
)
def test_spans_have_three_digits_and_a_unit(span_ns: int, words: str) -> None:
    assert span(span_ns) == words


@pytest.mark.parametrize(
    ("share", "words"), [(1, "100 %"), (0.999999, "99.9999 %"), (0.9999999, "99.9999 %"), (0.98765, "98.7 %"), (0.99, "99 %"), (0, "0 %")]
)
def test_a_share_is_never_rounded_up(share: float, words: str) -> None:
    assert percent(share) == words


@pytest.mark.parametrize("limit", [5, None, "1s"])
def test_a_limit_without_a_unit_is_refused(limit: object) -> None:
    with pytest.raises(DeclarationError, match="has no unit"):
        no_hang(within=limit)  # type: ignore[arg-type]
