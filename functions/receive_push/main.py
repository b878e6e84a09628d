"""receive_push: registries that cannot publish say over HTTP what was pushed. The only public function."""

from __future__ import annotations

import os
from typing import Final

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

from shared.runtime.loading import loading

with loading():
    from shared.runtime.wiring.receive import receive_function

FUNCTION: Final = receive_function(os.environ)


@functions_framework.aio.http
async def receive_push(request: Request) -> Response:
    """Work off one webhook: 204 published or ignored, 4xx refused, 503 to be sent again."""
    return await FUNCTION.answer(request)
