"""The stand-in registry judged by skopeo: copying there and back, inspecting, logging in."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest

from local.registry import push_image
from tests.local.registry.running import NAME, needs_skopeo, stand_in

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.judge, needs_skopeo]


@pytest.mark.parametrize("index", [False, True])
def test_skopeo_copies_an_image_away_and_back_with_the_digest_unchanged(index: bool, tmp_path: Path) -> None:
    """Its bytes survive the way through a directory; skopeo inspects what came back."""

    async def story() -> None:
        async with stand_in() as registry:
            digest = await push_image(registry.url, NAME, "v1", content=b"posts", index=index)
            remote, folder = f"docker://{registry.url.removeprefix('http://')}", f"dir:{tmp_path}/image"
            await _skopeo("copy", "--all", "--src-tls-verify=false", f"{remote}/{NAME}:v1", folder)
            await _skopeo("copy", "--all", "--dest-tls-verify=false", folder, f"{remote}/elsewhere/posts:v2")
            inspected = json.loads(await _skopeo("inspect", "--tls-verify=false", f"{remote}/elsewhere/posts:v2"))
            assert (inspected["Digest"], inspected["RepoTags"]) == (digest, ["v2"])
            assert inspected["Architecture"] == "amd64"

    asyncio.run(story())


def test_skopeo_finds_its_way_through_the_token_flow(tmp_path: Path) -> None:
    """With the password it pushes and reads; without, it is refused."""

    async def story() -> None:
        async with stand_in() as open_registry, stand_in(token_auth=True, password="s3cret") as registry:
            await push_image(open_registry.url, NAME, "v1", content=b"posts")
            source = f"docker://{open_registry.url.removeprefix('http://')}/{NAME}:v1"
            target = f"docker://{registry.url.removeprefix('http://')}/{NAME}:v1"
            tls = ("--src-tls-verify=false", "--dest-tls-verify=false")
            await _skopeo("copy", *tls, "--dest-creds", "oauth2accesstoken:s3cret", source, target)
            await _skopeo("inspect", "--tls-verify=false", "--creds", "oauth2accesstoken:s3cret", target)
            with pytest.raises(AssertionError, match="unauthorized"):
                await _skopeo("inspect", "--tls-verify=false", "--no-creds", target)

    asyncio.run(story())


async def _skopeo(*arguments: str) -> str:
    process = await asyncio.create_subprocess_exec(
        "skopeo",
        "--insecure-policy",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, complaint = await process.communicate()
    assert process.returncode == 0, complaint.decode()
    return out.decode()
