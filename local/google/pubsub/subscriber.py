"""The calls of google.pubsub.v1.Subscriber that manage subscriptions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from google.protobuf import empty_pb2
from google.pubsub_v1 import types

from local.google.dispatch import Handler
from local.google.paging import Page, page_of
from local.google.pubsub import configuration, limits, names
from local.google.pubsub.broker import Broker

_SERVICE = "google.pubsub.v1.Subscriber"


class Subscriber:
    """Subscriptions and their settings; snapshots are left out."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def handlers(self) -> Mapping[str, Handler]:
        """Give the handlers by full RPC name."""
        return {
            f"{_SERVICE}/CreateSubscription": self.create,
            f"{_SERVICE}/GetSubscription": self.get,
            f"{_SERVICE}/ListSubscriptions": self.list,
            f"{_SERVICE}/UpdateSubscription": self.update,
            f"{_SERVICE}/ModifyPushConfig": self.modify_push_config,
            f"{_SERVICE}/DeleteSubscription": self.delete,
        }

    async def create(self, wanted: types.Subscription) -> types.Subscription:
        """Create a subscription on an existing topic."""
        settings = configuration.completed(wanted)
        self._broker.topic(settings.topic)
        if settings.name in self._broker.subscriptions:
            raise names.already_exists(settings.name)
        self._check_dead_letter_topic(settings)
        self._broker.subscribe(settings)
        return settings

    async def get(self, request: types.GetSubscriptionRequest) -> types.Subscription:
        """Give one subscription."""
        return self._broker.subscription(request.subscription).settings

    async def list(self, request: types.ListSubscriptionsRequest) -> types.ListSubscriptionsResponse:
        """List the subscriptions of a project by name."""
        ours = (name for name in self._broker.subscriptions if name.startswith(f"{request.project}/"))
        found = _page(ours, request)
        subscriptions = [self._broker.subscriptions[name].settings for name in found.items]
        return types.ListSubscriptionsResponse(subscriptions=subscriptions, next_page_token=found.next_page_token)

    async def update(self, request: types.UpdateSubscriptionRequest) -> types.Subscription:
        """Change the settings that the update mask names; they hold from the next delivery on."""
        subscription = self._broker.subscription(request.subscription.name)
        wanted = configuration.updated(subscription.settings, request.subscription, request.update_mask.paths)
        self._check_dead_letter_topic(wanted)
        subscription.settings = wanted
        self._broker.pusher.push(subscription, subscription.outstanding())
        return wanted

    async def modify_push_config(self, request: types.ModifyPushConfigRequest) -> empty_pb2.Empty:
        """Set another endpoint; an empty one makes this a pull subscription."""
        subscription = self._broker.subscription(request.subscription)
        configuration.check_push(request.push_config)
        subscription.settings.push_config = request.push_config
        self._broker.pusher.push(subscription, subscription.outstanding())
        return empty_pb2.Empty()

    async def delete(self, request: types.DeleteSubscriptionRequest) -> empty_pb2.Empty:
        """Delete a subscription with all that it holds."""
        self._broker.unsubscribe(request.subscription)
        return empty_pb2.Empty()

    def _check_dead_letter_topic(self, settings: types.Subscription) -> None:
        if "dead_letter_policy" in settings:
            self._broker.topic(settings.dead_letter_policy.dead_letter_topic)


def _page(all_names: Iterable[str], request: Any) -> Page[str]:
    wanted, token = request.page_size, request.page_token
    return page_of(sorted(all_names), size=wanted, token=token, default=limits.PAGE_SIZE, most=limits.LARGEST_PAGE)
