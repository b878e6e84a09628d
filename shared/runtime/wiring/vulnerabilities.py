"""Artifact Analysis: what its scanner found."""

from __future__ import annotations

from grafeas.grafeas_v1 import GrafeasAsyncClient
from grafeas.grafeas_v1.services.grafeas.transports import GrafeasGrpcAsyncIOTransport

from shared.clients.vulnerabilities import Vulnerabilities
from shared.runtime.wiring.binauthz import CONTAINER_ANALYSIS
from shared.runtime.wiring.channel import Channels


def open_vulnerabilities(channels: Channels) -> Vulnerabilities:
    """Connect to Container Analysis for what its scanner found."""
    transport = channels.transport(GrafeasGrpcAsyncIOTransport, CONTAINER_ANALYSIS)
    return Vulnerabilities(GrafeasAsyncClient(transport=transport))
