"""attest_release: how long a release takes to be signed, stored and proven, and how many calls, against the chain."""

from __future__ import annotations

import asyncio
import hashlib
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

from bench.figure import Effort, Figure
from bench.signing_service import APART
from local.world.names import ATTESTOR, KEY, PROD_PROJECT
from shared.domain.image import PinnedImage
from shared.runtime.wiring.binauthz import open_attestations, open_binauthz
from shared.runtime.wiring.channel import Channels, GoogleEndpoints
from shared.runtime.wiring.signing import open_signer
from shared.workflow.signing import SigningCloud, SigningSettings, SuiteSettings, prove_all, signing_party

_LATENCY_S: Final = 0.04
_TOGETHER: Final = "together"
_CHAIN: Final = 6  # attestor beside public key, look, sign, validate, store, read back
_REPLAY_CHAIN: Final = 2  # attestor beside public key, look
_MOST_TIMES_CHAIN: Final = 1.5
_MOST_CALLS_PER_IMAGE: Final = 3
_CONSTANT_CALLS: Final = 6  # of a release, whatever its size
_MOST_REPLAY_CALLS: Final = 10
_AIMED: Final = 100  # images; the aims are for so many at most
_ROOT: Final = Path(__file__).parent.parent
_SUITE: Final = SuiteSettings(ATTESTOR, f"{KEY}/cryptoKeyVersions/1")
_AIM: Final = (
    f"up to {_AIMED} images: first <= {_MOST_TIMES_CHAIN} times the chain, calls <= {_MOST_CALLS_PER_IMAGE} an image "
    f"and {_CONSTANT_CALLS} more, replay <= {_MOST_REPLAY_CALLS} calls; together and apart alike"
)
_HOW: Final = (
    "the signing of attest_images, from the attestor to the last proof, without GitHub and Pub/Sub, against the "
    f"stand-in in a process of its own with {_LATENCY_S * 1000:g} ms before every call; medians; times_chain is the "
    f"time over {_LATENCY_S * 1000:g} ms x {_CHAIN} (replay: x {_REPLAY_CHAIN}); together: the service takes filters "
    "joined by OR, and batches; apart: it takes neither, and that was found out before"
)


@dataclass(frozen=True, slots=True)
class Service:
    """The service's process, and signing connected to it."""

    process: asyncio.subprocess.Process
    cloud: SigningCloud

    async def calls(self) -> int:
        """How many calls it has answered."""
        assert self.process.stdin is not None  # noqa: S101 - both are piped, which mypy cannot see
        assert self.process.stdout is not None  # noqa: S101
        self.process.stdin.write(b"\n")
        return int(await self.process.stdout.readline())


def attest_release(_: Path, effort: Effort) -> Figure:
    """Measure both ways of the service, for releases of every size."""
    figures = {way: asyncio.run(_measure(way, effort)) for way in (_TOGETHER, APART)}
    return Figure(
        name="attest_release",
        figures=figures,
        unit="ms, calls, and ratios",
        aim=_AIM,
        met=all(_met(int(size), row) for rows in figures.values() for size, row in rows.items()),
        how=_HOW,
        runs=effort.attest_runs,
    )


def _met(images: int, row: Mapping[str, float]) -> bool:
    return images > _AIMED or (
        row["first_times_chain"] <= _MOST_TIMES_CHAIN
        and row["first_calls"] <= _MOST_CALLS_PER_IMAGE * images + _CONSTANT_CALLS
        and row["replay_calls"] <= _MOST_REPLAY_CALLS
    )


async def _measure(way: str, effort: Effort) -> dict[str, dict[str, float]]:
    rows = {}
    for size in effort.attest_sizes:
        async with _service(way) as service:
            await _prove(_images(2, "to find out what the service takes"), service)
            rows[str(size)] = _row([await _run(size, str(run), service) for run in range(effort.attest_runs)], size)
    return rows


async def _run(size: int, seed: str, service: Service) -> dict[str, float]:
    images = _images(size, seed)
    first_s, first_calls = await _prove(images, service)
    replay_s, replay_calls = await _prove(images, service)
    return {"first_s": first_s, "first_calls": first_calls, "replay_s": replay_s, "replay_calls": replay_calls}


def _row(runs: Sequence[Mapping[str, float]], size: int) -> dict[str, float]:
    first_s, replay_s = (median(run[f"{which}_s"] for run in runs) for which in ("first", "replay"))
    first_calls, replay_calls = (median(run[f"{which}_calls"] for run in runs) for which in ("first", "replay"))
    return {
        "first_ms": round(first_s * 1000),
        "first_times_chain": round(first_s / (_LATENCY_S * _CHAIN), 2),
        "first_calls": first_calls,
        "first_calls_per_image": round(first_calls / size, 2),
        "replay_ms": round(replay_s * 1000),
        "replay_times_chain": round(replay_s / (_LATENCY_S * _REPLAY_CHAIN), 2),
        "replay_calls": replay_calls,
    }


async def _prove(images: Sequence[PinnedImage], service: Service) -> tuple[float, int]:
    before, began = await service.calls(), time.perf_counter()
    proven = await prove_all(images, await signing_party(_SUITE, service.cloud), service.cloud)
    seconds = time.perf_counter() - began
    if len(proven.proofs) != len(images):
        raise RuntimeError("what was measured did not prove every image")
    return seconds, await service.calls() - before


@asynccontextmanager
async def _service(way: str) -> AsyncIterator[Service]:
    command: tuple[Any, ...] = (sys.executable, "-m", "bench.signing_service", str(_LATENCY_S), way)
    process = await asyncio.create_subprocess_exec(*command, cwd=_ROOT, stdin=PIPE, stdout=PIPE)
    try:
        assert process.stdout is not None  # noqa: S101 - it is piped, which mypy cannot see
        target = (await process.stdout.readline()).decode().strip()
        async with AsyncExitStack() as opened:
            channels = Channels(GoogleEndpoints(target, None), opened)
            attestations, signer = open_attestations(channels, PROD_PROJECT), open_signer(channels)
            yield Service(process, SigningCloud(SigningSettings(), open_binauthz(channels), attestations, signer))
    finally:
        process.terminate()
        await process.communicate()


def _images(count: int, seed: str) -> list[PinnedImage]:
    digests = (hashlib.sha256(f"{seed} {nth}".encode()).hexdigest() for nth in range(count))
    return [PinnedImage.parse(f"us-docker.pkg.dev/mdo/apps/service-{n}@sha256:{d}") for n, d in enumerate(digests)]
