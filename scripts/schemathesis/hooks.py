"""Who asks, and what the description says in words because its schemas cannot."""

import json
import os
import re
import time
import urllib.request
import uuid
from datetime import datetime, timezone

import schemathesis

SERVER = os.environ["BOXOFFICE_SERVER"]
OPERATOR = os.environ["BOXOFFICE_OPERATOR_KEY"]
# It is never found.
RECEIVER = "https://receiver.example/events"
DATE = "/v1/admin/schedules/"
CALL_OFF = f"{DATE}{{id}}/cancellation"


def ask(method, path, token, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(SERVER + path, data=data, method=method)
    request.add_header("Content-Type", "application/json")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


# One fan asks for everything, so that what an answer tells of can be asked for.
FAN = ask("POST", "/v1/users", None, {"name": "Mina"})
ACCESS = FAN["access_token"]


def queue_token():
    """An active queue token: what was tried may have spent it, or closed the queue."""
    for _ in range(100):
        place = ask("POST", "/v1/queue/check", ACCESS)
        if place["status"] == "active":
            return place["token"]
        policy = {"capacity": 1000, "admission_batch": 100, "paused": False}
        ask("PATCH", "/v1/admin/queue", OPERATOR, policy)
        time.sleep(0.1)
    raise RuntimeError("nobody is admitted")


def token_for(operation):
    security = operation.definition.raw.get("security", [])
    schemes = {name for proof in security for name in proof}
    if "operator_key" in schemes:
        return OPERATOR
    if "access_token" in schemes:
        return ACCESS
    if "queue_token" in schemes:
        return queue_token()
    return None


@schemathesis.auth(refresh_interval=None)
class Bearer:
    def get(self, case, context):
        return token_for(context.operation)

    def set(self, case, data, context):
        if data:
            case.headers["Authorization"] = f"Bearer {data}"


def house():
    """Things that there are, by the member or the path that names one."""
    concert = ask("POST", "/v1/admin/concerts", OPERATOR, {"title": "Concert", "venue": "Hall"})
    dates = f"/v1/admin/concerts/{concert['id']}/schedules"
    run = {"grade": "R", "price": 1000, "from": 1, "to": 2000}
    date = {"starts_at": "2999-01-01T03:00:00Z", "seats": [run]}
    schedule, moved, called_off = (ask("POST", dates, OPERATOR, date)["id"] for _ in range(3))
    ask("POST", f"/v1/users/{FAN['id']}/balance/charges", ACCESS, {"amount": 1_000_000})
    wish = {"schedule_id": schedule, "count": 1}
    held = [ask("POST", "/v1/reservations", queue_token(), wish)["id"] for _ in range(12)]
    pay = [ask("POST", "/v1/payments", queue_token(), {"reservation_id": id}) for id in held[:2]]
    blocks = f"/v1/admin/schedules/{moved}/blocks"
    kept = [ask("POST", blocks, OPERATOR, {"seat_numbers": [n]})["id"] for n in range(1, 6)]
    keys = [ask("POST", "/v1/admin/keys", OPERATOR, {"name": f"Key {n}"})["id"] for n in range(5)]
    webhooks = [ask("POST", "/v1/admin/webhooks", OPERATOR, {"url": RECEIVER})["id"] for _ in range(5)]
    return {
        "schedule_id": [schedule],
        "reservation_id": held,
        "user_id": [FAN["id"]],
        "/v1/schedules/": [schedule],
        "/v1/reservations/": held,
        "/v1/payments/": [payment["id"] for payment in pay],
        "/v1/concerts/": [concert["id"]],
        "/v1/admin/concerts/": [concert["id"]],
        DATE: [moved],
        CALL_OFF: [called_off],
        "/v1/admin/blocks/": kept,
        "/v1/admin/keys/": keys,
        "/v1/admin/webhooks/": webhooks,
        "/v1/users/": [FAN["id"]],
    }


HOUSE = house()


def is_uuid(text):
    return isinstance(text, str) and bool(re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text))


def real(kind, id):
    """Another good id in place of a good one: every second time one of something that there is."""
    known = HOUSE.get(kind)
    if not known or not is_uuid(id) or int(id[-1], 16) % 2:
        return id
    return known[int(id[:4], 16) % len(known)]


def spare(case, path):
    """Fans go on shopping for a date that nobody closes, and not all others are called off."""
    ids, others = case.path_parameters or {}, [*HOUSE["schedule_id"]]
    if path == CALL_OFF:
        others += HOUSE[DATE]
    if ids.get("id") in others:
        ids["id"] = HOUSE[CALL_OFF if path == CALL_OFF else DATE][0]


@schemathesis.hook
def before_call(context, case, kwargs):
    """Good keys become new ones, as a key is for one deed, and good ids become real ones."""
    key = (case.headers or {}).get("Idempotency-Key")
    if isinstance(key, str) and 1 <= len(key) <= 255:
        new = str(uuid.uuid4())
        case.headers["Idempotency-Key"] = key[: max(1, len(key) - len(new))] + new
    path = case.operation.path
    if path.startswith(DATE):
        spare(case, path)
    if case.meta and case.meta.phase.name == "stateful":
        return
    kind = path if path in HOUSE else path.partition("{id}")[0]
    if case.path_parameters and "id" in case.path_parameters:
        case.path_parameters["id"] = real(kind, case.path_parameters["id"])
    if isinstance(case.body, dict):
        for kind in ("schedule_id", "reservation_id", "user_id"):
            if kind in case.body:
                case.body[kind] = real(kind, case.body[kind])


def is_whole(number):
    return type(number) in (int, float) and number == int(number)


def is_run(block):
    return isinstance(block, dict) and is_whole(block.get("from")) and is_whole(block.get("to"))


def moment(text):
    try:
        return datetime.fromisoformat(text.upper())
    except (AttributeError, ValueError):
        return None


def is_late(opens, starts):
    try:
        return opens > starts
    except TypeError:
        return False


def cannot_move(body, opens, starts):
    """Whether a date cannot be moved so, or it depends on what it was before."""
    now = datetime.now(timezone.utc)
    return bool(starts and is_late(now, starts)) or bool(starts) != bool(opens) and (
        opens is not None or body.get("sales_open_at", "as it was") is not None
    )


@schemathesis.hook
def filter_case(context, case):
    """Leaves out what each part of is good and the whole is said not to be."""
    query = case.query or {}
    since = str(query.get("since", "0"))
    if "since" in query and "status" in query:
        return False
    # A version that there has been: of those that could be, only the first one is certain.
    if since != "0" and re.fullmatch(r"(0|[1-9]\d*)(\.(0|[1-9]\d*))?", since):
        return False
    body = case.body
    if isinstance(body, dict):
        opens, starts = (moment(body.get(name)) for name in ("sales_open_at", "starts_at"))
        if is_late(opens, starts):
            return False
        if case.operation.path == "/v1/admin/schedules/{id}" and cannot_move(body, opens, starts):
            return False
    if isinstance(body, dict) and isinstance(body.get("seats"), list):
        runs = sorted((run["from"], run["to"]) for run in body["seats"] if is_run(run))
        if any(first > last for first, last in runs):
            return False
        if any(before[1] >= after[0] for before, after in zip(runs, runs[1:])):
            return False
    return True
