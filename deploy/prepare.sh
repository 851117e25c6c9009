#!/bin/sh
# Makes a clone ready: the virtual environment from the lock file (hashes checked), and the libraries the PDFs need.
# Usage: deploy/prepare.sh [dev]      "dev" adds what tests and checks need. Nothing is done twice.
set -eu
cd "$(dirname "$0")/.."
group=${1:-run}
UV_VERSION=0.13.9

say() { printf '%s\n' "$*"; }
stop() { say "tieout: $*" >&2; exit 1; }

# ---- with which rights packages of the system can be installed -----------------------------------------------------------
if [ "$(id -u)" = 0 ]; then sudo=""; may_install=yes
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then sudo="sudo -n"; may_install=yes
else sudo=""; may_install=no; fi

apt_install() {
    command -v apt-get >/dev/null 2>&1 || return 1
    [ "$may_install" = yes ] || return 1
    say "Installing $* with apt-get"
    mkdir -p var/log
    if ! $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" >var/log/apt.log 2>&1 </dev/null; then
        $sudo apt-get update >>var/log/apt.log 2>&1 </dev/null || true
        $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" >>var/log/apt.log 2>&1 </dev/null
    fi
}

# ---- Python ----------------------------------------------------------------------------------------------------------------
good_python() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

find_python() {
    for candidate in "${PYTHON:-}" .venv/bin/python python3.13 python3.12 python3.11 python3.14 python3 python; do
        if [ -n "$candidate" ] && good_python "$candidate"; then printf '%s' "$candidate"; return 0; fi
    done
    return 1
}

find_uv() {
    for candidate in uv var/tools/bin/uv "$HOME/.local/bin/uv"; do
        if "$candidate" --version >/dev/null 2>&1; then printf '%s' "$candidate"; return 0; fi
    done
    return 1
}

install_uv() {
    say "Installing uv $UV_VERSION into var/tools"
    if ! "$python" -m venv var/tools >/dev/null 2>&1; then
        # Debian and Ubuntu keep venv's own pip in a package of its own.
        minor=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        apt_install "python$minor-venv" && "$python" -m venv --clear var/tools \
            || stop "python -m venv does not work; run: sudo apt-get install python$minor-venv"
    fi
    var/tools/bin/python -m pip install --quiet --disable-pip-version-check "uv==$UV_VERSION" \
        || stop "uv could not be installed; see https://docs.astral.sh/uv/getting-started/installation/"
}

stamp=var/prepared-$group
mkdir -p var
if [ -x .venv/bin/python ] && [ -f "$stamp" ] && [ "$stamp" -nt uv.lock ] && [ "$stamp" -nt pyproject.toml ] \
    && [ "$stamp" -nt "$0" ] && .venv/bin/python -c '' 2>/dev/null; then
    exit 0
fi

python=$(find_python) || stop "no Python 3.11 or newer was found; install one or name it: make PYTHON=/path/to/python3"
if [ "$group" = dev ]; then groups=""; else groups="--no-dev --inexact"; fi
sync() {
    # shellcheck disable=SC2086 (words on purpose)
    UV_PYTHON_DOWNLOADS=never "$uv" sync --locked --quiet --python "$python" $groups
}
uv=$(find_uv) || { install_uv; uv=var/tools/bin/uv; }
say "Making .venv from uv.lock"
if ! sync; then
    [ "$uv" != var/tools/bin/uv ] || stop "the environment could not be made from uv.lock"
    # The uv found may be too old for this lock file.
    install_uv; uv=var/tools/bin/uv
    sync || stop "the environment could not be made from uv.lock"
fi

# ---- the libraries WeasyPrint draws with -------------------------------------------------------------------------------------
if [ "$(uname)" = Darwin ]; then
    DYLD_FALLBACK_LIBRARY_PATH="/opt/homebrew/lib:/usr/local/lib:${DYLD_FALLBACK_LIBRARY_PATH:-}"
    export DYLD_FALLBACK_LIBRARY_PATH
fi
draws() { .venv/bin/python -c 'import weasyprint' >/dev/null 2>&1; }
libraries="libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
if ! draws; then
    if [ "$(uname)" = Darwin ]; then
        command -v brew >/dev/null 2>&1 || stop "the PDFs need Pango; install Homebrew and run: brew install pango"
        say "Installing pango with brew"
        brew install --quiet pango </dev/null || stop "run: brew install pango"
    else
        # shellcheck disable=SC2086
        apt_install $libraries || stop "the PDFs need Pango; run: sudo apt-get install $libraries"
    fi
    draws || stop "WeasyPrint still does not load: $(.venv/bin/python -c 'import weasyprint' 2>&1 | tail -n 1)"
fi

touch "$stamp"
