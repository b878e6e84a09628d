"""Screening: what is known about a release's images before they are signed, and whether a suite tolerates it.

Every image must still be in its registry. Where the suite has a vulnerability gate, its scan must be finished and its
findings within the rules, on every delivery: an image that was clean when it was attested may not be today.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from shared.clients.gathering import gather_all, together
from shared.clients.registry import Registries
from shared.clients.vulnerabilities import Vulnerabilities
from shared.domain.errors import Fault, Reason, Rejected, Unavailable, not_found
from shared.domain.image import PinnedImage, require_known_registry
from shared.domain.vocabulary import LogEvent
from shared.domain.vulnerabilities import (
    OFF,
    Analysis,
    Mode,
    Scan,
    VulnerabilityRules,
    analysis_project,
    object_to,
    sentence,
)

LOG: Final = logging.getLogger("prodgate.screening")
_UNSCANNED: Final = frozenset({Analysis.NONE, Analysis.UNSUPPORTED})


@dataclass(frozen=True, slots=True)
class ScreeningSettings:
    """Which registries may be asked, and what each suite tolerates; a suite without rules has no gate."""

    registries: tuple[str, ...]
    vulnerabilities: Mapping[str, VulnerabilityRules]


@dataclass(frozen=True, slots=True)
class ScreeningCloud:
    """What screening needs of the world; `today` is the day in UTC, on which exceptions end."""

    settings: ScreeningSettings
    registries: Registries
    vulnerabilities: Vulnerabilities
    today: Callable[[], date]


async def screen(
    images: Sequence[PinnedImage], suite: str, cloud: ScreeningCloud, *, is_known: bool, settling: bool
) -> None:
    """Refuse to go on with images that are gone, or that a suite's vulnerability gate does not let pass.

    `is_known`: the suite was accepted for these images before, so their registries need not be asked once more.

    Raises:
        Rejected: an image is gone, has findings that are not tolerated, or is looked at by no scanner.
        Unavailable: a registry or Container Analysis did not answer, or a scan is not finished.
    """
    async with together() as group:
        if not is_known:
            group.create_task(_require_existing(images, cloud, settling=settling))
        group.create_task(_require_tolerable(images, suite, cloud, settling=settling))


async def _require_existing(images: Sequence[PinnedImage], cloud: ScreeningCloud, *, settling: bool) -> None:
    for image in images:
        require_known_registry(image.name, cloud.settings.registries)
    found = await gather_all(cloud.registries.find(image.name, image.digest) for image in images)
    gone = [str(image) for image, manifest in zip(images, found, strict=True) if manifest is None]
    if gone:
        what = f"{sentence(gone)}: no longer in the registry, so no cluster could pull it"
        raise not_found(Reason.UNKNOWN_IMAGE, what, settling=settling)


async def _require_tolerable(
    images: Sequence[PinnedImage], suite: str, cloud: ScreeningCloud, *, settling: bool
) -> None:
    rules = cloud.settings.vulnerabilities.get(suite, OFF)
    if rules.mode is Mode.OFF:
        return
    scans = await cloud.vulnerabilities.scans(images)
    _refuse_findings(scans, rules, cloud.today())
    _refuse_unscanned(scans, rules, settling=settling)
    _require_finished(scans, rules)


def _refuse_findings(scans: Mapping[PinnedImage, Scan], rules: VulnerabilityRules, today: date) -> None:
    refused = []
    for image, scan in scans.items():
        objections = object_to(scan.findings, rules, today)
        refused += [f"{image}: {why}" for why in objections.of(rules.mode)]
        _warn(f"{image}: {why}" for why in objections.others if rules.mode is Mode.WARN)
    if refused:
        raise Rejected(Reason.VULNERABLE, sentence(refused))


def _refuse_unscanned(scans: Mapping[PinnedImage, Scan], rules: VulnerabilityRules, *, settling: bool) -> None:
    """Deal with images that no scanner looked at; while the event is young the scan may only not be listed yet."""
    unscanned = [image for image, scan in scans.items() if scan.analysis in _UNSCANNED]
    coming = [i for i in unscanned if scans[i].analysis is Analysis.NONE and analysis_project(i.name) is not None]
    if coming and settling and rules.must_know:
        raise Unavailable(Fault.NOT_SCANNED, f"{coming[0]} has no scan yet; the event is young, so one may come")
    if rules.allows_unscanned:
        return
    sentences = [f"{image} is {scans[image].analysis}" for image in unscanned]
    if sentences and rules.mode is Mode.ENFORCE:
        raise Rejected(Reason.UNSCANNED, sentence(sentences))
    _warn(sentences)


def _require_finished(scans: Mapping[PinnedImage, Scan], rules: VulnerabilityRules) -> None:
    waiting = [
        f"{image} is {scan.analysis}"
        for image, scan in scans.items()
        if scan.analysis in (Analysis.UNDER_WAY, Analysis.FAILED)
    ]
    if waiting and rules.must_know:
        raise Unavailable(Fault.NOT_SCANNED, sentence(waiting))
    _warn(waiting)


def _warn(sentences: Iterable[str]) -> None:
    for each in sentences:
        LOG.warning("not enforced: %s", each, extra={"event": LogEvent.SCREENED})
