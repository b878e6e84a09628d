"""Our registry client judged by CNCF Distribution, Debian's docker-registry: what every other registry derives from."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import aiohttp
import pytest

from local.registry import media_types, push_image, retag
from shared.clients.registry import FoundManifest, Registries
from shared.domain.errors import Fault, Unavailable
from shared.domain.image import Digest, parse_name
from tests.clients.registry.asking import asking, given, unavailable
from tests.local.registry.running import HOST, NAME, docker_registry, needs_docker_registry

pytestmark = [pytest.mark.judge, needs_docker_registry]

IMAGE: Final = parse_name(f"{HOST}/{NAME}")
NOWHERE: Final = f"sha256:{'0' * 64}"
HTPASSWD: Final = "mdo-bot:$2y$05$prodgateprodgateprodgOUWDI8on5JB0vUBrSSM052i63.btoiqi"  # bcrypt of s3cret
Find = Callable[[str], Awaitable[FoundManifest | None]]


@asynccontextmanager
async def _judge(folder: Path) -> AsyncIterator[tuple[str, Find]]:
    """The registry's URL, and our client's question to it."""
    async with docker_registry(folder) as url, aiohttp.ClientSession() as session:
        registries = Registries(session, {HOST: url})
        yield url, lambda reference: registries.find(IMAGE, reference)


@pytest.mark.parametrize(
    ("index", "media_type"),
    [(False, media_types.OCI_MANIFEST), (True, media_types.OCI_INDEX)],
    ids=["an image", "an index"],
)
def test_a_tag_and_its_digest_name_the_same(index: bool, media_type: str, tmp_path: Path) -> None:
    """Of an index it is the index, never one platform's image: the attestation must be of what the cluster pulls."""

    async def story() -> None:
        async with _judge(tmp_path) as (url, find):
            pushed = await push_image(url, NAME, "v1", content=b"posts", index=index)

            by_tag, by_digest = await find("v1"), await find(pushed)

            assert by_tag == by_digest == FoundManifest(Digest(pushed), media_type)

    asyncio.run(story())


def test_a_tag_that_moved_names_the_new_digest_and_the_old_one_stays(tmp_path: Path) -> None:
    """Late news is recognised by asking again, and what was pinned before can still be pulled."""

    async def story() -> None:
        async with _judge(tmp_path) as (url, find):
            first = await push_image(url, NAME, "v1", content=b"first")
            second = await push_image(url, NAME, "v2", content=b"second")
            await retag(url, NAME, "v2", "v1")

            assert await find("v1") == FoundManifest(Digest(second), media_types.OCI_MANIFEST)
            assert await find(first) == FoundManifest(Digest(first), media_types.OCI_MANIFEST)

    asyncio.run(story())


@pytest.mark.parametrize("reference", ["nothing", NOWHERE])
def test_what_is_not_there_is_told_from_what_cannot_be_asked(reference: str, tmp_path: Path) -> None:
    """The one is an answer about the event, the other a reason to try again."""

    async def story() -> None:
        async with _judge(tmp_path) as (url, find):
            assert await find(reference) is None
            await push_image(url, NAME, "v1", content=b"posts")
            assert await find(reference) is None
        async with aiohttp.ClientSession() as session:
            with pytest.raises(Unavailable, match=HOST):
                await Registries(session, {HOST: url}).find(IMAGE, reference)

    asyncio.run(story())


def test_its_basic_auth_opens_to_the_right_password(tmp_path: Path) -> None:
    """The real registry's own challenge and comparison: our header is what it expects, and nothing less will do."""

    async def story() -> None:
        async with docker_registry(tmp_path) as url:
            pushed = await push_image(url, NAME, "v1", content=b"posts")
        (tmp_path / "htpasswd").write_text(HTPASSWD)
        basic = f'auth: {{htpasswd: {{realm: "Registry Realm", path: {tmp_path / "htpasswd"}}}}}'
        async with docker_registry(tmp_path, basic) as url:
            async with asking(url, given("mdo-bot", "s3cret")) as find:
                answers = await asyncio.gather(*(find("v1") for _ in range(20)))
                assert set(answers) == {FoundManifest(Digest(pushed), media_types.OCI_MANIFEST)}
            async with asking(url, given("mdo-bot", "wrong")) as find:
                fault, detail = await unavailable(find("v1"))
                assert (fault, "even to a fresh login" in detail) == (Fault.REFUSED, True)
            async with asking(url) as find:
                assert await unavailable(find("v1")) == (
                    Fault.REFUSED,
                    f"{HOST} wants a password for {IMAGE}; none is configured",
                )

    asyncio.run(story())
