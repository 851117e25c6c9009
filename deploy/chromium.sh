#!/bin/sh
# Runs a command with TIEOUT_CHROMIUM naming the browser of the browser tests: found, or installed where that is possible.
# Usage: deploy/chromium.sh <command …>. Without a browser the command runs all the same, after a line that says so.
cd "$(dirname "$0")/.." || exit 1

find_browser() {
    for candidate in "${TIEOUT_CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable \
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" "/Applications/Chromium.app/Contents/MacOS/Chromium"; do
        path=$(command -v "$candidate" 2>/dev/null) && [ -n "$path" ] && { printf '%s' "$path"; return 0; }
    done
    .venv/bin/python -c 'import os
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    path = playwright.chromium.executable_path
print(path, end="")
raise SystemExit(not os.path.exists(path))' 2>/dev/null
}

install_browser() {
    mkdir -p var/log
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        echo "Installing chromium with apt-get"
        { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends chromium; } \
            >var/log/chromium.log 2>&1 </dev/null && return 0
    fi
    echo "Installing Chromium with playwright"
    .venv/bin/python -m playwright install chromium >>var/log/chromium.log 2>&1 </dev/null
}

browser=$(find_browser) || { install_browser; browser=$(find_browser); } || browser=""
if [ -n "$browser" ]; then
    export TIEOUT_CHROMIUM="$browser"
else
    echo "tieout: no Chromium was found and none could be installed (var/log/chromium.log): the browser tests are left out."
fi
exec env "$@"
