"""The options by which a person says which registries are asked, where, and as whom; shared by `pin` and `resolve`."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cli.pin.asking import RegistryOptions
from cli.pin.logins import DockerLogins
from shared.clients.registry import Beyond, Credentials, GoogleAccess, HostCredentials
from shared.domain.secret import SecretText
from shared.runtime.config import REGISTRY_PREFIX, TOKEN_ORIGIN, is_loopback


@dataclass(slots=True)
class FirstOf:
    """The first of two credentials that has a password."""

    first: Credentials
    second: Credentials
    chosen: Credentials | None = None

    @property
    def username(self) -> str:
        """The name of whichever had a password."""
        return (self.chosen or self.first).username

    @property
    def at_once(self) -> bool:
        """Not before it is known which of them it is."""
        return False

    async def password(self) -> SecretText | None:
        """Fetch the first one's password, else the second one's."""
        for credentials in (self.first, self.second):
            password = await credentials.password()
            if password is not None:
                self.chosen = credentials
                return password
        return None


@dataclass(frozen=True, slots=True)
class PersonalCredentials:
    """A person's Docker login where there is one, else Google's application default credentials for Google's hosts."""

    logins: DockerLogins
    google: HostCredentials

    def for_host(self, host: str) -> Credentials | None:
        """Choose by the host of an image's name."""
        login, google = self.logins.for_host(host), self.google.for_host(host)
        return FirstOf(login, google) if login and google else login or google


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "--registries",
        action="extend",
        nargs="+",
        default=[],
        metavar="PREFIX",
        help="ask only these, such as us-docker.pkg.dev/mdo/apps (default: any at a public address)",
    )
    parser.add_argument("--registry-config", type=Path, metavar="FILE", help="logins (default: those of docker login)")
    parser.add_argument("--registry-endpoint", action="append", default=[], metavar="HOST=URL", help="ask HOST at URL")
    parser.add_argument(
        "--token-origin", action="append", default=[], metavar="HOST=ORIGIN", help="HOST's tokens come from ORIGIN too"
    )
    parser.add_argument(
        "--registry-redirect", action="append", default=[], metavar="HOST=PREFIX", help="HOST may redirect to PREFIX"
    )


def read_options(options: argparse.Namespace) -> RegistryOptions:
    """Read the options; `--check` asks nobody, so it needs no logins either.

    Raises:
        ValueError: one of them has another form, or the logins are not what `docker login` writes.
        OSError: the logins cannot be read.
    """
    endpoints = dict(_endpoint(text) for text in options.registry_endpoint)
    beyond = Beyond(
        _lists("--token-origin", options.token_origin, TOKEN_ORIGIN),
        _lists("--registry-redirect", options.registry_redirect, REGISTRY_PREFIX),
    )
    for prefix in options.registries:
        _require_form("--registries", prefix, REGISTRY_PREFIX)
    asks_nobody = getattr(options, "check", False)
    logins = DockerLogins({}) if asks_nobody else DockerLogins.read(options.registry_config)
    google = HostCredentials({}, GoogleAccess(), stand_ins=endpoints)
    return RegistryOptions(endpoints, PersonalCredentials(logins, google), beyond, tuple(options.registries))


def _endpoint(text: str) -> tuple[str, str]:
    host, equals, url = text.partition("=")
    if not equals or not (url.startswith("https://") or is_loopback(url)):
        message = f"--registry-endpoint {text}: it must be HOST=URL, https or to this machine"
        raise ValueError(message)
    return host, url.rstrip("/")


def _lists(option: str, texts: Iterable[str], form: re.Pattern[str]) -> dict[str, tuple[str, ...]]:
    lists: dict[str, tuple[str, ...]] = {}
    for text in texts:
        host, _, value = text.partition("=")
        _require_form(option, value, form)
        lists[host] = (*lists.get(host, ()), value)
    return lists


def _require_form(option: str, value: str, form: re.Pattern[str]) -> None:
    if not form.fullmatch(value):
        message = f"{option} {value!r}: it is not of its form {form.pattern}"
        raise ValueError(message)
