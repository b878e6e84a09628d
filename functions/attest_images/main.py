"""attest_images: a tested commit's images are signed, stored and proven. Topic `test-passed`."""

from __future__ import annotations

import os
from typing import Final

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

from shared.runtime.loading import loading

with loading():
    from shared.runtime.wiring.attest import attest_function

FUNCTION: Final = attest_function(os.environ)


@functions_framework.aio.http
async def attest_images(request: Request) -> Response:
    """Work off one message of `test-passed`: 204 done or rejected, 503 to be retried."""
    return await FUNCTION.answer(request)
