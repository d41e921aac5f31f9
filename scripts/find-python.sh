#!/bin/sh
# Print the path of a Python 3.13 that runs, or say on standard error how to get one and exit with 1.
#
# A name on PATH proves nothing: pyenv's shim `python3.13` exists as soon as one 3.13 is installed and fails unless that version is
# selected, and Debian's python3.13 lacks ensurepip until python3.13-venv is there too. So each candidate has to run and to import what
# we need. Only shell builtins are used, apart from `timeout` where there is one, so that the search works with any PATH.
#
# Environment:
#   PYTHON             a path or a command name: this one or none.
#   FIND_PYTHON_ROOT   look for system directories (/usr/bin, /opt/...) below this one instead of /; the tests use it.
set -u

root=${FIND_PYTHON_ROOT:-}
home=${HOME:-/nonexistent}
data=${XDG_DATA_HOME:-$home/.local/share}
rejected=
found=

# What a Python must be able to do; the last line of the error is the reason for turning it down.
probe='
import sys, sysconfig
if sys.version_info[:2] != (3, 13):
    raise SystemExit("is Python %d.%d" % sys.version_info[:2])
if sysconfig.get_config_var("Py_GIL_DISABLED"):
    raise SystemExit("is the free-threaded build, for which FraiseQL has no wheels")
for name in ("ctypes", "ensurepip", "sqlite3", "ssl", "venv", "zlib"):
    try:
        __import__(name)
    except ImportError:
        raise SystemExit("lacks the module %s" % name)
print(sys._base_executable)  # in a virtual environment, the Python that it was made with
'

run_probe() {
    if command -v timeout >/dev/null 2>&1; then
        timeout 20 "$1" -I -c "$probe" </dev/null 2>&1
    else
        "$1" -I -c "$probe" </dev/null 2>&1
    fi
}

# Print the candidate's own path and leave, if it will do; otherwise remember why not.
try() {
    [ -x "$1" ] && [ ! -d "$1" ] || return 0
    if found=$(run_probe "$1"); then
        printf '%s\n' "$found"
        exit 0
    fi
    case $found in
        'is Python '* | '') ;;  # older ones are everywhere, and no news
        *) rejected="$rejected
  $1: ${found%%
*}" ;;
    esac
}

try_all_named() {  # in one directory
    for name in python3.13 python3 python; do
        try "$1/$name"
    done
}

# Whoever names one means that one: it is used, or it is an error.
if [ -n "${PYTHON:-}" ]; then
    try "$(command -v "$PYTHON" || printf '%s' "$PYTHON")"
    printf 'PYTHON=%s will not do: it %s. Name a Python 3.13, or leave PYTHON unset and one is looked for.\n' "$PYTHON" "${found:-does not run}" >&2
    exit 1
fi

# Every directory of PATH, and not only the first that has the name; a directory of pyenv shims also tells where the versions are.
old_ifs=$IFS
IFS=:
for directory in ${PATH:-}; do
    IFS=$old_ifs
    try_all_named "${directory:-.}"
    case $directory in
        */shims)
            for versions in "${directory%/shims}"/versions/3.13*; do try "$versions/bin/python3.13"; done
            for versions in "${directory%/shims}"/installs/python/3.13*; do try "$versions/bin/python3.13"; done
            ;;
    esac
done
IFS=$old_ifs

for directory in \
    "${PYENV_ROOT:-$home/.pyenv}"/versions/3.13*/bin \
    "$home"/.pyenv/versions/3.13*/bin \
    "${UV_PYTHON_INSTALL_DIR:-$data/uv/python}"/cpython-3.13*/bin \
    "${MISE_DATA_DIR:-$data/mise}"/installs/python/3.13*/bin \
    "${ASDF_DATA_DIR:-$home/.asdf}"/installs/python/3.13*/bin \
    "$home"/.local/bin \
    "$root"/usr/bin \
    "$root"/usr/local/bin \
    "$root"/usr/local/pyenv/versions/3.13*/bin \
    "$root"/opt/pyenv/versions/3.13*/bin \
    "$root"/opt/hostedtoolcache/Python/3.13*/*/bin \
    "$root"/opt/*/bin
do
    try_all_named "$directory"
done

{
    printf 'No Python 3.13 that runs was found, and fraiseql-chaos needs one (FraiseQL 1.x itself requires it).\n'
    [ -z "$rejected" ] || printf '\nFound, but of no use:%s\n' "$rejected"
    printf '%s\n' '
Get one in one of these ways, then give the same command again:

  Debian 13 or newer, Ubuntu 25.04 or newer:
      sudo apt-get update && sudo apt-get install python3.13 python3.13-venv
  with pyenv (it need not be selected with "pyenv global" or "pyenv local"):
      pyenv install 3.13
  with uv:
      uv python install 3.13

A Python 3.13 in an unusual place is used when PYTHON names it:
      make test PYTHON=/path/to/python3.13'
} >&2
exit 1
