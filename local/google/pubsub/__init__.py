"""The stand-in for Google Cloud Pub/Sub: topics, pull and push subscriptions, backoff and dead letters.

It promises what the service promises and no more: a message is delivered at least once, in any order.
"""

from local.google.pubsub.delivery import DeliveryRecord
from local.google.pubsub.service import PubSub

__all__ = ["DeliveryRecord", "PubSub"]
