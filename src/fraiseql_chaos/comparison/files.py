"""
A comparison as JSON, CSV and Markdown, and as text for a terminal.

JSON has everything. CSV has one line a metric and one a flip, numbers in full, for a spreadsheet or another program. Markdown is a comment on a pull request:
the conclusion, what flipped, and the largest regressions, all short. Names come from tests and services, so what would be markup in them is escaped.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Final

from fraiseql_chaos.comparison.model import Comparison, Flip, Row
from fraiseql_chaos.comparison.wording import change, conclusion, interval, notes, number, one_liner, tolerances, value_with_unit
from fraiseql_chaos.verdicts import to_json

__all__ = ["CSV_FIELDS", "as_csv", "as_json", "as_markdown", "as_text"]

CSV_FIELDS: Final = (
    "sort",
    "outcome",
    "name",
    "group",
    "unit",
    "better",
    "old",
    "new",
    "old_repetitions",
    "new_repetitions",
    "percent",
    "low_percent",
    "high_percent",
    "p_corrected",
    "needed",
    "noisy",
    "tolerance_percent",
    "finds_percent",
    "reason",
)

SHOWN: Final = 10
"""Rows of one sort in a comment; whoever wants all of them opens the page."""


def as_json(comparison: Comparison) -> str:
    """Return everything, as JSON."""
    told = {**to_json(comparison), "regressed": comparison.regressed, "conclusion": conclusion(comparison)}
    return json.dumps(told, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def as_csv(comparison: Comparison) -> str:
    """Return one line a flip and one a metric, as RFC 4180 has it, an empty field for what there is not."""
    text = io.StringIO()
    writer = csv.DictWriter(text, CSV_FIELDS, lineterminator="\r\n", restval="")
    writer.writeheader()
    for flip in comparison.flips:
        writer.writerow(
            {"sort": "flip", "outcome": flip.direction, "name": flip.experiment, "old": flip.old, "new": flip.new, "reason": "; ".join(flip.reasons)}
        )
    for row in comparison.rows:
        numbers = {"old": row.old, "new": row.new, "percent": row.percent, "low_percent": row.low, "high_percent": row.high, "p_corrected": row.p}
        writer.writerow(
            {
                "sort": "metric",
                "outcome": row.outcome,
                "name": row.name,
                "group": row.group,
                "unit": row.unit,
                "better": row.better,
                **{name: "" if value is None else repr(float(value)) for name, value in numbers.items()},
                "old_repetitions": row.old_repetitions,
                "new_repetitions": row.new_repetitions,
                "needed": "" if row.needed is None else row.needed,
                "noisy": "yes" if row.noisy else "no",
                "tolerance_percent": f"{row.tolerance:g}",
                "finds_percent": "" if row.finds is None else f"{row.finds:.4g}",
                "reason": row.reason,
            }
        )
    return text.getvalue()


def as_markdown(comparison: Comparison) -> str:
    """Return a summary for a pull request."""
    return "\n".join(_markdown(comparison)) + "\n"


def _markdown(comparison: Comparison) -> Iterator[str]:
    yield f"### Chaos comparison: {one_liner(comparison)}\n"
    yield f"{_plain(conclusion(comparison))}\n"
    yield from (f"> {_plain(note)}\n" for note in notes(comparison))
    if comparison.flips:
        yield "| test | was | is |\n|---|---|---|"
        yield from (_flip_line(flip) for flip in comparison.flips[:SHOWN])
        yield f"\n{len(comparison.flips) - SHOWN} more flipped.\n" if len(comparison.flips) > SHOWN else ""
    for outcome, title in (("worse", "Worse"), ("better", "Better")):
        rows = comparison.having(outcome)  # type: ignore[arg-type]  # a literal of the line above
        if not rows:
            continue
        yield f"| {title} | change | interval | old | new |\n|---|--:|:-:|--:|--:|"
        shown = SHOWN if outcome == "worse" else SHOWN // 2
        yield from (_row_line(row) for row in rows[:shown])
        yield f"\n{len(rows) - shown} more.\n" if len(rows) > shown else ""
    yield (
        f"<sub>{_code(comparison.old.name)} against {_code(comparison.new.name)}. Counts only what is significant after correction and larger than "
        f"{tolerances(comparison)}.</sub>"
    )


def _flip_line(flip: Flip) -> str:
    changed = "" if flip.same_question else " (the test changed)"
    return f"| {_code(_short(flip.experiment))}{changed} | {flip.old} | **{flip.new}** |"


def _row_line(row: Row) -> str:
    noisy = " (noisy)" if row.noisy else ""
    values = f"{value_with_unit(row.old, row.unit)} | {value_with_unit(row.new, row.unit)}"
    return f"| {_code(_short(row.name))}{noisy} | **{change(row)}** | {interval(row)} | {_plain(values, table=False)} |"


def _short(name: str) -> str:
    """Return a test's id without its folders, which a reader of a pull request knows."""
    return name.rpartition("/")[2] if "::" in name else name


def _code(text: str) -> str:
    """Return a name as code; within it only the backtick, the table's own bar and a line's end mean anything."""
    return f"`{' '.join(text.split()).replace('`', chr(39)).replace('|', chr(92) + '|')}`"


def _plain(text: str, *, table: bool = True) -> str:
    """Return prose in which nothing of a name is markup, a mention or a reference."""
    for sign in ("\\", "`", "*", "_", "[", "<", *(("|",) if table else ())):
        text = text.replace(sign, "\\" + sign if sign != "<" else "&lt;")
    return text.replace("@", "&#64;").replace("#", "&#35;") if "@" in text or "#" in text else text


def as_text(comparison: Comparison) -> str:
    """Return a table for a terminal; words and not colours carry the meaning."""
    return "\n".join(_text(comparison))


def _text(comparison: Comparison) -> Iterator[str]:
    yield from notes(comparison)
    words = {"worse": "WORSE", "better": "better", "unclear": "unclear"}
    for flip in comparison.flips:
        yield f"{words[flip.direction]:<10}{flip.experiment}: {flip.old} -> {flip.new}{'' if flip.same_question else ' (the test changed)'}"
        yield from (f"{'':<10}{reason}" for reason in flip.reasons)
    shown = [row for row in comparison.rows if row.outcome != "equal" and (row.outcome != "unsure" or row.p is not None)]
    width = max((len(row.name) for row in shown), default=0)
    for row in shown:
        word = "WORSE" if row.outcome == "worse" else row.outcome
        values = f"{'-' if row.old is None else number(row.old)} -> {'-' if row.new is None else number(row.new)} {row.unit}"
        noisy = "  noisy" if row.noisy else ""
        yield f"{word:<10}{row.name:<{width}}  {change(row):>9}  {interval(row):<21}  {values}{noisy}"
    for title, names in (("only in the old one", comparison.only_old), ("only in the new one", comparison.only_new)):
        if names:
            yield f"{title}: {', '.join(names[:SHOWN])}{f' and {len(names) - SHOWN} more' if len(names) > SHOWN else ''}"
    yield ""
    yield conclusion(comparison)
    yield f"tolerance {tolerances(comparison).removeprefix('a tolerance ')}: only what is significant after correction and changed by more counts"
