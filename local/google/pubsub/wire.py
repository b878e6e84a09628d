"""A push request as it looks on the wire: body and headers."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

from google.pubsub_v1 import types

from local.google.pubsub.messages import Message
from local.google.pubsub.subscription import Outstanding, Subscription

_TOKEN_LIFETIME_S = 3_600


def body(subscription: Subscription, outstanding: Outstanding) -> dict[str, Any]:
    """Give the JSON of a wrapped push.

    `deliveryAttempt` is there only with a dead-letter policy; a message without data has no `data` at all.
    Source: https://cloud.google.com/pubsub/docs/push#receive_push.
    """
    attempt = {"deliveryAttempt": outstanding.attempts} if subscription.max_attempts else {}
    return {"message": _message(outstanding.message), "subscription": subscription.settings.name, **attempt}


def headers(push: types.PushConfig) -> dict[str, str]:
    """Give the headers that the service sends beside Content-Type."""
    sender = {"From": "noreply@google.com", "User-Agent": "CloudPubSub-Google"}
    return {**sender, "Authorization": f"Bearer {_token(push)}"} if "oidc_token" in push else sender


def _message(message: Message) -> dict[str, Any]:
    published = message.publish_time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    data = {"data": base64.b64encode(message.data).decode()} if message.data else {}
    ordering = {"orderingKey": message.ordering_key} if message.ordering_key else {}
    return {
        "attributes": dict(message.attributes),
        **data,
        "messageId": message.message_id,
        "message_id": message.message_id,
        **ordering,
        "publishTime": published,
        "publish_time": published,
    }


def _token(push: types.PushConfig) -> str:
    """Make a JWT with the claims that Google writes and no signature: whoever verifies it must refuse it."""
    now = int(time.time())
    claims = {
        "aud": push.oidc_token.audience or push.push_endpoint,
        "email": push.oidc_token.service_account_email,
        "email_verified": True,
        "exp": now + _TOKEN_LIFETIME_S,
        "iat": now,
        "iss": "https://accounts.google.com",
    }
    return f"{_segment({'alg': 'none', 'typ': 'JWT'})}.{_segment(claims)}."


def _segment(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
