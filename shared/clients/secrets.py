"""Secret Manager: credentials, fetched when they are used, kept in memory only, and never printed."""

from __future__ import annotations

from collections.abc import Callable

import google_crc32c
from google.cloud.secretmanager_v1 import AccessSecretVersionRequest, SecretManagerServiceAsyncClient

from shared.clients import calls
from shared.domain.errors import Fault, Unavailable
from shared.domain.secret import SecretText


class Secrets:
    """Reads secret versions; `on_read` is told each text, so that logs can be cleaned of it."""

    def __init__(self, client: SecretManagerServiceAsyncClient, on_read: Callable[[str], None]) -> None:
        self._client = client
        self._on_read = on_read

    async def read(self, name: str) -> SecretText:
        """Read a version, `projects/P/secrets/S/versions/V`; blanks around the text are not part of it.

        Raises:
            Unavailable: it cannot be read, is damaged (CRC32C), empty, or not UTF-8.
        """
        request = AccessSecretVersionRequest(name=name)
        answer = await calls.invoke(calls.ACCESS_SECRET, self._client.access_secret_version, request)
        data = answer.payload.data
        if answer.payload.data_crc32c != google_crc32c.value(data):
            raise Unavailable(Fault.DAMAGED_ANSWER, f"{name}: its CRC32C does not fit; it was damaged on the way")
        text = _decoded(name, data)
        self._on_read(text)
        return SecretText(text)


def _decoded(name: str, data: bytes) -> str:
    try:
        text = data.decode("utf-8").strip()
    except UnicodeDecodeError:
        raise Unavailable(Fault.MISCONFIGURED, f"{name}: it is not UTF-8 text") from None
    if not text:
        raise Unavailable(Fault.MISCONFIGURED, f"{name}: it is empty")
    return text
