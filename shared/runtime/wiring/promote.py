"""open_prod_pr, wired: it may read everything that a release rests on, and write release branches and pull requests."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from enum import StrEnum
from typing import Final

from shared.clients.github import Credentials, StoredToken
from shared.domain.envelope import Delivery
from shared.domain.events import ReleaseCheck, ReportedCompletion, event_id, read_release_event
from shared.domain.permissions import ASKING_TEAMS, OPEN_PROD_PR
from shared.domain.strict_json import Fields
from shared.domain.waking import waking_line
from shared.runtime.config import ATTESTOR, LOGIN, PROJECT, Environment
from shared.runtime.handler import Connected, Function, Occasion
from shared.runtime.wiring.binauthz import open_attestations, open_binauthz, read_attestors_kept, read_policy
from shared.runtime.wiring.github import open_github, open_vault, read_environment_settings, read_github
from shared.runtime.wiring.pull_request import read_pull_request
from shared.runtime.wiring.secrets import open_secrets
from shared.runtime.wiring.suites import read_suites
from shared.runtime.wiring.surroundings import Surroundings
from shared.runtime.wiring.vulnerabilities import open_vulnerabilities
from shared.workflow.done import Done
from shared.workflow.promote import promote
from shared.workflow.promotion import PromoteSettings, PromotingCloud, Protection, PullRequestSettings, Strategy
from shared.workflow.reading import ManifestReader

_NAME_CHARACTERS: Final = 1024
_PROTECTION: Final = "PRODGATE_PROTECTION"
_APP_ID: Final = "PRODGATE_GITHUB_APP_ID"
ReleaseEvent = ReportedCompletion | ReleaseCheck


class Vulnerability(StrEnum):
    """Whether the pull request shows what a scanner found."""

    SHOWN = "true"
    HIDDEN = "false"


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
        environment.choice(_PROTECTION, Protection, default=Protection.WARN),
        environment.optional_number(_APP_ID),
        environment.optional_record("PRODGATE_PULL_REQUEST", read_pull_request, default=PullRequestSettings()),
    )
    shows = environment.choice("PRODGATE_SHOW_VULNERABILITIES", Vulnerability, default=Vulnerability.HIDDEN)
    _require_enforceable(settings, github.credentials, environment)
    attestors_kept_s = read_attestors_kept(environment)
    environment.finish()
    permissions = {**OPEN_PROD_PR, **(ASKING_TEAMS if settings.pull_request.teams else {})}
    redactor = surroundings.start_logging("open_prod_pr")

    async def connect(opened: AsyncExitStack) -> Connected[ReleaseEvent]:
        channels = surroundings.channels(opened)
        vault = open_vault(open_secrets(channels, redactor), redactor)
        cloud = PromotingCloud(
            settings=settings,
            manifests=ManifestReader(settings.environment.exempt_kinds, settings.environment.image_paths),
            github=open_github(github, opened, permissions=permissions, vault=vault),
            binauthz=open_binauthz(channels, attestors_kept_s=attestors_kept_s),
            attestations=open_attestations(channels, project),
            vulnerabilities=open_vulnerabilities(channels) if shows is Vulnerability.SHOWN else None,
        )

        async def work(event: ReleaseEvent, occasion: Occasion) -> Done:
            woken = _waking(event, occasion.delivery)
            return await promote(event, cloud, settling=occasion.settling, woken=woken)

        return Connected(work, surroundings.publisher(channels))

    return Function(
        "open_prod_pr", ReportedCompletion.topic, read_release_event, connect=connect, within=surroundings.limits
    )


def _waking(event: ReleaseEvent, delivery: Delivery) -> str:
    """Say which event this is, in the words of the log."""
    kind, own_id = delivery.attributes.get("event_type", ""), event_id(ReportedCompletion.topic, delivery.data)
    return waking_line(event, kind, event_id=own_id, message_id=delivery.message_id)


def _require_enforceable(settings: PromoteSettings, credentials: Credentials, environment: Environment) -> None:
    """Complain about rules that are to be enforced and could never hold, or never be told to hold."""
    if settings.protection is not Protection.ENFORCE:
        return
    if isinstance(credentials, StoredToken):
        environment.refuse(
            _PROTECTION, "is enforce, which needs a GitHub App: no check can be pinned to a token's owner"
        )
    elif settings.app is None:
        environment.refuse(
            _APP_ID, "is not set, and PRODGATE_PROTECTION is enforce: whose check would be the right one?"
        )


def _attestor(fields: Fields) -> str:
    return fields.text("attestor", most=_NAME_CHARACTERS, matching=ATTESTOR)
