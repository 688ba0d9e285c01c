#!/bin/sh
# Makes sure that what examples/journey.py needs is there, and says nothing if it is. It is unpacked
# into .examples/ of this repository: nothing is installed.
set -eu
cd "$(dirname "$0")/.."
wanted=examples/requirements.txt
have=.examples/requirements.txt

if [ -x .examples/bin/python ] && cmp -s "$wanted" "$have" && .examples/bin/python -c 'import httpx'; then
    exit 0
fi
{
    rm -rf .examples
    python3 -m venv .examples &&
        .examples/bin/python -m pip install --quiet --disable-pip-version-check -r "$wanted" &&
        cp "$wanted" "$have"
} >&2 && exit 0
rm -rf .examples
echo "the Python packages of examples/ could not be fetched: they need python3 (3.9 or newer, with" \
    "venv and pip) and a package index; $wanted names them" >&2
exit 1
