"""What counts as attested: signed by a key that the attestor trusts now, about these very bytes, stored, read back."""

from __future__ import annotations

import json
from typing import Final

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from google.cloud import binaryauthorization_v1, kms_v1
from grafeas import grafeas_v1

from local.world.attesting import payload_of
from local.world.names import ATTEST, ATTESTOR, KEY, PROD_PROJECT
from local.world.world import World
from shared.domain.attestors import key_id
from tests.company import DIGEST, POSTS, pin_posts, release_posts, small_world
from tests.conftest import Logs

VERSION: Final = f"{KEY}/cryptoKeyVersions/1"
OTHER_NOTE: Final = f"projects/{PROD_PROJECT}/notes/somebody-elses"


def faults(logs: Logs) -> list[tuple[str, str]]:
    """The names and the sentences of what was unavailable, each once."""
    entries = [entry for entry in logs() if "fault" in entry["logging.googleapis.com/labels"]]
    seen = [(entry["logging.googleapis.com/labels"]["fault"], entry["message"]) for entry in entries]
    return list(dict.fromkeys(seen))


def refused_proofs(logs: Logs) -> list[str]:
    """Why occurrences that were found did not count."""
    entries = [e for e in logs() if e["logging.googleapis.com/labels"].get("event") == "proof.refused"]
    return list(dict.fromkeys(entry["message"].partition(" does not count: ")[2] for entry in entries))


def signers(world: World, occurrence: str) -> list[str]:
    """The ids of the keys that are said to have signed an attestation."""
    stored = world.do(world.clients.grafeas.get_occurrence(name=occurrence))
    return [signature.public_key_id for signature in stored.attestation.signatures]


def make_note(world: World, name: str) -> None:
    """Make another attestation note in the prod project."""
    note = grafeas_v1.Note(attestation={"hint": {"human_readable_name": "other"}})
    parent, _, note_id = name.rpartition("/notes/")
    world.do(world.clients.grafeas.create_note(parent=parent, note_id=note_id, note=note))


def drop_first_key(world: World) -> None:
    """Take the oldest key off the attestor."""
    attestor = world.do(world.clients.binauthz.get_attestor(name=ATTESTOR))
    del attestor.user_owned_grafeas_note.public_keys[0]
    world.do(world.clients.binauthz.update_attestor(attestor=attestor))


def test_an_attestation_that_somebody_else_made_rightly_is_accepted(world: World) -> None:
    """An operator may attest with gcloud; what verifies counts, whoever stored it, and nothing is signed again."""
    made = world.attest(pin_posts(world))

    world.pass_tests()
    world.settle()

    assert [seen.occurrence for seen in world.attestations] == [made]
    assert world.faults.calls("kms.AsymmetricSign") == {"kms.AsymmetricSign": 1}
    assert len(world.pull_requests) == 1


def test_an_attestation_of_the_same_digest_under_another_name_counts(world: World) -> None:
    """Binary Authorization matches by digest alone, and so does the search for proof."""
    image = pin_posts(world)
    digest = image.partition("@")[2]
    made = world.attest(f"europe-docker.pkg.dev/mdo/mirror/posts@{digest}")

    world.pass_tests()
    world.settle()

    assert [seen.occurrence for seen in world.attestations] == [made]


def test_a_signature_by_a_stranger_under_a_trusted_keys_name_is_replaced(world: World, logs: Logs) -> None:
    """A key id is a claim. The forged one would keep ours out for ever, so ours takes its place in the occurrence."""
    image = pin_posts(world)
    forged = world.attest(image, key=ec.generate_private_key(ec.SECP256R1()))
    logs()

    commit = str(world.pass_tests()["commit"])
    world.settle()

    assert refused_proofs(logs) == [f"none of its 1 signatures is by a key of {ATTESTOR}"]
    assert [seen.occurrence for seen in world.attestations] == [forged]
    assert signers(world, forged) == [key_id(VERSION)]
    assert [status.context for status in world.statuses(commit)] == ["prodgate/qa"]


def test_an_attestation_by_a_key_that_is_gone_is_signed_by_the_new_one_too(logs: Logs) -> None:
    """This is what a rotation leaves: the old signature stays, as long as it may, and the new one counts."""
    new = f"{KEY}/cryptoKeyVersions/2"
    with small_world(
        variables={"PRODGATE_SUITES": json.dumps({"qa": {"attestor": ATTESTOR, "key_version": new}})}
    ) as world:
        made = world.attest(pin_posts(world))
        assert world.rotate_key() == new
        drop_first_key(world)

        world.pass_tests()
        world.settle()

        assert [seen.occurrence for seen in world.attestations] == [made]
        assert signers(world, made) == [key_id(VERSION), key_id(new)]
        assert len(world.pull_requests) == 1


FOREIGN: Final = payload_of(f"{POSTS}@{DIGEST}")


def test_an_attestation_of_something_else_in_the_way_stops_the_release(world: World, logs: Logs) -> None:
    """Our signature does not go under words that are not ours, and what others stored is not ours to delete."""
    image = pin_posts(world)
    foreign = world.attest(image, payload=FOREIGN)
    logs()

    commit = str(world.pass_tests()["commit"])
    world.settle()

    ((fault, sentence),) = faults(logs)
    assert fault == "payload-of-another-image"
    assert sentence.startswith(f"{image} has the attestation {foreign}, whose payload names {DIGEST}, so that no")
    assert sentence.endswith("set PRODGATE_REPLACE_ATTESTATIONS")
    assert [seen.occurrence for seen in world.attestations] == [foreign]
    assert world.statuses(commit) == []
    assert len(world.dead_letters) == 1


@pytest.mark.parametrize("takes_updates", [True, False])
def test_an_attestation_in_the_way_is_replaced_where_configuration_allows_it(*, takes_updates: bool) -> None:
    """Deleted first only if it must be: one that takes our signature keeps its place, and its name."""
    with small_world(variables={"PRODGATE_REPLACE_ATTESTATIONS": "delete-and-create"}) as world:
        image = pin_posts(world)
        world.cloud.analysis.takes_updates = takes_updates
        forged = world.attest(image, key=ec.generate_private_key(ec.SECP256R1()))

        world.pass_tests()
        world.settle()

        (seen,) = world.attestations
        assert (seen.occurrence == forged) is takes_updates
        assert signers(world, seen.occurrence) == [key_id(VERSION)]
        assert len(world.pull_requests) == 1


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (payload_of(f"{POSTS}@{DIGEST}"), f"its payload names {DIGEST}, not "),
        (b"approved", "the payload is not strict JSON"),
        (b'{"critical":{"type":"cosign container image signature"}}', "the payload: critical: type is "),
    ],
    ids=["another digest", "no JSON", "another type"],
)
def test_a_trusted_signature_of_another_payload_attests_nothing(
    world: World, logs: Logs, payload: bytes, why: str
) -> None:
    """The key signs many images: what counts is which one the signed bytes name, not where they are stored."""
    image = pin_posts(world)
    world.attest(f"{image.replace('mdo-posts', 'mirror')}", payload=payload)
    logs()

    world.pass_tests()
    world.settle()

    refusals = refused_proofs(logs)
    assert len(refusals) == 1
    assert refusals[0].startswith(why)
    assert image in [f"{seen.image}@{seen.digest}" for seen in world.attestations]


def test_an_attestation_under_another_note_does_not_count(world: World) -> None:
    """Another attestor's note says other things; ours is made beside it."""
    image = pin_posts(world)
    make_note(world, OTHER_NOTE)
    world.attest(image, note=OTHER_NOTE)

    world.pass_tests()
    world.settle()

    assert len(world.attestations) == 2
    assert len(world.pull_requests) == 1


def test_a_key_that_is_not_on_the_attestor_signs_nothing(world: World, logs: Logs) -> None:
    """GKE would not admit the image, so nothing is signed, nothing stored, and no status set."""
    pin_posts(world)
    world.rotate_key()
    drop_first_key(world)
    logs()

    commit = str(world.pass_tests()["commit"])
    world.settle()

    key = f"//cloudkms.googleapis.com/v1/{KEY}/cryptoKeyVersions/1"
    assert faults(logs) == [("key-not-on-attestor", f"{ATTESTOR} does not trust {key}")]
    assert world.faults.calls("kms.AsymmetricSign") == {}
    assert world.attestations == []
    assert world.statuses(commit) == []


def test_an_attestor_without_a_key_attests_nothing(world: World, logs: Logs) -> None:
    """Empty means no: an attestor that trusts nobody proves nothing."""
    pin_posts(world)
    drop_first_key(world)
    logs()

    world.pass_tests()
    world.settle()

    assert faults(logs) == [("attestor-without-keys", f"{ATTESTOR} has no keys; it can attest nothing")]
    assert world.attestations == []


def test_a_key_of_another_algorithm_signs_nothing(world: World, logs: Logs) -> None:
    """What the attestor says about a key must be what prodgate signs with; nothing is guessed."""
    pin_posts(world)
    attestor = world.do(world.clients.binauthz.get_attestor(name=ATTESTOR))
    key = attestor.user_owned_grafeas_note.public_keys[0].pkix_public_key
    key.signature_algorithm = binaryauthorization_v1.PkixPublicKey.SignatureAlgorithm.ECDSA_P384_SHA384
    world.do(world.clients.binauthz.update_attestor(attestor=attestor))
    logs()

    world.pass_tests()
    world.settle()

    ((fault, sentence),) = faults(logs)
    assert fault == "key-algorithm-differs"
    assert sentence.endswith(f"KMS signs with ECDSA_P256_SHA256, {ATTESTOR} lists it as 'ECDSA_P384_SHA384'")
    assert world.faults.calls("kms.AsymmetricSign") == {}
    assert world.attestations == []


def test_another_public_key_under_the_keys_name_signs_nothing(world: World, logs: Logs) -> None:
    """The attestor may hold another public key under our key's name; GKE would verify with that one."""
    pin_posts(world)
    other = world.do(world.clients.kms.create_crypto_key_version(parent=KEY, crypto_key_version={}))
    pem = world.do(world.clients.kms.get_public_key(name=other.name)).pem
    attestor = world.do(world.clients.binauthz.get_attestor(name=ATTESTOR))
    attestor.user_owned_grafeas_note.public_keys[0].pkix_public_key.public_key_pem = pem
    world.do(world.clients.binauthz.update_attestor(attestor=attestor))
    logs()

    commit = str(world.pass_tests()["commit"])
    world.settle()

    ((fault, sentence),) = faults(logs)
    assert (fault, sentence) == (
        "public-key-differs",
        f"{ATTESTOR} lists another public key for {KEY}/cryptoKeyVersions/1 than KMS",
    )
    assert world.attestations == []
    assert world.statuses(commit) == []


def test_a_disabled_key_version_signs_nothing(world: World, logs: Logs) -> None:
    """Whoever disables the key stops releases, and finds them waiting among the dead letters."""
    pin_posts(world)
    version = kms_v1.CryptoKeyVersion(name=f"{KEY}/cryptoKeyVersions/1", state="DISABLED")
    world.do(world.clients.kms.update_crypto_key_version(crypto_key_version=version, update_mask={"paths": ["state"]}))
    logs()

    world.pass_tests()
    world.settle()

    ((fault, sentence),) = faults(logs)
    assert fault == "unusable-key"
    assert sentence.startswith(f"{KEY}/cryptoKeyVersions/1 cannot sign: ")
    assert sentence.endswith("is not enabled, current state is: DISABLED.")
    assert len(world.dead_letters) == 1
    assert world.attestations == []


def test_after_a_rotation_old_attestations_still_count(world: World) -> None:
    """A new key version beside the old one changes nothing about what is attested already."""
    release_posts(world)
    (attested,) = world.attestations
    world.rotate_key()
    world.commit_to_dev({"README.md": b"Our environments.\n"})

    tested = str(world.pass_tests()["commit"])
    world.settle()

    assert world.attestations == [attested]
    assert [status.context for status in world.statuses(tested)] == ["prodgate/qa"]


def test_once_the_old_key_is_taken_away_its_attestations_count_no_more(world: World, logs: Logs) -> None:
    """Taking a key off the attestor is how a company says that it was stolen."""
    release_posts(world)
    world.rotate_key()
    drop_first_key(world)
    logs()

    world.replay()
    world.settle()

    why = f"none of its 1 signatures is by a key of {ATTESTOR}"
    assert refused_proofs(logs) == [why]
    assert "open_prod_pr" in {message.function for message in world.rejected}
    assert [message.reason for message in world.rejected] == ["incomplete-release"]


def test_an_attestor_that_was_read_a_moment_ago_is_not_read_again() -> None:
    """Its quota is 100 reads a minute for everybody; what is kept is said in the configuration, in seconds."""
    with small_world(variables={"PRODGATE_ATTESTORS_KEPT_S": "3600"}) as world:
        release_posts(world)
        world.replay()
        world.settle()

        assert world.faults.calls("binauthz.GetAttestor") == {"binauthz.GetAttestor": 2}  # one for each function


def test_a_list_that_lags_behind_neither_doubles_nor_fakes_an_attestation(world: World) -> None:
    """The list may not show what was stored a moment ago: the read back does, and the promotion waits for the list."""
    pin_posts(world)
    world.cloud.analysis.list_lag_s = 0.15

    commit = str(world.pass_tests()["commit"])
    world.settle()
    world.pass_tests()
    world.settle()

    assert len(world.attestations) == 1
    accepted = [status.creator for status in world.statuses(commit) if status.context == "prodgate/qa"]
    assert accepted == [ATTEST.login]
    assert world.dead_letters == []


def test_a_young_completion_waits_for_the_list() -> None:
    """Right after the attestation was stored it may not be listed yet; the event is young, so it is tried again."""
    with small_world(settling_s=3600) as world:
        pin_posts(world)
        world.cloud.analysis.list_lag_s = 0.15

        world.pass_tests()
        world.settle()

        assert len(world.attestations) == 1
        assert len(world.pull_requests) == 1
        assert world.rejected == []
        assert world.dead_letters == []
