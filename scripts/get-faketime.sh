#!/bin/sh
# Makes sure that libfaketime is there, with which the tests step a process's wall clock, and says
# nothing if it is. It is unpacked into .faketime/ of this repository: nothing is installed. On
# systems other than Linux the test that needs it does not exist.
set -eu
cd "$(dirname "$0")/.."
[ "$(uname -s)" = Linux ] || exit 0

found() {
    for library in "${FAKETIME_LIBRARY:-}" .faketime/libfaketimeMT.so.1 \
        /usr/lib/*/faketime/libfaketimeMT.so.1 /usr/lib/faketime/libfaketimeMT.so.1 \
        /usr/lib64/faketime/libfaketimeMT.so.1; do
        if [ -f "$library" ]; then return 0; fi
    done
    return 1
}

from_apt() {
    command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || return 1
    new=.faketime.new
    rm -rf "$new"
    mkdir "$new" || return 1
    download='apt-get download -q libfaketime'
    # Only lists that are missing need root.
    (cd "$new" && { $download || { apt-get update -q && $download; }; }) || return 1
    dpkg-deb -x "$new"/*.deb "$new" || return 1
    rm -rf .faketime
    mkdir .faketime
    mv "$new"/usr/lib/*/faketime/libfaketimeMT.so.1 .faketime/ || return 1
    rm -rf "$new"
}

found && exit 0
from_apt >&2 && found && exit 0
rm -rf .faketime.new
echo "libfaketime was not found and could not be fetched: install it (apt-get install faketime," \
    "dnf install libfaketime), or set FAKETIME_LIBRARY to its libfaketimeMT.so.1" >&2
exit 1
