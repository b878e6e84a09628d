"""What everything in the demo's company is called, as infra/ names it, and the configuration of its functions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

GATE_PROJECT: Final = "mdo-gate"
PROD_PROJECT: Final = "mdo-prod"
REPOSITORY: Final = "mdo/mdo-environments"
ARTIFACT_REGISTRY: Final = "us-docker.pkg.dev"
DOCKER_HUB: Final = "docker.io"
APPS: Final = f"{ARTIFACT_REGISTRY}/mdo/apps"
SERVICES: Final = ("mdo-posts", "mdo-reviews", "mdo-ratings", "mdo-users", "mdo-frontend")
MONGO: Final = f"{DOCKER_HUB}/library/mongo"

LOCATION: Final = f"projects/{GATE_PROJECT}/locations/us-central1"
KEY_RING: Final = f"{LOCATION}/keyRings/prodgate"
KEY: Final = f"{KEY_RING}/cryptoKeys/qa"
ATTESTOR: Final = f"projects/{PROD_PROJECT}/attestors/quality-assurance-attestor"
NOTE: Final = f"projects/{PROD_PROJECT}/notes/quality-assurance-attestor"

QA_WORKFLOW: Final = ".github/workflows/qa.yml"


@dataclass(frozen=True, slots=True)
class Signing:
    """What one suite's success is signed with: a key, a note and an attestor of its own."""

    key: str
    attestor: str
    note: str

    @classmethod
    def of(cls, suite: str) -> Signing:
        """Name them after a suite."""
        at = f"projects/{PROD_PROJECT}"
        return cls(f"{KEY_RING}/cryptoKeys/{suite}", f"{at}/attestors/{suite}-attestor", f"{at}/notes/{suite}-attestor")

    @property
    def row(self) -> dict[str, str]:
        """The suite's row in PRODGATE_SUITES."""
        return {"attestor": self.attestor, "key_version": f"{self.key}/cryptoKeyVersions/1"}


QUALITY: Final = Signing(KEY, ATTESTOR, NOTE)

PERSON: Final = "dana"
PERSON_TOKEN: Final = "token-of-dana"  # noqa: S105 - it opens the stand-in only


@dataclass(frozen=True, slots=True)
class FunctionName:
    """A function, the topics that wake it, and its GitHub App, installed with these permissions."""

    function: str
    topic: str
    app: str = ""
    installation: int = 0
    permissions: tuple[tuple[str, str], ...] = ()
    also: tuple[str, ...] = ()

    @property
    def login(self) -> str:
        """The App's login, as creators of statuses and authors of commits show it."""
        return f"{self.app}[bot]"

    @property
    def client_id(self) -> str:
        """The App's client id, of the form that GitHub gives."""
        return f"Iv23{self.app.replace('-', '')}"

    @property
    def key_secret(self) -> str:
        """The Secret Manager secret that holds the App's private key."""
        return f"projects/{GATE_PROJECT}/secrets/github-{self.service}"

    @property
    def service(self) -> str:
        """The name that it is deployed under."""
        return self.function.replace("_", "-")

    @property
    def subscription(self) -> str:
        """The push subscription that delivers the topic to the function."""
        return push_subscription(self.topic)

    @property
    def subscriptions(self) -> dict[str, str]:
        """Every push subscription of the function, by its topic."""
        return {topic: push_subscription(topic) for topic in (self.topic, *self.also)}


_READ: Final = (("metadata", "read"),)
RESOLVE: Final = FunctionName("resolve_image", "gcr")
PIN: Final = FunctionName("pin_manifests", "image-resolved", "prodgate-pin", 7001, (*_READ, ("contents", "write")))
ATTEST: Final = FunctionName(
    "attest_images",
    "test-passed",
    "prodgate-attest",
    7002,
    (*_READ, ("actions", "read"), ("contents", "read"), ("statuses", "write")),
    ("cloud-builds",),
)
PROMOTE: Final = FunctionName(
    "open_prod_pr",
    "attestation-complete",
    "prodgate-release",
    7003,
    (*_READ, ("contents", "write"), ("statuses", "write"), ("pull_requests", "write")),
    ("release-check",),
)
CONFIRM: Final = FunctionName(
    "confirm_prod",
    "prod-tests-finished",
    "prodgate-confirm",
    7004,
    (*_READ, ("contents", "read"), ("statuses", "write"), ("pull_requests", "write")),
)
# In one process the logs are those of the function that starts last: its redactor knows its own token alone.
FUNCTIONS: Final = (RESOLVE, PIN, ATTEST, CONFIRM, PROMOTE)
PULLED_TOPICS: Final = ("rejected", "dead-letter")


def topic_path(topic: str) -> str:
    """The resource name of a topic."""
    return f"projects/{GATE_PROJECT}/topics/{topic}"


def push_subscription(topic: str) -> str:
    """Name the push subscription that delivers a topic to its function."""
    return f"projects/{GATE_PROJECT}/subscriptions/{topic}-push"


def pull_subscription(topic: str) -> str:
    """The resource name of the pull subscription that keeps what lands in a topic."""
    return f"projects/{GATE_PROJECT}/subscriptions/{topic}-pull"


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the stand-ins listen: Google's services by gRPC, Pub/Sub, GitHub, each registry host, and Cloud Build."""

    google: str
    pubsub: str
    github: str
    registries: Mapping[str, str]
    builds: str = "127.0.0.1:1"


def app_of(function: FunctionName, *, keeps_tokens: bool) -> dict[str, str | int]:
    """Say as which App a function uses GitHub."""
    return {
        "client_id": function.client_id,
        "installation": function.installation,
        "key_secret": f"{function.key_secret}/versions/latest",
        "tokens": "kept" if keeps_tokens else "per-event",
    }


def variables_of(
    function: FunctionName, at: Endpoints, settling_s: float, *, keeps_tokens: bool = False
) -> dict[str, str]:
    """Configure a function by environment variables, as Terraform would, with the stand-ins as endpoints."""
    surroundings = {
        "PRODGATE_PROJECT": GATE_PROJECT,
        "PRODGATE_GOOGLE_ENDPOINT": at.google,
        "PRODGATE_PUBSUB_ENDPOINT": at.pubsub,
        "PRODGATE_SETTLING_S": str(settling_s),
    }
    registries = {
        "PRODGATE_REGISTRIES": json.dumps([APPS, f"{DOCKER_HUB}/library"]),
        "PRODGATE_REGISTRY_ENDPOINTS": json.dumps(dict(at.registries)),
    }
    github = {
        "PRODGATE_REPOSITORY": REPOSITORY,
        "PRODGATE_GITHUB_API_URL": at.github,
        "PRODGATE_GITHUB_WEB_URL": at.github,
        "PRODGATE_GITHUB_LOGIN": function.login,
        "PRODGATE_GITHUB_APP": json.dumps(app_of(function, keeps_tokens=keeps_tokens)),
    }
    manifests = github | {"PRODGATE_MANIFEST_FOLDERS": json.dumps(["apps", "platform"])}
    policy = {
        "PRODGATE_PROD_PROJECT": PROD_PROJECT,
        "PRODGATE_PROD_LOCATION": "us-central1",
        "PRODGATE_ATTESTATION_PROJECT": PROD_PROJECT,
    }
    suites = {
        "PRODGATE_EVIDENCE": "trust-publisher",
        "PRODGATE_CLOUD_BUILD_ENDPOINT": at.builds,
        "PRODGATE_SUITES": json.dumps({"qa": {"attestor": ATTESTOR, "key_version": f"{KEY}/cryptoKeyVersions/1"}}),
    }
    required = {
        "PRODGATE_REQUIRED_SUITES": json.dumps({"qa": {"attestor": ATTESTOR}}),
        "PRODGATE_ATTESTER_LOGIN": ATTEST.login,
    }
    own = {
        RESOLVE: registries,
        PIN: registries | manifests,
        ATTEST: registries | manifests | policy | suites,
        PROMOTE: manifests | policy | required,
        CONFIRM: github | {"PRODGATE_ATTESTER_LOGIN": ATTEST.login},
    }
    return surroundings | own[function]
