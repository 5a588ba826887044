"""What a schema cannot say about the requests of this API."""

import functools
import os
import secrets

import requests
import schemathesis


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """What has a pattern or a range is drawn by that alone: its format says less. Drawing for both
    at once means drawing until one fits, for seconds at every operation; and a number within its
    range would count as wrong for the sake of a format that forbids nothing."""
    drop_formats(raw_schema)


def drop_formats(part):
    if isinstance(part, dict):
        if isinstance(part.get("pattern"), str) or "maximum" in part:
            part.pop("format", None)
        for inner in part.values():
            drop_formats(inner)
    elif isinstance(part, list):
        for inner in part:
            drop_formats(inner)


@functools.cache
def token():
    """Signs up somebody new, once; the token outlives the run."""
    answer = requests.post(
        f"{os.environ['SUPABASE_URL']}/auth/v1/signup",
        headers={"apikey": os.environ["SUPABASE_PUBLISHABLE_KEY"]},
        json={"email": f"{secrets.token_hex(8)}@example.com", "password": secrets.token_hex(16)},
        timeout=30,
    )
    answer.raise_for_status()
    return answer.json()["access_token"]


@schemathesis.auth(refresh_interval=None)
class SomebodyNew:
    """Every request is made in that one user's name. It is asked for each of them."""

    def get(self, case, context):
        return token()

    def set(self, case, token, context):
        case.headers = case.headers or {}
        case.headers["Authorization"] = f"Bearer {token}"


@schemathesis.hook
def filter_headers(context, headers):
    """HTTP drops the space around a header's value: something else would arrive than was drawn."""
    return all(str(value) == str(value).strip() for value in (headers or {}).values())


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
