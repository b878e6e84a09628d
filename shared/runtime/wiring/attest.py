"""attest_images, wired: it may read manifests and policy, sign, store attestations, set statuses, and publish."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from functools import partial
from typing import Final

from shared.domain.builds import BuildTrigger, read_test_result
from shared.domain.events import TestPassed
from shared.domain.ignored import Ignored
from shared.domain.image_index import Children
from shared.domain.permissions import ATTEST_IMAGES
from shared.domain.strict_json import Fields
from shared.runtime.config import ATTESTOR, KEY_VERSION, PROJECT, REPOSITORY, Environment
from shared.runtime.handler import Connected, Function, Occasion
from shared.runtime.wiring.binauthz import open_attestations, open_binauthz, read_attestors_kept, read_policy
from shared.runtime.wiring.evidence import EvidenceSettings, open_evidence
from shared.runtime.wiring.github import open_github, open_vault, read_environment_settings, read_github
from shared.runtime.wiring.screening import Screening
from shared.runtime.wiring.secrets import open_secrets
from shared.runtime.wiring.signing import open_signer, read_signing
from shared.runtime.wiring.suites import read_suites
from shared.runtime.wiring.surroundings import Surroundings
from shared.workflow.attest import AttestingCloud, AttestSettings, attest_release
from shared.workflow.children import ChildrenCloud
from shared.workflow.done import Done
from shared.workflow.reading import ManifestReader
from shared.workflow.signing import SigningCloud, SuiteSettings

_NAME_CHARACTERS: Final = 1024


def attest_function(variables: Mapping[str, str]) -> Function[TestPassed | Ignored]:
    """Configure attest_images; its clients are connected on the first event.

    Raises:
        SystemExit: the configuration is incomplete.
    """
    environment = Environment(variables)
    surroundings = Surroundings.read(environment)
    github = read_github(environment)
    project = environment.text("PRODGATE_ATTESTATION_PROJECT", PROJECT)
    suites = read_suites(environment, "PRODGATE_SUITES", _suite)
    evidence = EvidenceSettings.read(environment, tuple(suites))
    triggers = environment.table(
        "PRODGATE_BUILD_TRIGGERS", lambda fields: _trigger(fields, tuple(suites)), required=False
    )
    settings = AttestSettings(read_environment_settings(environment), read_policy(environment), suites)
    signing = read_signing(environment)
    children = environment.choice("PRODGATE_CHILDREN", Children, default=Children.NAMED)
    attestors_kept_s = read_attestors_kept(environment)
    screening = Screening.read(environment, suites)
    environment.finish()
    redactor = surroundings.start_logging("attest_images")

    async def connect(opened: AsyncExitStack) -> Connected[TestPassed | Ignored]:
        channels = surroundings.channels(opened)
        publisher = surroundings.publisher(channels)
        binauthz = open_binauthz(channels, attestors_kept_s=attestors_kept_s)
        secrets = open_secrets(channels, redactor)
        vault = open_vault(secrets, redactor)
        screened = await screening.open(channels, secrets, opened)
        cloud = AttestingCloud(
            settings=settings,
            manifests=ManifestReader(settings.environment.exempt_kinds, settings.environment.image_paths),
            github=open_github(github, opened, permissions=ATTEST_IMAGES, vault=vault),
            binauthz=binauthz,
            screening=screened,
            children=ChildrenCloud(children, screening.settings.registries, screened.registries),
            signing=SigningCloud(signing, binauthz, open_attestations(channels, project), open_signer(channels)),
            evidence=open_evidence(evidence, github.web_url, opened),
            publisher=publisher,
        )

        return Connected(partial(_work, cloud), publisher)

    def parse(data: bytes) -> TestPassed | Ignored:
        return read_test_result(data, triggers)

    return Function("attest_images", TestPassed.topic, parse, connect=connect, within=surroundings.limits)


async def _work(cloud: AttestingCloud, tested: TestPassed | Ignored, occasion: Occasion) -> Done:
    if isinstance(tested, Ignored):
        return Done(f"ignored: {tested.why}", changed=False)
    return await attest_release(tested, cloud, settling=occasion.settling)


def _suite(fields: Fields) -> SuiteSettings:
    return SuiteSettings(
        fields.text("attestor", most=_NAME_CHARACTERS, matching=ATTESTOR),
        fields.text("key_version", most=_NAME_CHARACTERS, matching=KEY_VERSION),
    )


def _trigger(fields: Fields, suites: tuple[str, ...]) -> BuildTrigger:
    return BuildTrigger(
        fields.choice("suite", suites), fields.text("repository", most=_NAME_CHARACTERS, matching=REPOSITORY)
    )
