"""Secret Manager of the stand-in, asked by the real client."""

from __future__ import annotations

from typing import TYPE_CHECKING

import google_crc32c
import pytest
from google.api_core.exceptions import AlreadyExists, FailedPrecondition, InvalidArgument, NotFound

from tests.local.google.running_google import tell

if TYPE_CHECKING:
    from tests.local.google.running_google import RunningGoogle

SECRET = "projects/acme/secrets/github-app"


async def _make_secret(google: RunningGoogle, *payloads: bytes) -> None:
    secret = {"replication": {"automatic": {}}}
    await google.secrets.create_secret(parent="projects/acme", secret_id="github-app", secret=secret)
    for data in payloads:
        await google.secrets.add_secret_version(parent=SECRET, payload={"data": data})


def test_a_version_is_read_by_number_and_as_the_latest() -> None:
    """The answer names the version that it is, and carries the checksum of its bytes."""

    async def story(google: RunningGoogle) -> None:
        await _make_secret(google, b"old", b"new")
        latest = await google.secrets.access_secret_version(name=f"{SECRET}/versions/latest")
        assert (latest.name, latest.payload.data) == (f"{SECRET}/versions/2", b"new")
        assert latest.payload.data_crc32c == google_crc32c.value(b"new")
        first = await google.secrets.access_secret_version(name=f"{SECRET}/versions/1")
        assert first.payload.data == b"old"
        listed = await google.secrets.list_secret_versions(parent=SECRET)
        assert [version.name.rpartition("/")[2] async for version in listed] == ["2", "1"]

    tell(story)


def test_the_latest_version_may_be_disabled() -> None:
    """`latest` does not fall back to an older, enabled version: as the real service, whose words these are."""

    async def story(google: RunningGoogle) -> None:
        await _make_secret(google, b"old", b"new")
        newest = f"{SECRET}/versions/2"
        await google.secrets.disable_secret_version(name=newest)
        with pytest.raises(FailedPrecondition, match=r"Secret Version \[.*/versions/2\] is in DISABLED state\."):
            await google.secrets.access_secret_version(name=f"{SECRET}/versions/latest")
        await google.secrets.enable_secret_version(name=newest)
        await google.secrets.access_secret_version(name=newest)
        await google.secrets.destroy_secret_version(name=newest)
        with pytest.raises(FailedPrecondition, match="is in DESTROYED state"):
            await google.secrets.access_secret_version(name=newest)
        with pytest.raises(FailedPrecondition):
            await google.secrets.enable_secret_version(name=newest)

    tell(story)


def test_what_is_not_there_is_not_found() -> None:
    """No secret, a secret without versions, a version that was never made."""

    async def story(google: RunningGoogle) -> None:
        missing = r"Secret \[projects/acme/secrets/github-app\] not found or has no versions\."
        with pytest.raises(NotFound, match=missing):
            await google.secrets.access_secret_version(name=f"{SECRET}/versions/latest")
        await _make_secret(google)
        with pytest.raises(NotFound, match=missing):
            await google.secrets.access_secret_version(name=f"{SECRET}/versions/latest")
        await google.secrets.add_secret_version(parent=SECRET, payload={"data": b"x"})
        for version in ("2", "0", "newest"):
            with pytest.raises(NotFound, match=r"Secret Version \["):
                await google.secrets.access_secret_version(name=f"{SECRET}/versions/{version}")
        await google.secrets.delete_secret(name=SECRET)
        with pytest.raises(NotFound):
            await google.secrets.get_secret(name=SECRET)

    tell(story)


def test_a_bad_payload_is_not_stored() -> None:
    """Empty, too large, or not what its checksum says."""

    async def story(google: RunningGoogle) -> None:
        await _make_secret(google)
        for payload in ({"data": b""}, {"data": b"x" * 65537}, {"data": b"x", "data_crc32c": 1}):
            with pytest.raises(InvalidArgument):
                await google.secrets.add_secret_version(parent=SECRET, payload=payload)
        with pytest.raises(AlreadyExists, match="already exists"):
            await _make_secret(google)

    tell(story)
