"""Channels to Google's services: by application default credentials, or to the stand-in."""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager

from google.auth.exceptions import DefaultCredentialsError

from shared.domain.errors import Fault, Unavailable
from shared.runtime.config import Environment
from shared.runtime.wiring.channel import Channels, GoogleEndpoints

# What does not count is in the answer; as a warning of a library it would stand among the lines of it.
logging.getLogger("prodgate").addHandler(logging.NullHandler())


@asynccontextmanager
async def google_channels() -> AsyncIterator[Channels]:
    """Make channels, and close them.

    Raises:
        ValueError: `PRODGATE_GOOGLE_ENDPOINT` is malformed.
    """
    environment = Environment(os.environ)
    endpoint = environment.google_endpoint("PRODGATE_GOOGLE_ENDPOINT")
    try:
        environment.finish()
    except SystemExit as problem:
        # It would end the process with status 1, which means "denied" or "not signed" to whoever runs a command.
        raise ValueError(str(problem)) from None
    async with AsyncExitStack() as opened:
        yield Channels(GoogleEndpoints(endpoint, None), opened)


@contextmanager
def logged_in() -> Iterator[None]:
    """Say how to log in, where nobody is.

    Raises:
        Unavailable: nobody is logged in here.
    """
    try:
        yield
    except DefaultCredentialsError as error:
        why = "nobody is logged in here: run `gcloud auth application-default login`"
        raise Unavailable(Fault.REFUSED, f"{why} ({error})") from error
