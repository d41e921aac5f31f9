"""A window is a span with units that ends after it begins."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraiseql_chaos.core import Duration, ms, seconds
from fraiseql_chaos.errors import DeclarationError
from fraiseql_chaos.layers.packet.faults import PACKET_FAULTS
from fraiseql_chaos.layers.server.faults import SERVER_FAULTS
from fraiseql_chaos.layers.service.faults import SERVICE_FAULTS
from fraiseql_chaos.layers.stream.faults import STREAM_FAULTS
from fraiseql_chaos.plan import Window


@st.composite
def windows(draw: st.DrawFn) -> Window:
    begin_ns, end_ns = sorted(draw(st.lists(st.integers(0, 20), min_size=2, max_size=2, unique=True)))
    return Window(begin=Duration(begin_ns), end=Duration(end_ns))


@given(one=windows(), other=windows())
def test_windows_overlap_exactly_if_they_share_an_instant(one: Window, other: Window) -> None:
    """The end of a window is no part of it, so that one fault may follow another without a gap."""
    shared = set(range(one.begin.ns, one.end.ns)) & set(range(other.begin.ns, other.end.ns))
    assert one.overlaps(other) == other.overlaps(one) == bool(shared)


@given(windows())
def test_length_is_from_begin_to_end(window: Window) -> None:
    assert window.begin + window.length == window.end


@pytest.mark.parametrize("end", [ms(0), ms(999), seconds(1)])
def test_window_that_does_not_end_after_it_begins_is_refused(end: Duration) -> None:
    with pytest.raises(DeclarationError, match=f"must end after it begins, and this one runs from 1 s to {end}; nothing was armed"):
        Window(begin=seconds(1), end=end)


@pytest.mark.parametrize("bound", ["begin", "end"])
def test_bound_without_a_unit_is_refused_by_name(bound: str) -> None:
    bounds = {"begin": seconds(1), "end": seconds(2), bound: 1.5}
    with pytest.raises(DeclarationError, match=rf"a window's {bound} is a duration with a unit, as seconds\(1\); 1.5 has none; nothing was armed"):
        Window(**bounds)  # type: ignore[arg-type]  # what the checker refuses is what is tried here


@pytest.mark.parametrize("fault", [*STREAM_FAULTS, *PACKET_FAULTS, *SERVER_FAULTS, *SERVICE_FAULTS])
def test_every_fault_plays_its_role_under_its_files_name(fault: type) -> None:
    """One fault, one file, one wire name; and it names its layer, its witnesses and how real it is."""
    *_, layer, faults, file = fault.__module__.split(".")
    assert (vars(fault)["layer"], faults, vars(fault)["kind"]) == (layer, "faults", file)
    assert vars(fault)["fidelity"] in {"kernel", "server", "wire", "in-process"}
    assert vars(fault)["witnesses"]
