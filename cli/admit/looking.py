"""What `./prodgate admit` asks of Google: the policy, the system policy, attestors, and what they attested.

One attestor that cannot be read keeps no verdict back that does not hang on it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Final

from cli.google.connecting import google_channels, logged_in
from shared.clients.attestations import Attestations
from shared.clients.binauthz import BinaryAuthorization
from shared.clients.gathering import gather_all
from shared.domain.errors import Fault, Reason, Unavailable
from shared.domain.image import Digest
from shared.domain.image_fields import ImageField
from shared.domain.policy import Place, Policy, Verdict
from shared.domain.policy.advice import Advice, admitted_spellings, advise, without_keys
from shared.domain.strict_json import read_object
from shared.runtime.wiring.binauthz import open_attestations, open_binauthz
from shared.workflow.admission import attested_by
from shared.workflow.environment import ProdPolicy

_DIGESTS: Final = 100_000
# "An attestor without keys always returns that no valid attestations exist" (AttestorPublicKey): the denial is known.
_ATTESTS_NOTHING: Final = frozenset({Fault.MISCONFIGURED, Fault.ATTESTOR_WITHOUT_KEYS})


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
    """The verdict for each image, None where it hangs on what could not be read (`unread`: why, by attestor).

    `spellings` are others that would be admitted, by image as written; `advice` is about the policy.
    """

    verdicts: dict[ImageField, Verdict | None]
    spellings: dict[str, tuple[str, ...]]
    advice: tuple[Advice, ...]
    unread: dict[str, str]
    is_claimed: bool
    lacks_system_policy: bool


@dataclass(slots=True)
class _Known:
    """What attestors are known to have attested, which can attest nothing, and which could not be read."""

    attested: dict[str, frozenset[Digest]] = field(default_factory=dict)
    keyless: list[Advice] = field(default_factory=list)
    unread: dict[str, str] = field(default_factory=dict)


async def ask(question: Question, images: Sequence[ImageField]) -> Answer:
    """Judge images; what an allowlist admits needs no attestation, so about those nobody is asked.

    Raises:
        Rejected: the policy, or the claim of what is attested, is not understood.
        Unavailable: the policy cannot be read, or nobody is logged in.
        ValueError: `PRODGATE_GOOGLE_ENDPOINT` is malformed.
    """
    async with AsyncExitStack() as opened:
        prod = await _policy(question, opened)
        needed = [image for image in images if not prod.policy.exempts(image.reference.written, prod.system)]
        known = await _known(question, prod, needed, opened)
    verdicts = {image: _judge(image, prod, known) for image in images}
    denied = [image.reference.written for image, verdict in verdicts.items() if verdict and not verdict.admitted]
    return Answer(
        verdicts,
        {written: admitted_spellings(written, prod.policy, prod.system) for written in denied},
        (*advise(prod.policy), *known.keyless),
        known.unread,
        is_claimed=question.attested is not None,
        lacks_system_policy=prod.policy.uses_system_policy and question.location is None,
    )


async def policy_of_project(project: str) -> Policy:
    """Read the policy that a project has now.

    Raises:
        Rejected: it is not understood.
        Unavailable: it cannot be read, or nobody is logged in.
    """
    async with _google(project) as (binauthz, _):
        return await binauthz.policy(project)


async def look_at_attestors(names: Iterable[str]) -> tuple[tuple[Advice, ...], dict[str, str]]:
    """Read attestors; answer advice about those that can attest nothing, and why others could not be read.

    Raises:
        Unavailable: nobody is logged in.
    """
    known = _Known()
    async with _google("") as (binauthz, _):
        for name in sorted(set(names)):
            try:
                await binauthz.attestor(name)
            except Unavailable as error:
                _note(name, error, known)
    return tuple(known.keyless), known.unread


def _judge(image: ImageField, prod: ProdPolicy, known: _Known) -> Verdict | None:
    """Judge an image by what is known: once as if what was not read attested nothing, and once as if it did."""
    written, pods = image.reference.written, image.pods
    strictly = prod.judge(written, known.attested, pods)
    if strictly.admitted or image.reference.digest is None or not known.unread:
        return strictly
    at_best = prod.judge(written, {**known.attested, **dict.fromkeys(known.unread, (image.reference.digest,))}, pods)
    return None if at_best.admitted else at_best


async def _policy(question: Question, opened: AsyncExitStack) -> ProdPolicy:
    policy = question.policy
    if policy is None:
        policy = await (await _binauthz(question, opened)).policy(str(question.project))
    prod = ProdPolicy(policy, (), question.place)
    if policy.uses_system_policy and question.location is not None:
        patterns = await (await _binauthz(question, opened)).system_patterns(question.location)
        prod = replace(prod, system=patterns)
    return prod


async def _known(question: Question, prod: ProdPolicy, needed: Sequence[ImageField], opened: AsyncExitStack) -> _Known:
    if question.attested is not None:
        return _Known(_claims(question.attested))
    known = _Known()
    attestors = sorted(prod.attestors_of(pod for image in needed for pod in image.pods))
    if attestors:
        written = [image.reference.written for image in needed]
        project = question.project or prod.policy.project
        binauthz, attestations = await opened.enter_async_context(_google(project))

        async def look(attestor: str) -> None:
            try:
                known.attested.update(await attested_by([attestor], written, binauthz, attestations))
            except Unavailable as error:
                _note(attestor, error, known)

        await gather_all(map(look, attestors))
    return known


def _note(attestor: str, error: Unavailable, known: _Known) -> None:
    if error.fault in _ATTESTS_NOTHING:
        known.keyless.append(without_keys(attestor, error.detail))
    else:
        known.unread[attestor] = error.detail


def _claims(data: bytes) -> dict[str, frozenset[Digest]]:
    fields = read_object("what is attested", data, reason=Reason.MALFORMED_EVENT)
    return {name: frozenset(Digest(text) for text in fields.texts(name, most=_DIGESTS)) for name in fields.names()}


async def _binauthz(question: Question, opened: AsyncExitStack) -> BinaryAuthorization:
    return (await opened.enter_async_context(_google(question.project or "")))[0]


@asynccontextmanager
async def _google(project: str) -> AsyncIterator[tuple[BinaryAuthorization, Attestations]]:
    async with google_channels() as channels:
        with logged_in():
            clients = open_binauthz(channels), open_attestations(channels, project)
        yield clients
