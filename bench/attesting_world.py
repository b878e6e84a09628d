"""A stand-in cloud with releases to attest: `python -m bench.attesting_world LATENCY_S`, a process of its own.

So its work is not counted among that of the function that is measured. It prints where it listens, then answers one
line of JSON on its standard input with another: how the service is to behave, a release to make (its commit), how many
calls it has answered, and whether a suite was accepted for a commit.
"""

from __future__ import annotations

import asyncio
import gc
import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

import aiohttp
from google.pubsub_v1 import DeleteSubscriptionRequest

from local.google.grafeas import Batches
from local.registry import media_types
from local.world.names import APPS, ARTIFACT_REGISTRY, FUNCTIONS
from local.world.world import World, WorldSettings

_PUSHED_AT_ONCE: Final = 32
_WORKLOADS_PER_FILE: Final = 25
_NAME: Final = f"{APPS}/service"


class Nowhere:
    """Hosts no function: what is published here reaches nobody."""

    async def start(self, *_: object, **__: object) -> str:
        """Answer an address at which nobody listens."""
        return "http://127.0.0.1:1/"

    async def stop(self) -> None:
        """Do nothing."""


class AttestingWorld:
    """What the lines on standard input ask for."""

    def __init__(self, world: World, latency_s: float) -> None:
        self._world = world
        self._latency_s = latency_s
        self._manifest = self._push_first()
        self._files: list[str] = []
        for subscription in (name for function in FUNCTIONS for name in function.subscriptions.values()):
            request = DeleteSubscriptionRequest(subscription=subscription)
            world.do(world.clients.subscriber.delete_subscription(request=request))

    def answer(self, asked: Mapping[str, Any]) -> Any:
        """Do what one line asks for, without latency; the function meets it afterwards."""
        faults = self._world.faults
        faults.latency_s = 0.0
        try:
            return getattr(self, str(asked["do"]))(**{name: value for name, value in asked.items() if name != "do"})
        finally:
            faults.latency_s = self._latency_s

    def behave(self, *, takes_or: bool, batches: str) -> None:
        """Take filters joined by OR or not, and batches in one of the ways that are documented nowhere."""
        self._world.cloud.analysis.takes_or = takes_or
        self._world.cloud.analysis.batches = Batches[batches]

    def release(self, *, images: int, seed: str, one_exists: bool) -> str:
        """Push so many images, commit manifests that run them to dev, and answer the commit.

        `one_exists`: somebody attests one of them after the function has looked.
        """
        digests = self._world.do(self._push(images, seed))
        if one_exists:
            made = self._world.attest(f"{_NAME}@{digests[len(digests) // 2]}")
            self._world.cloud.analysis.hide_from_lists(made, lists=1)
        files = _manifests(digests)
        gone = dict.fromkeys(self._files)
        self._files = list(files)
        return self._world.commit_to_dev({**gone, **files}, f"Release {seed}")

    def calls(self) -> dict[str, int]:
        """Say how many calls each service has answered."""
        counted: dict[str, int] = {}
        for method, count in self._world.faults.calls().items():
            service = method.partition(".")[0]
            counted[service] = counted.get(service, 0) + count
        return counted

    def accepted(self, *, commit: str) -> bool:
        """Say whether the suite is accepted for a commit."""
        return any(status.context == "prodgate/qa" and status.state == "success" for status in self._statuses(commit))

    def _statuses(self, commit: str) -> list[Any]:
        return list(self._world.statuses(commit))

    def _push_first(self) -> dict[str, Any]:
        digest = self._world.push_image(_NAME, "first")
        return dict(self._world.do(self._read(digest)))

    async def _read(self, digest: str) -> Any:
        headers = {"Accept": media_types.OCI_MANIFEST}
        async with self._registry() as session, session.get(self._path(digest), headers=headers) as answer:
            return json.loads(await answer.read())

    async def _push(self, images: int, seed: str) -> list[str]:
        """Push manifests that differ in an annotation: their digests differ, and the blobs are there already."""
        turn = asyncio.Semaphore(_PUSHED_AT_ONCE)

        async def push(session: aiohttp.ClientSession, nth: int) -> str:
            body = json.dumps(self._manifest | {"annotations": {"seed": f"{seed} {nth}"}}).encode()
            digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
            headers = {"Content-Type": media_types.OCI_MANIFEST}
            async with turn, session.put(self._path(digest), data=body, headers=headers):
                return digest

        async with self._registry() as session:
            return await asyncio.gather(*(push(session, nth) for nth in range(images)))

    def _registry(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(f"{self._world.cloud.registries[ARTIFACT_REGISTRY].url}/", raise_for_status=True)

    def _path(self, digest: str) -> str:
        return f"v2/{_NAME.partition('/')[2]}/manifests/{digest}"


def _manifests(digests: Sequence[str]) -> dict[str, bytes]:
    documents = [_workload(nth, digest) for nth, digest in enumerate(digests)]
    parts = (documents[start : start + _WORKLOADS_PER_FILE] for start in range(0, len(documents), _WORKLOADS_PER_FILE))
    return {f"apps/part-{nth}.yaml": "---\n".join(part).encode() for nth, part in enumerate(parts)}


def _workload(nth: int, digest: str) -> str:
    return (
        f"apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: service-{nth}\nspec:\n  template:\n    spec:\n"
        f"      containers:\n        - name: app\n          image: {_NAME}@{digest}\n"
    )


def serve(latency_s: float) -> None:
    """Answer lines until there are none."""
    settings = WorldSettings(prod_files={"README.md": b"prod\n"}, first_files={"README.md": b"dev\n"})
    with World(settings, Nowhere) as world:
        attesting = AttestingWorld(world, latency_s)
        gc.freeze()  # a full collection here would be measured as the function's
        print(json.dumps(asdict(world.endpoints)), flush=True)
        for line in sys.stdin:
            print(json.dumps(attesting.answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    serve(float(sys.argv[1]))
