"""receive_push, wired: it may read its own secrets and publish on `gcr`."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Final

from shared.runtime.config import SECRET_VERSION, Environment
from shared.runtime.webhook import Receiver
from shared.runtime.wiring.secrets import open_secrets
from shared.runtime.wiring.surroundings import Surroundings
from shared.workflow.kept_secrets import KeptSecrets
from shared.workflow.receive import ReceivingCloud

_VARIABLES: Final = {
    "docker-hub": "PRODGATE_DOCKER_HUB_SECRET",
    "github": "PRODGATE_GITHUB_WEBHOOK_SECRET",
    "distribution": "PRODGATE_DISTRIBUTION_SECRET",
}


def receive_function(variables: Mapping[str, str]) -> Receiver:
    """Configure receive_push; its clients are connected on the first webhook.

    Raises:
        SystemExit: the configuration is incomplete; without any secret there is nobody to listen to.
    """
    environment = Environment(variables)
    surroundings = Surroundings.read(environment)
    secret_versions = environment.some(_VARIABLES, SECRET_VERSION)
    environment.finish()
    redactor = surroundings.start_logging("receive_push")

    async def connect(opened: AsyncExitStack) -> ReceivingCloud:
        channels = surroundings.channels(opened)
        return ReceivingCloud(KeptSecrets(open_secrets(channels, redactor).read), surroundings.publisher(channels))

    return Receiver(secret_versions, connect, deadline_s=surroundings.limits.deadline_s)
