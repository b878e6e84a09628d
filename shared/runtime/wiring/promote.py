"""open_prod_pr, wired: it may read everything that a release rests on, and write release branches and pull requests."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Final

from shared.domain.events import ReleaseCheck, ReportedCompletion, read_release_event
from shared.domain.permissions import OPEN_PROD_PR
from shared.domain.strict_json import Fields
from shared.runtime.config import ATTESTOR, LOGIN, PROJECT, Environment
from shared.runtime.handler import Connected, Function
from shared.runtime.wiring.binauthz import open_attestations, open_binauthz, read_attestors_kept, read_policy
from shared.runtime.wiring.github import open_github, open_vault, read_environment_settings, read_github
from shared.runtime.wiring.pull_request import read_pull_request
from shared.runtime.wiring.secrets import open_secrets
from shared.runtime.wiring.suites import read_suites
from shared.runtime.wiring.surroundings import Surroundings
from shared.workflow.done import Done
from shared.workflow.promote import promote
from shared.workflow.promotion import PromoteSettings, PromotingCloud, Protection, PullRequestSettings, Strategy

_NAME_CHARACTERS: Final = 1024
ReleaseEvent = ReportedCompletion | ReleaseCheck


def promote_function(variables: Mapping[str, str]) -> Function[ReleaseEvent]:
    """Configure open_prod_pr; its clients are connected on the first event.

    Raises:
        SystemExit: the configuration is incomplete.
    """
    environment = Environment(variables)
    surroundings = Surroundings.read(environment)
    github = read_github(environment)
    project = environment.text("PRODGATE_ATTESTATION_PROJECT", PROJECT)
    settings = PromoteSettings(
        read_environment_settings(environment),
        read_policy(environment),
        read_suites(environment, "PRODGATE_REQUIRED_SUITES", _attestor),
        environment.text("PRODGATE_ATTESTER_LOGIN", LOGIN),
        environment.choice("PRODGATE_STRATEGY", Strategy, default=Strategy.SNAPSHOT),
        environment.choice("PRODGATE_PROTECTION", Protection, default=Protection.WARN),
        environment.optional_number("PRODGATE_GITHUB_APP_ID"),
        environment.optional_record("PRODGATE_PULL_REQUEST", read_pull_request, default=PullRequestSettings()),
    )
    attestors_kept_s = read_attestors_kept(environment)
    environment.finish()
    redactor = surroundings.start_logging("open_prod_pr")

    async def connect(opened: AsyncExitStack) -> Connected[ReleaseEvent]:
        channels = surroundings.channels(opened)
        vault = open_vault(open_secrets(channels, redactor), redactor)
        cloud = PromotingCloud(
            settings=settings,
            github=open_github(github, opened, permissions=OPEN_PROD_PR, vault=vault),
            binauthz=open_binauthz(channels, attestors_kept_s=attestors_kept_s),
            attestations=open_attestations(channels, project),
        )

        async def work(event: ReleaseEvent, settling: bool) -> Done:
            return await promote(event, cloud, settling=settling)

        return Connected(work, surroundings.publisher(channels))

    return Function(
        "open_prod_pr", ReportedCompletion.topic, read_release_event, connect=connect, within=surroundings.limits
    )


def _attestor(fields: Fields) -> str:
    return fields.text("attestor", most=_NAME_CHARACTERS, matching=ATTESTOR)
