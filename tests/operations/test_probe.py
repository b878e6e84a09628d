"""The probe goes through the functions that release, and nothing that it leaves behind can ever run."""

from __future__ import annotations

import io
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from google.cloud import binaryauthorization_v1, kms_v1
from grafeas import grafeas_v1
from grafeas.grafeas_v1 import Occurrence

from local.world.looking import differences
from local.world.names import APPS, ATTESTOR, GATE_PROJECT, KEY, KEY_RING, NOTE, PERSON_TOKEN, PROD_PROJECT, REPOSITORY
from local.world.world import World
from tests.company import release_posts, small_world
from tests.operations.declared import ROOT, rendered
from tests.operations.log_filter import compiled, entry_of
from tests.operations.runbook import Page

CANARY: Final = f"{APPS}/prodgate-canary"
PROBE_KEY: Final = f"{KEY_RING}/cryptoKeys/probe"
PROBE_VERSION: Final = f"{PROBE_KEY}/cryptoKeyVersions/1"
PROBE_ATTESTOR: Final = f"projects/{PROD_PROJECT}/attestors/probe-attestor"
PROBE_NOTE: Final = f"projects/{PROD_PROJECT}/notes/probe-attestor"
TRACE: Final = "0123456789abcdef" * 2
SUITES: Final = {
    "qa": {"attestor": ATTESTOR, "key_version": f"{KEY}/cryptoKeyVersions/1"},
    "probe": {"attestor": PROBE_ATTESTOR, "key_version": PROBE_VERSION},
}


@dataclass(frozen=True)
class Probed:
    """A released world with the probe set up: its commit, the canary by digest, and what it sends."""

    world: World
    commit: str
    canary: str
    declared: dict[str, Any]

    def probe(self) -> list[dict[str, Any]]:
        """Send both messages as Cloud Scheduler does; answer what the functions logged until all was done."""
        written = io.StringIO()
        with redirect_stdout(written):
            for message in self.declared["messages"].values():
                attributes = {"traceparent": f"00-{TRACE}-{TRACE[:16]}-01"}
                self.world.publish(message["topic"], message["data"].encode(), attributes)
            self.world.settle()
        return [dict(entry_of(json.loads(line), GATE_PROJECT)) for line in written.getvalue().splitlines()]


async def _found_signing(world: World) -> None:
    """Make the probe's own key, note and attestor, as infra/probe.tf does."""
    clients = world.clients
    purpose = kms_v1.CryptoKey.CryptoKeyPurpose.ASYMMETRIC_SIGN
    key = kms_v1.CryptoKey(purpose=purpose, version_template={"algorithm": "EC_SIGN_P256_SHA256"})
    await clients.kms.create_crypto_key(parent=KEY_RING, crypto_key_id="probe", crypto_key=key)
    note = grafeas_v1.Note(attestation={"hint": {"human_readable_name": "the probe"}})
    await clients.grafeas.create_note(parent=f"projects/{PROD_PROJECT}", note_id="probe-attestor", note=note)
    public = await clients.kms.get_public_key(name=PROBE_VERSION)
    trusted = binaryauthorization_v1.AttestorPublicKey(
        id=f"//cloudkms.googleapis.com/v1/{PROBE_VERSION}",
        pkix_public_key={"public_key_pem": public.pem, "signature_algorithm": "ECDSA_P256_SHA256"},
    )
    attestor = binaryauthorization_v1.Attestor(
        user_owned_grafeas_note={"note_reference": PROBE_NOTE, "public_keys": [trusted]}
    )
    await clients.binauthz.create_attestor(
        parent=f"projects/{PROD_PROJECT}", attestor_id="probe-attestor", attestor=attestor
    )


def _commit(world: World, folder: Path, digest: str) -> str:
    """Make the probe's commit with the very lines of docs/probe.md; answer it."""
    [_, lines] = Page(ROOT / "docs/probe.md").lines("set-it-up")
    url = world.cloud.github.clone_url(REPOSITORY, token=PERSON_TOKEN)
    subprocess.run(["git", "clone", "--quiet", url, folder], check=True)
    who = {f"GIT_{role}_{what}": "dana@mdo.example" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", lines],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder.parent), "CANARY": CANARY, "DIGEST": digest, **who},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def probed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Probed]:
    """A company that has released once, and has set up the probe."""
    with small_world(variables={"PRODGATE_SUITES": json.dumps(SUITES)}) as world:
        world.do(_found_signing(world))
        release_posts(world)
        digest = world.push_image(CANARY, "probe", content=b"nothing to run")
        commit = _commit(world, tmp_path_factory.mktemp("clone") / "environments", digest)
        run = "https://ci.mdo.example/runs/2"
        places = {"image": f"{CANARY}:probe", "repository": REPOSITORY, "commit": commit, "run": run}
        places |= {"project": GATE_PROJECT, "trace": TRACE}
        declared = rendered(ROOT / "infra/modules/probe/probe.yaml", places)
        world.settle()
        yield Probed(world, commit, f"{CANARY}@{digest}", declared)


def test_both_messages_come_through_all_functions(probed: Probed) -> None:
    """Two probes are started, and the metric by which availability is measured counts two that came through."""
    entries = probed.probe()

    through = [entry for entry in entries if compiled(probed.declared["metrics"]["through"]["filter"])(entry)]
    ended = {entry["labels"]["function"] for entry in entries if entry["labels"].get("event") == "event.done"}
    assert sorted(entry["labels"]["function"] for entry in through) == ["open_prod_pr", "pin_manifests"]
    assert ended == {"resolve_image", "pin_manifests", "attest_images", "open_prod_pr"}
    assert probed.world.rejected == []


def test_a_probe_that_is_given_up_did_not_come_through(probed: Probed) -> None:
    """Its attempt counts, since Cloud Scheduler logs it, and nothing stands against it."""
    probed.world.faults.fail("grafeas.ListNoteOccurrences", times=5, code="PERMISSION_DENIED")
    entries = probed.probe()

    fires = compiled(probed.declared["metrics"]["through"]["filter"])
    assert [entry["labels"]["function"] for entry in entries if fires(entry)] == ["pin_manifests"]
    assert len(probed.world.dead_letters) == 1


def test_what_cloud_scheduler_logs_is_counted_as_started(probed: Probed) -> None:
    """Its own entry for each attempt (cloud.google.com/scheduler/docs/logging), of the probe's jobs only."""
    fires = compiled(probed.declared["metrics"]["started"]["filter"])

    def attempt(job: str, kind: str = "AttemptStarted") -> dict[str, Any]:
        payload = {"@type": f"type.googleapis.com/google.cloud.scheduler.logging.{kind}"}
        return {"resource": {"type": "cloud_scheduler_job", "labels": {"job_id": job}}, "jsonPayload": payload}

    jobs = [f"prodgate-probe-{message}" for message in probed.declared["messages"]]
    assert all(fires(attempt(job)) for job in jobs)
    assert not fires(attempt(jobs[0], "AttemptFinished"))
    assert not fires(attempt("prodgate-release-check"))


def test_a_probe_changes_nothing(probed: Probed) -> None:
    """After the first one has attested the canary, 288 a day leave the world as it is, and no pull request ever."""
    probed.probe()
    before = probed.world.lasting_state()

    probed.probe()

    assert differences(before, probed.world.lasting_state()) == []
    assert len(probed.world.pull_requests) == 1


def test_dev_is_as_it_was(probed: Probed) -> None:
    """The commit is part of dev's history, and changed nothing of what is deployed there."""
    repository = probed.world.repository
    before, merged = repository.get_commit(probed.world.head("dev")).parents

    assert merged.sha == probed.commit
    assert probed.world.file("apps/posts.yaml") == probed.world.file("apps/posts.yaml", branch=before.sha)
    assert repository.compare(before.sha, "dev").files == []


def test_the_policy_of_prod_does_not_know_the_attestor(probed: Probed) -> None:
    """The canary has an attestation, by the probe's attestor alone; prod asks for another's."""
    probed.probe()
    policy = probed.world.do(probed.world.clients.binauthz.get_policy(name=f"projects/{PROD_PROJECT}/policy"))

    attested = {a.note for a in probed.world.attestations if f"{a.image}@{a.digest}" == probed.canary}
    assert attested == {PROBE_NOTE}
    assert list(policy.default_admission_rule.require_attestations_by) == [ATTESTOR]


def test_a_copy_of_its_signature_under_the_note_of_prod_counts_for_nothing(probed: Probed) -> None:
    """The signed bytes name no note, so a shared key would make the canary's attestation one of prod's."""
    world = probed.world
    probed.probe()
    [stolen] = [a for a in world.attestations if a.note == PROBE_NOTE]
    stored: Occurrence = world.do(world.clients.grafeas.get_occurrence(name=stolen.occurrence))
    copy = Occurrence(resource_uri=stored.resource_uri, note_name=NOTE, attestation=stored.attestation)

    answer = world.do(_validated(world, copy))

    assert (
        answer.result == binaryauthorization_v1.ValidateAttestationOccurrenceResponse.Result.ATTESTATION_NOT_VERIFIABLE
    )


async def _validated(world: World, copy: Occurrence) -> binaryauthorization_v1.ValidateAttestationOccurrenceResponse:
    transport = binaryauthorization_v1.ValidationHelperV1AsyncClient.get_transport_class("grpc_asyncio")
    channel = world.clients.binauthz.transport.grpc_channel
    client = binaryauthorization_v1.ValidationHelperV1AsyncClient(transport=transport(channel=channel))
    return await client.validate_attestation_occurrence(
        request={
            "attestor": ATTESTOR,
            "attestation": {
                "serialized_payload": copy.attestation.serialized_payload,
                "signatures": [
                    {"public_key_id": each.public_key_id, "signature": each.signature}
                    for each in copy.attestation.signatures
                ],
            },
            "occurrence_note": NOTE,
            "occurrence_resource_uri": copy.resource_uri,
        }
    )


def test_it_cannot_be_promoted_even_if_somebody_says_it_was_tested(probed: Probed) -> None:
    """CI's identity is stolen and says that the suite of prod passed for the probe's commit: a newer release is out."""
    before = probed.world.pull_requests

    probed.world.pass_tests(probed.commit)
    probed.world.settle()

    assert probed.world.pull_requests == before
