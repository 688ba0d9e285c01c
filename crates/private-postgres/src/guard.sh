# Runs a program of PostgreSQL for no longer than its owner lives. The owner holds the other end of
# our standard input and never writes: its end means that the owner is gone or wants us gone.
# Arguments: a directory to remove once the owner is gone (or nothing), the program's input, and
# its command line.

# Whoever signals the owner's whole session must not take PostgreSQL away before the owner is done.
trap '' HUP INT TERM PIPE
gone=
trap 'gone=yes' USR1
remove=$1
input=$2
shift 2

exec 3<&0
printf '%s' "$input" | "$@" >&2 3<&- &
program=$!

# SIGINT is PostgreSQL's fast shutdown; repeated, as a program just starting misses the first.
{
    while read -r _; do :; done
    kill -USR1 $$
    while kill -INT "$program"; do sleep 1; done
} <&3 3<&- >/dev/null 2>&1 &
watch=$!
exec 3<&- </dev/null

# The owner waits for this line.
echo "$program"
exec >&2

wait "$program"
status=$?
if [ -n "$gone" ]; then
    # That signal was what ended the wait.
    wait "$program"
    [ -z "$remove" ] || rm -rf "$remove"
fi
kill -KILL "$watch" 2>/dev/null
exit "$status"
