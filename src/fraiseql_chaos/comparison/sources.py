"""
What the words of a command line name: a baseline's file, or a run by its folder, its ``run.json`` or its id in the store.

A file says itself what it is, by its schema. Whatever is wrong with it is wrong use here, and never a regression: a comparison that could not be made must not
look like one that found something.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fraiseql_chaos.baselines import BASELINE_SCHEMA, Baseline, read_baseline
from fraiseql_chaos.baselines.place import Place
from fraiseql_chaos.errors import DeclarationError, HistoryError
from fraiseql_chaos.reports import RUN_SCHEMA, RunDocument, read_run

__all__ = ["Run", "Source", "open_source"]

IDS_SHOWN: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run, and its own report; None if there is none beside it."""

    document: RunDocument
    page: Path | None


type Source = Baseline | Run


def open_source(word: str, *, store: Path) -> Source:
    """
    Read what a word names.

    Args:
        word: A path, or a run's id in the store.
        store: Where runs are kept.

    Raises:
        DeclarationError: If it names nothing, or nothing that can be compared; the message says what is wrong with it.
    """
    path = Path(word)
    if not path.exists() and len(path.parts) == 1 and (store / word).is_dir():
        path = store / word
    try:
        if path.is_dir():
            return _run(_collected(path))
        if path.is_file():
            return _file(path)
    except HistoryError as error:
        told = str(error)
        raise DeclarationError(told if "nothing was compared" in told else f"{told}; nothing was compared") from error
    except OSError as error:
        raise DeclarationError(f"{path} cannot be read: {error.strerror or error}; nothing was compared") from error
    raise DeclarationError(f"{word} is neither a file, nor a run's folder, nor the id of a run in {store}{_there(store)}; nothing was compared")


def _collected(folder: Path) -> Path:
    """Return a folder's ``run.json``."""
    if (folder / "run.json").is_file():
        return folder / "run.json"
    if (folder / "header.json").is_file():
        raise HistoryError(
            f"{folder} is a run that was never finished, it has no run.json; `fraiseql-chaos report {folder}` writes it from what there is"
        )
    raise HistoryError(f"{folder} is no run's folder, it has no run.json")


def _file(path: Path) -> Source:
    """Read a file as what it says it is."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise HistoryError(f"{path}: not UTF-8 at byte {error.start}, so neither a baseline nor a run") from error
    schema = Place.root(text, file=str(path)).mapping().get("schema")
    word = schema.word() if schema is not None else ""
    if word.startswith(BASELINE_SCHEMA.rpartition("/")[0] + "/"):
        return read_baseline(path)
    if word.startswith(RUN_SCHEMA.rpartition("/")[0] + "/"):
        return _run(path)
    said = f"its schema is {word!r}" if word else "it has no schema"
    raise HistoryError(f"{path} is neither a baseline ({BASELINE_SCHEMA}) nor a run ({RUN_SCHEMA}): {said}")


def _run(path: Path) -> Run:
    page = path.parent / "report.html"
    return Run(document=read_run(path), page=page if page.is_file() else None)


def _there(store: Path) -> str:
    ids = (
        sorted((entry.name for entry in store.iterdir() if not entry.is_symlink() and (entry / "run.json").is_file()), reverse=True)
        if store.is_dir()
        else []
    )
    more = f" and {len(ids) - IDS_SHOWN} more" if len(ids) > IDS_SHOWN else ""
    return f" (which has {', '.join(ids[:IDS_SHOWN])}{more})" if ids else " (which has none)"
