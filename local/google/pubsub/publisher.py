"""The calls of google.pubsub.v1.Publisher."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import grpc
from google.protobuf import empty_pb2
from google.pubsub_v1 import types

from local.google.dispatch import Handler
from local.google.paging import Page, page_of
from local.google.pubsub import limits, names
from local.google.pubsub.broker import Broker
from local.google.pubsub.messages import check_publishable
from local.google.refusal import Refusal

_UPDATABLE = frozenset({"labels", "message_retention_duration", "message_storage_policy", "kms_key_name"})


class Publisher:
    """Topics and publishing; schemas, snapshots, ingestion and transforms are left out."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def handlers(self) -> Mapping[str, Handler]:
        """Give the handlers by full RPC name."""
        calls = (
            self.create_topic,
            self.update_topic,
            self.get_topic,
            self.list_topics,
            self.delete_topic,
            self.list_topic_subscriptions,
            self.publish,
            self.detach_subscription,
        )
        return {f"google.pubsub.v1.Publisher/{_camel(call.__name__)}": call for call in calls}

    async def create_topic(self, topic: types.Topic) -> types.Topic:
        """Create a topic."""
        names.check(topic.name, "topics")
        if topic.name in self._broker.topics:
            raise names.already_exists(topic.name)
        self._broker.topics[topic.name] = types.Topic(topic, state=types.Topic.State.ACTIVE)
        return self._broker.topics[topic.name]

    async def update_topic(self, request: types.UpdateTopicRequest) -> types.Topic:
        """Change the settings that the update mask names."""
        topic = self._broker.topic(request.topic.name)
        for path in request.update_mask.paths:
            if path not in _UPDATABLE:
                raise Refusal(
                    grpc.StatusCode.INVALID_ARGUMENT, f"Invalid update_mask provided: '{path}' cannot be updated."
                )
            setattr(topic, path, getattr(request.topic, path))
        return topic

    async def get_topic(self, request: types.GetTopicRequest) -> types.Topic:
        """Give one topic."""
        return self._broker.topic(request.topic)

    async def list_topics(self, request: types.ListTopicsRequest) -> types.ListTopicsResponse:
        """List the topics of a project by name."""
        ours = (name for name in self._broker.topics if name.startswith(f"{request.project}/"))
        found = _page(ours, request)
        topics = [self._broker.topics[name] for name in found.items]
        return types.ListTopicsResponse(topics=topics, next_page_token=found.next_page_token)

    async def delete_topic(self, request: types.DeleteTopicRequest) -> empty_pb2.Empty:
        """Delete a topic and keep its subscriptions."""
        self._broker.delete_topic(request.topic)
        return empty_pb2.Empty()

    async def list_topic_subscriptions(
        self, request: types.ListTopicSubscriptionsRequest
    ) -> types.ListTopicSubscriptionsResponse:
        """List the names of a topic's subscriptions."""
        self._broker.topic(request.topic)
        attached = (one.settings.name for one in self._broker.of_topic(request.topic))
        found = _page(attached, request)
        return types.ListTopicSubscriptionsResponse(subscriptions=found.items, next_page_token=found.next_page_token)

    async def publish(self, request: types.PublishRequest) -> types.PublishResponse:
        """Accept messages, all or none, and hand them to the topic's subscriptions."""
        self._broker.topic(request.topic)
        check_publishable(request.messages)
        stamp = self._broker.stamp
        accepted = [stamp.accept(one.data, one.attributes, one.ordering_key) for one in request.messages]
        for message in accepted:
            self._broker.distribute(request.topic, message)
        return types.PublishResponse(message_ids=[message.message_id for message in accepted])

    async def detach_subscription(self, request: types.DetachSubscriptionRequest) -> types.DetachSubscriptionResponse:
        """Cut a subscription off its topic; what it still held is dropped."""
        settings = types.Subscription(self._broker.subscription(request.subscription).settings, detached=True)
        self._broker.unsubscribe(request.subscription)
        settings.topic = names.DELETED_TOPIC
        settings.push_config = types.PushConfig()
        self._broker.subscribe(settings)
        return types.DetachSubscriptionResponse()


def _camel(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


def _page(all_names: Iterable[str], request: Any) -> Page[str]:
    wanted, token = request.page_size, request.page_token
    return page_of(sorted(all_names), size=wanted, token=token, default=limits.PAGE_SIZE, most=limits.LARGEST_PAGE)
