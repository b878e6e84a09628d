"""Screening: what is known about a release's images before they are signed, and whether a suite tolerates it.

Every image must still be in its registry. Where the suite has a vulnerability gate, its scan must be finished and its
findings within the rules, on every delivery: an image that was clean when it was attested may not be today. Every image
that will be signed is held against them, an index by its own scan or by that of the child that is scanned in its place.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from shared.clients.calls import REGISTRY_AT_ONCE
from shared.clients.gathering import gather_all, together
from shared.clients.registry import Registries
from shared.clients.vulnerabilities import Vulnerabilities
from shared.domain.errors import Fault, Reason, Rejected, Unavailable, not_found
from shared.domain.image import PinnedImage, require_known_registry
from shared.domain.vocabulary import LogEvent
from shared.domain.vulnerabilities import OFF, Analysis, Mode, Scan, VulnerabilityRules, object_to, sentence
from shared.workflow.children import ImageFamily

LOG: Final = logging.getLogger("prodgate.screening")
_UNSCANNED: Final = frozenset({Analysis.NONE, Analysis.UNSUPPORTED})
_UNFINISHED: Final = frozenset({Analysis.EXPECTED, Analysis.UNDER_WAY, Analysis.FAILED})


@dataclass(frozen=True, slots=True)
class ScreeningSettings:
    """Which registries may be asked, and what each suite tolerates; a suite without rules has no gate."""

    registries: tuple[str, ...]
    vulnerabilities: Mapping[str, VulnerabilityRules]

    def rules(self, suite: str) -> VulnerabilityRules:
        """What a suite tolerates."""
        return self.vulnerabilities.get(suite, OFF)

    def has_gate(self, suite: str) -> bool:
        """Whether the scans of a suite's images are looked at."""
        return self.rules(suite).mode is not Mode.OFF


@dataclass(frozen=True, slots=True)
class ScreeningCloud:
    """What screening needs of the world; `today` is the day in UTC, on which exceptions end."""

    settings: ScreeningSettings
    registries: Registries
    vulnerabilities: Vulnerabilities
    today: Callable[[], date]


async def screen(family: ImageFamily, suite: str, cloud: ScreeningCloud, *, is_known: bool, settling: bool) -> None:
    """Refuse to go on with images that are gone, or that a suite's vulnerability gate does not let pass.

    `is_known`: the suite was accepted for these images before, so their registries need not be asked once more.

    Raises:
        Rejected: an image is gone, has findings that are not tolerated, or is looked at by no scanner.
        Unavailable: a registry or Container Analysis did not answer, or a scan is not finished.
    """
    async with together() as group:
        if not is_known:
            unseen = [image for image in family.named if image not in family.seen]
            group.create_task(_require_existing(unseen, cloud, settling=settling))
        if cloud.settings.has_gate(suite):
            group.create_task(_require_tolerable(family, cloud.settings.rules(suite), cloud))


async def _require_existing(images: Sequence[PinnedImage], cloud: ScreeningCloud, *, settling: bool) -> None:
    for image in images:
        require_known_registry(image.name, cloud.settings.registries)
    looks = (cloud.registries.find(image.name, image.digest) for image in images)
    found = await gather_all(looks, at_once=REGISTRY_AT_ONCE)
    gone = [str(image) for image, manifest in zip(images, found, strict=True) if manifest is None]
    if gone:
        what = f"{sentence(gone)}: no longer in the registry, so no cluster could pull it"
        raise not_found(Reason.UNKNOWN_IMAGE, what, settling=settling)


async def _require_tolerable(family: ImageFamily, rules: VulnerabilityRules, cloud: ScreeningCloud) -> None:
    instead = {index.scanned for index in family.indexes.values() if index.scanned is not None}
    found = await cloud.vulnerabilities.scans(tuple(dict.fromkeys((*family.images, *sorted(instead)))))
    looked_at = instead | set(family.named)
    scans = {image: _scan(image, found, family, is_looked_at=image in looked_at) for image in family.images}
    _refuse_findings(scans, rules, cloud.today())
    _refuse_unscanned(scans, rules)
    _require_finished(scans, rules)


def _scan(image: PinnedImage, found: Mapping[PinnedImage, Scan], family: ImageFamily, *, is_looked_at: bool) -> Scan:
    """Find an image's scan: for an index its child's may stand in, for a child that nobody scans none is expected."""
    index, own = family.indexes.get(image), found[image]
    if index is not None:
        return own.or_that_of(Scan(Analysis.NONE) if index.scanned is None else found[index.scanned])
    return own if is_looked_at or own.analysis is not Analysis.EXPECTED else replace(own, analysis=Analysis.NONE)


def _refuse_findings(scans: Mapping[PinnedImage, Scan], rules: VulnerabilityRules, today: date) -> None:
    refused = []
    for image, scan in scans.items():
        objections = object_to(scan.findings, rules, today)
        refused += [f"{image}: {why}" for why in objections.of(rules.mode)]
        _warn(f"{image}: {why}" for why in objections.others if rules.mode is Mode.WARN)
    if refused:
        raise Rejected(Reason.VULNERABLE, sentence(refused))


def _refuse_unscanned(scans: Mapping[PinnedImage, Scan], rules: VulnerabilityRules) -> None:
    if rules.allows_unscanned:
        return
    sentences = [f"{image} is {scan.analysis}" for image, scan in scans.items() if scan.analysis in _UNSCANNED]
    if sentences and rules.mode is Mode.ENFORCE:
        raise Rejected(Reason.UNSCANNED, sentence(sentences))
    _warn(sentences)


def _require_finished(scans: Mapping[PinnedImage, Scan], rules: VulnerabilityRules) -> None:
    waiting = [f"{image} is {scan.analysis}" for image, scan in scans.items() if scan.analysis in _UNFINISHED]
    if waiting and rules.must_know:
        raise Unavailable(Fault.NOT_SCANNED, sentence(waiting))
    _warn(waiting)


def _warn(sentences: Iterable[str]) -> None:
    for each in sentences:
        LOG.warning("not enforced: %s", each, extra={"event": LogEvent.SCREENED})
