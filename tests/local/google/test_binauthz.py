"""Binary Authorization of the stand-in, asked by the real clients."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from google.api_core.exceptions import Aborted, AlreadyExists, InvalidArgument, NotFound
from google.cloud import binaryauthorization_v1 as v1

from tests.local.google.running_google import (
    ATTESTOR,
    DIGEST,
    IMAGE,
    NOTE,
    attestation_of,
    key_id,
    payload_of,
    tell,
)

if TYPE_CHECKING:
    from grafeas.grafeas_v1 import AttestationOccurrence

    from tests.local.google.running_google import RunningGoogle

POLICY = "projects/acme/policy"
MODES = v1.AdmissionRule.EvaluationMode
RESULT = v1.ValidateAttestationOccurrenceResponse.Result


def _rule(mode: int, *attestors: str) -> v1.AdmissionRule:
    return v1.AdmissionRule(
        evaluation_mode=mode,
        enforcement_mode=v1.AdmissionRule.EnforcementMode.ENFORCED_BLOCK_AND_AUDIT_LOG,
        require_attestations_by=attestors,
    )


def test_a_fresh_project_allows_everything() -> None:
    """The policy that `gcloud container binauthz policy export` shows before anybody has set one."""

    async def story(google: RunningGoogle) -> None:
        policy = await google.binauthz.get_policy(name=POLICY)
        assert policy.default_admission_rule.evaluation_mode == MODES.ALWAYS_ALLOW
        assert policy.global_policy_evaluation_mode == v1.Policy.GlobalPolicyEvaluationMode.ENABLE
        system = await google.system_policy.get_system_policy(name="locations/europe-west1/policy")
        assert "gke.gcr.io/**" in [pattern.name_pattern for pattern in system.admission_whitelist_patterns]

    tell(story)


def test_an_update_replaces_the_whole_policy() -> None:
    """What the new one does not say is gone; an etag that is not the current one is refused."""

    async def story(google: RunningGoogle) -> None:
        fresh = await google.binauthz.get_policy(name=POLICY)
        wanted = v1.Policy(name=POLICY, default_admission_rule=_rule(MODES.REQUIRE_ATTESTATION, ATTESTOR))
        stored = await google.binauthz.update_policy(policy=wanted)
        assert await google.binauthz.get_policy(name=POLICY) == stored
        assert not stored.global_policy_evaluation_mode
        assert "update_time" in stored
        with pytest.raises(Aborted, match="etag"):
            await google.binauthz.update_policy(policy=fresh)
        await google.binauthz.update_policy(policy=stored)

    tell(story)


def test_a_policy_that_means_nothing_is_refused() -> None:
    """Attestors missing or out of place, two kinds of specific rules, no default."""
    allow, require = _rule(MODES.ALWAYS_ALLOW), _rule(MODES.REQUIRE_ATTESTATION)
    two_kinds = {"cluster_admission_rules": {"z.c": allow}, "kubernetes_namespace_admission_rules": {"n": allow}}

    async def story(google: RunningGoogle) -> None:
        for unfit in (
            v1.Policy(name=POLICY),
            v1.Policy(name=POLICY, default_admission_rule=require),
            v1.Policy(name=POLICY, default_admission_rule=_rule(MODES.ALWAYS_DENY, ATTESTOR)),
            v1.Policy(name=POLICY, default_admission_rule=v1.AdmissionRule(evaluation_mode=MODES.ALWAYS_DENY)),
            v1.Policy(name=POLICY, default_admission_rule=allow, **two_kinds),
            v1.Policy(name="projects/acme", default_admission_rule=allow),
        ):
            with pytest.raises(InvalidArgument):
                await google.binauthz.update_policy(policy=unfit)

    tell(story)


def test_an_attestor_is_the_same_in_v1_and_v1beta1() -> None:
    """`gcloud beta` reads `user_owned_drydock_note` where v1 says `user_owned_grafeas_note`."""

    async def story(google: RunningGoogle) -> None:
        version = await google.make_key()
        await google.make_attestor(version)
        stable = await google.binauthz.get_attestor(name=ATTESTOR)
        beta = await google.binauthz_beta.get_attestor(name=ATTESTOR)
        assert stable.user_owned_grafeas_note.note_reference == beta.user_owned_drydock_note.note_reference == NOTE
        assert beta.user_owned_drydock_note.public_keys[0].id == key_id(version)
        listed = await google.binauthz_beta.list_attestors(parent="projects/acme")
        assert [attestor.name async for attestor in listed] == [ATTESTOR]

    tell(story)


def test_attestors_are_updated_and_deleted_by_name() -> None:
    """A key without id gets the one that is made from its bytes; the note stays what it was."""

    async def story(google: RunningGoogle) -> None:
        await google.make_attestor(await google.make_key())
        attestor = await google.binauthz.get_attestor(name=ATTESTOR)
        attestor.user_owned_grafeas_note.public_keys[0].id = ""
        updated = await google.binauthz.update_attestor(attestor=attestor)
        assert updated.user_owned_grafeas_note.public_keys[0].id.startswith("ni:///sha-256;")
        assert "=" not in updated.user_owned_grafeas_note.public_keys[0].id
        updated.user_owned_grafeas_note.note_reference = "projects/acme/notes/other"
        with pytest.raises(InvalidArgument, match="note_reference"):
            await google.binauthz.update_attestor(attestor=updated)
        await google.binauthz.delete_attestor(name=ATTESTOR)
        with pytest.raises(NotFound, match="Requested entity was not found"):
            await google.binauthz.get_attestor(name=ATTESTOR)

    tell(story)


def test_an_attestor_that_could_not_work_is_refused() -> None:
    """Made twice, without note, or with a key that is none."""

    async def story(google: RunningGoogle) -> None:
        version = await google.make_key()
        await google.make_attestor(version)
        with pytest.raises(AlreadyExists):
            await google.make_attestor(version)
        broken = {"pkix_public_key": {"public_key_pem": "no PEM"}}
        for note in ({}, {"note_reference": NOTE, "public_keys": [broken]}):
            with pytest.raises(InvalidArgument):
                await google.binauthz.create_attestor(
                    parent="projects/acme", attestor_id="prod", attestor={"user_owned_grafeas_note": note}
                )

    tell(story)


async def _validate(
    google: RunningGoogle, attestation: AttestationOccurrence, *, note: str = NOTE, image: str = IMAGE
) -> v1.ValidateAttestationOccurrenceResponse:
    return await google.validation.validate_attestation_occurrence(
        v1.ValidateAttestationOccurrenceRequest(
            attestor=ATTESTOR, attestation=attestation, occurrence_note=note, occurrence_resource_uri=image
        )
    )


@pytest.mark.parametrize(
    ("algorithm", "name"),
    [
        ("EC_SIGN_P256_SHA256", "ECDSA_P256_SHA256"),
        ("RSA_SIGN_PSS_2048_SHA256", "RSA_PSS_2048_SHA256"),
        ("RSA_SIGN_PKCS1_2048_SHA256", "RSA_SIGN_PKCS1_2048_SHA256"),
    ],
)
def test_a_true_attestation_is_verified(algorithm: str, name: str) -> None:
    """A signature of the payload itself or of its DSSE encoding, whatever scheme precedes the image."""

    async def story(google: RunningGoogle) -> None:
        version = await google.make_key(algorithm=algorithm)
        await google.make_attestor(version, name)
        payload = payload_of(DIGEST)
        dsse_type = b"application/vnd.dev.cosign.simplesigning.v1+json"
        encoded = b" ".join([b"DSSEv1", b"%d" % len(dsse_type), dsse_type, b"%d" % len(payload), payload])
        for signed in (payload, encoded):
            attestation = attestation_of(payload, version, await google.sign(version, signed))
            for image in (IMAGE, f"https://{IMAGE}"):
                answer = await _validate(google, attestation, image=image)
                assert (answer.result, answer.denial_reason) == (RESULT.VERIFIED, "")

    tell(story)


def test_a_false_attestation_is_not_verifiable() -> None:
    """Each defect on its own: image, note, payload, signature, key id, key."""
    other = f"sha256:{'b' * 64}"

    async def story(google: RunningGoogle) -> None:
        version = await google.make_key()
        await google.make_attestor(version)
        rotated = (await google.kms.create_crypto_key_version(parent=version.rpartition("/cryptoKeyV")[0])).name
        payload = payload_of(DIGEST)
        signature, stranger = await google.sign(version, payload), await google.sign(rotated, payload)
        good = attestation_of(payload, version, signature)
        nonsense = attestation_of(b"[]", version, await google.sign(version, b"[]"))
        for attestation, place, words in (
            (good, {"image": f"h.example/team/image@{other}"}, "does not attest"),
            (good, {"image": "h.example/team/image:latest"}, "Expected digest with sha256 scheme"),
            (good, {"note": "projects/acme/notes/other"}, "not the note of attestor"),
            (nonsense, {}, "does not attest"),
            (attestation_of(payload, version, signature[:-1]), {}, "No attestations found"),
            (attestation_of(payload + b" ", version, signature), {}, "No attestations found"),
            (attestation_of(payload, rotated, stranger), {}, "No attestations found"),
            (attestation_of(payload, version, stranger), {}, "No attestations found"),
            (attestation_of(payload, rotated, signature), {}, "No attestations found"),
        ):
            answer = await _validate(google, attestation, **place)
            assert answer.result == RESULT.ATTESTATION_NOT_VERIFIABLE
            assert words in answer.denial_reason

    tell(story)


@pytest.mark.parametrize(
    ("algorithm", "name"),
    [
        ("EC_SIGN_P256_SHA256", "ECDSA_P384_SHA384"),
        ("EC_SIGN_P256_SHA256", "RSA_PSS_2048_SHA256"),
        ("RSA_SIGN_PSS_2048_SHA256", "RSA_PSS_3072_SHA256"),
        ("RSA_SIGN_PSS_2048_SHA256", "RSA_SIGN_PKCS1_2048_SHA256"),
    ],
)
def test_a_key_under_the_wrong_algorithm_trusts_nothing(algorithm: str, name: str) -> None:
    """An attestor may say of a key what it is not: its signatures then do not verify."""

    async def story(google: RunningGoogle) -> None:
        version = await google.make_key(algorithm=algorithm)
        await google.make_attestor(version, name)
        payload = payload_of(DIGEST)
        attestation = attestation_of(payload, version, await google.sign(version, payload))
        assert (await _validate(google, attestation)).result == RESULT.ATTESTATION_NOT_VERIFIABLE

    tell(story)
