#!/bin/sh
# Write requirements/dev.txt: every package that development needs, with its version and its hashes. And toxiproxy-clients.txt likewise:
# Toxiproxy's own Python clients, which get an environment of their own.
#
# The names come from pyproject.toml (what we need, what developing needs, what building needs) and from requirements/dev.in, so that
# no list is kept twice. The lock names no registry and no options: where packages come from is the business of the machine's own
# pip configuration, and the hashes make sure that it does not matter.
#
# Usage: scripts/lock.sh [--upgrade]      without --upgrade, pins that still fit stay as they are.
set -eu
cd "$(dirname "$0")/.."

compile() {
    .venv/bin/pip-compile "$@" --quiet --generate-hashes --allow-unsafe --strip-extras \
        --no-header --no-emit-options --no-emit-index-url --no-emit-trusted-host --no-emit-find-links
}

.venv/bin/python - <<'PYTHON' | compile "$@" --output-file requirements/dev.txt requirements/dev.in -
import tomllib

with open("pyproject.toml", "rb") as file:
    declared = tomllib.load(file)
print(*declared["project"]["dependencies"], *declared["dependency-groups"]["dev"], *declared["build-system"]["requires"], sep="\n")
PYTHON
compile "$@" --output-file requirements/toxiproxy-clients.txt requirements/toxiproxy-clients.in
