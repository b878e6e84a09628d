"""The state of the service: its topics, its subscriptions, and the way of a message between them."""

from __future__ import annotations

from collections import Counter

from google.pubsub_v1 import types

from local.google.pubsub import dead_letter, names
from local.google.pubsub.clock import Clock
from local.google.pubsub.messages import Message, Stamp
from local.google.pubsub.push import Pusher
from local.google.pubsub.subscription import Outstanding, Subscription


class Broker:
    """Topics and subscriptions by full name; all calls come from the server's event loop."""

    def __init__(self, pusher: Pusher, clock: Clock) -> None:
        self.topics: dict[str, types.Topic] = {}
        self.subscriptions: dict[str, Subscription] = {}
        self.twice: Counter[str] = Counter()
        self.pusher = pusher
        self.stamp = Stamp()
        self._clock = clock

    def topic(self, name: str) -> types.Topic:
        """Find a topic.

        Raises:
            Refusal: NOT_FOUND, or INVALID_ARGUMENT for what is no topic's name.
        """
        names.check(name, "topics")
        if name not in self.topics:
            raise names.not_found(name)
        return self.topics[name]

    def subscription(self, name: str) -> Subscription:
        """Find a subscription.

        Raises:
            Refusal: NOT_FOUND, or INVALID_ARGUMENT for what is no subscription's name.
        """
        names.check(name, "subscriptions")
        if name not in self.subscriptions:
            raise names.not_found(name)
        return self.subscriptions[name]

    def subscribe(self, settings: types.Subscription) -> None:
        """Begin a subscription; it gets what is published from now on."""
        subscription = Subscription(
            settings,
            clock=self._clock,
            dead_letters=self._bury,
            topic_retains=lambda: self._retains(settings.topic),
        )
        self.subscriptions[settings.name] = subscription

    def unsubscribe(self, name: str) -> None:
        """End a subscription and forget its messages."""
        self.pusher.forget(self.subscription(name))
        del self.subscriptions[name]

    def delete_topic(self, name: str) -> None:
        """Delete a topic; its subscriptions stay, with the topic `_deleted-topic_`."""
        del self.topics[self.topic(name).name]
        for subscription in self.of_topic(name):
            subscription.settings.topic = names.DELETED_TOPIC

    def of_topic(self, topic: str) -> list[Subscription]:
        """List the subscriptions of a topic."""
        return [one for one in self.subscriptions.values() if one.settings.topic == topic]

    def distribute(self, topic: str, message: Message) -> None:
        """Give a message to every subscription whose filter it passes."""
        for subscription in self.of_topic(topic):
            if subscription.matches(message.attributes):
                copies = range(self._copies(subscription.settings.name))
                self.pusher.push(subscription, [subscription.add(message) for _ in copies])

    def _retains(self, topic: str) -> bool:
        return topic in self.topics and "message_retention_duration" in self.topics[topic]

    def _copies(self, subscription: str) -> int:
        if self.twice[subscription]:
            self.twice[subscription] -= 1
            return 2
        return 1

    def _bury(self, subscription: Subscription, outstanding: Outstanding) -> bool:
        topic = subscription.settings.dead_letter_policy.dead_letter_topic
        if topic not in self.topics:
            return False
        attributes = dead_letter.attributes(subscription, outstanding)
        message = outstanding.message
        self.distribute(topic, self.stamp.accept(message.data, attributes, message.ordering_key))
        return True
