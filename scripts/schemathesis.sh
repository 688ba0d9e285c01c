#!/bin/sh
# Tries the API against its own description with Schemathesis, on a server and a database of its own.
# What comes after the name of this script is handed on, such as --include-path /v1/payments.
set -eu
cd "$(dirname "$0")/.."

venv=.schemathesis/venv
needed=scripts/schemathesis/requirements.txt
if ! cmp -s "$needed" "$venv/requirements.txt"; then
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$needed"
    cp "$needed" "$venv/requirements.txt"
fi

scratch=$(mktemp -d)
chmod 755 "$scratch"
server=
finish() {
    if [ -n "$server" ]; then
        kill "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    rm -rf "$scratch"
}
trap finish EXIT
trap 'exit 130' INT TERM

key=operators-key-for-schemathesis
export BOXOFFICE_OPERATOR_KEY="$key"
export BOXOFFICE_TOKEN_SECRET=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
# One user asks thousands of times, charges as often, and holds whatever there is; what the compiler has
# not optimised takes its time with 50,000 seats.
: >"$scratch/out"
env BOXOFFICE_LISTEN=127.0.0.1:0 BOXOFFICE_DATA_DIR="$scratch/data" BOXOFFICE_LOG=warn \
    BOXOFFICE_USER_RATE=0 BOXOFFICE_MAX_BALANCE=1000000000000 BOXOFFICE_SEATS_PER_USER=1000 \
    BOXOFFICE_REQUEST_TIMEOUT=60s BOXOFFICE_STATEMENT_TIMEOUT=30s BOXOFFICE_ADMISSION_INTERVAL=100ms BOXOFFICE_HOLD_TTL=1h BOXOFFICE_NO_SHOW_AFTER=0s \
    target/debug/boxoffice serve --seed >"$scratch/out" 2>"$scratch/log" &
server=$!
url=
tries=0
while [ -z "$url" ]; do
    url=$(sed -n 's/^listening on //p' "$scratch/out")
    tries=$((tries + 1))
    if ! kill -0 "$server" 2>/dev/null || [ "$tries" -gt 600 ]; then
        cat "$scratch/log" >&2
        echo "the server does not start" >&2
        exit 1
    fi
    [ -n "$url" ] || sleep 0.1
done

export BOXOFFICE_SERVER="$url"
export PYTHONPATH="$PWD/scripts/schemathesis"
status=0
"$PWD/$venv/bin/schemathesis" --config-file scripts/schemathesis/schemathesis.toml \
    run "$url/openapi.json" --checks all --mode all --phases examples,coverage,fuzzing,stateful \
    --max-examples 15 --workers 2 --generation-database none --no-color "$@" || status=$?
grep -E 'a request failed|panicked' "$scratch/log" >&2 && status=1
exit "$status"
