"""open_prod_pr: a proven release gets its pull request into prod. Topic `attestation-complete`."""

from __future__ import annotations

import os
from typing import Final

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

from shared.runtime.loading import loading

with loading():
    from shared.runtime.wiring.promote import promote_function

FUNCTION: Final = promote_function(os.environ)


@functions_framework.aio.http
async def open_prod_pr(request: Request) -> Response:
    """Work off one message of `attestation-complete`: 204 done or rejected, 503 to be retried."""
    return await FUNCTION.answer(request)
