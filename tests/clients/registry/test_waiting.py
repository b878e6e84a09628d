"""What is tried again on the spot, what is left to Pub/Sub, and how much happens at once."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from itertools import count

import aiohttp
import pytest
from aiohttp import web

from local.faults import Faults
from local.registry import push_image
from shared.clients import calls
from shared.clients.registry import Registries, registry_session
from shared.domain.errors import Fault
from shared.domain.image import ImageName
from tests.clients.registry.asking import DIGEST, IMAGE, asking, found, manifest, run, scripted, unavailable
from tests.local.registry.running import HOST, NAME, stand_in


@pytest.mark.parametrize(("code", "least_s"), [("UNAVAILABLE", 0.2), ("RESOURCE_EXHAUSTED", 1.0)])
def test_a_short_setback_is_waited_for(code: str, least_s: float) -> None:
    """A 503 is asked again at once, a 429 after the second that it asks for."""

    async def story() -> None:
        faults = Faults()
        async with stand_in(faults) as registry, asking(registry.url) as find:
            pushed = await push_image(registry.url, NAME, "v1", content=b"posts")
            faults.fail("registry.head-manifest", code=code)
            began = time.monotonic()

            assert await find("v1") == found(pushed)

            assert least_s <= time.monotonic() - began < least_s + 1
        assert faults.calls("registry.head") == {"registry.head-manifest": 2}

    run(story())


LONG = ["11", "3600", "Wed, 21 Oct 2099 07:28:00 GMT", "Wed, 21 Oct 2099 07:28:00", "soon", "-1", "1e9", "9" * 400]


@pytest.mark.parametrize("after", LONG)
@pytest.mark.parametrize(("status", "fault"), [(429, Fault.RATE_LIMITED), (503, Fault.UNREACHABLE)])
def test_a_long_wait_is_left_to_pubsub_at_once(status: int, fault: Fault, after: str) -> None:
    """Its backoff costs nothing; a function that sleeps does. What cannot be read is long."""

    async def story() -> None:
        limited = scripted(lambda _: web.Response(status=status, headers={"Retry-After": after}))
        async with limited as server, asking(server.url) as find:
            named, detail = await unavailable(find("v1"))

        assert named is fault
        assert detail.startswith(f"{HOST} answers {status}, Retry-After '{after[:100]}")
        assert len(server.seen) == 1

    run(story())


@pytest.mark.parametrize(("status", "fault"), [(429, Fault.RATE_LIMITED), (503, Fault.UNREACHABLE)])
def test_a_host_that_wants_to_be_left_alone_is_by_every_request(status: int, fault: Fault) -> None:
    """A limit is the host's: what is asked next, of another repository too, would only be refused and counted."""

    async def story() -> None:
        limited = scripted(lambda _: web.Response(status=status, headers={"Retry-After": "60"}))
        async with limited as server, registry_session() as session:
            registries = Registries(session, {HOST: server.url})
            await unavailable(registries.find(IMAGE, "v1"))
            named, detail = await unavailable(registries.find(ImageName(HOST, "mdo/other"), "v2"))

        assert named is fault
        assert detail == f"{HOST} is not asked for 60 s more, since it limits how often it may be"
        assert len(server.seen) == 1

    run(story())


def test_a_host_is_not_left_alone_for_longer_than_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """One odd answer, such as a proxy's `Retry-After: 86400`, must not close a registry for a day."""
    monkeypatch.setattr(calls, "REGISTRY_LONGEST_PAUSE_S", 0.0)

    async def story() -> None:
        turns = iter((web.Response(status=429, headers={"Retry-After": "86400"}), manifest(DIGEST)))
        async with scripted(lambda _: next(turns)) as server, asking(server.url) as find:
            assert await find("v1") == found(DIGEST)

    run(story())


@pytest.mark.parametrize("after", ["2", "Wed, 21 Oct 2009 07:28:00 GMT"])
def test_the_patience_of_who_asks_decides(after: str) -> None:
    """A person's command waits for what a function leaves to Pub/Sub; a moment that is over is waited for no more."""

    async def story() -> None:
        answers = iter((web.Response(status=429, headers={"Retry-After": after}), manifest(DIGEST)))
        async with scripted(lambda _: next(answers)) as server, asking(server.url, patience_s=3) as find:
            began = time.monotonic()
            assert await find("v1") == found(DIGEST)
            assert time.monotonic() - began >= (2 if after == "2" else 0.5)
        limited = scripted(lambda _: web.Response(status=429, headers={"Retry-After": "2"}))
        async with limited as server, asking(server.url, patience_s=1) as find:
            assert (await unavailable(find("v1")))[0] is Fault.RATE_LIMITED

    run(story())


def test_a_ceiling_without_retry_after_fails_no_image() -> None:
    """Artifact Registry answers 83 requests a second and refuses the rest; all of 400 images are asked for at once."""
    ceiling, images = 83, 400

    async def story() -> None:
        answered: deque[float] = deque(maxlen=ceiling)
        refused = 0

        def ceilinged(_: web.Request) -> web.Response:
            nonlocal refused
            now = time.monotonic()
            if len(answered) == ceiling and now - answered[0] < 1:
                refused += 1
                return web.Response(status=429)
            answered.append(now)
            return manifest(DIGEST)

        async with scripted(ceilinged) as server, asking(server.url) as find:
            answers = await asyncio.gather(*(find(f"v{nth}") for nth in range(images)))

        assert set(answers) == {found(DIGEST)}
        assert refused < images

    run(story())


def test_a_limit_that_is_never_lifted_ends_as_one() -> None:
    """A registry without Retry-After is asked again after pauses that double, while patience lasts."""

    async def story() -> None:
        async with scripted(lambda _: web.Response(status=429)) as server, asking(server.url, patience_s=2) as find:
            assert await unavailable(find("v1")) == (
                Fault.RATE_LIMITED,
                f"{HOST} answers 429 for {server.url}/v2/{NAME}/manifests/v1",
            )

        assert len(server.seen) == 3  # at once, after 0.5 s and after 1.5 s

    run(story())


def test_after_three_tries_the_last_answer_has_its_name() -> None:
    """A registry that fails is asked three times in a second, and no more."""

    async def story() -> None:
        async with scripted(lambda _: web.Response(status=500)) as server, asking(server.url) as find:
            assert await unavailable(find("v1")) == (
                Fault.UNREACHABLE,
                f"{HOST} answers 500 for {server.url}/v2/{NAME}/manifests/v1",
            )

        assert len(server.seen) == 3

    run(story())


@pytest.mark.parametrize("status", [403, 410, 418])
def test_any_other_answer_is_a_refusal(status: int) -> None:
    """It is asked once: the same question gets the same answer.

    405 is none of these any more: it is what a registry, or the proxy before it, says that does not serve HEAD.
    """

    async def story() -> None:
        async with scripted(lambda _: web.Response(status=status)) as server, asking(server.url) as find:
            fault, detail = await unavailable(find("v1"))

        assert (fault, detail) == (Fault.REFUSED, f"{HOST} answers {status} for {HOST}/{NAME}, v1")
        assert len(server.seen) == 1

    run(story())


def test_nobody_there_is_named_after_three_tries() -> None:
    """A port on which nothing listens any more."""

    async def story() -> None:
        async with scripted(lambda _: manifest()) as server:
            pass
        async with asking(server.url) as find:
            fault, detail = await unavailable(find("v1"))

        assert fault is Fault.UNREACHABLE
        assert detail.startswith(f"{HOST} does not answer: ClientConnectorError ")

    run(story())


def test_one_registry_is_asked_so_much_at_once_and_no_more() -> None:
    """The rest waits outside of the request, whose timeout would run while it waits for a connection."""

    async def story() -> None:
        under_way, most = 0, 0

        async def slow(_: web.Request) -> web.Response:
            nonlocal under_way, most
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(0.05)
            under_way -= 1
            return manifest(DIGEST)

        unbounded = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        async with scripted(slow) as server, unbounded as session:
            registries = Registries(session, {HOST: server.url})
            tags = [f"v{n}" for n in range(3 * calls.REGISTRY_AT_ONCE)]
            answers = await asyncio.gather(*(registries.find(IMAGE, tag) for tag in tags))

        assert set(answers) == {found(DIGEST)}
        assert most == calls.REGISTRY_AT_ONCE

    run(story())


def test_no_cookie_is_kept() -> None:
    """A registry's cookie would tie the questions of different events together, and be sent with credentials."""

    async def story() -> None:
        nth, cookies = count(), []

        def baking(request: web.Request) -> web.Response:
            cookies.append(dict(request.cookies))
            answer = manifest(DIGEST)
            answer.set_cookie("session", f"{next(nth)}")
            return answer

        async with scripted(baking) as server, asking(server.url) as find:
            await find("v1")
            await find("v2")

        assert cookies == [{}, {}]

    run(story())
