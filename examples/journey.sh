#!/bin/sh
# A fan's whole journey: sign up, charge, queue, hold the best seats, pay.
#
#   examples/journey.sh [http://127.0.0.1:8080]
#
# Needs curl and what every POSIX system has.
set -eu
server=${1:-http://127.0.0.1:8080}
files=$(mktemp -d)
trap 'rm -rf "$files"' EXIT

# Picks fields out of the last answer: the first text or number of that name, and all texts.
text() { grep -o "\"$1\":\"[^\"]*\"" "$files/body" | head -n 1 | cut -d '"' -f 4; }
number() { grep -o "\"$1\":[0-9-]*" "$files/body" | head -n 1 | cut -d : -f 2; }
texts() { grep -o "\"$1\":\"[^\"]*\"" "$files/body" | cut -d '"' -f 4; }

# A key that nobody else uses: a request that is sent again with it has one effect.
new_key() { od -An -N16 -tx1 /dev/urandom | tr -d ' \n'; }

# ask METHOD PATH [BODY]: asks as whoever $token is until there is an answer. 429 and 503 say in
# Retry-After when to try again, and no answer (000) may be a lost connection. Fails, with the problem
# in $files/body and its code in $code, when the server says no.
ask() {
    key=$(new_key)
    tries=0
    while :; do
        set -- "$1" "$2" "${3:-}"
        status=$(curl -sS -m 10 -o "$files/body" -D "$files/head" -w '%{http_code}' \
            -X "$1" "$server$2" -H "Authorization: Bearer ${token:-}" \
            -H 'Content-Type: application/json' -H "Idempotency-Key: $key" \
            ${3:+-d "$3"} 2>"$files/error") || true
        case $status in
            429 | 503 | 000) ;;
            *) break ;;
        esac
        tries=$((tries + 1))
        if [ "$tries" -ge 60 ]; then break; fi
        wait=$(sed -n 's/^[Rr]etry-[Aa]fter: *\([0-9]*\).*/\1/p' "$files/head" 2>/dev/null || true)
        sleep "${wait:-1}"
    done
    code=
    case $status in
        2??) return 0 ;;
        000) code="$server does not answer" ;;
        *) code=$(text code) ;;
    esac
    return 1
}

# The same, for what has to work.
must() { ask "$@" || { echo "$code" >&2; exit 1; }; }

# Keep the access token: it proves who you are, and there is no other way in.
token=
must POST /v1/users '{"name":"Mina"}'
user=$(text id)
access=$(text access_token)
token=$access
must POST "/v1/users/$user/balance/charges" '{"amount":500000}'
echo "balance: $(number balance) won"

# A place in the queue; the queue token says who we are from now on, and that we are here.
must POST /v1/queue/check
token=$(text token)
while [ "$(text status)" = waiting ]; do
    echo "waiting: $(number ahead) are ahead"
    # The server knows when it is worth asking again: the farther back, the later.
    sleep "$(awk "BEGIN { print $(number poll_after_ms) / 1000 }")"
    must GET /v1/queue/tokens/me
done
[ "$(text status)" = active ] || { echo "the place in the queue is over" >&2; exit 1; }

# The two best seats next to each other, of the first date that has some.
hold() {
    must GET '/v1/concerts?limit=100'
    for concert in $(texts id); do
        # No dates, or none with seats left: on to the next concert.
        ask GET "/v1/concerts/$concert/schedules" || continue
        for date in $(texts id); do
            ask POST /v1/reservations "{\"schedule_id\":\"$date\",\"count\":2}" && return 0
            case $code in
                # Somebody was faster, or the sale begins later: on to the next date.
                seat_unavailable | sales_not_open) ;;
                *) break 2 ;;
            esac
        done
    done
    return 1
}
hold || { echo "no seats: ${code:-sold out}" >&2; exit 1; }
reservation=$(text id)
echo "held for $(number amount) won, to be paid until $(text held_until)"

must POST /v1/payments "{\"reservation_id\":\"$reservation\"}"
echo "paid $(number amount) won, $(number balance_after) are left"

# Paying has spent the queue token; the access token still shows what is ours.
token=$access
must GET "/v1/reservations/$reservation"
echo "reservation $reservation: $(text status)"
