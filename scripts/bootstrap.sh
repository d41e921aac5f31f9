#!/bin/sh
# Make .venv: Python 3.13, the locked packages, and this checkout itself, importable in place.
#
#     find a Python that runs --> python -m venv --> pip, hashes checked --> this checkout --> stamp
#
# The stamp comes last and names what it was made from, so an up-to-date environment costs a checksum, and one that was interrupted is
# never mistaken for a finished one. While packages are being written a mark says so; who finds that mark starts again from nothing,
# because a package half unpacked looks installed. Two runs at once wait for each other; the lock is a file descriptor that pip inherits,
# so that a pip which outlives a killed bootstrap still keeps the next one waiting.
#
# Packages come from wherever this machine's pip is told to look. Nothing here names a registry.
set -eu
cd "$(dirname "$0")/.."
unset PYTHONHOME PYTHONPATH

stamp=.venv/fraiseql-chaos.stamp
unfinished=.venv/fraiseql-chaos.unfinished

say() { printf 'bootstrap: %s\n' "$*"; }

# The path is part of it, because the scripts in .venv/bin do not survive a move.
wanted() { { pwd; cat requirements/dev.txt pyproject.toml scripts/bootstrap.sh; } | sha256sum; }

up_to_date() { [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$(wanted)" ] && .venv/bin/python -I -c '' 2>/dev/null; }

usable() { [ ! -e "$unfinished" ] && .venv/bin/python -I -c 'import pip, sys; sys.exit(sys.version_info[:2] != (3, 13))' 2>/dev/null; }

up_to_date && exit 0

command -v flock >/dev/null || { say 'the command flock is missing; on Debian: apt-get install util-linux' >&2; exit 1; }
mkdir -p .cache
exec 9>.cache/bootstrap.lock
flock --nonblock 9 || { say 'another one is at work in this checkout; waiting for it'; flock 9; }
up_to_date && exit 0

rm -f "$stamp"
if ! usable; then
    python=$(sh scripts/find-python.sh)
    say "making .venv with $python"
    "$python" -m venv --clear .venv
fi

say "installing $(grep -c '^[a-z0-9]' requirements/dev.txt) packages as locked in requirements/dev.txt (a few minutes the first time)"
: >"$unfinished"
pip() { .venv/bin/python -m pip --disable-pip-version-check --quiet install --no-user --no-deps "$@"; }
status=0
pip --require-hashes --requirement requirements/dev.txt && pip --no-build-isolation --editable . || status=$?
rm -f "$unfinished"  # pip has finished or has cleaned up after itself; only a killed one has not
if [ "$status" -ne 0 ]; then
    say 'pip could not install what is locked; its message above says why' >&2
    exit "$status"
fi

wanted >"$stamp.new"
mv "$stamp.new" "$stamp"
say 'ready'
