"""The decision: would an image be admitted, and what does GKE say where it would not?

Order: the system policy's allowlist (where the policy switches it on), the policy's own allowlist, the specific rule
that applies, else the default rule (key-concepts, "Policies"; policy-yaml-reference).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from shared.domain.errors import Rejected
from shared.domain.image import Digest, ImageReference
from shared.domain.policy.document import Policy
from shared.domain.policy.places import ANYWHERE, Place
from shared.domain.policy.rules import Enforcement, Evaluation, Rule

NOT_A_DIGEST: Final = "Expected digest with sha256 scheme, but got tag or malformed digest"
NOT_ATTESTED: Final = "No attestations found that were valid and signed by a key trusted by the attestor"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What admission says about one image as written; the message is GKE's, empty where there is none.

    `is_dry_run`: it is admitted only because the rule that denies it is not enforced.
    """

    image: str
    admitted: bool
    message: str = ""
    is_dry_run: bool = False


Attested = Mapping[str, Collection[Digest]]
"""Per attestor resource name: the digests that it is proven to have attested."""


def evaluate(
    written: str, policy: Policy, attested: Attested, *, system: tuple[str, ...] = (), place: Place = ANYWHERE
) -> Verdict:
    """Decide whether an image would be admitted in a place, given what is proven about it.

    Where the place leaves open which rule applies, the strictest of those that may apply decides.
    """
    if policy.exempts(written, system):
        return Verdict(written, admitted=True, message="Admitted by the allowlist")
    return strictest(_by_rule(written, title, rule, attested) for title, rule in policy.rules_at(place))


def strictest(verdicts: Iterable[Verdict]) -> Verdict:
    """Choose the verdict that counts where several may: a denial, then a dry run, then no objection."""
    return min(verdicts, key=_leniency)


def _leniency(verdict: Verdict) -> tuple[bool, bool]:
    """Order verdicts: a denial, one that is not enforced, no objection."""
    return verdict.admitted, not verdict.is_dry_run


def _by_rule(written: str, title: str, rule: Rule, attested: Attested) -> Verdict:
    denial = _denial(written, rule, attested)
    if denial is None:
        return Verdict(written, admitted=True)
    message = f"Image {written} denied by Binary Authorization {title}. {denial}"
    is_dry_run = rule.enforcement is Enforcement.DRY_RUN
    return Verdict(written, admitted=is_dry_run, message=message, is_dry_run=is_dry_run)


def _denial(written: str, rule: Rule, attested: Attested) -> str | None:
    if rule.evaluation is Evaluation.ALWAYS_ALLOW:
        return None
    if rule.evaluation is Evaluation.ALWAYS_DENY:
        return "Denied by always_deny admission rule"
    if not rule.attestors:
        # The API takes no such rule, and no reader of policies that are in force; a draft of one must admit nothing.
        return "It requires attestations, and names no attestor"
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
