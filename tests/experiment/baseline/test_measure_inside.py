"""What runs in the target's interpreter: small parts of it that need no FraiseQL. The whole of it runs in ``test_collection``."""

from __future__ import annotations

import json

import pytest

from fraiseql_chaos.experiment.baseline import measure_inside
from fraiseql_chaos.experiment.baseline.inside import WHAT

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("name", measure_inside.SIZES)
def test_documents_are_as_large_as_their_name_says(name: str) -> None:
    size, _ = measure_inside.SIZES[name]
    document = measure_inside.rows(size)
    assert len(document) == pytest.approx(size, rel=0.1)
    assert json.loads(document)["all_rows"][0]["nested_part"]


async def test_a_batch_is_called_as_often_as_it_says_and_once_before() -> None:
    calls: list[int] = []

    async def call() -> None:
        calls.append(2)

    assert len(await measure_inside.timed(lambda: calls.append(1), 5)(3)) == 3
    assert len(await measure_inside.timed_async(call, 5)(3)) == 3
    assert (calls.count(1), calls.count(2)) == (16, 16)


async def test_a_few_samples_of_each_are_taken_in_turn() -> None:
    taken = []

    def sampler(name: str) -> measure_inside.Sampler:
        async def take(count: int) -> list[float]:
            taken.append((name, count))
            return [1.0] * count

        return take

    found = await measure_inside.in_turn({"a": sampler("a"), "b": sampler("b")}, 7)
    assert taken == [("a", 3), ("b", 3), ("a", 3), ("b", 3), ("a", 1), ("b", 1)]
    assert found == {"a": [1.0] * 7, "b": [1.0] * 7}


def test_every_measurement_is_explained() -> None:
    """A name that is measured and not described would fail in the middle of a collection."""
    assert {name.split(".")[0] for name in WHAT} == {"authentication", "pipeline", "pool"}
    assert {f"pipeline.transform.{name}" for name in measure_inside.SIZES} <= WHAT.keys()
