"""Binary Authorization's admission decision for one image, as GKE makes it.

Order: the system policy's allowlist (where the policy switches it on), the policy's own allowlist, the default rule.
What this version does not evaluate (rules for clusters, namespaces, service accounts, Istio identities) is refused by
name when the policy is read: a policy that is not understood admits nothing.

Allowlist patterns match the literal string of the pod spec. A wildcard stands at the end only: `*` does not cross a
slash, `**` does (cloud.google.com/binary-authorization/docs/policy-yaml-reference).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from shared.domain.errors import Reason, Rejected
from shared.domain.image import Digest, ImageReference
from shared.domain.strict_json import Fields

DEFAULT_RULE: Final = "default admission rule"
NOT_A_DIGEST: Final = "Expected digest with sha256 scheme, but got tag or malformed digest"
NOT_ATTESTED: Final = "No attestations found that were valid and signed by a key trusted by the attestor"
_PATTERNS: Final = 10_000
_ATTESTORS: Final = 200  # attestor references per policy (Binary Authorization quotas)
_NAME_CHARACTERS: Final = 1024


class Evaluation(StrEnum):
    """The three evaluation modes of an admission rule."""

    ALWAYS_ALLOW = "ALWAYS_ALLOW"
    REQUIRE_ATTESTATION = "REQUIRE_ATTESTATION"
    ALWAYS_DENY = "ALWAYS_DENY"


class Enforcement(StrEnum):
    """What a denial does: block the pod, or only write an audit log entry."""

    BLOCK = "ENFORCED_BLOCK_AND_AUDIT_LOG"
    DRY_RUN = "DRYRUN_AUDIT_LOG_ONLY"


@dataclass(frozen=True, slots=True)
class Rule:
    """An admission rule; `attestors` are resource names, all of which must have attested the image."""

    evaluation: Evaluation
    enforcement: Enforcement
    attestors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """A project's policy, as far as it is evaluated here."""

    name: str
    uses_system_policy: bool
    allowlist: tuple[str, ...]
    default_rule: Rule

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Policy:
        """Read the JSON form of a policy, which is also what `gcloud container binauthz policy export` writes as YAML.

        Raises:
            Rejected: it holds something that is not understood here, by name.
        """
        fields = Fields("the policy", dict(document), Reason.MALFORMED_POLICY)
        policy = cls(
            fields.text("name", most=_NAME_CHARACTERS),
            _system_switch(fields),
            _allowlist(fields),
            _rule(fields.child("defaultAdmissionRule")),
        )
        fields.ignore("description", "etag", "updateTime")
        fields.done()
        return policy

    def exempts(self, written: str, system: tuple[str, ...] = ()) -> bool:
        """Whether an image is admitted by an allowlist alone; `system` are the system policy's patterns."""
        patterns = (*system, *self.allowlist) if self.uses_system_policy else self.allowlist
        return any(matches(pattern, written) for pattern in patterns)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What admission says about one image as written; the message is GKE's, empty where there is none."""

    image: str
    admitted: bool
    message: str = ""


Attested = Mapping[str, Collection[Digest]]
"""Per attestor resource name: the digests that it is proven to have attested."""


def evaluate(written: str, policy: Policy, attested: Attested, *, system: tuple[str, ...] = ()) -> Verdict:
    """Decide whether prod would admit an image, given what is proven about it."""
    if policy.exempts(written, system):
        return Verdict(written, admitted=True, message="Admitted by the allowlist")
    denial = _denial(written, policy.default_rule, attested)
    if denial is None:
        return Verdict(written, admitted=True)
    message = f"Image {written} denied by Binary Authorization {DEFAULT_RULE}. {denial}"
    return Verdict(written, admitted=policy.default_rule.enforcement is Enforcement.DRY_RUN, message=message)


def matches(pattern: str, written: str) -> bool:
    """Whether an allowlist pattern matches the literal image string.

    A wildcard inside of it, or before the registry is named (`**` alone would admit everything), matches nothing.
    """
    stem = pattern.rstrip("*")
    stars = len(pattern) - len(stem)
    if "*" in stem or stars > len("**"):
        return False
    if not stars:
        return written == pattern
    if "/" not in stem:
        return False
    rest = written.removeprefix(stem)
    return written.startswith(stem) and (stars == len("**") or "/" not in rest)


def _denial(written: str, rule: Rule, attested: Attested) -> str | None:
    if rule.evaluation is Evaluation.ALWAYS_ALLOW:
        return None
    if rule.evaluation is Evaluation.ALWAYS_DENY:
        return "Denied by always_deny admission rule"
    digest = _digest_of(written)
    missing = [attestor for attestor in rule.attestors if digest is None or digest not in attested.get(attestor, ())]
    why = NOT_A_DIGEST if digest is None else NOT_ATTESTED
    denials = [f"Image {written} denied by attestor {attestor}: {why}" for attestor in missing]
    return " ".join(denials) or None


def _digest_of(written: str) -> Digest | None:
    try:
        return ImageReference.parse(written).digest
    except Rejected:
        return None


def _system_switch(fields: Fields) -> bool:
    """Unspecified means off (binaryauthorization.v1 Policy.GlobalPolicyEvaluationMode)."""
    name = "globalPolicyEvaluationMode"
    return name in fields and fields.choice(
        name, ("ENABLE", "DISABLE", "GLOBAL_POLICY_EVALUATION_MODE_UNSPECIFIED")
    ) == ("ENABLE")


def _allowlist(fields: Fields) -> tuple[str, ...]:
    name = "admissionWhitelistPatterns"
    if name not in fields or fields.is_empty(name):
        fields.ignore(name)
        return ()
    return tuple(_pattern(row) for row in fields.children(name, most=_PATTERNS))


def _pattern(row: Fields) -> str:
    pattern = row.text("namePattern", most=_NAME_CHARACTERS)
    row.done()
    return pattern


def _rule(fields: Fields) -> Rule:
    evaluation = Evaluation(fields.choice("evaluationMode", tuple(Evaluation)))
    enforcement = Enforcement(fields.choice("enforcementMode", tuple(Enforcement)))
    attestors = _required_attestors(fields)
    fields.done()
    if evaluation is Evaluation.REQUIRE_ATTESTATION and not attestors:
        fields.refuse("requireAttestationsBy", "is empty: a rule that requires no attestor would admit everything")
    return Rule(evaluation, enforcement, attestors)


def _required_attestors(fields: Fields) -> tuple[str, ...]:
    name = "requireAttestationsBy"
    if name not in fields or fields.is_empty(name):
        fields.ignore(name)
        return ()
    return tuple(fields.texts(name, most=_ATTESTORS))
