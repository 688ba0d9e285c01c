#!/bin/sh
# What deny.toml says of the crates below this one. Bans, licenses and sources need nothing but cargo-deny;
# the advisories need their database, which is fetched. What cannot be checked here is skipped, and said.
set -eu
cd "$(dirname "$0")/.."
skip() { echo "skipped: $1" >&2; }

if ! command -v cargo-deny >/dev/null; then
    skip "licenses, bans, sources and advisories of dependencies (get it: cargo install cargo-deny --locked)"
    exit 0
fi
if ! cargo fetch --locked --quiet; then
    skip "licenses, bans, sources and advisories of dependencies: not all of them can be fetched from here"
    exit 0
fi
cargo deny --offline --locked --all-features check bans licenses sources
if cargo deny --locked fetch db >/dev/null 2>&1; then
    cargo deny --offline --locked --all-features check advisories
else
    skip "advisories of dependencies: their database cannot be fetched from here"
fi
