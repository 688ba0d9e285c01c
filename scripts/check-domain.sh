#!/bin/sh
# The domain is pure: it may depend on these crates and on nothing that does I/O.
set -eu
allowed='async-trait roaring thiserror time uuid'
found=$(cargo tree -p domain -e normal --depth 1 --prefix none --locked | sed 1d | cut -d' ' -f1)
for crate in $found; do
    case " $allowed " in
        *" $crate "*) ;;
        *)
            echo "crates/domain depends on $crate; it may depend only on: $allowed" >&2
            exit 1
            ;;
    esac
done
echo "crates/domain depends only on: $allowed"
