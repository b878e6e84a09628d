"""Google's services as the person at the keyboard uses them: application default credentials, or the stand-in."""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from google.auth.exceptions import DefaultCredentialsError

from shared.domain.errors import Fault, Unavailable
from shared.runtime.config import Environment
from shared.runtime.wiring.binauthz import open_attestations, open_binauthz
from shared.runtime.wiring.channel import Channels, GoogleEndpoints
from shared.runtime.wiring.signing import open_signer
from shared.workflow.signing import SigningCloud, SigningSettings

# What does not count is in the answer; as a warning of a library it would stand among the lines of it.
logging.getLogger("prodgate").addHandler(logging.NullHandler())


@asynccontextmanager
async def signing_cloud(project: str, settings: SigningSettings) -> AsyncIterator[SigningCloud]:
    """Connect to what signing needs; attestations are stored in a project.

    Raises:
        Unavailable: nobody is logged in here.
        SystemExit: `PRODGATE_GOOGLE_ENDPOINT` is malformed.
    """
    environment = Environment(os.environ)
    endpoints = GoogleEndpoints(environment.google_endpoint("PRODGATE_GOOGLE_ENDPOINT"), None)
    environment.finish()
    async with AsyncExitStack() as opened:
        yield _open(Channels(endpoints, opened), project, settings)


def _open(channels: Channels, project: str, settings: SigningSettings) -> SigningCloud:
    try:
        return SigningCloud(
            settings, open_binauthz(channels), open_attestations(channels, project), open_signer(channels)
        )
    except DefaultCredentialsError as error:
        why = "nobody is logged in here: run `gcloud auth application-default login`"
        raise Unavailable(Fault.REFUSED, f"{why} ({error})") from error
