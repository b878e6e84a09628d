"""What Pub/Sub writes on a message that it forwards to a dead-letter topic."""

from __future__ import annotations

from local.google.pubsub import names
from local.google.pubsub.subscription import Outstanding, Subscription

_PREFIX = "CloudPubSubDeadLetterSource"


def attributes(subscription: Subscription, outstanding: Outstanding) -> dict[str, str]:
    """Give the original attributes and the four that tell where the message comes from.

    The time looks like `2022-08-12T15:56:29.732+00:00`, the subscription is named by its ID alone.
    Source: https://cloud.google.com/pubsub/docs/handling-failures#track-delivery-attempts.
    """
    name, message = subscription.settings.name, outstanding.message
    return {
        **message.attributes,
        f"{_PREFIX}DeliveryCount": str(outstanding.attempts),
        f"{_PREFIX}Subscription": names.id_of(name),
        f"{_PREFIX}SubscriptionProject": names.project_of(name),
        f"{_PREFIX}TopicPublishTime": message.publish_time.isoformat(timespec="milliseconds"),
    }
