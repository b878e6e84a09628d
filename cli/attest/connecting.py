"""What signing needs of Google, as the person at the keyboard uses it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cli.google.connecting import google_channels, logged_in
from shared.runtime.wiring.binauthz import open_attestations, open_binauthz
from shared.runtime.wiring.channel import Channels
from shared.runtime.wiring.signing import open_signer
from shared.workflow.signing import SigningCloud, SigningSettings


@asynccontextmanager
async def signing_cloud(project: str, settings: SigningSettings) -> AsyncIterator[SigningCloud]:
    """Connect to what signing needs; attestations are stored in a project.

    Raises:
        Unavailable: nobody is logged in here.
        ValueError: `PRODGATE_GOOGLE_ENDPOINT` is malformed.
    """
    async with google_channels() as channels:
        with logged_in():
            cloud = _open(channels, project, settings)
        yield cloud


def _open(channels: Channels, project: str, settings: SigningSettings) -> SigningCloud:
    return SigningCloud(settings, open_binauthz(channels), open_attestations(channels, project), open_signer(channels))
