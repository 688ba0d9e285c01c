#!/bin/sh
# Makes sure that Chromium, its driver and a Korean font are there, with which the pages are tested, and
# says nothing if they are. CHROMIUM and CHROMEDRIVER name others than those on the PATH.
set -eu

has() {
    command -v "$1" >/dev/null
}

found() {
    has "${CHROMEDRIVER:-chromedriver}" && has "${CHROMIUM:-chromium}"
}

# Without it Korean is boxes in the pictures. Nothing that is tested depends on it.
has_font() {
    ! has fc-list || [ -n "$(fc-list :lang=ko family)" ]
}

from_apt() {
    [ "$(id -u)" = 0 ] && has apt-get || return 1
    install='apt-get install -y -q --no-install-recommends chromium chromium-driver fonts-nanum'
    export DEBIAN_FRONTEND=noninteractive
    $install || { apt-get update -q && $install; }
}

found && has_font && exit 0
from_apt >&2 || true
found && exit 0
echo "chromium and chromedriver were not found and could not be fetched: install them" \
    "(apt-get install chromium chromium-driver), or set CHROMIUM and CHROMEDRIVER" >&2
exit 1
