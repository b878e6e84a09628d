"""What is wrong with a policy that is valid all the same: patterns that admit too much or nothing, and lenient rules.

Each piece of advice says where, why it matters, and how to mend it; none of them changes a decision.

Sources: policy-yaml-reference, "namePattern" (wildcards at the end only, after the registry; its caution about
`gcr.io/p**`); AdmissionRule (require_attestations_by); key-concepts, "Enforcement mode".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from shared.domain.errors import Rejected
from shared.domain.image import DOCKER_HUB, parse_name
from shared.domain.policy.document import Policy
from shared.domain.policy.patterns import matches
from shared.domain.policy.places import Scope
from shared.domain.policy.rules import NOBODY, Enforcement, Evaluation, Rule

_WILD: Final = re.compile(r"[*?\[\]]")
_ENDS_A_NAME: Final = ("/", ":", "@")
_NAME_ATTESTORS: Final = "name the attestors in requireAttestationsBy, or say ALWAYS_DENY"
_OTHER_HOST: Final = f"index.{DOCKER_HUB}"  # by its older name; distribution/reference reads it as the same
_HUB_HOSTS: Final = frozenset({DOCKER_HUB, _OTHER_HOST})
_SAMPLE: Final = "image"  # stands for any image below a folder, shown as IMAGE
_CLUSTER: Final = re.compile(r"[a-z0-9-]+\.[a-z0-9-]+", re.ASCII)


class Slip(StrEnum):
    """What kind of slip it is; a closed list for machines."""

    WILDCARD_IN_THE_MIDDLE = "wildcard-in-the-middle"
    WILDCARD_BEFORE_REGISTRY = "wildcard-before-registry"
    WHOLE_REGISTRY = "whole-registry"
    OTHER_PROJECTS = "other-projects"
    SIBLINGS = "siblings"
    NO_VERSION = "no-version"
    OTHER_SPELLINGS = "other-spellings"
    ALWAYS_ALLOW = "always-allow"
    DRY_RUN = "dry-run"
    NO_ATTESTORS = "no-attestors"
    ATTESTORS_NOT_ASKED = "attestors-not-asked"
    NO_SYSTEM_POLICY = "no-system-policy"
    NEVER_APPLIES = "never-applies"
    ATTESTOR_WITHOUT_KEYS = "attestor-without-keys"
    NOT_UNDERSTOOD = "not-understood"


@dataclass(frozen=True, slots=True)
class Advice:
    """One slip: the pattern or rule that it is about, why it matters, and what to do."""

    slip: Slip
    place: str
    why: str
    mending: str

    def __str__(self) -> str:
        return f"{self.place}: {self.why}; {self.mending}"


def advise(policy: Policy) -> tuple[Advice, ...]:
    """Say everything that is worth a second look about a policy."""
    patterns = (advice for pattern in policy.allowlist for advice in _pattern(pattern, policy.allowlist))
    rules = (advice for title, rule in policy.rules for advice in _rule(title, rule))
    return (*patterns, *rules, *_system(policy), *_keys(policy))


def advise_on_draft(draft: Policy, passed_over: Iterable[Rejected]) -> tuple[Advice, ...]:
    """Say it about a policy that is not understood everywhere, and what that is."""
    return (*(not_understood(refusal.detail) for refusal in passed_over), *advise(draft))


def without_keys(attestor: str, why: str) -> Advice:
    """Say that an attestor can attest nothing, as was found out by reading it."""
    return Advice(
        Slip.ATTESTOR_WITHOUT_KEYS,
        attestor,
        f"{why}: every image that needs it is denied",
        "add a key with `gcloud container binauthz attestors public-keys add`",
    )


def not_understood(why: str) -> Advice:
    """Say that a policy cannot be read, so that nothing is admitted by it."""
    if NOBODY in why:
        return Advice(Slip.NO_ATTESTORS, "policy", why, _NAME_ATTESTORS)
    return Advice(Slip.NOT_UNDERSTOOD, "policy", why, "mend it, or use a prodgate that knows it")


def admitted_spellings(written: str, policy: Policy, system: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The other ways to write an image of Docker Hub that the allowlist would admit."""
    return tuple(other for other in _spellings(written) if policy.exempts(other, system))


def _pattern(pattern: str, allowlist: Iterable[str]) -> Iterator[Advice]:
    stem = pattern.rstrip("*")
    stars = pattern[len(stem) :]
    if _WILD.search(stem) or len(stars) > len("**"):
        why = "a wildcard counts at the end only, as * or **, so this pattern matches nothing that runs"
        yield Advice(Slip.WILDCARD_IN_THE_MIDDLE, pattern, why, "write one pattern for each image or folder")
    elif stars and "/" not in stem:
        why = "a wildcard counts after the registry only, so this pattern matches nothing"
        yield Advice(Slip.WILDCARD_BEFORE_REGISTRY, pattern, why, _with_registry(stem, stars))
    else:
        yield from _breadth(pattern, stem, stars)
        yield from _other_spellings(pattern, stem, stars, allowlist)


def _breadth(pattern: str, stem: str, stars: str) -> Iterator[Advice]:
    """Say where a pattern admits more than its author may have meant, or less."""
    registry, path = _registry_of(stem)
    if not stars:
        if not _has_version(stem):
            why = "it matches the image only where it is written without tag and digest"
            mending = f"write {stem}:* or {stem}@*" if registry else _with_registry(f"{stem}:", "*")
            yield Advice(Slip.NO_VERSION, pattern, why, mending)
    elif not path:
        why = "it admits every image of the registry, whoever pushed it"
        yield Advice(Slip.WHOLE_REGISTRY, pattern, why, "name the project or the image behind the registry")
    elif _is_cut_owner(registry, path, stars):
        why = f"it also admits every project or owner whose name begins with {path}, and anybody can make one"
        yield Advice(Slip.OTHER_PROJECTS, pattern, why, f"end the name with a slash: {stem}/**")
    elif not stem.endswith(_ENDS_A_NAME) and not _has_version(stem):
        why = f"it also admits every image whose name begins with {path}"
        yield Advice(Slip.SIBLINGS, pattern, why, f"write {stem}:* and {stem}@*, or {stem}/** for a folder")


def _is_cut_owner(registry: str, path: str, stars: str) -> bool:
    """Whether a pattern ends within the name of whoever owns images, and goes on behind it."""
    return bool(registry) and "/" not in path and not path.endswith(_ENDS_A_NAME) and stars == "**"


def _registry_of(stem: str) -> tuple[str, str]:
    """Split a registry from the path; of `istio/proxyv2` there is none, for that is on Docker Hub."""
    first, slash, rest = stem.partition("/")
    try:
        is_owner = first not in _HUB_HOSTS and parse_name(f"{first}/{_SAMPLE}").host == DOCKER_HUB
    except Rejected:
        is_owner = True
    return ("", stem) if not slash or is_owner else (first, rest)


def _with_registry(stem: str, stars: str) -> str:
    """Say how a pattern without a registry can be written so that its wildcard counts."""
    name, version = _split(stem)
    if not _is_name(name):
        return f"begin with the registry, as in {DOCKER_HUB}/library/"
    return f"write {parse_name(name)}{version}{stars}, and the image as {parse_name(name)} in every manifest"


def _other_spellings(pattern: str, stem: str, stars: str, allowlist: Iterable[str]) -> Iterator[Advice]:
    """Say which spellings of the same Docker Hub image no pattern matches: admission compares the pod spec's text."""
    registry, path = _registry_of(stem)
    name, version = _split(stem)
    if not path or not (stars or version) or _is_cut_owner(registry, path, stars):
        return
    is_folder = bool(stars) and not _is_name(name)
    sample = f"{name}{_SAMPLE}" if is_folder else name
    ending = version or (":latest" if stars else "")
    missed = [s for s in _spellings(f"{sample}{ending}") if not any(matches(other, s) for other in allowlist)]
    if missed:
        names = " or ".join(_shown_name(spelling, is_folder=is_folder) for spelling in missed)
        of = "" if registry or not is_folder else "it names images of Docker Hub as written without a registry; "
        why = f"{of}the same image written {names} is not admitted, for the text of the pod spec is compared"
        written = _shown_name(f"{sample}{ending}", is_folder=is_folder)
        yield Advice(Slip.OTHER_SPELLINGS, pattern, why, f"write the image as {written} in every manifest")


def _shown_name(spelling: str, *, is_folder: bool) -> str:
    name = _split(spelling)[0]
    return f"{name.removesuffix(_SAMPLE)}{_SAMPLE.upper()}" if is_folder else name


def _rule(title: str, rule: Rule) -> Iterator[Advice]:
    if rule.evaluation is Evaluation.ALWAYS_ALLOW:
        yield Advice(Slip.ALWAYS_ALLOW, title, "it admits every image", "say REQUIRE_ATTESTATION, and by whom")
    if rule.evaluation is Evaluation.REQUIRE_ATTESTATION and not rule.attestors:
        yield Advice(Slip.NO_ATTESTORS, title, f"requireAttestationsBy {NOBODY}", _NAME_ATTESTORS)
    if rule.evaluation is not Evaluation.REQUIRE_ATTESTATION and rule.attestors:
        why = f"{rule.evaluation} asks no attestor, yet it names {len(rule.attestors)}"
        yield Advice(Slip.ATTESTORS_NOT_ASKED, title, why, "say REQUIRE_ATTESTATION, or take the attestors out")
    if rule.enforcement is Enforcement.DRY_RUN:
        why = "a denial is only logged, and the image runs"
        yield Advice(Slip.DRY_RUN, title, why, f"say {Enforcement.BLOCK} once the audit log is quiet")


def _system(policy: Policy) -> Iterator[Advice]:
    if not policy.uses_system_policy and policy.default_rule.evaluation is not Evaluation.ALWAYS_ALLOW:
        why = "Google's own system images are not exempt, so parts of GKE itself may be denied"
        yield Advice(
            Slip.NO_SYSTEM_POLICY, "globalPolicyEvaluationMode", why, "say ENABLE, unless the allowlist names them"
        )


def _keys(policy: Policy) -> Iterator[Advice]:
    for rule in policy.specific_rules:
        if rule.scope is Scope.CLUSTER and not _CLUSTER.fullmatch(rule.key):
            why = "no cluster is called so, and the default rule decides instead"
            yield Advice(Slip.NEVER_APPLIES, rule.title, why, "write LOCATION.NAME, as in us-central1-c.prod")


def _split(written: str) -> tuple[str, str]:
    """Split `name[:tag][@digest]` into the name and the rest, which may be cut short."""
    name, at, digest = written.partition("@")
    slash = name.rfind("/")
    colon = name.find(":", slash + 1)
    return (name, f"{at}{digest}") if colon < 0 else (name[:colon], f"{name[colon:]}{at}{digest}")


def _has_version(stem: str) -> bool:
    return bool(_split(stem)[1])


def _is_name(name: str) -> bool:
    try:
        parse_name(name)
    except Rejected:
        return False
    return True


def _spellings(written: str) -> Iterator[str]:
    """Every other way to write an image of Docker Hub; none for an image of another registry."""
    name, version = _split(written)
    if not _is_name(name) or (image := parse_name(name)).host != DOCKER_HUB:
        return
    official = image.path.removeprefix("library/")
    paths = (image.path, official) if "/" not in official else (image.path,)
    for prefix in (f"{DOCKER_HUB}/", "", f"{_OTHER_HOST}/"):
        for path in dict.fromkeys(paths):
            if f"{prefix}{path}" != name:
                yield f"{prefix}{path}{version}"
