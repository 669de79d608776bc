"""An MCP server of the Python SDK's over streamable HTTP: a tool whose stream the server closes while
it works, so that a client has to come back for the result. Prints its port."""

import asyncio
import socket
import sys

import uvicorn
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.streamable_http import EventMessage, EventStore

server = MCPServer("peer")


class Store(EventStore):
    """All events, numbered over all streams."""

    def __init__(self):
        self.events = []

    async def store_event(self, stream_id, message):
        self.events.append((stream_id, message))
        return str(len(self.events))

    async def replay_events_after(self, last_event_id, send_callback):
        at = int(last_event_id)
        stream_id = self.events[at - 1][0]
        for number, (stream, message) in enumerate(self.events[at:], at + 1):
            if stream == stream_id and message is not None:
                await send_callback(EventMessage(message, str(number)))
        return stream_id


@server.tool()
async def count(times: int, context: Context) -> str:
    """Counts, and closes the stream at each step."""
    for number in range(times):
        await context.report_progress(number + 1, times)
        await context.close_sse_stream()
        await asyncio.sleep(0.2)
    return f"counted to {times}"


listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
app = server.streamable_http_app(event_store=Store(), retry_interval=50)
config = uvicorn.Config(app, log_level="warning")
asyncio.run(uvicorn.Server(config).serve(sockets=[listener]))
