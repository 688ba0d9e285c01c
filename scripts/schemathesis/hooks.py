"""Who asks: one fan, whose queue token is always good, and the operator."""

import json
import os
import time
import urllib.request

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


FAN = ask("POST", "/v1/users", None, {"name": "Mina"})
ACCESS = FAN["access_token"]


def queue_token():
    """An active queue token: requests that were tried may have spent it, or closed the queue."""
    for _ in range(100):
        place = ask("POST", "/v1/queue/check", ACCESS)
        if place["status"] == "active":
            return place["token"]
        ask("PATCH", "/v1/admin/queue", OPERATOR, {"capacity": 1000, "admission_batch": 100, "paused": False})
        time.sleep(0.1)
    raise RuntimeError("nobody is admitted")


def token_of(operation):
    schemes = {name for one in operation.definition.raw.get("security", []) for name in one}
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
        return token_of(context.operation)

    def set(self, case, data, context):
        if data:
            case.headers["Authorization"] = f"Bearer {data}"
