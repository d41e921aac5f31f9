"""Write a run's page, and copy page and document to where somebody wants them: the same for every front end."""

from __future__ import annotations

import shutil
from pathlib import Path

from fraiseql_chaos.errors import DeclarationError, HistoryError
from fraiseql_chaos.reports.html import write_html
from fraiseql_chaos.reports.record import RunDocument
from fraiseql_chaos.reports.store import RunFolder

__all__ = ["make_room", "publish"]


def make_room(path: Path | None, *, option: str) -> None:
    """
    Make the folders that a copy will need, so that a run of an hour does not end with a missing one.

    Raises:
        DeclarationError: If that cannot be done; the message names the option.
    """
    if path is None:
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DeclarationError(f"{option}={path}: its folder cannot be made: {error.strerror or error}; nothing was run") from None


def publish(folder: RunFolder, document: RunDocument, *, html: Path | None = None, json: Path | None = None) -> Path:
    """
    Write ``report.html`` into a run's folder, and the copies asked for.

    Args:
        folder: The run, whose ``run.json`` is written already.
        document: What it says.
        html: Where a copy of the page goes; its folder is made if it is not there.
        json: Where a copy of ``run.json`` goes, likewise.

    Returns:
        The page in the run's folder.

    Raises:
        HistoryError: If a history cannot be read, or a file cannot be written.
    """
    page = write_html(folder, folder.path / "report.html", document=document)
    for source, copy in ((page, html), (folder.path / "run.json", json)):
        if copy is not None:
            _copy(source, copy)
    return page


def _copy(source: Path, copy: Path) -> None:
    try:
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, copy)
    except shutil.SameFileError:
        return
    except OSError as error:
        raise HistoryError(f"{copy} cannot be written: {error.strerror or error}; the run itself is stored in {source.parent}") from error
