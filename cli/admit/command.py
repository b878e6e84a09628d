"""`./prodgate admit`: say of each image in manifests whether a Binary Authorization policy would admit it, and why not.

Exit status: 0 every image would be admitted; 1 one would be denied; 2 something could not be checked, which is never
ok. With `--lint` the policy itself is looked at: 0 nothing to say; 1 there is; 2 it, or an attestor, could not be
looked at.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path
from typing import Final

from cli.admit.looking import Question, ask, look_at_attestors, policy_of_project
from cli.admit.outcome import Outcome, advice_row, nothing_judged
from cli.refusal import sentence
from cli.tree.options import add_reading, rules_of
from cli.tree.reading import read_tree
from cli.tree.working import working_files
from shared.domain.errors import Rejected, Unavailable
from shared.domain.policy import Place, Policy, read_policy
from shared.domain.policy.advice import Advice, advise, advise_on_draft, not_understood
from shared.domain.policy.document import read_draft

UNKNOWN: Final = 2
NOTHING: Final = "none"
LIVE: Final = "live"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("paths", nargs="*", type=Path, metavar="MANIFEST", help="a manifest, or a folder of them")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--policy", type=Path, metavar="FILE", help="the policy as `gcloud container binauthz policy export` writes it"
    )
    source.add_argument("--live", action="store_true", help="the policy that --project has now")
    parser.add_argument(
        "--project",
        help="whose policy, with --live; with --policy, where attestations are stored (default: the policy's own "
        "project), and with --policy --lint, that attestors are looked at as they are now",
    )
    parser.add_argument(
        "--location", help="whose system policy, such as us-central1; not given: Google's own images are not exempt"
    )
    parser.add_argument(
        "--attested",
        default=LIVE,
        metavar="live|none|FILE",
        help='what Container Analysis proves, nothing, or what a file claims: {"ATTESTOR":["sha256:…"]}',
    )
    parser.add_argument("--cluster", help="where the pods run, LOCATION.NAME; what nobody says is read strictly")
    parser.add_argument("--namespace", help="their Kubernetes namespace, where their manifest does not say it")
    parser.add_argument("--service-account", help="their service account's name, where their manifest does not say it")
    parser.add_argument("--istio-identity", help="their Istio identity, spiffe://DOMAIN/ns/NAMESPACE/sa/NAME")
    add_reading(parser)
    parser.add_argument("--lint", action="store_true", help="say what is wrong with the policy itself")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Judge, or lint; answer the exit status."""
    try:
        _require_sense(options)
        return _lint(options) if options.lint else _admit(options)
    except (OSError, ValueError, Rejected, Unavailable) as error:
        print(f"prodgate admit: {sentence(error)}", file=sys.stderr)
        if options.json:
            print(json.dumps(nothing_judged(error), indent=2))
        return UNKNOWN


def _require_sense(options: argparse.Namespace) -> None:
    if options.live and not options.project:
        raise ValueError("--live: which project's policy? Say --project")
    if not options.lint and not options.paths:
        raise ValueError("no manifest was named, and nothing checked is not ok")
    if options.lint and options.paths:
        raise ValueError("--lint looks at the policy alone; leave the manifests out, or --lint")


def _admit(options: argparse.Namespace) -> int:
    tree = read_tree(working_files(options.paths), rules_of(options))
    images = tuple(image for manifest in tree.manifests for image in manifest.images)
    question = Question(
        policy=None if options.live else read_policy(options.policy.read_bytes()),
        project=options.project,
        location=options.location,
        place=Place(options.cluster, options.namespace, options.service_account, options.istio_identity),
        attested=_claimed(options.attested),
    )
    outcome = Outcome(images, tree.problems, tree.exempt, asyncio.run(ask(question, images)))
    if options.json:
        print(json.dumps(outcome.document(), indent=2))
    else:
        print("".join(f"{line}\n" for line in outcome.lines()), end="")
    for line in outcome.remarks():
        print(line, file=sys.stderr)
    return outcome.status


def _lint(options: argparse.Namespace) -> int:
    """Look at the policy, and where a project is named, at the attestors that it needs, as they are now."""
    policy, advice = _linted(options)
    unread: dict[str, str] = {}
    if policy is not None and options.project:
        names = [attestor for _, rule in policy.rules for attestor in rule.attestors]
        about_attestors, unread = asyncio.run(look_at_attestors(names))
        advice = (*advice, *about_attestors)
    for name, why in unread.items():
        print(f"error: {name} could not be looked at: {why}", file=sys.stderr)
    if options.json:
        problems = [{"reason": "unread", "detail": f"{name}: {why}"} for name, why in unread.items()]
        print(json.dumps({"advice": [advice_row(each) for each in advice], "problems": problems}, indent=2))
    else:
        print("".join(f"warning: {each}\n" for each in advice), end="")
    return UNKNOWN if unread else int(bool(advice))


def _linted(options: argparse.Namespace) -> tuple[Policy | None, tuple[Advice, ...]]:
    """Read the policy as far as it can be read, with advice on it."""
    try:
        if options.live:
            policy = asyncio.run(policy_of_project(options.project))
            return policy, advise(policy)
        draft, passed_over = read_draft(options.policy.read_bytes())
    except Rejected as error:
        return None, (not_understood(error.detail),)
    return draft, advise_on_draft(draft, passed_over)


def _claimed(source: str) -> bytes | None:
    """What is claimed to be attested, as JSON; None where Container Analysis is asked."""
    if source == LIVE:
        return None
    return b"{}" if source == NOTHING else Path(source).read_bytes()
