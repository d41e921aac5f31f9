"""A fault's magnitudes survive the way through JSON, by nothing but its own fields."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal

import pytest

from fraiseql_chaos.core import Duration, JsonObject, JsonScalar, ms
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.plan import described_parameters, parameter_names, parameters_of, textual_parameters, with_options, with_parameters

type Sky = Literal["grey", "black"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    city: str = "Ghent"
    floor: int | None = None
    since: Duration = ms(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Storm:
    lasting: Duration
    pause: Duration | None = None
    names: tuple[str, ...] = ()
    loud: bool = False
    place: Place = Place()


@dataclass(frozen=True, slots=True, kw_only=True)
class Gale:
    name: str
    sky: Sky | None = None
    is_wet: bool = True
    place: Place = Place(city="Bruges", floor=2)


STORM = Storm(lasting=ms(250), names=("Ada", "Bo"), place=Place(floor=3, since=ms(2)))


def test_durations_carry_their_unit_in_the_name_and_values_inside_show_what_differs() -> None:
    raw = parameters_of(STORM)
    assert raw == {"lasting_ms": 250.0, "pause_ms": None, "names": ["Ada", "Bo"], "loud": False, "place": {"floor": 3, "since_ms": 2.0}}
    assert "place" not in parameters_of(Storm(lasting=ms(1)))


def test_it_comes_back_as_it_was() -> None:
    assert with_parameters(Storm, json.loads(json.dumps(parameters_of(STORM))), what="storm") == STORM


def test_the_names_are_those_of_the_json() -> None:
    assert parameter_names(Storm) == ("lasting_ms", "pause_ms", "names", "loud", "place")


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({"lasting_ms": 1, "colour": 2}, "storm has no parameter colour; it has lasting_ms, pause_ms, names, loud, place"),
        ({}, "storm: .*lasting"),
        ({"lasting_ms": "long"}, "finite number of ms, not 'long'"),
        ({"lasting_ms": 1, "place": 7}, "storm: place is an object of city, floor, since_ms, not 7"),
        ({"lasting_ms": 1, "place": {"roof": 1}}, "storm: place has no parameter roof"),
    ],
)
def test_what_it_cannot_be_made_from_is_named(raw: JsonObject, message: str) -> None:
    with pytest.raises(DeclarationError, match=message) as refused:
        with_parameters(Storm, raw, what="storm")
    assert str(refused.value).endswith("nothing was armed")


def test_what_may_be_said_of_a_fault_is_told_with_its_defaults() -> None:
    assert described_parameters(Storm) == {
        "lasting_ms": "milliseconds",
        "pause_ms": "milliseconds (default no limit)",
        "names": "a value (default ())",
        "loud": "true or false (default False)",
        "city": "a word (default Ghent)",
        "floor": "a whole number (default no limit)",
        "since_ms": "milliseconds (default 0)",
    }


def test_a_value_inside_has_the_defaults_of_the_fault_that_holds_it() -> None:
    """What is said of its place leaves the rest of it as a gale has it, and the help says so."""
    described = described_parameters(Gale)
    assert described["city"] == "a word (default Bruges)"
    assert described["sky"] == "grey or black (default no limit)"
    assert with_options(Gale, {"name": "x", "floor": 9.0}, what="gale") == Gale(name="x", place=Place(city="Bruges", floor=9))
    assert with_options(Gale, {"name": "x", "floor": 9.0, "city": "Ypres"}, what="gale") == Gale(name="x", place=Place(city="Ypres", floor=9))


def test_a_yes_or_no_may_come_as_a_word_and_words_may_look_like_numbers() -> None:
    assert with_options(Gale, {"name": "x", "is_wet": "false"}, what="gale") == Gale(name="x", is_wet=False)
    assert textual_parameters(Gale) == {"name", "city"}


@pytest.mark.parametrize(
    ("options", "storm"),
    [
        ({"lasting_ms": 250.0}, Storm(lasting=ms(250))),
        ({"lasting_ms": 250, "loud": "true"}, Storm(lasting=ms(250), loud=True)),
        ({"lasting_ms": 250, "loud": False}, Storm(lasting=ms(250))),
        ({"lasting": "0.25s", "pause": "1ms", "floor": 3.0, "since_ms": 2}, Storm(lasting=ms(250), pause=ms(1), place=Place(floor=3, since=ms(2)))),
    ],
)
def test_words_and_numbers_of_a_command_line_make_a_fault(options: dict[str, JsonScalar], storm: Storm) -> None:
    assert with_options(Storm, options, what="storm") == storm


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "storm: lasting_ms is missing; it takes milliseconds"),
        ({"lasting": 5}, "storm: lasting=5 has no unit; write lasting=250ms, or lasting_ms=250"),
        ({"lasting": "5"}, "'5' is not a duration"),
        ({"lasting": "5ms", "loud": "maybe"}, "storm: loud is true or false, not 'maybe'"),
        ({"lasting": "5ms", "lasting_ms": 5}, "storm: lasting and lasting_ms are the same; give one of them"),
    ],
)
def test_words_and_numbers_without_meaning_are_refused(options: dict[str, JsonScalar], message: str) -> None:
    with pytest.raises(DeclarationError, match=f"{message}.*; nothing was armed"):
        with_options(Storm, options, what="storm")
