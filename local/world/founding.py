"""Setting the company up, over the wire, as Terraform and an administrator would."""

from __future__ import annotations

from typing import Any, Final

import yaml
from google.api_core.exceptions import NotFound
from google.cloud import binaryauthorization_v1, kms_v1, secretmanager_v1
from google.protobuf.duration_pb2 import Duration
from google.protobuf.json_format import ParseDict
from google.pubsub_v1 import DeadLetterPolicy, PushConfig, RetryPolicy, Subscription, Topic
from grafeas import grafeas_v1

from local.blog_app import prod_policy
from local.world.apps import private_key
from local.world.clients import Clients
from local.world.names import (
    ATTESTOR,
    FUNCTIONS,
    GATE_PROJECT,
    KEY_RING,
    LOCATION,
    PROD_PROJECT,
    PULLED_TOPICS,
    QUALITY,
    FunctionName,
    Signing,
    pull_subscription,
    topic_path,
)

_SIGNING: Final = kms_v1.CryptoKey.CryptoKeyPurpose.ASYMMETRIC_SIGN
_ALGORITHM: Final = "EC_SIGN_P256_SHA256"
_ACK_DEADLINE_S: Final = 600
_MOST_BACKOFF_S: Final = 600  # Pub/Sub's own default for a retry policy
_RETENTION_S: Final = 31 * 86_400  # the longest that a topic keeps messages
_ATTEMPTS: Final = 5  # the fewest that Pub/Sub allows before the dead letter


async def found_topics(clients: Clients) -> None:
    """Make every topic, and the pull subscriptions without which Pub/Sub would drop what lands in two of them."""
    woken = (topic for function in FUNCTIONS for topic in function.subscriptions)
    for topic in (*woken, *PULLED_TOPICS):
        retention = Duration(seconds=_RETENTION_S)
        await clients.publisher.create_topic(
            request=Topic(name=topic_path(topic), message_retention_duration=retention)
        )
    for topic in PULLED_TOPICS:
        subscription = Subscription(name=pull_subscription(topic), topic=topic_path(topic), ack_deadline_seconds=60)
        await clients.subscriber.create_subscription(request=subscription)


async def subscribe(clients: Clients, function: FunctionName, url: str, backoff_s: int) -> None:
    """Have its topics pushed to a function, with a backoff that begins with so many seconds, and a dead letter."""
    for topic, subscription in function.subscriptions.items():
        await _subscribe(clients, topic, subscription, url=url, backoff_s=backoff_s)


async def _subscribe(clients: Clients, topic: str, subscription: str, *, url: str, backoff_s: int) -> None:
    await clients.subscriber.create_subscription(
        request=Subscription(
            name=subscription,
            topic=topic_path(topic),
            ack_deadline_seconds=_ACK_DEADLINE_S,
            push_config=PushConfig(push_endpoint=url),
            retry_policy=RetryPolicy(
                minimum_backoff=Duration(seconds=backoff_s), maximum_backoff=Duration(seconds=_MOST_BACKOFF_S)
            ),
            dead_letter_policy=DeadLetterPolicy(
                dead_letter_topic=topic_path("dead-letter"), max_delivery_attempts=_ATTEMPTS
            ),
        )
    )


async def found_signing(clients: Clients) -> None:
    """Make the key, the note, the attestor that trusts the key, and prod's policy that requires the attestor."""
    await clients.kms.create_key_ring(
        parent=LOCATION, key_ring_id=KEY_RING.rpartition("/")[2], key_ring=kms_v1.KeyRing()
    )
    await found_attestor(clients, QUALITY, "Quality assurance passed")
    await set_policy(clients, yaml.safe_load(prod_policy()))


async def found_attestor(clients: Clients, signing: Signing, hint: str) -> None:
    """Make a key, a note, and the attestor that trusts the key."""
    template = {"algorithm": _ALGORITHM}
    key = kms_v1.CryptoKey(purpose=_SIGNING, version_template=template)
    await clients.kms.create_crypto_key(parent=KEY_RING, crypto_key_id=signing.key.rpartition("/")[2], crypto_key=key)
    note = grafeas_v1.Note(attestation={"hint": {"human_readable_name": hint}})
    note_id = signing.note.rpartition("/")[2]
    await clients.grafeas.create_note(parent=f"projects/{PROD_PROJECT}", note_id=note_id, note=note)
    await _attestor(clients, signing)


async def set_policy(clients: Clients, document: dict[str, Any]) -> None:
    """Replace prod's policy by one in the form that `gcloud container binauthz policy export` writes."""
    policy = binaryauthorization_v1.Policy()
    ParseDict(document, binaryauthorization_v1.Policy.pb(policy))
    await clients.binauthz.update_policy(policy=policy)


async def trust_key_version(clients: Clients, version: str) -> None:
    """Add a key version's public key to the attestor."""
    attestor = await clients.binauthz.get_attestor(name=ATTESTOR)
    attestor.user_owned_grafeas_note.public_keys.append(await _public_key(clients, version))
    await clients.binauthz.update_attestor(attestor=attestor)


async def found_secrets(clients: Clients) -> None:
    """Store every App's private key in Secret Manager."""
    for function in FUNCTIONS:
        if function.app:
            await store_secret(clients, function.key_secret, private_key(function.app))


async def store_secret(clients: Clients, name: str, text: str) -> None:
    """Add a version to a secret, which is made where it does not exist."""
    try:
        await clients.secrets.get_secret(name=name)
    except NotFound:
        secret = secretmanager_v1.Secret(replication={"automatic": {}})
        await clients.secrets.create_secret(
            parent=f"projects/{GATE_PROJECT}", secret_id=name.rpartition("/")[2], secret=secret
        )
    await clients.secrets.add_secret_version(parent=name, payload=secretmanager_v1.SecretPayload(data=text.encode()))


async def _attestor(clients: Clients, signing: Signing) -> None:
    keys = [await _public_key(clients, f"{signing.key}/cryptoKeyVersions/1")]
    note = binaryauthorization_v1.UserOwnedGrafeasNote(note_reference=signing.note, public_keys=keys)
    attestor = binaryauthorization_v1.Attestor(user_owned_grafeas_note=note)
    attestor_id = signing.attestor.rpartition("/")[2]
    parent = f"projects/{PROD_PROJECT}"
    await clients.binauthz.create_attestor(parent=parent, attestor_id=attestor_id, attestor=attestor)


async def _public_key(clients: Clients, version: str) -> binaryauthorization_v1.AttestorPublicKey:
    public = await clients.kms.get_public_key(name=version)
    pkix = binaryauthorization_v1.PkixPublicKey(public_key_pem=public.pem, signature_algorithm=public.algorithm.name)
    return binaryauthorization_v1.AttestorPublicKey(id=f"//cloudkms.googleapis.com/v1/{version}", pkix_public_key=pkix)
