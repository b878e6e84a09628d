"""resolve: what 50 tags name now, asked by skopeo, by bare HEAD requests, and by our registry client."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from statistics import median
from typing import Any, Final

import aiohttp

from bench.figure import Effort, Figure
from bench.slow_registry import HOST, NAME, SlowRegistry, slow_registries
from shared.clients.registry import Registries, registry_session
from shared.clients.registry.manifest import ACCEPT
from shared.domain.image import ImageName

_LATENCIES_S: Final = (0.0, 0.03)
_SKOPEOS: Final = 16
_MOST_TIMES_BARE: Final = 1.3
_AIM: Final = f"ours <= {_MOST_TIMES_BARE} times the bare HEADs, and never slower than {_SKOPEOS} skopeos"
_HOW: Final = (
    "tags, every other one an index, of CNCF Distribution (Debian's docker-registry) behind a proxy, a process of its "
    "own, that holds each request back; ours and the bare HEADs make a session for each run, all at once; `skopeo "
    f"inspect --no-tags` one process a tag, in a loop and {_SKOPEOS} at a time; digests compared; "
    "interleaved, medians; kbld, which resolves too, is not measured: it could not be had where this was written"
)
Way = Callable[[SlowRegistry], Awaitable[Mapping[str, str]]]


def resolve(_: Path, effort: Effort) -> Figure:
    """Measure each way in turn, run after run; the ways that are installed, where not all are."""
    if shutil.which("docker-registry") is None:
        return _figure(
            {}, "tags were to be asked for, but docker-registry is not installed: nothing was measured", effort
        )
    ways = dict(_WAYS) if shutil.which("skopeo") else {name: way for name, way in _WAYS.items() if "skopeo" not in name}
    figures = asyncio.run(_measure(ways, effort))
    absent = "" if len(ways) == len(_WAYS) else "; skopeo is not installed, so nothing is compared with it"
    return _figure(figures, _HOW + absent, effort)


def _figure(figures: Mapping[str, Mapping[str, float]], how: str, effort: Effort) -> Figure:
    return Figure(
        name="resolve",
        figures=figures,
        unit="ms, and their ratio",
        aim=_AIM if figures else None,
        met=all(map(_met, figures.values())) if figures else None,
        how=f"{effort.resolve_tags} {how}",
        runs=effort.resolve_runs,
    )


def _met(row: Mapping[str, float]) -> bool:
    return row["ours_times_bare"] <= _MOST_TIMES_BARE and row["ours_ms"] <= row.get("skopeo_16_ms", row["ours_ms"])


async def _measure(ways: Mapping[str, Way], effort: Effort) -> dict[str, dict[str, Any]]:
    tags = tuple(f"v{nth}" for nth in range(effort.resolve_tags))
    async with slow_registries(_LATENCIES_S, tags) as registries:
        rows = [await _row(registry, ways, effort.resolve_runs) for registry in registries]
    return {f"{latency_s * 1000:g}_ms": row for latency_s, row in zip(_LATENCIES_S, rows, strict=True)}


async def _row(registry: SlowRegistry, ways: Mapping[str, Way], runs: int) -> dict[str, Any]:
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for run in range(runs + 1):
        for name, way in ways.items():
            seconds = await _once(registry, way)
            if run:  # the first one warms the registry's cache
                taken[name].append(seconds)
    row: dict[str, Any] = {f"{name}_ms": round(median(seconds) * 1000, 1) for name, seconds in taken.items()}
    row["ours_times_bare"] = round(median(taken["ours"]) / median(taken["bare"]), 2)
    if "skopeo_16" in taken:
        row["skopeo_16_times_ours"] = round(median(taken["skopeo_16"]) / median(taken["ours"]), 1)
    return row


async def _once(registry: SlowRegistry, way: Way) -> float:
    began = time.perf_counter()
    digests = await way(registry)
    seconds = time.perf_counter() - began
    if digests != registry.digests:
        raise RuntimeError("what was measured did not find the digests that were pushed")
    return seconds


async def _bare(registry: SlowRegistry) -> dict[str, str]:
    async with aiohttp.ClientSession() as session:

        async def head(tag: str) -> str:
            url = f"{registry.url}/v2/{NAME}/manifests/{tag}"
            async with session.head(url, headers={"Accept": ACCEPT}) as answer:
                return answer.headers["Docker-Content-Digest"]

        return dict(zip(registry.digests, await asyncio.gather(*map(head, registry.digests)), strict=True))


async def _ours(registry: SlowRegistry) -> dict[str, str]:
    async with registry_session() as session:
        registries = Registries(session, {HOST: registry.url})
        found = await asyncio.gather(*(registries.find(ImageName(HOST, NAME), tag) for tag in registry.digests))
        return {
            tag: manifest.digest for tag, manifest in zip(registry.digests, found, strict=True) if manifest is not None
        }


async def _skopeos(registry: SlowRegistry, at_once: int) -> dict[str, str]:
    turn = asyncio.Semaphore(at_once)

    async def inspect(tag: str) -> str:
        image = f"docker://{registry.url.removeprefix('http://')}/{NAME}:{tag}"
        options = ("--no-tags", "--tls-verify=false", "--format", "{{.Digest}}")
        async with turn:
            process = await asyncio.create_subprocess_exec(
                "skopeo", "inspect", *options, image, stdout=asyncio.subprocess.PIPE
            )
            out, _ = await process.communicate()
        return out.decode().strip()

    return dict(zip(registry.digests, await asyncio.gather(*map(inspect, registry.digests)), strict=True))


_WAYS: Final[Mapping[str, Way]] = {
    "bare": _bare,
    "ours": _ours,
    "skopeo_16": lambda registry: _skopeos(registry, _SKOPEOS),
    "skopeo_loop": lambda registry: _skopeos(registry, 1),
}
