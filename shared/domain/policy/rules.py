"""Admission rules: what one asks for, and what a denial by it does (AdmissionRule)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from shared.domain.strict_json import Fields

Noted = Callable[[], AbstractContextManager[None]]
"""Opens what is to be done with a refusal that a linter can pass over: notes it, and goes on."""

REFUSING: Final[Noted] = nullcontext
NOBODY: Final = "is empty: a rule that requires no attestor would admit everything"
_ATTESTORS: Final = 200  # attestor references per policy (Binary Authorization quotas)


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


def read_rule(fields: Fields, noted: Noted = REFUSING) -> Rule:
    """Read a rule; for a linter, one that requires attestations by nobody too.

    Raises:
        Rejected: it holds what is not understood, or requires attestations by nobody.
    """
    evaluation = Evaluation(fields.choice("evaluationMode", tuple(Evaluation)))
    enforcement = Enforcement(fields.choice("enforcementMode", tuple(Enforcement)))
    attestors = _required_attestors(fields)
    with noted():
        fields.done()
    if evaluation is Evaluation.REQUIRE_ATTESTATION and not attestors and noted is REFUSING:
        fields.refuse("requireAttestationsBy", NOBODY)
    return Rule(evaluation, enforcement, attestors)


def _required_attestors(fields: Fields) -> tuple[str, ...]:
    name = "requireAttestationsBy"
    if name not in fields or fields.is_empty(name):
        fields.ignore(name)
        return ()
    return tuple(fields.texts(name, most=_ATTESTORS))
