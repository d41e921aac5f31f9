"""Charts hide no failure and no maximum, however much they leave out."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fraiseql_chaos.reports.chart import BARS_AT_MOST, chart_of
from histories import Scene, outage


def _data(scene: Scene, points_at_most: int = 1500) -> dict[str, Any]:
    return chart_of(scene.history(), points_at_most=points_at_most).data


def _slice(at_ms: float, begin_ms: float, end_ms: float, slices: int) -> int:
    return min(slices - 1, int((at_ms - begin_ms) * slices // (end_ms - begin_ms)))


def test_a_short_run_shows_every_request() -> None:
    chart = chart_of(outage().history())

    assert (chart.shown, chart.total) == (350, 350)
    assert [len(points[0]) for points in chart.data["points"]] == [250, 100, 0]  # type: ignore[union-attr,arg-type,index]


@given(
    st.lists(st.tuples(st.integers(0, 5000), st.integers(1, 900), st.sampled_from(["ok", "fail", "timeout"])), min_size=16, max_size=60),
    st.integers(5, 15),
)
def test_thinning_keeps_the_bound_the_maxima_and_every_slice_with_a_failure(requests: list[tuple[int, int, str]], most: int) -> None:
    scene = Scene()
    for at_ms, took_ms, end in requests:
        scene.request(at_ms, took_ms, outcome="ok" if end == "ok" else "fail", cause={"ok": "", "fail": "http_error"}.get(end, end))
    data = _data(scene, most)
    took = {end: [t for _, t, e in requests if e == end] for end in ("ok", "fail", "timeout")}

    assert sum(len(points[0]) for points in data["points"]) <= max(most, 5)
    for (_, shown), all_of_them in zip(data["points"], took.values(), strict=True):
        assert max(shown, default=0) == max(all_of_them, default=0)
    begin, end = data["x"]
    for (at, _), ending in zip(data["points"][1:], ("fail", "timeout"), strict=True):
        slices = most // 5 if len(requests) > most else 10_000
        expected = {_slice(t, begin, end, slices) for t, _, e in requests if e == ending}
        assert {_slice(t, begin, end, slices) for t in at} == expected


def test_of_many_failures_in_a_slice_the_slowest_is_kept() -> None:
    scene = Scene().answers(0, 1000, every_ms=10)
    for took_ms in range(1, 41):
        scene.request(500, took_ms, outcome="fail", cause="http_error")

    assert _data(scene, 10)["points"][1] == [[500], [40]]


def test_bars_count_every_request_also_those_without_a_point() -> None:
    data = _data(Scene().answers(0, 20_000, every_ms=5).errors(20_000, 21_000, every_ms=5).hangs(21_000, 21_100), 100)

    assert [sum(bar) for bar in data["bars"]] == [4000, 200, 5]
    assert len(data["bars"][0]) <= BARS_AT_MOST
    assert sum(len(points[0]) for points in data["points"]) <= 100


def test_the_fault_its_notice_and_the_way_back_are_marked_in_milliseconds() -> None:
    chart = chart_of(outage().request(2001, 1, outcome="fail", cause="graphql_error").request(4001, 1).history())

    assert chart.data["windows"] == [[2000, 4000]]
    assert chart.data["noticed"] == [2002, 2]
    assert chart.data["back"] == [4002, 2]
    (lane,) = chart.lanes
    assert (round(lane.left_percent, 1), round(lane.width_percent, 1)) == (28.6, 28.6)


def test_the_scale_is_logarithmic_only_where_a_linear_one_would_hide_the_rest() -> None:
    assert not _data(outage())["log"]
    assert _data(Scene().answers(0, 1000).hangs(1000, 1100))["log"]


def test_what_there_is_to_see_is_said_in_words() -> None:
    assert chart_of(outage().history()).summary == "Latency of 350 requests over 7.0 s: 250 right answers, 100 errors and 0 requests given up."


def test_a_history_without_requests_or_with_a_fault_that_never_healed_can_be_drawn() -> None:
    assert _data(Scene())["x"] == [0, 1]
    assert _data(Scene().fault(500, None).request(0).request(900))["windows"] == [[500, 909]]
