"""Prints the events of a stream as lines of JSON, up to one of type `end`."""

import json
import platform
import sys
from importlib.metadata import version

import httpx
from httpx_sse import connect_sse

print(
    f"httpx-sse {version('httpx-sse')}, httpx {version('httpx')}, "
    f"Python {platform.python_version()}",
    flush=True,
)
with httpx.Client(timeout=20, trust_env=False) as client:
    with connect_sse(client, "GET", sys.argv[1]) as source:
        for event in source.iter_sse():
            seen = {"type": event.event, "data": event.data, "id": event.id}
            print(json.dumps(seen), flush=True)
            if event.event == "end":
                break
