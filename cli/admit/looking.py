"""What `./prodgate admit` asks of Google: the policy, the system policy, attestors, and what they attested."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final

from google.auth.exceptions import DefaultCredentialsError

from shared.clients.attestations import Attestations
from shared.clients.binauthz import BinaryAuthorization
from shared.domain.attestors import USELESS
from shared.domain.errors import Fault, Reason, Unavailable
from shared.domain.image import Digest
from shared.domain.policy import Attested, Place, Policy, Verdict
from shared.domain.policy.advice import Advice, admitted_spellings, advise, without_keys
from shared.domain.strict_json import read_object
from shared.runtime.config import Environment
from shared.runtime.wiring.binauthz import open_attestations, open_binauthz
from shared.runtime.wiring.channel import Channels, GoogleEndpoints
from shared.workflow.admission import attested_by
from shared.workflow.environment import ProdPolicy

_DIGESTS: Final = 100_000


@dataclass(frozen=True, slots=True)
class Question:
    """`policy` out of a file, or None for the one that `project` has; `attested` is a claim, or None to look.

    `location` says whose system policy is asked; None asks nobody's.
    """

    policy: Policy | None
    project: str | None
    location: str | None
    place: Place
    attested: bytes | None


@dataclass(frozen=True, slots=True)
class Answer:
    """The verdict for each image as written, other spellings that would be admitted, and advice on the policy."""

    verdicts: dict[str, Verdict]
    spellings: dict[str, tuple[str, ...]]
    advice: tuple[Advice, ...]
    is_claimed: bool
    lacks_system_policy: bool


async def ask(question: Question, written: Sequence[str]) -> Answer:
    """Judge images; what an allowlist admits needs no attestation, so about those nobody is asked.

    Raises:
        Rejected: the policy, or the claim of what is attested, is not understood.
        Unavailable: something cannot be read.
    """
    async with AsyncExitStack() as opened:
        prod = await _policy(question, opened)
        needed = [image for image in dict.fromkeys(written) if not prod.policy.exempts(image, prod.system)]
        attested = await _attested(question, prod, needed, opened)
    verdicts = {image: prod.judge(image, attested) for image in dict.fromkeys(written)}
    denied = [image for image, verdict in verdicts.items() if not verdict.admitted]
    return Answer(
        verdicts,
        {image: admitted_spellings(image, prod.policy, prod.system) for image in denied},
        advise(prod.policy),
        is_claimed=question.attested is not None,
        lacks_system_policy=prod.policy.uses_system_policy and question.location is None,
    )


async def ask_about_policy(project: str) -> tuple[Advice, ...]:
    """Lint a project's policy, and look at every attestor that it names.

    Raises:
        Rejected: the policy is not understood.
        Unavailable: something cannot be read.
    """
    async with AsyncExitStack() as opened:
        binauthz = (await opened.enter_async_context(_google(project)))[0]
        policy = await binauthz.policy(project)
        rules = (policy.default_rule, *(specific.rule for specific in policy.specific_rules))
        names = sorted({attestor for rule in rules for attestor in rule.attestors})
        keyless = [advice for name in names if (advice := await _keyless(name, binauthz)) is not None]
    return (*advise(policy), *keyless)


async def _keyless(name: str, binauthz: BinaryAuthorization) -> Advice | None:
    try:
        await binauthz.attestor(name)
    except Unavailable as error:
        if error.fault not in USELESS:
            raise
        return without_keys(name, error.detail)
    return None


async def _policy(question: Question, opened: AsyncExitStack) -> ProdPolicy:
    policy = question.policy
    if policy is None:
        policy = await (await _binauthz(question, opened)).policy(str(question.project))
    prod = ProdPolicy(policy, (), question.place)
    if policy.uses_system_policy and question.location is not None:
        patterns = await (await _binauthz(question, opened)).system_patterns(question.location)
        prod = replace(prod, system=patterns)
    return prod


async def _attested(question: Question, prod: ProdPolicy, needed: Sequence[str], opened: AsyncExitStack) -> Attested:
    if question.attested is not None:
        return _claims(question.attested)
    if not needed or not prod.attestors:
        return {}
    project = question.project or prod.policy.name.split("/")[1]
    binauthz, attestations = await opened.enter_async_context(_google(project))
    return await attested_by(prod.attestors, needed, binauthz, attestations)


def _claims(data: bytes) -> Attested:
    fields = read_object("what is attested", data, reason=Reason.MALFORMED_EVENT)
    return {name: {Digest(text) for text in fields.texts(name, most=_DIGESTS)} for name in fields.names()}


async def _binauthz(question: Question, opened: AsyncExitStack) -> BinaryAuthorization:
    return (await opened.enter_async_context(_google(question.project or "")))[0]


@asynccontextmanager
async def _google(project: str) -> AsyncIterator[tuple[BinaryAuthorization, Attestations]]:
    environment = Environment(os.environ)
    endpoints = GoogleEndpoints(environment.google_endpoint("PRODGATE_GOOGLE_ENDPOINT"), None)
    environment.finish()
    async with AsyncExitStack() as opened:
        channels = Channels(endpoints, opened)
        try:
            clients = open_binauthz(channels), open_attestations(channels, project)
        except DefaultCredentialsError as error:
            why = "nobody is logged in here: run `gcloud auth application-default login`"
            raise Unavailable(Fault.REFUSED, f"{why} ({error})") from error
        yield clients
