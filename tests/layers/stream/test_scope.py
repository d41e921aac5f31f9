"""Which connections a fault hits, and that nothing else has a say in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraiseql_chaos.core import Rolls
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.layers.stream.scope import Choice, Scope


def hit(scope: Scope, *, present: tuple[int, ...] = (), upcoming: int = 0, until: int = 40, name: str = "fault") -> list[int]:
    choice = Choice(scope, Rolls(7, name), present=present, upcoming=upcoming)
    return [connection for connection in range(until) if choice.hits(connection)]


def test_everything_is_hit_unless_it_is_narrowed() -> None:
    assert hit(Scope(), until=5) == [0, 1, 2, 3, 4]


def test_connections_are_counted_from_those_that_are_open_when_it_is_armed() -> None:
    assert hit(Scope(from_connection=1), present=(3, 7), upcoming=10, until=13) == [7, 10, 11, 12]
    assert hit(Scope(first=3), present=(3, 7), upcoming=10) == [3, 7, 10]
    assert hit(Scope(from_connection=3, first=2), present=(3, 7), upcoming=10) == [11, 12]


def test_the_share_is_about_as_large_as_asked_for() -> None:
    assert len(hit(Scope(toxicity=0.3), until=2000)) == pytest.approx(600, abs=80)


def test_the_first_of_a_share_are_the_first_that_belong_to_it() -> None:
    share = hit(Scope(toxicity=0.3), until=200)
    assert hit(Scope(toxicity=0.3, first=5), until=200) == share[:5]


@given(order=st.permutations(range(25)))
def test_the_answer_does_not_depend_on_who_is_asked_about_first(order: list[int]) -> None:
    scope = Scope(toxicity=0.5, from_connection=2, first=4)
    choice = Choice(scope, Rolls(7, "fault"), present=(1, 4, 6), upcoming=9)
    assert sorted(n for n in order if choice.hits(n)) == hit(scope, present=(1, 4, 6), upcoming=9, until=25)


@pytest.mark.parametrize(
    ("scope", "message"),
    [
        ({"toxicity": 0}, "toxicity is a share above 0 and at most 1, not 0"),
        ({"toxicity": 1.01}, "not 1.01"),
        ({"toxicity": "half"}, "not 'half'"),
        ({"toxicity": float("nan")}, "not nan"),
        ({"from_connection": -1}, "from_connection is a number of connections from 0, not -1"),
        ({"first": 0}, "first is a number of connections from 1, or None"),
        ({"first": True}, "not True"),
    ],
)
def test_what_hits_nobody_or_means_nothing_is_refused(scope: dict[str, float], message: str) -> None:
    with pytest.raises(DeclarationError, match=message) as refused:
        Scope(**scope)  # type: ignore[arg-type]
    assert str(refused.value).endswith("nothing was armed")


def test_it_says_what_it_hits() -> None:
    assert str(Scope(toxicity=0.25, from_connection=2, first=3)) == "0.25 of the connections, from connection 3 on, the first 3 of them"
