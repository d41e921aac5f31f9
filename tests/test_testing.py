"""The conformance checks find what they are for: each promise is broken once, and named."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sized
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest

from fraiseql_chaos.core import JsonObject, ms
from fraiseql_chaos.history import Sample
from fraiseql_chaos.layers.stream.faults import STREAM_FAULTS
from fraiseql_chaos.layers.stream.model import Door, Item, Meeting, Origin, Passed, Toxic
from fraiseql_chaos.layers.stream.scope import Scope
from fraiseql_chaos.layers.stream.traces import looks_of, reach, slow
from fraiseql_chaos.plan import Fidelity, Sighting, parameters_of
from fraiseql_chaos.testing import check_stream_fault

TESTS = Path(__file__).parent


class Through:
    """Lets everything pass, whatever a sloppy fault makes of it."""

    def __init__(self, pass_on: Callable[[Item, Origin, int], Iterable[Passed]]) -> None:
        self._pass_on = pass_on

    def pass_on(self, item: Item, origin: Origin, at_ns: int) -> Iterable[Passed]:
        return self._pass_on(item, origin, at_ns)


class Opener(Through):
    def begin(self, at_ns: int) -> Iterable[Passed]:
        return (Passed(at_ns, b"hello", Origin("down", 0, 0)),)


def untouched(item: Item, origin: Origin, at_ns: int) -> Iterable[Passed]:
    return (Passed(at_ns, item, origin),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sloppy:
    """A fault that keeps every promise; each test takes one away."""

    kind: ClassVar[str] = "test_testing"
    failure_type: ClassVar[str] = "test_testing"
    layer: ClassVar[str] = "stream"
    fidelity: ClassVar[Fidelity] = "wire"
    silences: ClassVar[bool] = False
    witnesses: ClassVar[tuple[str, ...]] = ("edge_round_trip", "service_path")
    door: ClassVar[Door] = "open"
    acts_at_once: ClassVar[bool] = False

    scope: Scope = Scope()

    def parameters(self) -> JsonObject:
        return parameters_of(self)

    def __str__(self) -> str:
        return "sloppy"

    def toxic(self, _meeting: Meeting) -> Toxic | None:
        return Through(untouched)

    def sightings(self, before: tuple[Sample, ...], during: tuple[Sample, ...]) -> tuple[Sighting, ...]:
        trips = looks_of("edge_round_trip", before), looks_of("edge_round_trip", during)
        return (slow(*trips, floor_ns=ms(5).ns, witness="client", what="trips"), reach(during))


@pytest.fixture
def sloppy() -> type[Sloppy]:
    """A class of its own for each test, to be spoilt."""

    class Copy(Sloppy):
        __slots__ = ()
        __module__ = Sloppy.__module__

    return Copy


def spoil(sloppy: type[Sloppy], name: str, value: object) -> Sloppy:
    setattr(sloppy, name, value)
    return sloppy()


def test_a_fault_that_keeps_its_promises_passes(sloppy: type[Sloppy]) -> None:
    check_stream_fault(sloppy())


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("kind", "other", "one fault, one file, one wire name: 'other' lives in test_testing.py"),
        ("layer", "wire", "layer 'wire' is not where a fault of a stream acts"),
        ("__str__", lambda _self: "", "it says in a few words what it does"),
        ("__eq__", lambda self, other: self is other, "it comes back from JSON as it went in"),
        ("witnesses", (), "a fault without a witness proves nothing"),
        ("witnesses", ("crystal_ball",), "no probe is called crystal_ball"),
        ("toxic", lambda _self, _meeting: None, "it acts on the door or on what flows, or else it does nothing"),
        ("sightings", lambda _self, _b, _d: (), "evidence has two halves"),
    ],
)
def test_a_fault_that_does_not_describe_itself_is_found(sloppy: type[Sloppy], name: str, value: object, told: str) -> None:
    fault = spoil(sloppy, name, value)
    if name == "__eq__":
        sloppy.__hash__ = lambda _self: 1  # type: ignore[method-assign, assignment]  # a class that defines equality has none of its own
    with pytest.raises(AssertionError, match=told):
        check_stream_fault(fault)


ROLLED: list[int] = []


def fickle(item: Item, origin: Origin, at_ns: int) -> Iterable[Passed]:
    ROLLED.append(1)
    return (Passed(at_ns + len(ROLLED), item, origin),)


@pytest.mark.parametrize(
    ("toxic", "told"),
    [
        (Through(lambda item, origin, at_ns: (Passed(at_ns - 1, item, origin),)), "nothing leaves before it arrived"),
        (Through(lambda item, origin, at_ns: (Passed(at_ns, item, origin), Passed(at_ns, b"", origin))), "no item is empty"),
        (Through(lambda item, origin, at_ns: (Passed(at_ns, item, origin._replace(offset=10**9)),)), "a part says where in the stream it came from"),
        (Through(fickle), "the same seed and the same traffic give the same decisions"),
        (Opener(untouched), "acts_at_once must say so"),
    ],
)
def test_a_toxic_that_breaks_a_promise_is_found(sloppy: type[Sloppy], toxic: Toxic, told: str) -> None:
    with pytest.raises(AssertionError, match=told):
        check_stream_fault(spoil(sloppy, "toxic", lambda _self, _meeting: toxic))


@pytest.mark.parametrize(
    ("count", "told"),
    [
        (lambda before, during: len(before) + len(during), "where nobody looked, nothing was seen"),
        (lambda before, during: len(before) and len(during), "a healthy world is not taken for the fault's work"),
        (lambda before, during: not before and len(during), "without health to compare with, nothing is claimed"),
    ],
)
def test_eyes_that_see_what_is_not_there_are_found(sloppy: type[Sloppy], count: Callable[[Sized, Sized], int], told: str) -> None:
    def sightings(_self: object, before: tuple[Sample, ...], during: tuple[Sample, ...]) -> tuple[Sighting, ...]:
        return (Sighting(witness="eye", count=count(before, during), statement="seen"), reach(during))

    with pytest.raises(AssertionError, match=told):
        check_stream_fault(spoil(sloppy, "sightings", sightings))


@pytest.mark.parametrize("fault", STREAM_FAULTS, ids=lambda fault: fault.kind)
def test_every_fault_of_ours_is_put_to_these_checks(fault: type[Sloppy]) -> None:
    proof = TESTS / "layers" / "stream" / "faults" / f"test_{fault.kind}.py"
    assert "check_stream_fault(" in proof.read_text(encoding="utf-8")
