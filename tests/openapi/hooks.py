"""What a schema cannot say about the requests of this API."""

import os
import secrets

import requests
import schemathesis
from hypothesis import strategies

# Identifiers are UUIDs of version 4 or 7; those that are drawn need not be sieved for them.
schemathesis.openapi.format("uuid", strategies.uuids(version=4).map(str))


@schemathesis.auth(refresh_interval=None)
class SomebodyNew:
    """Signs up once; every request is made in that user's name."""

    def get(self, case, context):
        answer = requests.post(
            f"{os.environ['SUPABASE_URL']}/auth/v1/signup",
            headers={"apikey": os.environ["SUPABASE_PUBLISHABLE_KEY"]},
            json={"email": f"{secrets.token_hex(8)}@example.com", "password": secrets.token_hex(16)},
            timeout=30,
        )
        answer.raise_for_status()
        return answer.json()["access_token"]

    def set(self, case, token, context):
        case.headers = case.headers or {}
        case.headers["Authorization"] = f"Bearer {token}"


@schemathesis.hook
def before_call(context, case, kwargs):
    """A cursor is signed by the server and cannot be made up: it comes with the page before.
    What is quoted in a header loses its quotes in the coverage phase; they are put back.

    Both stay as they are where they are the very thing that is wrong.
    """
    if case.query and "cursor" in case.query and not is_wrong(case, "cursor"):
        del case.query["cursor"]
    revision = (case.headers or {}).get("If-Match")
    if revision is not None and not is_wrong(case, "If-Match"):
        text = str(revision).strip('"')
        case.headers["If-Match"] = f'"{text}"' if text.isdigit() and int(text) > 0 else "*"


def is_wrong(case, name):
    if case.meta is None or not case.meta.generation.mode.is_negative:
        return False
    data = case.meta.phase.data
    changed = {data.parameter} | {change.parameter for change in getattr(data, "mutations", ())}
    return name in changed or None in changed
