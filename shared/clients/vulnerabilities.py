"""Container Analysis again, the scanner's side: what Artifact Analysis found in images.

Scans hang on `https://HOST/PATH@sha256:…`, with a scheme, unlike attestations (samples, containeranalysis), in the
project of the image's own repository. That a scan is finished is believed of Google's own note only, to which nobody
else can attach; a finding is believed of anybody, for it can only refuse.

Of an index only the first linux/amd64 image is scanned; that one is asked for beside the index (see the workflow).
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from google.api_core.exceptions import InvalidArgument
from grafeas.grafeas_v1 import DiscoveryOccurrence, GrafeasAsyncClient, ListOccurrencesRequest, NoteKind, Occurrence

from shared.clients import calls
from shared.clients.gathering import gather_all
from shared.domain.image import PinnedImage
from shared.domain.vulnerabilities import Analysis, Finding, Scan, Severity, analysis_project

LOG: Final = logging.getLogger("prodgate.vulnerabilities")
SCANNER_NOTE: Final = "projects/goog-analysis/notes/PACKAGE_VULNERABILITY"
_PAGE: Final = 1000  # the most that one list call returns
_IMAGES: Final = 6  # in one filter: gcloud's own number, "to avoid … the request getting rejected" (filter_util.py)
_RATED: Final = frozenset(range(Severity.MINIMAL, Severity.CRITICAL + 1))
_Status = DiscoveryOccurrence.AnalysisStatus
_ANALYSES: Final = {
    _Status.FINISHED_SUCCESS: Analysis.FINISHED,
    _Status.FINISHED_FAILED: Analysis.FAILED,
    _Status.FINISHED_UNSUPPORTED: Analysis.UNSUPPORTED,
}


class Vulnerabilities:
    """Reads what the scanner knows about images."""

    def __init__(self, client: GrafeasAsyncClient) -> None:
        self._client = client
        self._takes_or = True

    async def scans(self, images: Sequence[PinnedImage]) -> dict[PinnedImage, Scan]:
        """Read the scan of every image; one that no scanner looks at, or has not looked at yet, has one that says so.

        Raises:
            Unavailable: they cannot be listed.
        """
        by_project: defaultdict[str, list[PinnedImage]] = defaultdict(list)
        for image in images:
            project = analysis_project(image.name)
            if project is not None:
                by_project[project].append(image)
        found = await self._found(by_project) if self._takes_or else await self._found_apart(by_project)
        by_resource: defaultdict[str, list[Occurrence]] = defaultdict(list)
        for occurrence in found:
            by_resource[occurrence.resource_uri].append(occurrence)
        return {image: _scan(image, by_resource[_resource(image)]) for image in images}

    async def _found(self, by_project: Mapping[str, Sequence[PinnedImage]]) -> list[Occurrence]:
        """List what is known of some images with each call; if a filter of that form or length is refused, of one."""
        lists = (self._list(p, _joined(few)) for p, some in by_project.items() for few in _batches(some))
        try:
            return [occurrence for listed in await gather_all(lists) for occurrence in listed]
        except InvalidArgument as error:
            LOG.warning("filters joined by OR are refused, each image is asked for by itself: %s", error.message)
            self._takes_or = False
        return await self._found_apart(by_project)

    async def _found_apart(self, by_project: Mapping[str, Sequence[PinnedImage]]) -> list[Occurrence]:
        """List everything that hangs on each image; of other kinds than ours some occurrences come along."""
        lists = (
            self._list(p, f'resourceUrl = "{_resource(image)}"') for p, some in by_project.items() for image in some
        )
        return [occurrence for listed in await gather_all(lists) for occurrence in listed]

    async def _list(self, project: str, wanted: str) -> list[Occurrence]:
        request = ListOccurrencesRequest(parent=f"projects/{project}", filter=wanted, page_size=_PAGE)
        refusals = (InvalidArgument,) if " OR " in wanted else ()
        pager = await calls.invoke(calls.LIST_OCCURRENCES, self._client.list_occurrences, request, answers=refusals)
        try:
            return [occurrence async for occurrence in pager]
        except Exception as error:
            raise calls.unavailable(calls.LIST_OCCURRENCES, error) from error


def _joined(images: Sequence[PinnedImage]) -> str:
    resources = " OR ".join(f'(resourceUrl = "{_resource(image)}")' for image in images)
    return f'((kind = "DISCOVERY") OR (kind = "VULNERABILITY")) AND ({resources})'


def _batches(images: Sequence[PinnedImage]) -> Iterable[Sequence[PinnedImage]]:
    return (images[start : start + _IMAGES] for start in range(0, len(images), _IMAGES))


def _resource(image: PinnedImage) -> str:
    return f"https://{image}"


def _scan(image: PinnedImage, occurrences: Sequence[Occurrence]) -> Scan:
    discoveries = [o for o in occurrences if o.kind == NoteKind.DISCOVERY and o.note_name == SCANNER_NOTE]
    findings = [_finding(o) for o in occurrences if o.kind == NoteKind.VULNERABILITY]
    analyses = {_ANALYSES.get(o.discovery.analysis_status, Analysis.UNDER_WAY) for o in discoveries}
    if not analyses:
        analyses = {Analysis.NONE if analysis_project(image.name) is None else Analysis.EXPECTED}
    # Several discoveries of one image contradict each other until all of them have finished.
    return Scan(analyses.pop() if len(analyses) == 1 else Analysis.UNDER_WAY, tuple(findings))


def _finding(occurrence: Occurrence) -> Finding:
    """Read one finding: the distribution's severity where it gave one, else the note's, else unknown."""
    found = occurrence.vulnerability
    ratings = [int(rating) for rating in (found.effective_severity, found.severity) if rating in _RATED]
    severity = Severity(ratings[0]) if ratings else Severity.UNKNOWN
    return Finding(occurrence.note_name.rpartition("/")[2], severity, bool(found.fix_available))
