"""pin_manifests: a resolved tag is pinned in the manifests on dev. Topic `image-resolved`."""

from __future__ import annotations

import os
from typing import Final

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

from shared.runtime.loading import loading

with loading():
    from shared.runtime.wiring.pin import pin_function

FUNCTION: Final = pin_function(os.environ)


@functions_framework.aio.http
async def pin_manifests(request: Request) -> Response:
    """Work off one message of `image-resolved`: 204 done or rejected, 503 to be retried."""
    return await FUNCTION.answer(request)
