"""confirm_prod: what prod's tests found is said where people look. Topic `prod-tests-finished`."""

from __future__ import annotations

import os
from typing import Final

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

from shared.runtime.loading import loading

with loading():
    from shared.runtime.wiring.confirm import confirm_function

FUNCTION: Final = confirm_function(os.environ)


@functions_framework.aio.http
async def confirm_prod(request: Request) -> Response:
    """Work off one message of `prod-tests-finished`: 204 done or rejected, 503 to be retried."""
    return await FUNCTION.answer(request)
