"""The least that functions-framework can run: what hello-world costs, prodgate cannot undercut."""

from __future__ import annotations

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response


@functions_framework.aio.http
async def hello(request: Request) -> Response:
    """Read the request, say hello."""
    await request.body()
    return Response("Hello, world!")


@functions_framework.aio.http
async def no_op(request: Request) -> Response:
    """Read the request, do nothing, acknowledge."""
    await request.body()
    return Response(status_code=204)
