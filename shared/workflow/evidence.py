"""The evidence that a suite passed, looked at before anything is signed."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from shared.clients.cloud_build import CloudBuild
from shared.clients.github import Repository
from shared.domain.errors import Reason, not_found
from shared.domain.events import TestPassed
from shared.domain.evidence import (
    CloudBuildTrigger,
    GitHubWorkflow,
    RunSource,
    named_build,
    named_run,
    require_build,
    require_run,
)
from shared.domain.vocabulary import LogEvent
from shared.workflow.settings import EnvironmentSettings

LOG: Final = logging.getLogger("prodgate.evidence")


class Evidence(StrEnum):
    """What a suite's success is believed for: its run, or the right to publish."""

    REQUIRED = "required"
    TRUST_PUBLISHER = "trust-publisher"


@dataclass(frozen=True, slots=True)
class EvidenceCloud:
    """What is demanded of a suite's run, or None where whoever may publish is believed; and who tells of runs."""

    sources: Mapping[str, RunSource] | None
    web_url: str
    builds: CloudBuild


@dataclass(frozen=True, slots=True)
class Examining:
    """A claim under examination: the repository for this event, its branches, and whether the event is young."""

    repository: Repository
    environment: EnvironmentSettings
    settling: bool


async def require_evidence(tested: TestPassed, examining: Examining, cloud: EvidenceCloud) -> None:
    """Demand that the run that is named proves the suite, for exactly this commit.

    Raises:
        Rejected: it proves something else, or nothing.
        Unavailable: it has not ended, or cannot be looked at.
    """
    if cloud.sources is None:
        said = "the run %s is believed because CI may publish (evidence: trust-publisher)"
        LOG.warning(said, tested.run, extra={"event": LogEvent.EVIDENCE, "evidence": Evidence.TRUST_PUBLISHER})
        return
    source = cloud.sources[tested.suite]
    if isinstance(source, GitHubWorkflow):
        await _require_github_run(tested, source, examining, cloud.web_url)
    else:
        await _require_build(tested, source, examining, cloud.builds)
    said = "the run %s proves %s for %s"
    labels = {"event": LogEvent.EVIDENCE, "evidence": Evidence.REQUIRED}
    LOG.info(said, tested.run, tested.suite, tested.commit, extra=labels)


async def _require_github_run(tested: TestPassed, source: GitHubWorkflow, examining: Examining, web_url: str) -> None:
    named = named_run(tested.run, web_url=web_url, repository=tested.repository)
    run = await examining.repository.runs.newest_attempt(named.id)
    if run is None:
        # To an App that may not see the repository GitHub says 404 about everything in it.
        await examining.repository.git.require_head(examining.environment.dev)
        what = f"run: {tested.repository} has no run {named.id}"
        raise not_found(Reason.UNKNOWN_RUN, what, settling=examining.settling)
    require_run(run, named, source, repository=tested.repository, commit=tested.commit)


async def _require_build(
    tested: TestPassed, source: CloudBuildTrigger, examining: Examining, builds: CloudBuild
) -> None:
    name = named_build(tested.run, source)
    build = await builds.build(source, name)
    if build is None:
        what = f"run: {source.project} has no build {name} in {source.location}"
        raise not_found(Reason.UNKNOWN_RUN, what, settling=examining.settling)
    require_build(build, name, source, commit=tested.commit)
