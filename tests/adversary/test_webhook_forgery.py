"""A stranger posts to the public function as if they were a registry. They get 401, and nothing is published."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

import pytest
import requests

from local.world.receiving import SECRETS, host_webhooks
from local.world.world import World
from shared.domain import limits
from tests.company import small_world
from tests.unit.domain.corpus import event
from tests.unit.domain.test_webhooks import V1, sign

BODY: Final = event("github-package-published")
KEY: Final = SECRETS["github"].text
HUB: Final = SECRETS["docker-hub"].text
GOOD: Final = sign(BODY, KEY)
PUSHED: Final = json.dumps({"push_data": {"tag": "7"}, "repository": {"repo_name": "library/mongo"}}).encode()
# A Cyrillic letter that looks like the Latin one, and digits of another script that int() would read.
LOOK_ALIKE: Final = GOOD.replace("a", "\N{CYRILLIC SMALL LETTER A}").replace("1", "\N{FULLWIDTH DIGIT ONE}")


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """One world for all strangers: none of them changes it."""
    with small_world() as fresh:
        yield fresh


@pytest.fixture(scope="module")
def url(world: World) -> str:
    """Where webhooks are posted to; without a slash at its end."""
    return host_webhooks(world).removesuffix("/")


def github(url: str, body: bytes = BODY, **signature: bytes) -> int:
    """Post as GitHub's package event with some signature header, or none."""
    headers = {b"content-type": b"application/json", b"x-github-event": b"package"}
    headers |= {name.replace("_", "-").encode(): value for name, value in signature.items()}
    return requests.post(f"{url}/github", data=body, headers=headers, timeout=30).status_code


def nothing_happened(world: World) -> bool:
    """Whether no message was published."""
    world.settle()
    return not world.deliveries


FORGERIES: Final[dict[str, dict[str, bytes]]] = {
    "no signature": {},
    "an empty signature": {"x_hub_signature_256": b""},
    "an empty digest, which a receiver without its secret once took": {"x_hub_signature_256": b"sha256="},
    "the old header only": {
        "x_hub_signature": b"sha1=" + hmac.new(KEY.encode(), BODY, hashlib.sha1).hexdigest().encode()
    },
    "sha1 in the new header": {
        "x_hub_signature_256": b"sha1=" + hmac.new(KEY.encode(), BODY, hashlib.sha1).hexdigest().encode()
    },
    "sha256 that calls itself sha1": {"x_hub_signature_256": GOOD.replace("sha256", "sha1").encode()},
    "no algorithm": {"x_hub_signature_256": GOOD.removeprefix("sha256=").encode()},
    "over other bytes": {"x_hub_signature_256": sign(BODY + b"\n", KEY).encode()},
    "by the empty secret": {"x_hub_signature_256": sign(BODY, "").encode()},
    "by another source's secret": {"x_hub_signature_256": sign(BODY, HUB).encode()},
    "truncated": {"x_hub_signature_256": GOOD[:-1].encode()},
    "prolonged": {"x_hub_signature_256": GOOD.encode() + b"0"},
    "in capitals": {"x_hub_signature_256": GOOD.upper().replace("SHA256", "sha256").encode()},
    "of look-alikes": {"x_hub_signature_256": LOOK_ALIKE.encode()},
    "not UTF-8": {"x_hub_signature_256": b"sha256=\xff\xfe"},
    "the right one among others": {"x_hub_signature_256": f"{GOOD}, {GOOD}".encode()},
}


@pytest.mark.parametrize("what", sorted(FORGERIES))
def test_a_forged_signature_is_refused(world: World, url: str, what: str) -> None:
    """Only the one text that GitHub sends is a signature."""
    assert github(url, **FORGERIES[what]) == 401
    assert nothing_happened(world)


def test_a_body_that_was_changed_on_the_way_is_refused(world: World, url: str) -> None:
    """The signature covers the bytes, not their meaning: another blank is another body."""
    assert github(url, BODY.replace(b"nightly", b"evil"), x_hub_signature_256=GOOD.encode()) == 401
    assert github(url, BODY + b" ", x_hub_signature_256=GOOD.encode()) == 401
    assert nothing_happened(world)


@pytest.mark.parametrize("path", ["/github/x", f"/github/{KEY}", "/github//"])
def test_a_signed_body_under_a_path_that_github_was_not_given_is_refused(world: World, url: str, path: str) -> None:
    """One source has one URL: what else is written there was written by somebody else."""
    headers = {"content-type": "application/json", "x-github-event": "package", "x-hub-signature-256": GOOD}

    assert requests.post(f"{url}{path}", data=BODY, headers=headers, timeout=30).status_code == 401
    assert nothing_happened(world)


PATHS: Final = {
    "no secret": "/docker-hub",
    "an empty secret": "/docker-hub/",
    "a part of it": f"/docker-hub/{HUB[:-1]}",
    "more than it": f"/docker-hub/{HUB}x",
    "a slash behind it": f"/docker-hub/{HUB}/",
    "in capitals": f"/docker-hub/{HUB.upper()}",
    "another source's": f"/docker-hub/{SECRETS['distribution'].text}",
    "GitHub's": f"/docker-hub/{KEY}",
    "look-alikes": f"/docker-hub/{HUB.replace('o', '%D0%BE')}",
    "escaped twice": f"/docker-hub/{HUB.replace('-', '%252D')}",
    "not UTF-8": f"/docker-hub/{HUB}%FF",
    "behind a climb": f"/docker-hub/../docker-hub/{HUB}",
    "a null byte": f"/docker-hub/{HUB}%00",
    "in the query": f"/docker-hub?secret={HUB}",
    "in the query of a wrong one": f"/docker-hub/x?{HUB}",
}


@pytest.mark.parametrize("what", sorted(PATHS))
def test_a_guessed_url_is_refused(world: World, url: str, what: str) -> None:
    """Sent as written: a client that normalises the path would hide what the function sees."""
    assert raw_post(url, PATHS[what], PUSHED).startswith(b"HTTP/1.1 401 ")
    assert nothing_happened(world)


@pytest.mark.parametrize("path", [f"/%2e%2e/docker-hub/{HUB}", f"//docker-hub/{HUB}", "/../etc/passwd", f"/{HUB}", "/"])
def test_a_path_that_climbs_leads_nowhere(world: World, url: str, path: str) -> None:
    """There are no files behind it; a name that is none of the table's is 404."""
    assert raw_post(url, path, PUSHED).startswith(b"HTTP/1.1 404 ")
    assert nothing_happened(world)


def raw_post(url: str, path: str, body: bytes) -> bytes:
    """Post with the path as it is; answer what came back."""
    parts = urlsplit(url)
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    with socket.create_connection((str(parts.hostname), int(parts.port or 0)), timeout=30) as connection:
        connection.sendall(f"{head}Connection: close\r\n\r\n".encode() + body)
        return connection.makefile("rb").read()


def test_an_endless_body_is_refused_while_it_still_comes(world: World, url: str) -> None:
    """Counted as it arrives, whatever the headers say: a stranger may post, and must not fill the memory."""
    parts = urlsplit(url)
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    with socket.create_connection((str(parts.hostname), int(parts.port or 0)), timeout=30) as connection:
        connection.sendall(b"POST /github HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        connection.sendall(chunk * (limits.WEBHOOK_BYTES // 0x10000 + 1))

        assert connection.recv(12) == b"HTTP/1.1 413"
    assert nothing_happened(world)


def test_a_stranger_learns_nothing_from_a_refusal(url: str) -> None:
    """Not which part was wrong, nor whether the body would have been read."""
    answers = [
        requests.post(f"{url}/{path}", data=body, headers={"content-type": content_type}, timeout=30)
        for path in ("docker-hub/x", "github", "distribution/x")
        for body, content_type in ((PUSHED, "application/json"), (b"\xff", "text/plain"), (b"", V1))
    ]

    assert {(answer.status_code, answer.content) for answer in answers} == {(401, b"")}


def test_no_secret_and_no_guess_is_printed(capfd: pytest.CaptureFixture[str], quiet_logging: None) -> None:
    """Not even one that was posted to the wrong door: half of it may be a person's slip of the pen."""
    with small_world(variables={"PRODGATE_LOG_LEVEL": "DEBUG"}) as world:
        url = host_webhooks(world).removesuffix("/")
        for path in (f"/docker-hub/{HUB}", f"/distribution/{HUB}", f"/dockerhub/{HUB}", f"/docker-hub/{HUB[:-1]}?"):
            raw_post(url, path, b'{"push_data":"' + HUB.encode() + b'"}')
        github(url, x_hub_signature_256=GOOD.encode())
        world.settle()

    printed = "".join(capfd.readouterr())
    assert "request.refused" in printed
    assert [text for text in (HUB[:-1], KEY, GOOD) if text in printed] == []


def test_a_replayed_delivery_changes_nothing(quiet_logging: None) -> None:
    """A signature has no time in it: whoever recorded a delivery can send it again, and the registry is asked again."""
    with small_world() as world:
        url = host_webhooks(world)
        assert [github(url.removesuffix("/"), x_hub_signature_256=GOOD.encode()) for _ in range(3)] == [204] * 3
        world.settle()

        assert {message.reason for message in world.rejected} == {"unknown-registry"}
        assert len({record.attributes["event_id"] for record in world.deliveries}) == 1
