#!/bin/sh
# Make .cache/toxiproxy-clients: Toxiproxy's own clients, as locked in requirements/, for the tests that run them against our server.
#
#     python/   an environment of its own, because these clients and what they need are nobody's dependencies here
#     node/     node_modules, where this machine has node and npm; where it has not, the test that needs them says so and is skipped
#
# Like bootstrap.sh: a stamp that comes last says what each was made from, and two runs at once wait for each other.
set -eu
cd "$(dirname "$0")/.."
unset PYTHONHOME PYTHONPATH

home=.cache/toxiproxy-clients
mkdir -p "$home"
exec 9>"$home/lock"
flock 9

say() { printf 'toxiproxy-clients: %s\n' "$*"; }
wanted() { { pwd; cat "$@"; } | sha256sum; }
is_made() { [ -f "$home/$1.stamp" ] && [ "$(cat "$home/$1.stamp")" = "$(shift; wanted "$@")" ]; }

if ! is_made python requirements/toxiproxy-clients.txt; then
    say 'installing the Python clients'
    rm -f "$home/python.stamp"
    .venv/bin/python -m venv --clear "$home/python"
    "$home/python/bin/python" -m pip --disable-pip-version-check --quiet install --no-deps --require-hashes --requirement requirements/toxiproxy-clients.txt
    wanted requirements/toxiproxy-clients.txt >"$home/python.stamp"
fi

if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    say 'node or npm is missing, so the Node client is not tried; on Debian: apt-get install nodejs npm'
elif ! is_made node requirements/toxiproxy-node-client/package.json requirements/toxiproxy-node-client/package-lock.json; then
    say 'installing the Node client'
    rm -rf "$home/node.stamp" "$home/node"
    cp -R requirements/toxiproxy-node-client "$home/node"
    npm --prefix "$home/node" ci --loglevel=error --no-audit --no-fund --ignore-scripts
    wanted requirements/toxiproxy-node-client/package.json requirements/toxiproxy-node-client/package-lock.json >"$home/node.stamp"
fi
