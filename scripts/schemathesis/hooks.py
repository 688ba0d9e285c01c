"""Who asks, and what the description says in words because its schemas cannot."""

import json
import os
import time
import urllib.request
import uuid

import schemathesis

SERVER = os.environ["BOXOFFICE_SERVER"]
OPERATOR = os.environ["BOXOFFICE_OPERATOR_KEY"]


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


@schemathesis.hook
def before_call(context, case, kwargs):
    """A key is for one deed: a good one is made a new one."""
    key = (case.headers or {}).get("Idempotency-Key")
    if isinstance(key, str) and 1 <= len(key) <= 200:
        case.headers["Idempotency-Key"] = f"{key}-{uuid.uuid4()}"


def is_run(block):
    numbers = isinstance(block, dict) and (block.get("from"), block.get("to"))
    return bool(numbers) and all(type(number) is int for number in numbers)


@schemathesis.hook
def filter_case(context, case):
    """Leaves out what each part of is good and the whole is said not to be."""
    query = case.query or {}
    if "since" in query and "status" in query:
        return False
    body = case.body
    if isinstance(body, dict) and isinstance(body.get("seats"), list):
        runs = sorted((run["from"], run["to"]) for run in body["seats"] if is_run(run))
        if any(first > last for first, last in runs):
            return False
        if any(before[1] >= after[0] for before, after in zip(runs, runs[1:])):
            return False
    return True
