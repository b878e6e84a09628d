"""The options by which a person says where and as whom registries are asked; shared by `pin` and `resolve`."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from cli.pin.asking import RegistryOptions
from cli.pin.logins import DockerLogins
from shared.clients.registry import Credentials, GoogleAccess, HostCredentials
from shared.runtime.config import is_loopback


@dataclass(frozen=True, slots=True)
class PersonalCredentials:
    """A person's Docker login where there is one, else Google's application default credentials for Google's hosts."""

    logins: DockerLogins
    google: HostCredentials

    def for_host(self, host: str) -> Credentials | None:
        """Choose by the host of an image's name."""
        return self.logins.for_host(host) or self.google.for_host(host)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--registry-config", type=Path, metavar="FILE", help="logins (default: those of docker login)")
    parser.add_argument("--registry-endpoint", action="append", default=[], metavar="HOST=URL", help="ask HOST at URL")


def read_options(options: argparse.Namespace) -> RegistryOptions:
    """Read the options.

    Raises:
        ValueError: an endpoint has another form, or the logins are not JSON.
        OSError: the logins cannot be read.
    """
    endpoints = dict(map(_endpoint, options.registry_endpoint))
    logins = DockerLogins.read(options.registry_config)
    google = HostCredentials({}, GoogleAccess(), stand_ins=endpoints)
    return RegistryOptions(endpoints, PersonalCredentials(logins, google))


def _endpoint(text: str) -> tuple[str, str]:
    host, equals, url = text.partition("=")
    if not equals or not (url.startswith("https://") or is_loopback(url)):
        message = f"--registry-endpoint {text}: it must be HOST=URL, https or to this machine"
        raise ValueError(message)
    return host, url.rstrip("/")
