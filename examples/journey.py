#!/usr/bin/env python3
"""A fan's whole journey: sign up, charge, queue, hold the best seats, pay.

    python3 examples/journey.py [http://127.0.0.1:8080]

Needs Python 3.9 or newer and httpx: pip install -r examples/requirements.txt
"""

import sys
import time
import uuid

import httpx

SEATS = 2
PATIENCE = 120  # seconds that a request is repeated while the server is busy


class Problem(Exception):
    """The server has said no. `code` is stable, `detail` is for people."""

    def __init__(self, body):
        super().__init__(f"{body['code']}: {body['detail']}")
        self.code = body["code"]


class Boxoffice:
    """One fan, talking to one server."""

    def __init__(self, server):
        self.http = httpx.Client(base_url=server, timeout=10)
        self.token = None

    def ask(self, method, path, body=None):
        """Asks until there is an answer.

        Too many requests (429), a busy server (503) and a lost connection are worth another try. It
        is the same request with the same Idempotency-Key: if the first one had got through after all,
        the answer is what it made, and nothing is done twice.
        """
        headers = {}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        if method == "POST":
            headers["Idempotency-Key"] = str(uuid.uuid4())
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                answer = self.http.request(method, path, json=body, headers=headers)
                wait = float(answer.headers.get("Retry-After", 1))
                again = answer.status_code in (429, 503)
            except httpx.TransportError:
                answer, wait, again = None, 1.0, True
            if not again or time.monotonic() + wait > deadline:
                break
            time.sleep(wait)
        if answer is None:
            raise SystemExit(f"{self.http.base_url} does not answer")
        if answer.is_error:
            raise Problem(answer.json())
        return answer.json() if answer.content else None

    def wait_for_turn(self):
        """Takes a place in the queue and waits until it is our turn."""
        # The forgiving way to ask: whoever has a place already is told which.
        place = self.ask("POST", "/v1/queue/check")
        # From now on the queue token says who we are, and that we are here.
        self.token = place["token"]
        while place["status"] == "waiting":
            print(f"waiting: {place['ahead']} are ahead")
            # The server knows when it is worth asking again: the farther back, the later.
            time.sleep(place["poll_after_ms"] / 1000)
            place = self.ask("GET", "/v1/queue/tokens/me")
        if place["status"] != "active":
            raise SystemExit("the place in the queue is over")

    def hold(self):
        """Holds the best seats next to each other, of the first date that has some."""
        for concert in self.ask("GET", "/v1/concerts?limit=100")["items"]:
            for date in self.dates(concert):
                wish = {"schedule_id": date["id"], "count": SEATS}
                try:
                    held = self.ask("POST", "/v1/reservations", wish)
                except Problem as problem:
                    # Somebody was faster, or the sale begins later: on to the next date.
                    if problem.code in ("seat_unavailable", "sales_not_open"):
                        continue
                    raise
                print(f"held for {concert['title']}, {date['starts_at']}")
                return held
        raise SystemExit("sold out")

    def dates(self, concert):
        try:
            return self.ask("GET", f"/v1/concerts/{concert['id']}/schedules")["items"]
        except Problem as problem:
            if problem.code == "no_available_dates":
                return []
            raise


def main():
    server = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8080"
    shop = Boxoffice(server)

    # Keep the access token: it proves who you are, and there is no other way in.
    fan = shop.ask("POST", "/v1/users", {"name": "Mina"})
    access = shop.token = fan["access_token"]
    charged = shop.ask("POST", f"/v1/users/{fan['id']}/balance/charges", {"amount": 500_000})
    print(f"balance: {charged['balance']} won")

    shop.wait_for_turn()
    reservation = shop.hold()
    numbers = ", ".join(str(seat["number"]) for seat in reservation["seats"])
    print(f"seats {numbers}: {reservation['amount']} won, to be paid until {reservation['held_until']}")

    receipt = shop.ask("POST", "/v1/payments", {"reservation_id": reservation["id"]})
    print(f"paid {receipt['amount']} won, {receipt['balance_after']} are left")

    # Paying has spent the queue token; the access token still shows what is ours.
    shop.token = access
    mine = shop.ask("GET", f"/v1/reservations/{reservation['id']}")
    print(f"reservation {mine['id']}: {mine['status']}")


if __name__ == "__main__":
    try:
        main()
    except Problem as problem:
        raise SystemExit(str(problem)) from None
