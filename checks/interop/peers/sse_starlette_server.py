"""Sends what the file of cases says, with the line end of the second argument."""

import asyncio
import json
import platform
import socket
import sys
from importlib.metadata import version

import uvicorn
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.applications import Starlette
from starlette.routing import Route

line_end = {"cr": "\r", "lf": "\n", "crlf": "\r\n"}[sys.argv[2]]
with open(sys.argv[1]) as file:
    cases = json.load(file)


async def events():
    for case in cases:
        yield ServerSentEvent(
            case.get("data"),
            event=case.get("type"),
            id=case.get("id"),
            retry=case.get("retry"),
            comment=case.get("comment"),
            sep=line_end,
        )
    await asyncio.sleep(60)


async def endpoint(_request):
    return EventSourceResponse(events(), sep=line_end)


listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen()
print(
    f"sse-starlette {version('sse-starlette')}, starlette {version('starlette')}, "
    f"uvicorn {version('uvicorn')}, Python {platform.python_version()}",
    flush=True,
)
print(listener.getsockname()[1], flush=True)
app = Starlette(routes=[Route("/", endpoint)])
config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=0)
uvicorn.Server(config).run(sockets=[listener])
