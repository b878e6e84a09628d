"""Reading what a scanner found in the images of a release, for people: it decides nothing, and holds nothing up."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Final

from shared.clients.vulnerabilities import Vulnerabilities
from shared.domain.errors import Unavailable
from shared.domain.image import PinnedImage
from shared.domain.pull_request import ImageChange
from shared.domain.scan_report import ScanReport
from shared.domain.vocabulary import LogEvent

LOG: Final = logging.getLogger("prodgate.scanned")


async def scan_report(changes: Iterable[ImageChange], vulnerabilities: Vulnerabilities | None) -> ScanReport | None:
    """Read the scans of the digests that go and come; None where they are not to be shown.

    What cannot be read is left out, which is shown as unknown: refusing is the gate's, which was before.
    """
    if vulnerabilities is None:
        return None
    images = [
        PinnedImage.parse(f"{change.name}@{reference}")
        for change in changes
        for reference in dict.fromkeys((*change.before, *change.after))
        if reference.startswith("sha256:")
    ]
    try:
        scans = await vulnerabilities.scans(images)
    except Unavailable as error:
        LOG.warning("vulnerabilities are shown as unknown: %s", error.detail, extra={"event": LogEvent.NOT_DECORATED})
        return ScanReport()
    return ScanReport({(image.name, image.digest): scan for image, scan in scans.items()})
