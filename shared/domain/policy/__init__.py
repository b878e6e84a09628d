"""Binary Authorization's policy and its decision about one image, as GKE makes it.

`document` reads a policy, `patterns` are the allowlist, `rules` what a rule asks for and `places` which rule applies
where, `admission` decides, `advice` says what is wrong with a policy that is valid all the same.

Source: google.cloud.binaryauthorization.v1 resources.proto (Policy, AdmissionRule, AdmissionWhitelistPattern);
cloud.google.com/binary-authorization/docs/policy-yaml-reference and /key-concepts.
"""

from shared.domain.policy.admission import Attested, Verdict, evaluate, strictest
from shared.domain.policy.document import Policy, read_policy
from shared.domain.policy.patterns import matches
from shared.domain.policy.places import ANYWHERE, Place
from shared.domain.policy.rules import Enforcement, Evaluation, Rule

__all__ = [
    "ANYWHERE",
    "Attested",
    "Enforcement",
    "Evaluation",
    "Place",
    "Policy",
    "Rule",
    "Verdict",
    "evaluate",
    "matches",
    "read_policy",
    "strictest",
]
