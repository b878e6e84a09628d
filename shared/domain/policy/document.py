"""A policy as the API answers it and as `gcloud container binauthz policy export` writes it.

What is not understood is refused by name: a policy that is not understood admits nothing. A linter reads on behind what
it can pass over (`read_draft`), to say all that is wrong at once; nothing is ever judged by what it has read so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from shared.domain.errors import Reason, Rejected, shown
from shared.domain.policy.patterns import matches
from shared.domain.policy.places import ANYWHERE, SCOPE_FIELDS, Place, Scope, SpecificRule
from shared.domain.policy.rules import REFUSING, Evaluation, Noted, Rule, read_rule
from shared.domain.strict_json import Fields
from shared.domain.strict_yaml import read_yaml_object

DEFAULT_RULE: Final = "default admission rule"
_NAME: Final = re.compile(r"projects/[^/]+/policy", re.ASCII)
_NO_RULES: Final = frozenset({"name", "description", "etag", "updateTime", "globalPolicyEvaluationMode"})
_PATTERNS: Final = 10_000
_SPECIFIC_RULES: Final = 10_000
_NAME_CHARACTERS: Final = 1024


@dataclass(frozen=True, slots=True)
class Policy:
    """A project's policy; all of its specific rules are of one scope, as the API demands."""

    name: str
    uses_system_policy: bool
    allowlist: tuple[str, ...]
    default_rule: Rule
    specific_rules: tuple[SpecificRule, ...] = ()

    @classmethod
    def read(cls, document: Mapping[str, Any], noted: Noted = REFUSING) -> Policy:
        """Read the JSON form of a policy.

        Raises:
            Rejected: it is empty, or holds something that is not understood here, by name; it admits nothing.
        """
        if not document.keys() - _NO_RULES:
            raise Rejected(Reason.EMPTY_POLICY, f"the policy{_of(document)} holds no rule; it admits nothing")
        fields = Fields("the policy", dict(document), Reason.MALFORMED_POLICY)
        name = ""
        with noted():
            name = fields.text("name", most=_NAME_CHARACTERS, matching=_NAME)
        policy = cls(
            name,
            _system_switch(fields),
            _allowlist(fields),
            read_rule(fields.child("defaultAdmissionRule"), noted),
            _specific_rules(fields, noted),
        )
        fields.ignore("description", "etag", "updateTime")
        with noted():
            fields.done()
        return policy

    @property
    def project(self) -> str:
        """Whose policy it is."""
        return self.name.split("/")[1]

    @property
    def rules(self) -> tuple[tuple[str, Rule], ...]:
        """Every rule by its name in messages."""
        return (DEFAULT_RULE, self.default_rule), *((specific.title, specific.rule) for specific in self.specific_rules)

    def exempts(self, written: str, system: tuple[str, ...] = ()) -> bool:
        """Whether an image is admitted by an allowlist alone; `system` are the system policy's patterns."""
        patterns = (*system, *self.allowlist) if self.uses_system_policy else self.allowlist
        return any(matches(pattern, written) for pattern in patterns)

    def rules_at(self, place: Place = ANYWHERE) -> tuple[tuple[str, Rule], ...]:
        """Every rule that may decide about pods in a place, by its name in messages: one where the place is known.

        Where it is not, these are all that may apply, and the default rule: each of them must admit an image.
        """
        applying = [(rule, rule.applies(place)) for rule in self.specific_rules]
        certain = tuple((rule.title, rule.rule) for rule, applies in applying if applies is True)
        if certain:
            return certain
        possible = tuple((rule.title, rule.rule) for rule, applies in applying if applies is None)
        return (*possible, (DEFAULT_RULE, self.default_rule))

    def attestors_at(self, place: Place = ANYWHERE) -> tuple[str, ...]:
        """Every attestor that a rule in force in a place requires, sorted."""
        rules = [rule for _, rule in self.rules_at(place) if rule.evaluation is Evaluation.REQUIRE_ATTESTATION]
        return tuple(sorted({attestor for rule in rules for attestor in rule.attestors}))


def read_policy(data: bytes) -> Policy:
    """Read a policy as `gcloud container binauthz policy export` writes it: one YAML document, no key twice.

    Raises:
        Rejected: it holds something that is not understood here, by name, or nothing.
    """
    return Policy.read(read_yaml_object("the policy", data, Reason.MALFORMED_POLICY))


def read_draft(data: bytes) -> tuple[Policy, tuple[Rejected, ...]]:
    """Read a policy to lint it, and everything in it that was passed over; never to decide by it.

    Raises:
        Rejected: it holds something that nothing can be read behind.
    """
    passed_over: list[Rejected] = []

    @contextmanager
    def noted() -> Iterator[None]:
        try:
            yield
        except Rejected as refusal:
            passed_over.append(refusal)

    document = read_yaml_object("the policy", data, Reason.MALFORMED_POLICY)
    return Policy.read(document, noted), tuple(passed_over)


def _of(document: Mapping[str, Any]) -> str:
    """Say whose policy it is, where it says so."""
    return f" {shown(document['name'])}" if "name" in document else ""


def _system_switch(fields: Fields) -> bool:
    """Unspecified means off (Policy.GlobalPolicyEvaluationMode)."""
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


def _specific_rules(fields: Fields, noted: Noted) -> tuple[SpecificRule, ...]:
    """Read the one map of specific rules that is not empty.

    Raises:
        Rejected: more than one is not, and which of them wins is documented nowhere; or a rule is not understood.
    """
    found = [name for name in SCOPE_FIELDS if name in fields and not fields.is_empty(name)]
    fields.ignore(*(name for name in SCOPE_FIELDS if name not in found))
    if len(found) > 1:
        fields.refuse(found[1], f"is there beside {found[0]}; a policy has specific rules of one kind only")
    return tuple(rule for name in found for rule in _rules(fields.child(name), SCOPE_FIELDS[name], noted))


def _rules(rows: Fields, scope: Scope, noted: Noted) -> tuple[SpecificRule, ...]:
    keys = rows.names()
    if len(keys) > _SPECIFIC_RULES:
        raise Rejected(
            Reason.MALFORMED_POLICY, f"the policy: {len(keys):,} specific rules; at most {_SPECIFIC_RULES:,}"
        )
    return tuple(SpecificRule(scope, key, read_rule(rows.child(key), noted)) for key in keys)
