"""Prints what a Python client makes of a stream, a line of JSON for each event, up to one of type
`end`. Its first line says what runs. Arguments: the client, the address of the stream."""

import asyncio
import importlib.util
import json
import os
import platform
import sys
from importlib.metadata import distribution, version


def seen(event_type, data, event_id):
    line = {"type": event_type or "message", "data": data or "", "id": event_id or ""}
    print(json.dumps(line), flush=True)
    return event_type == "end"


def show(events):
    """Events with these three attributes."""
    for event in events:
        if seen(event.event, event.data, event.id):
            break


def requests_lines(url):
    """requests, read by lines, and what a line means by hand."""
    import requests

    event_type, data, event_id = "", [], ""
    with requests.get(url, stream=True, timeout=20) as response:
        for line in response.iter_lines():
            name, _, value = line.decode().partition(":")
            value = value.removeprefix(" ")
            if name == "event":
                event_type = value
            elif name == "data":
                data.append(value)
            elif name == "id":
                event_id = value
            elif not line:
                if data and seen(event_type, "\n".join(data), event_id):
                    return
                event_type, data = "", []


def sseclient_py(url):
    import requests
    import sseclient

    with requests.get(url, stream=True, timeout=20) as response:
        show(sseclient.SSEClient(response).events())


def sseclient_(url):
    # A module of its own, which a package of the same name hides.
    found = distribution("sseclient").locate_file("sseclient.py")
    spec = importlib.util.spec_from_file_location("sseclient_module", found)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    show(module.SSEClient(url, timeout=20))


def requests_sse(url):
    from requests_sse import EventSource

    with EventSource(url, timeout=20) as source:
        for event in source:
            if seen(event.type, event.data, event.last_event_id):
                break


def tornado(url):
    """What people write by hand: a blank line separates, `data:` begins."""
    from tornado.httpclient import AsyncHTTPClient, HTTPRequest

    done, text = asyncio.Event(), ""

    def take(chunk):
        nonlocal text
        text += chunk.decode()
        *blocks, text = text.split("\n\n")
        for block in blocks:
            if block.startswith("data:"):
                seen("message", block.removeprefix("data:").strip(), "")
            elif block.startswith("event: end"):
                seen("end", "", "")
                done.set()

    async def run():
        request = HTTPRequest(url, streaming_callback=take, request_timeout=20)
        _fetch = AsyncHTTPClient().fetch(request)
        await done.wait()
        os._exit(0)

    asyncio.run(run())


def httpx_sse(url):
    import httpx
    from httpx_sse import connect_sse

    with httpx.Client(timeout=20, trust_env=False) as client:
        with connect_sse(client, "GET", url) as source:
            show(source.iter_sse())


def decoder(module, url):
    import httpx

    with httpx.Client(timeout=20, trust_env=False) as client:
        with client.stream("GET", url) as response:
            show(module.SSEDecoder().iter_bytes(response.iter_bytes()))


def openai(url):
    from openai import _streaming

    decoder(_streaming, url)


def anthropic(url):
    from anthropic import _streaming

    decoder(_streaming, url)


def aiohttp_sse_client2(url):
    from aiohttp_sse_client2.client import EventSource

    async def run():
        async with EventSource(url) as source:
            async for event in source:
                if seen(event.type, event.data, event.last_event_id):
                    break

    asyncio.run(run())


def launchdarkly_eventsource(url):
    from ld_eventsource import SSEClient

    client = SSEClient(url)
    show(client.events)
    client.close()


CLIENTS = {
    "requests": requests_lines,
    "sseclient-py": sseclient_py,
    "sseclient": sseclient_,
    "requests-sse": requests_sse,
    "tornado": tornado,
    "httpx-sse": httpx_sse,
    "openai": openai,
    "anthropic": anthropic,
    "aiohttp-sse-client2": aiohttp_sse_client2,
    "launchdarkly-eventsource": launchdarkly_eventsource,
}
_, name, address = sys.argv
print(f"{name} {version(name)}, Python {platform.python_version()}", flush=True)
CLIENTS[name](address)
# Some have threads or tasks that would go on.
os._exit(0)
