"""resolve_image: a pushed image is confirmed with its registry and published with its digest. Topic `gcr`."""

from __future__ import annotations

import os
from typing import Final

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

from shared.runtime.loading import loading

with loading():
    from shared.runtime.wiring.resolve import resolve_function

FUNCTION: Final = resolve_function(os.environ)


@functions_framework.aio.http
async def resolve_image(request: Request) -> Response:
    """Work off one message of `gcr`: 204 done or rejected, 503 to be retried."""
    return await FUNCTION.answer(request)
