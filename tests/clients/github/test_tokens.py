"""Minting tokens over the wire: when, for what, and which name each refusal of GitHub's is given."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, TypeVar

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)

from local.faults import Faults
from local.github import GitHubStandIn
from local.github.auth import Installation
from local.world.apps import private_key, public_key
from shared.clients.github.tokens import AppInstallation, Grant, InstallationTokens, StoredToken, StoredTokens, Vault
from shared.domain.errors import Fault, Unavailable
from shared.domain.secret import SecretText

_T = TypeVar("_T")
MINT: Final = "github.apps/create-installation-access-token"
APP: Final = AppInstallation("Iv23example", 77, "projects/p/secrets/key/versions/1")
KEEPING: Final = replace(APP, keeps_tokens=True)
GRANT: Final = Grant("mdo/environments", {"contents": "read"})


@dataclass
class Minting:
    """A stand-in with an App on it, what the vault holds and has hidden, and the time that the client goes by."""

    hub: GitHubStandIn
    faults: Faults
    key: str = field(default_factory=lambda: private_key("example"))
    hidden: list[str] = field(default_factory=list)
    ahead_s: float = 0.0

    def tokens(
        self, executor: ThreadPoolExecutor, app: AppInstallation = APP, grant: Grant = GRANT
    ) -> InstallationTokens:
        """Make the client."""
        vault = Vault(self._read, self.hidden.append)
        url = self.hub.url
        return InstallationTokens(app, grant, vault, api_url=url, executor=executor, clock=self._clock)

    def run(
        self, work: Callable[[InstallationTokens], Awaitable[_T]], app: AppInstallation = APP, grant: Grant = GRANT
    ) -> _T:
        """Work with a client of the running stand-in."""

        async def running() -> _T:
            await self.hub.start()
            try:
                with ThreadPoolExecutor(2) as executor:
                    return await work(self.tokens(executor, app, grant))
            finally:
                await self.hub.stop()

        return asyncio.run(running())

    def refused(self, app: AppInstallation = APP, grant: Grant = GRANT) -> Unavailable:
        """Ask for a token in vain."""
        with pytest.raises(Unavailable) as caught:
            self.run(lambda tokens: tokens.current(), app, grant)
        return caught.value

    async def _read(self, name: str) -> SecretText:
        assert name == APP.key_secret
        return SecretText(self.key)

    def _clock(self) -> float:
        return time.time() + self.ahead_s


@pytest.fixture
def minting(tmp_path: Path) -> Minting:
    """An App that may read contents of one repository out of two."""
    faults = Faults()
    hub = GitHubStandIn(tmp_path / "hub", faults)
    hub.create_repository("mdo/environments")
    hub.create_repository("mdo/payroll")
    granted = Installation(77, {"contents": "read", "metadata": "read"}, ("mdo/environments",))
    hub.add_app("example", APP.client_id, public_key(private_key("example")), granted)
    return Minting(hub, faults)


def test_a_kept_token_is_minted_once_and_hidden_before_it_is_used(minting: Minting) -> None:
    """Ten events at the same time are one request; the JWT is hidden as well."""

    async def ten_times(tokens: InstallationTokens) -> set[str]:
        return {token.reveal() for token in await asyncio.gather(*(tokens.current() for _ in range(10)))}

    (token,) = minting.run(ten_times, KEEPING)

    assert minting.faults.calls(MINT) == {MINT: 1}
    assert minting.hidden == [*minting.hub.accounts.proofs, token]


def test_each_event_has_a_token_of_its_own(minting: Minting) -> None:
    """Who takes the key away stops the function at its next event."""

    async def twice(tokens: InstallationTokens) -> set[str]:
        return {token.reveal() for token in await asyncio.gather(tokens.current(), tokens.current())}

    found = minting.run(twice)

    assert len(found) == 2
    assert minting.faults.calls(MINT) == {MINT: 2}
    assert found < set(minting.hidden)


@pytest.mark.parametrize(("later_s", "minted"), [(3200, 1), (3400, 2)])
def test_a_kept_token_near_its_end_is_replaced(minting: Minting, later_s: float, minted: int) -> None:
    """It must outlast the event that begins with it."""

    async def twice(tokens: InstallationTokens) -> None:
        await tokens.current()
        minting.ahead_s = later_s
        await tokens.current()

    if minted == 1:
        minting.run(twice, KEEPING)
    else:
        with pytest.raises(Unavailable, match="'exp'"):  # asked for, by a clock that is not GitHub's
            minting.run(twice, KEEPING)
    assert minting.faults.calls(MINT) == {MINT: minted}


def test_a_kept_token_that_was_not_taken_is_replaced(minting: Minting) -> None:
    """GitHub said 401 or 403, so the kept one is no good."""

    async def twice(tokens: InstallationTokens) -> bool:
        first = await tokens.current()
        tokens.forget()
        return (await tokens.current()).reveal() != first.reveal()

    assert minting.run(twice, KEEPING)


@pytest.mark.parametrize("skew_s", [-240.0, 50.0])
def test_a_clock_that_is_a_little_wrong_does_not_matter(minting: Minting, skew_s: float) -> None:
    """GitHub refuses a JWT from the future, and one that has ended."""
    minting.ahead_s = skew_s

    assert minting.run(lambda tokens: tokens.current())


@pytest.mark.parametrize("skew_s", [-400.0, 900.0])
def test_a_clock_that_is_very_wrong_is_said(minting: Minting, skew_s: float) -> None:
    """The sentence is GitHub's."""
    minting.ahead_s = skew_s

    error = minting.refused()

    assert error.fault is Fault.MISCONFIGURED
    assert "401 'Expiration time' claim ('exp')" in error.detail


@pytest.mark.parametrize(
    ("app", "grant", "words"),
    [
        (replace(APP, client_id="Iv23other"), GRANT, "401 A JSON web token could not be decoded"),
        (replace(APP, installation=78), GRANT, "installation 78: 404 Not Found"),
        (APP, Grant("mdo/payroll", {"contents": "read"}), "422 There is at least one repository that does not exist"),
        (APP, Grant("mdo/environments", {"contents": "write"}), "422 The permissions requested are not granted"),
    ],
)
def test_what_a_person_must_mend_says_so(minting: Minting, app: AppInstallation, grant: Grant, words: str) -> None:
    """App, installation, repository and permissions stand in the sentence, beside GitHub's own."""
    error = minting.refused(app, grant)

    assert error.fault is Fault.MISCONFIGURED
    assert words in error.detail
    assert f"{grant.repository} (contents: {grant.permissions['contents']})" in error.detail


def test_a_suspended_installation_says_so(minting: Minting) -> None:
    """Somebody has the App rest."""
    app = minting.hub.accounts.apps[APP.client_id]
    minting.hub.accounts.apps[APP.client_id] = replace(app, installed=replace(app.installed, suspended=True))

    assert "403 This installation has been suspended" in minting.refused().detail


def of_another_kind() -> str:
    """A private key that is not RSA."""
    return pem_of(ec.generate_private_key(ec.SECP256R1()), NoEncryption())


def encrypted() -> str:
    """A private key that needs a password."""
    return pem_of(rsa.generate_private_key(65537, 2048), BestAvailableEncryption(b"password"))


def damaged() -> str:
    """A private key whose exponent is another one: whoever sees what it signs could compute more of it."""
    found = rsa.generate_private_key(65537, 2048).private_numbers()
    fields = {name: getattr(found, name) for name in ("p", "q", "dmq1", "iqmp", "public_numbers")}
    numbers = rsa.RSAPrivateNumbers(d=found.d + 2, dmp1=found.dmp1 + 2, **fields)
    return pem_of(numbers.private_key(unsafe_skip_rsa_key_validation=True), NoEncryption())


def pem_of(key: PrivateKeyTypes, encryption: KeySerializationEncryption) -> str:
    """Write a private key as GitHub and people do."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption).decode()


NO_KEYS: Final[dict[str, Callable[[], str]]] = {
    "nothing": str,
    "some text": lambda: "no key",
    "cut": lambda: "-----BEGIN RSA PRIVATE KEY-----\nMIIB\n-----END RSA PRIVATE KEY-----",
    "public": lambda: public_key(private_key("example")),
    "of another kind": of_another_kind,
    "encrypted": encrypted,
    "damaged": damaged,
}


@pytest.mark.parametrize("what", NO_KEYS)
def test_a_key_that_is_none_is_named_and_not_shown(minting: Minting, what: str) -> None:
    """What is in the secret may be another secret; and what a damaged key signs goes nowhere."""
    minting.key = NO_KEYS[what]()

    error = minting.refused()

    assert (error.fault, error.detail) == (Fault.MISCONFIGURED, f"{APP.key_secret} is no RSA private key in PEM")
    assert minting.faults.calls(MINT) == {}
    assert error.__cause__ is None


@pytest.mark.parametrize(
    ("code", "fault"),
    [("RESOURCE_EXHAUSTED", Fault.RATE_LIMITED), ("RATE_LIMIT_429", Fault.RATE_LIMITED)],
)
def test_a_limit_is_waited_for_by_pubsub(minting: Minting, code: str, fault: Fault) -> None:
    """GitHub may ask for an hour; no function waits that long."""
    minting.faults.fail(MINT, code=code)

    assert minting.refused().fault is fault
    assert minting.faults.calls(MINT) == {MINT: 1}


def test_a_stumble_is_retried_and_a_fall_is_unavailable(minting: Minting) -> None:
    """Whether the first try minted one or not: nobody has it."""
    minting.faults.fail(MINT, code="INTERNAL")
    minting.faults.lose_reply(MINT)
    assert minting.run(lambda tokens: tokens.current())

    minting.faults.fail(MINT, times=3)
    assert minting.refused().fault is Fault.UNREACHABLE


def test_nobody_there_is_unavailable(minting: Minting) -> None:
    """The sentence names no token, and no JWT."""
    minting.hub.url = "http://127.0.0.1:1"

    async def work() -> None:
        with ThreadPoolExecutor(1) as executor:
            await minting.tokens(executor).current()

    with pytest.raises(Unavailable) as caught:
        asyncio.run(work())

    assert caught.value.fault is Fault.UNREACHABLE
    assert not [secret for secret in minting.hidden if secret in caught.value.detail]


def test_a_stored_token_is_read_each_time() -> None:
    """A new version counts at once, and nothing is kept."""
    versions = iter(["first", "second"])

    async def read(name: str) -> SecretText:
        assert name == "projects/p/secrets/token/versions/latest"
        return SecretText(next(versions))

    tokens = StoredTokens(StoredToken("projects/p/secrets/token/versions/latest"), Vault(read, lambda _: None))

    assert asyncio.run(tokens.current()).reveal() == "first"
    tokens.forget()
    assert asyncio.run(tokens.current()).reveal() == "second"
