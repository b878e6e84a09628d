"""The literal command lines of an operator against the stand-in."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from typing import TYPE_CHECKING

import pytest
from google.cloud import kms_v1

from tests.local.google.running_google import ATTESTOR, IMAGE, NOTE, key_id, running_google

if TYPE_CHECKING:
    from pathlib import Path

    from tests.local.google.running_google import RunningGoogle

pytestmark = [
    pytest.mark.gcloud,
    pytest.mark.skipif(shutil.which("gcloud") is None, reason="gcloud is not installed: cloud.google.com/sdk"),
]

SERVICES = ("CLOUDKMS", "BINARYAUTHORIZATION", "CONTAINERANALYSIS", "SECRETMANAGER")
KEY_VERSION_FLAGS = ("--location=europe-west1", "--keyring=gate", "--key=signer")


class Gcloud:
    """The command, with a configuration of its own and every endpoint on the stand-in."""

    def __init__(self, google: RunningGoogle, config: Path) -> None:
        self._environment = {
            **os.environ,
            "CLOUDSDK_CONFIG": str(config),
            "CLOUDSDK_AUTH_DISABLE_CREDENTIALS": "true",
            "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
            "CLOUDSDK_CORE_PROJECT": "acme",
            "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "true",
            **{f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{service}": f"{google.http_url}/" for service in SERVICES},
        }

    async def run(self, *arguments: str) -> str:
        """Return what the command printed; its error text when it failed."""
        process = await asyncio.create_subprocess_exec(
            "gcloud",
            *arguments,
            env=self._environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, errors = await asyncio.wait_for(process.communicate(), timeout=60)
        return out.decode() if process.returncode == 0 else errors.decode()


def test_an_operator_reads_keys_secrets_and_the_policy(tmp_path: Path) -> None:
    """Read the public key, a secret, and export the policy; an unknown secret is refused in the real words."""

    async def story() -> None:
        async with running_google() as google:
            gcloud = Gcloud(google, tmp_path)
            version = await google.make_key()
            secret = {"replication": {"automatic": {}}}
            await google.secrets.create_secret(parent="projects/acme", secret_id="s", secret=secret)
            await google.secrets.add_secret_version(parent="projects/acme/secrets/s", payload={"data": b"hidden"})
            pem = (await google.kms.get_public_key(name=version)).pem
            shown = await gcloud.run("kms", "keys", "versions", "get-public-key", "1", *KEY_VERSION_FLAGS)
            assert pem.strip() in shown
            assert await gcloud.run("secrets", "versions", "access", "latest", "--secret=s") == "hidden"
            refused = await gcloud.run("secrets", "versions", "access", "latest", "--secret=none")
            assert "NOT_FOUND: Secret [projects/acme/secrets/none] not found or has no versions." in refused
            assert "evaluationMode: ALWAYS_ALLOW" in await gcloud.run("container", "binauthz", "policy", "export")

    asyncio.run(story())


def test_gcloud_signs_with_checksums(tmp_path: Path) -> None:
    """`kms asymmetric-sign` checks every CRC32C for itself, and would refuse a wrong one."""

    async def story() -> None:
        async with running_google() as google:
            await google.make_key()
            message, signature = tmp_path / "message", tmp_path / "signature"
            message.write_bytes(b"to be signed")
            files = (f"--input-file={message}", f"--signature-file={signature}")
            flags = ("--version=1", "--digest-algorithm=sha256", *KEY_VERSION_FLAGS, *files)
            assert await Gcloud(google, tmp_path / "config").run("kms", "asymmetric-sign", *flags) == ""
            assert signature.read_bytes()[0] == 0x30

    asyncio.run(story())


def test_gcloud_attests_and_lists(tmp_path: Path) -> None:
    """Sign and create with `--validate`, once only; the attestation is listed, and stored as gcloud made it."""

    async def story() -> None:
        async with running_google() as google:
            gcloud = Gcloud(google, tmp_path)
            version = await google.make_key()
            await google.make_note()
            await google.make_attestor(version)
            attestations = ("beta", "container", "binauthz", "attestations")
            create = (
                *attestations,
                "sign-and-create",
                "--validate",
                f"--artifact-url={IMAGE}",
                f"--attestor={ATTESTOR}",
                f"--keyversion={version}",
                f"--public-key-id-override={key_id(version)}",
            )
            assert "ATTESTATION_NOT_VERIFIABLE" not in await gcloud.run(*create)
            assert "already exists" in await gcloud.run(*create)
            listed = await gcloud.run(
                *attestations, "list", f"--attestor={ATTESTOR}", f"--artifact-url={IMAGE}", "--format=json"
            )
            [attestation] = json.loads(listed)
            assert (attestation["noteName"], attestation["resourceUri"]) == (NOTE, IMAGE)
            [stored] = [found async for found in await google.grafeas.list_note_occurrences(name=NOTE)]
            assert stored.attestation.signatures[0].public_key_id == key_id(version)
            assert google.faults.calls("binauthz.ValidateAttestationOccurrence")

    asyncio.run(story())


def test_gcloud_rotates_a_key(tmp_path: Path) -> None:
    """A new version, the old one disabled: what the runbook of a rotation says."""

    async def story() -> None:
        async with running_google() as google:
            gcloud = Gcloud(google, tmp_path)
            version = await google.make_key()
            await gcloud.run("kms", "keys", "versions", "create", *KEY_VERSION_FLAGS)
            await gcloud.run("kms", "keys", "versions", "disable", "1", *KEY_VERSION_FLAGS)
            listed = await google.kms.list_crypto_key_versions(parent=version.rpartition("/cryptoKeyV")[0])
            states = [found.state async for found in listed]
            known = kms_v1.CryptoKeyVersion.CryptoKeyVersionState
            assert states == [known.DISABLED, known.ENABLED]

    asyncio.run(story())
