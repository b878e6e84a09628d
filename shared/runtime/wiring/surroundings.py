"""What every function has around its work: logs, limits, and the publisher that rejected events need."""

from __future__ import annotations

import re
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Final

from google.pubsub_v1.services.publisher import PublisherAsyncClient
from google.pubsub_v1.services.publisher.transports import PublisherGrpcAsyncIOTransport

from shared.clients.pubsub import Publisher
from shared.domain import limits
from shared.runtime.config import PROJECT, Environment
from shared.runtime.handler import Limits
from shared.runtime.telemetry import Redactor, configure_logging
from shared.runtime.wiring.channel import Channels, GoogleEndpoints

_LEVEL: Final = re.compile(r"DEBUG|INFO|WARNING|ERROR")
# With the 10 s that publishing a rejected event may take, below the function's timeout of 60 s, which is below the ack
# deadline of 90 s.
_DEADLINE_S: Final = 45.0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The project whose topics are used, stand-ins where configured, limits and log level of one function."""

    project: str
    endpoints: GoogleEndpoints
    limits: Limits
    level: str

    @classmethod
    def read(cls, environment: Environment) -> Surroundings:
        """Read what all functions are configured with."""
        return cls(
            project=environment.text("PRODGATE_PROJECT", PROJECT),
            endpoints=GoogleEndpoints(
                environment.google_endpoint("PRODGATE_GOOGLE_ENDPOINT"),
                environment.google_endpoint("PRODGATE_PUBSUB_ENDPOINT"),
            ),
            limits=Limits(
                deadline_s=environment.seconds("PRODGATE_DEADLINE_S", default=_DEADLINE_S),
                settling_s=environment.seconds("PRODGATE_SETTLING_S", default=limits.SETTLING_S),
            ),
            level=environment.text("PRODGATE_LOG_LEVEL", _LEVEL, default="INFO"),
        )

    def start_logging(self, function: str) -> Redactor:
        """Log as Cloud Logging reads it from now on."""
        return configure_logging(function, self.project, level=self.level)

    def channels(self, opened: AsyncExitStack) -> Channels:
        """Make the connections to Google's services."""
        return Channels(self.endpoints, opened)

    def publisher(self, channels: Channels) -> Publisher:
        """Connect to Pub/Sub."""
        transport = channels.transport(PublisherGrpcAsyncIOTransport, PublisherAsyncClient.DEFAULT_ENDPOINT)
        return Publisher(PublisherAsyncClient(transport=transport), self.project)
