"""The evidence that attest_images demands of a suite's run, and Cloud Build, where some of it is."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import google.auth
from google.auth.transport.requests import AuthorizedSession
from requests import Session

from shared.clients.cloud_build import GOOGLE, CloudBuild
from shared.domain.evidence import CloudBuildTrigger, GitHubWorkflow, RunSource
from shared.domain.strict_json import Fields
from shared.runtime.config import BRANCH, LOCATION, PROJECT, Environment
from shared.runtime.wiring.channel import CLOUD_PLATFORM
from shared.workflow.evidence import Evidence, EvidenceCloud

_RUNS: Final = "PRODGATE_RUNS"
_WORKFLOW: Final = re.compile(r"\.github/workflows/[A-Za-z0-9._-]+\.ya?ml", re.ASCII)
_EVENT: Final = re.compile(r"[a-z_]+", re.ASCII)
_TRIGGER: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_NAME_CHARACTERS: Final = 255
_THREADS: Final = 4


@dataclass(frozen=True, slots=True)
class EvidenceSettings:
    """What each suite's run must be, None where publishers are trusted; a stand-in for Cloud Build, if there is one."""

    sources: Mapping[str, RunSource] | None
    cloud_build: str | None

    @classmethod
    def read(cls, environment: Environment, suites: Collection[str]) -> EvidenceSettings:
        """Read whether evidence is required; if so, every suite must have its row."""
        chosen = environment.said("PRODGATE_EVIDENCE", Evidence)
        return cls(
            environment.complete_table(_RUNS, _source, names=suites) if chosen is Evidence.REQUIRED else None,
            environment.google_endpoint("PRODGATE_CLOUD_BUILD_ENDPOINT"),
        )


def open_evidence(settings: EvidenceSettings, web_url: str, opened: AsyncExitStack) -> EvidenceCloud:
    """Make the threads on which Cloud Build is asked; `web_url` is where GitHub shows runs to people."""
    executor = ThreadPoolExecutor(_THREADS, thread_name_prefix="cloud-build")
    opened.callback(executor.shutdown, wait=False, cancel_futures=True)
    if settings.cloud_build is None:
        builds = CloudBuild(GOOGLE, _OwnSession().open, executor)
    else:
        builds = CloudBuild(f"http://{settings.cloud_build}", Session, executor)
    return EvidenceCloud(settings.sources, web_url, builds)


class _OwnSession:
    """Sessions as this function's service account, whose access token they share."""

    @cached_property
    def _credentials(self) -> Any:
        return google.auth.default(scopes=(CLOUD_PLATFORM,))[0]

    def open(self) -> Session:
        """Open one; the credentials are looked for on the first call, on its thread."""
        session: Session = AuthorizedSession(self._credentials)  # type: ignore[no-untyped-call]
        return session


def _source(fields: Fields) -> RunSource:
    if "github" in fields and "cloud_build" in fields:
        fields.refuse("cloud_build", "stands beside github; a suite runs in one of them")
    if "cloud_build" in fields:
        return _trigger(fields.child("cloud_build"))
    return _workflow(fields.child("github"))


def _workflow(fields: Fields) -> GitHubWorkflow:
    workflow = GitHubWorkflow(
        fields.text("workflow", most=_NAME_CHARACTERS, matching=_WORKFLOW),
        fields.text("event", most=_NAME_CHARACTERS, matching=_EVENT),
        fields.text("branch", most=_NAME_CHARACTERS, matching=BRANCH),
    )
    fields.done()
    return workflow


def _trigger(fields: Fields) -> CloudBuildTrigger:
    trigger = CloudBuildTrigger(
        fields.text("project", most=_NAME_CHARACTERS, matching=PROJECT),
        fields.text("location", most=_NAME_CHARACTERS, matching=LOCATION),
        fields.text("trigger", most=_NAME_CHARACTERS, matching=_TRIGGER),
    )
    fields.done()
    return trigger
