"""The public function in the world: started where a story wants it, with a secret for each source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from local.world import founding
from local.world.names import GATE_PROJECT, Endpoints
from local.world.world import World

FUNCTION: Final = "receive_push"


@dataclass(frozen=True, slots=True)
class WebhookSecret:
    """A source's secret: the variable that names it, and its text in the stand-in."""

    variable: str
    text: str

    @property
    def name(self) -> str:
        """The Secret Manager secret."""
        return f"projects/{GATE_PROJECT}/secrets/{self.variable.lower().replace('_', '-')}"


SECRETS: Final = {
    "docker-hub": WebhookSecret("PRODGATE_DOCKER_HUB_SECRET", "docker-hub-url-secret-of-the-stand-in"),
    "github": WebhookSecret("PRODGATE_GITHUB_WEBHOOK_SECRET", "github-webhook-secret-of-the-stand-in"),
    "distribution": WebhookSecret("PRODGATE_DISTRIBUTION_SECRET", "distribution-url-secret-of-the-stand-in"),
}


def host_webhooks(world: World) -> str:
    """Store every source's secret and start the public function; answer its URL, which ends in a slash."""
    for source, secret in SECRETS.items():
        store_webhook_secret(world, source, secret.text)
    return world.do(world.hosting.start(FUNCTION, receiver_variables(world.endpoints)))


def store_webhook_secret(world: World, source: str, text: str) -> None:
    """Add a version to a source's secret."""
    world.do(founding.store_secret(world.clients, SECRETS[source].name, text))


def receiver_variables(at: Endpoints) -> dict[str, str]:
    """Configure the public function, which knows neither a registry nor GitHub."""
    return {
        "PRODGATE_PROJECT": GATE_PROJECT,
        "PRODGATE_GOOGLE_ENDPOINT": at.google,
        "PRODGATE_PUBSUB_ENDPOINT": at.pubsub,
        **{secret.variable: f"{secret.name}/versions/latest" for secret in SECRETS.values()},
    }
