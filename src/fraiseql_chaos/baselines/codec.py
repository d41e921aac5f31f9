"""
Baselines to files and back, strictly.

A verdict hangs on every number here, so reading guesses nothing. What follows from the repetitions is computed again and must agree: a file
in which somebody corrected a mean by hand is refused, with the line and what the mean should have been. So it is with what a comparison may tell of each
metric, which is written beside its repetitions for whoever reads the file.
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, cast

from fraiseql_chaos.baselines.metric import Better, Estimate, Metric, Spread
from fraiseql_chaos.baselines.model import BASELINE_SCHEMA, AACheck, Baseline
from fraiseql_chaos.baselines.place import Place
from fraiseql_chaos.baselines.sensitivity import drift_of, sensitivities
from fraiseql_chaos.core import Json, JsonObject
from fraiseql_chaos.errors import DeclarationError, HistoryError

__all__ = ["read_baseline", "write_baseline"]

BETTER: Final = ("lower", "higher", "neither")

AGREEMENT: Final = 1e-9
"""Relative; far above what a float loses on its way through JSON, which is nothing, and far below what a hand would change."""


DERIVED: Final = ("drift", "tolerance_percent", "finds_percent")
"""What stands beside a metric in the file and is computed from its repetitions."""

DIGITS: Final = 2
"""Of a per cent that is derived; more would be noise that the next release's arithmetic cannot repeat."""


def write_baseline(path: Path, baseline: Baseline) -> None:
    """
    Write a baseline; the file is either whole or not there.

    Args:
        path: Where; its directory is made.
        baseline: What.

    Raises:
        OSError: If it cannot be written; what was there before is untouched.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(_told(baseline), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
        Path(draft).chmod(0o644)
        Path(draft).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(draft).unlink()
        raise


def read_baseline(path: Path) -> Baseline:
    """
    Read a baseline exactly as ``write_baseline`` wrote it.

    Raises:
        HistoryError: If it cannot be read, is cut short, or was changed by hand; the message names file, line and field.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise HistoryError(f"the baseline {path} cannot be read: {error.strerror}; nothing was compared with it") from error
    except UnicodeDecodeError as error:
        raise HistoryError(f"{path}: not UTF-8 at byte {error.start}; nothing was compared with it") from error
    try:
        return _baseline(Place.root(text, file=str(path)))
    except HistoryError as error:
        raise HistoryError(f"{error}; nothing was compared with it") from error.__cause__


def _told(baseline: Baseline) -> JsonObject:
    """Return what the file says: the baseline, and what can be told of its metrics."""
    metrics = [
        {
            **_plain(metric),
            "drift": drift_of(metric.repetitions),
            "tolerance_percent": round(known.tolerance, DIGITS),
            "finds_percent": _rounded(known.finds),
        }
        for metric, known in zip(baseline.metrics, sensitivities(baseline.metrics).values(), strict=True)
    ]
    return {**_plain(baseline), "metrics": cast("Json", metrics)}


def _rounded(percent: float | None) -> float | None:
    return None if percent is None else round(percent, DIGITS)


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return {each.name: _plain(getattr(value, each.name)) for each in dataclasses.fields(value)}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return {key: _plain(item) for key, item in value.items()} if hasattr(value, "items") else value


def _baseline(root: Place) -> Baseline:
    schema = root.mapping().get("schema")
    if schema is not None and schema.value != BASELINE_SCHEMA:
        schema.wrong(f"{schema.value!r} is not {BASELINE_SCHEMA!r}, the only format this release reads")
    at = root.fields(*(each.name for each in dataclasses.fields(Baseline)))
    metrics = tuple(_metric(each) for each in at["metrics"].items())
    try:
        baseline = Baseline(
            schema=at["schema"].word(),
            created=at["created"].word(),
            seed=at["seed"].whole(),
            machine=_object(at["machine"]),
            target=_object(at["target"]),
            configuration=_object(at["configuration"]),
            load_before=_object(at["load_before"]),
            load_after=_object(at["load_after"]),
            metrics=metrics,
            a_a=None if at["a_a"].value is None else _a_a(at["a_a"]),
        )
    except DeclarationError as error:
        root.wrong(_without_consequence(error))
    _check_sensitivities(at, metrics)
    return baseline


def _check_sensitivities(at: dict[str, Place], metrics: tuple[Metric, ...]) -> None:
    """Refuse what does not follow from the repetitions."""
    claims: list[tuple[Place, float, float]] = []
    for each, metric, known in zip(at["metrics"].items(), metrics, sensitivities(metrics).values(), strict=True):
        inside = each.mapping()
        claims.append((inside["drift"], drift_of(metric.repetitions), 1e-6))
        claims.append((inside["tolerance_percent"], known.tolerance, 10**-DIGITS))
        if (inside["finds_percent"].value is None) != (known.finds is None):
            inside["finds_percent"].wrong(
                f"{inside['finds_percent'].value!r} does not follow from the repetitions, which give {_rounded(known.finds)!r}"
            )
        if known.finds is not None:
            claims.append((inside["finds_percent"], known.finds, 10**-DIGITS))
    for place, true, unit in claims:
        if not math.isclose(place.number(), true, rel_tol=0, abs_tol=unit):
            place.wrong(f"{place.value!r} does not follow from the repetitions, which give {true:.6g}; it was edited by hand or damaged")


def _object(place: Place) -> JsonObject:
    return {name: cast("Any", each.value) for name, each in place.mapping().items()}


def _metric(place: Place) -> Metric:
    at = place.fields(*(each.name for each in dataclasses.fields(Metric)), *DERIVED)
    repetitions = tuple(each.number() for each in at["repetitions"].items())
    if at["better"].word() not in BETTER:
        at["better"].wrong(f"{at['better'].value!r} is not one of {', '.join(BETTER)}")
    spread = _checked(at, repetitions)
    if at["noisy"].truth() != (spread.cv > at["limit"].number()):
        at["noisy"].wrong(f"{json.dumps(at['noisy'].value)} does not follow from a variation of {spread.cv:.4g} and a limit of {at['limit'].value:g}")
    try:
        return Metric(
            name=at["name"].word(),
            group=at["group"].word(),
            what=at["what"].word(),
            unit=at["unit"].word(),
            better=cast("Better", at["better"].word()),
            repetitions=repetitions,
            mean=spread.mean,
            sd=spread.sd,
            cv=spread.cv,
            interval95=spread.interval95,
            percentiles=MappingProxyType({name: _estimate(each) for name, each in at["percentiles"].mapping().items()}),
            samples=at["samples"].whole(),
            limit=at["limit"].number(),
            noisy=at["noisy"].truth(),
        )
    except DeclarationError as error:
        place.wrong(_without_consequence(error))


def _checked(at: dict[str, Place], repetitions: tuple[float, ...]) -> Spread:
    """Return what follows from the repetitions, which is what the file must say."""
    try:
        spread = Spread.of(repetitions)
    except DeclarationError as error:
        at["repetitions"].wrong(_without_consequence(error))
    ends = list(at["interval95"].items())
    if len(ends) != len(spread.interval95):
        at["interval95"].wrong(f"an interval has two ends, not {len(ends)}")
    claims = [(at["mean"], spread.mean), (at["sd"], spread.sd), (at["cv"], spread.cv), *zip(ends, spread.interval95, strict=True)]
    # What cancels out, as an interval's end near 0, is as exact as the numbers it was made of.
    scale = max(abs(spread.mean), spread.sd)
    for place, true in claims:
        if not math.isclose(place.number(), true, rel_tol=AGREEMENT, abs_tol=AGREEMENT * scale if place is not at["cv"] else 0.0):
            place.wrong(f"{place.value!r} does not follow from the repetitions, which give {true!r}; it was edited by hand or damaged")
    return spread


def _estimate(place: Place) -> Estimate:
    at = place.fields(*(each.name for each in dataclasses.fields(Estimate)))
    low, high = (None if at[end].value is None else at[end].number() for end in ("low", "high"))
    try:
        return Estimate(value=at["value"].number(), low=low, high=high)
    except DeclarationError as error:
        place.wrong(_without_consequence(error))


def _a_a(place: Place) -> AACheck:
    at = place.fields(*(each.name for each in dataclasses.fields(AACheck)))
    try:
        return AACheck(
            test=at["test"].word(),
            level=at["level"].number(),
            compared=at["compared"].whole(),
            alarms=tuple(each.word() for each in at["alarms"].items()),
            inconclusive=tuple(each.word() for each in at["inconclusive"].items()),
        )
    except DeclarationError as error:
        place.wrong(_without_consequence(error))


def _without_consequence(error: DeclarationError) -> str:
    """Return a message without the part that says what was left alone, which whoever reads the file says in its own words."""
    return str(error).rpartition("; ")[0] or str(error)
