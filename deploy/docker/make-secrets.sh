#!/bin/sh
# Makes the secrets of compose.yaml, below secrets/ beside this file. What is there already stays.
set -eu
umask 077
cd "$(dirname "$0")"
mkdir -p secrets
random() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }
make() { [ -e "secrets/$1" ] || { printf '%s' "$2" >"secrets/$1" && echo "made secrets/$1"; }; }
make database-password "$(random)"
make operator.key "$(random)"
make token.key "$(random)"
make database-url "postgres://boxoffice:$(cat secrets/database-password)@postgres:5432/boxoffice?sslmode=disable"
# Within a container another user reads them; on this machine nobody gets past the directory.
chmod 444 secrets/*
chmod 700 secrets
