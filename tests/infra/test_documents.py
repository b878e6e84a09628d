"""What documents name is what Terraform makes: subscriptions, topics, secrets, keys, jobs, services, attestors."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

from local.world.names import FUNCTIONS, KEY, NOTE, PULLED_TOPICS, pull_subscription
from tests.docs.commands import PAGES, ROOT, Command, commands
from tests.infra.rights import rights
from tests.infra.terraform import Terraform
from tests.operations.runbook import Page

RUNBOOKS: Final = ROOT / "docs" / "runbooks"
_OPERATORS: Final = "group:prodgate-operators@mdo.example"
_SOME: Final = "x"  # what no page gives an example of
# Beginning of a command → the kind of its first argument.
_ARGUMENTS: Final = {
    "gcloud pubsub subscriptions": "subscription",
    "gcloud pubsub topics": "topic",
    "gcloud run services get-iam-policy": "service",
    "gcloud secrets versions add": "secret",
    "gcloud secrets delete": "secret",
    "gcloud iam workload-identity-pools undelete": "pool",
    "gcloud kms keys add-iam-policy-binding": "key",
}
_VERBS: Final = frozenset({"pubsub subscriptions", "pubsub topics"})
_FLAGS: Final = {"secret": "secret", "key": "key", "keyring": "key ring", "attestor": "attestor"}
# Type → kind, and what of it is its name.
_MADE: Final = {
    "pubsub_subscription": ("subscription", "name"),
    "pubsub_topic": ("topic", "name"),
    "cloudfunctions2_function": ("service", "name"),
    "cloud_scheduler_job": ("job", "name"),
    "secret_manager_secret": ("secret", "secret_id"),
    "kms_crypto_key": ("key", "name"),
    "kms_key_ring": ("key ring", "name"),
    "binary_authorization_attestor": ("attestor", "name"),
    "iam_workload_identity_pool": ("pool", "workload_identity_pool_id"),
    "storage_bucket": ("bucket", "name"),
}
Names = dict[str, set[str]]


@pytest.fixture(scope="module")
def made(gate: Terraform) -> list[dict[str, Any]]:
    """Everything that was made."""
    return gate.resources()


@pytest.fixture(scope="module")
def names(gate: Terraform, made: list[dict[str, Any]]) -> Names:
    """Kind → the names of what was made, and of what is made besides where builds are test results."""
    gate.set({"build_triggers": {"7d3f1a52-0c8e-4e57-9a6b-1f2e3d4c5b6a": "qa"}})
    try:
        more = gate.planned()
    finally:
        gate.set({})
    found: Names = {kind: set() for kind, _ in _MADE.values()}
    for resource in [*made, *more]:
        kind, attribute = _MADE.get(resource["type"].removeprefix("google_"), ("", ""))
        if kind:
            found[kind].add(resource["values"][attribute])
    return found


def _named(command: Command) -> Iterator[tuple[str, str]]:
    """Each kind and name that a command names, by its last segment."""
    for beginning, kind in _ARGUMENTS.items():
        rest = command.plain.removeprefix(beginning).split()
        if command.plain.startswith(beginning):
            argument = rest[1:2] if beginning.removeprefix("gcloud ") in _VERBS else rest[:1]
            yield from ((kind, name.rpartition("/")[2]) for name in argument)
    for flag, kind in _FLAGS.items():
        if flag in command.flags:
            yield kind, command.flags[flag].rpartition("/")[2]


def test_every_name_in_a_command_is_one_that_terraform_makes(names: Names) -> None:
    """A subscription that no project has is found out while the gate is open."""
    told = [(command, kind, name) for command in commands() for kind, name in _named(command) if name != _SOME]

    assert [(str(c.page.name), kind, name) for c, kind, name in told if name not in names[kind]] == []
    assert {kind for _, kind, _ in told} == {*_ARGUMENTS.values(), *_FLAGS.values()}
    assert len(told) > 40


@pytest.mark.parametrize(
    ("form", "kind"),
    [
        (r"`?\b([a-z]+(?:-[a-z]+)*-(?:push|pull))\b(?!-)", "subscription"),
        (r"\bcryptoKeys/([\w-]+)", "key"),
        (r"\bkeyRings/([\w-]+)", "key ring"),
        (r"\battestors/([\w-]+)", "attestor"),
        (r"\b(prodgate-(?:probe|release)-[a-z]+)\b", "job"),
        (r'service_name="([\w-]+)"', "service"),
    ],
)
def test_every_name_in_a_sentence_is_one_that_terraform_makes(names: Names, form: str, kind: str) -> None:
    """The same names, where they stand outside of commands: in runbooks, deploying and operations."""
    pages = [*RUNBOOKS.glob("*.md"), ROOT / "docs/deploy.md", ROOT / "docs/operations.md", ROOT / "infra/README.md"]
    told = {name for page in pages for name in re.findall(form, page.read_text())}

    assert told
    assert told - names[kind] - {"receive-push"} == set()


def test_every_location_is_the_one_of_the_example(made: list[dict[str, Any]]) -> None:
    """Keys and jobs are asked for by their location, and gcloud finds nothing in another one."""
    [ring] = [each["values"] for each in made if each["type"] == "google_kms_key_ring"]
    keys = [c for c in commands() if c.plain.startswith("gcloud kms ") and c.flags.get("location", _SOME) != _SOME]
    jobs = [c for c in commands() if c.plain.startswith("gcloud scheduler ") and "location" in c.flags]

    assert keys
    assert {command.flags["location"] for command in keys} == {ring["location"]}
    assert {command.flags["location"] for command in jobs} == {"us-central1"}
    inside = {found for page in PAGES for found in re.findall(r"locations/([\w-]+)/keyRings", page.read_text())}
    assert inside == {ring["location"]}


def test_the_stand_in_is_named_as_terraform_names(names: Names, made: list[dict[str, Any]]) -> None:
    """Runbooks are tried on the stand-in, so it must have the names that operators meet."""
    pushes = {name.rpartition("/")[2] for function in FUNCTIONS for name in function.subscriptions.values()}
    pulls = {pull_subscription(topic).rpartition("/")[2] for topic in PULLED_TOPICS}
    secrets = {function.key_secret.rpartition("/")[2] for function in FUNCTIONS if function.app}
    notes = {each["values"]["name"] for each in made if each["type"] == "google_container_analysis_note"}
    keys = {each["values"]["id"] for each in made if each["type"] == "google_kms_crypto_key"}

    assert pushes | pulls == names["subscription"] - {"gcr-mdo-push"}  # of another project's registry
    assert {function.service for function in FUNCTIONS} == names["service"] - {"receive-push"}
    assert secrets <= names["secret"]
    assert NOTE.rpartition("/")[2] in notes
    assert KEY in keys


def _rows() -> dict[str, tuple[str, str]]:
    """Beginning of a line of the runbooks → the roles it needs, and on what."""
    page = (RUNBOOKS / "README.md").read_text()
    _, _, table = page.partition("## Which role each line needs")
    return {
        beginning: (roles, place)
        for lines, roles, place in re.findall(r"^\| (.*?`.*?) \| (.*?) \| (.*?) ?\|$", table, re.MULTILINE)
        for beginning in re.findall(r"`([^`]+)`", lines)
    }


def test_every_line_of_the_runbooks_says_which_role_it_needs() -> None:
    """Who is refused at 3 a.m. is to find what to ask for."""
    own = ("gcloud config", "gcloud auth", "gcloud kms keys add-iam-policy-binding", "gcloud storage")
    lines = [c for c in commands() if c.page.parent == RUNBOOKS and not c.plain.startswith(own)]

    assert [c.line for c in lines if not any(c.plain.startswith(row) for row in _rows())] == []
    assert all("roles/" in roles or "first run" in roles for roles, _ in _rows().values())


@pytest.mark.parametrize(
    ("beginning", "kind", "allowed"),
    [
        ("gcloud pubsub topics publish", "topic", lambda text: text.partition(";")[0]),
        ("gcloud pubsub subscriptions pull", "subscription", lambda text: text),
    ],
)
def test_what_operators_may_do_is_what_the_page_says(
    made: list[dict[str, Any]], beginning: str, kind: str, allowed: Callable[[str], str]
) -> None:
    """These two rows come with infra/, and no other does."""
    roles, place = _rows()[beginning]
    own = {right for right in rights(made) if right.who == _OPERATORS}

    held = {right.place for right in own if right.kind == kind}
    assert held == set(re.findall(r"`([a-z-]+)`", allowed(place)))
    assert {f"`{right.role}`" for right in own if right.kind == kind} == {roles}
    assert {right.kind for right in own} == {"topic", "subscription"}


def test_a_redrive_needs_no_more_than_operators_have() -> None:
    """Not even to look at a push subscription: the topic's name is in the subscription's."""
    _, _, redrive = Page(RUNBOOKS / "dead-letters.md").lines()

    assert set(re.findall(r"gcloud pubsub \w+ (\w+)", redrive)) == {"pull", "publish", "ack"}


def test_what_operators_may_not_publish_is_said_where_letters_are_redriven(
    names: Names, made: list[dict[str, Any]]
) -> None:
    """Those letters stay, so the page says which, all of them."""
    page = " ".join((RUNBOOKS / "dead-letters.md").read_text().split())
    [told] = re.findall(r"Operators may not publish to ([^:]+):", page)
    own = {right.place for right in rights(made) if right.who == _OPERATORS and right.kind == "topic"}
    woken = names["topic"] - {"rejected", "dead-letter"}

    assert set(re.findall(r"`([a-z-]+)`", told)) == woken - own


def test_the_alerting_row_counts_what_terraform_makes(made: list[dict[str, Any]]) -> None:
    """It is most of the bill, so it is worked out from the policies themselves."""
    policies = [each["values"] for each in made if each["type"] == "google_monitoring_alert_policy"]
    conditions = [condition for policy in policies for condition in policy["conditions"]]
    metrics = [condition for condition in conditions if not condition["condition_matched_log"]]
    price = round(len(conditions) * 0.10 + len(metrics) * 30 * 24 * 3600 / 30 / 1_000_000 * 0.35, 2)
    page = (ROOT / "docs/deploy.md").read_text()

    assert (
        f"| Alerting | {price:.2f} | {price:.2f} | {len(conditions)} conditions, $0.10 each, {len(metrics)} of which"
        in page
    )


def test_terraform_is_always_run_where_its_files_are(made: list[dict[str, Any]]) -> None:
    """In another folder it plans to make nothing, or everything; and without the bucket it asks for one."""
    lines = [line for page in PAGES for block in Page(page).lines() for line in block.splitlines()]
    runs = [line for line in lines if re.search(r"(^|\s)terraform (?!version)", line) and "terraform`" not in line]

    assert len(runs) > 10
    assert [line for line in runs if "terraform -chdir=infra " not in line] == []
    inits = [line for line in runs if " init" in line]
    assert {line.partition("-backend-config=bucket=")[2] for line in inits} == {"mdo-gate-prodgate-state"}


def test_what_runs_in_a_region_is_looked_for_there(made: list[dict[str, Any]]) -> None:
    """`gcloud run` asks in the middle of an incident where none is set."""
    [region] = {each["values"]["location"] for each in made if each["type"] == "google_cloudfunctions2_function"}
    [setting] = [c.plain for c in commands() if c.page == RUNBOOKS / "README.md" and "run/region" in c.plain]

    assert setting == f"gcloud config set run/region {region}"


def test_a_function_without_an_app_uses_a_token_out_of_the_same_secret(gate: Terraform) -> None:
    """As docs/deploy.md says: it is added in place of the private key."""
    logins = {name: {"login": f"{name}[bot]"} for name in ("pin_manifests", "attest_images", "open_prod_pr")}
    gate.set({"github": {**logins, "confirm_prod": {"login": "dana"}}})
    try:
        planned = gate.planned()
    finally:
        gate.set({})
    [environment] = [
        each["values"]["service_config"][0]["environment_variables"]
        for each in planned
        if each["type"] == "google_cloudfunctions2_function" and each["values"]["name"] == "confirm-prod"
    ]

    secret = "projects/mdo-gate/secrets/github-confirm-prod/versions/latest"
    assert environment["PRODGATE_GITHUB_TOKEN_SECRET"] == secret
    assert "PRODGATE_GITHUB_APP" not in environment
