"""The settings of a subscription: what is refused, and what the service fills in.

Bounds are those in the comments of google/pubsub/v1/pubsub.proto (Subscription, RetryPolicy, DeadLetterPolicy).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from urllib.parse import urlsplit

import grpc
from google.pubsub_v1 import types

from local.google.pubsub import filter as filters
from local.google.pubsub import limits, names
from local.google.pubsub.durations import duration, duration_or
from local.google.refusal import Refusal

UPDATABLE = frozenset(
    {
        "ack_deadline_seconds",
        "dead_letter_policy",
        "expiration_policy",
        "labels",
        "message_retention_duration",
        "push_config",
        "retain_acked_messages",
        "retry_policy",
    }
)

# Accepting these and ignoring them would be a lie about order or duplicates, or about where messages went.
_ELSEWHERE = (
    "enable_message_ordering",
    "enable_exactly_once_delivery",
    "bigquery_config",
    "cloud_storage_config",
    "bigtable_config",
    "message_transforms",
)


def completed(wanted: types.Subscription) -> types.Subscription:
    """Check the settings and give a copy with the service's defaults.

    Raises:
        Refusal: INVALID_ARGUMENT; UNIMPLEMENTED for what only the real service does (ordering, exactly once, export).
    """
    names.check(wanted.name, "subscriptions")
    settings = types.Subscription(wanted)
    _refuse_elsewhere(settings)
    _check_filter(settings.filter)
    check_push(settings.push_config)
    _complete_times(settings)
    _complete_retries(settings)
    _complete_dead_letters(settings)
    return types.Subscription(settings, state=types.Subscription.State.ACTIVE)


def updated(current: types.Subscription, wanted: types.Subscription, paths: Iterable[str]) -> types.Subscription:
    """Give the current settings with those in `paths` (the update mask) taken from the wanted ones.

    Raises:
        Refusal: INVALID_ARGUMENT, also for an empty mask and for what cannot change (name, topic, filter).
    """
    settings, fields = types.Subscription(current), {path.split(".")[0] for path in paths}
    if not fields:
        raise _invalid(
            "The update_mask in the UpdateSubscriptionRequest must be set, and must contain a non-empty paths list."
        )
    for field in sorted(fields):
        if field not in UPDATABLE:
            raise _invalid(
                f"Invalid update_mask provided in the UpdateSubscriptionRequest: '{field}' cannot be updated."
            )
        setattr(settings, field, getattr(wanted, field) if field in wanted else None)
    return completed(settings)


def check_push(push: types.PushConfig) -> None:
    """Refuse an endpoint that is no HTTP URL; plain HTTP is accepted, since endpoints here are on loopback."""
    if "no_wrapper" in push:
        raise Refusal(grpc.StatusCode.UNIMPLEMENTED, "The stand-in pushes wrapped messages only.")
    endpoint = urlsplit(push.push_endpoint)
    if push.push_endpoint and (endpoint.scheme not in {"http", "https"} or not endpoint.hostname):
        raise _invalid(f"Invalid push endpoint given (endpoint={push.push_endpoint}).")
    if "oidc_token" in push and not push.oidc_token.service_account_email:
        raise _invalid("Invalid push_config: oidc_token needs a service_account_email.")


def _refuse_elsewhere(settings: types.Subscription) -> None:
    for field in _ELSEWHERE:
        if field in settings and getattr(settings, field):
            raise Refusal(grpc.StatusCode.UNIMPLEMENTED, f"The stand-in does not do {field}.")


def _check_filter(text: str) -> None:
    try:
        filters.parse(text)
    except filters.FilterError as error:
        raise _invalid(f"Invalid filter given (filter={text[:300]}): {error}.") from error


def _complete_times(settings: types.Subscription) -> None:
    settings.ack_deadline_seconds = settings.ack_deadline_seconds or limits.DEFAULT_ACK_DEADLINE_S
    if settings.ack_deadline_seconds not in limits.ACK_DEADLINE_S:
        raise _invalid(f"Invalid ack deadline given (ack_deadline_secs={settings.ack_deadline_seconds}).")
    retention = duration_or(settings, "message_retention_duration", limits.DEFAULT_RETENTION)
    if not limits.SHORTEST_RETENTION <= retention <= limits.LONGEST_RETENTION:
        raise _invalid("Invalid message retention duration given: it must be between 10 minutes and 31 days.")
    if "expiration_policy" not in settings:
        settings.expiration_policy = types.ExpirationPolicy(ttl=limits.DEFAULT_EXPIRATION)
    expires = duration(settings.expiration_policy, "ttl")
    if expires is not None and expires < limits.SHORTEST_EXPIRATION:
        raise _invalid("Invalid expiration policy given: the ttl must be at least one day.")


def _complete_retries(settings: types.Subscription) -> None:
    if "retry_policy" not in settings:
        return
    minimum = duration_or(settings.retry_policy, "minimum_backoff", limits.DEFAULT_MINIMUM_BACKOFF)
    maximum = duration_or(settings.retry_policy, "maximum_backoff", limits.DEFAULT_MAXIMUM_BACKOFF)
    for field, backoff in (("minimum_backoff", minimum), ("maximum_backoff", maximum)):
        if not timedelta() <= backoff <= limits.LONGEST_BACKOFF:
            raise _invalid(
                f"The value for {field} is out of bounds. You passed {backoff.total_seconds():g}s in the request, "
                f"but the value must be between 0s and {limits.LONGEST_BACKOFF.total_seconds():g}s."
            )
    if maximum < minimum:
        raise _invalid(
            f"The value for maximum_backoff is too small. You passed {maximum.total_seconds():g}s in the request, "
            f"but the minimum value is {minimum.total_seconds():g}s."
        )


def _complete_dead_letters(settings: types.Subscription) -> None:
    if "dead_letter_policy" not in settings:
        return
    policy = settings.dead_letter_policy
    names.check(policy.dead_letter_topic, "topics", field="dead_letter_topic")
    policy.max_delivery_attempts = policy.max_delivery_attempts or limits.DEFAULT_DELIVERY_ATTEMPTS
    passed, allowed = policy.max_delivery_attempts, limits.DELIVERY_ATTEMPTS
    if passed not in allowed:
        size, bound = ("small", "minimum") if passed < allowed.start else ("large", "maximum")
        # Google's emulator 0.8.20 answers OUT_OF_RANGE here, and INVALID_ARGUMENT nearly everywhere else.
        raise Refusal(
            grpc.StatusCode.OUT_OF_RANGE,
            f"The value for max_delivery_attempts is too {size}. You passed {passed} in the request, "
            f"but the {bound} value is {allowed.start if passed < allowed.start else allowed.stop - 1}.",
        )


def _invalid(sentence: str) -> Refusal:
    return Refusal(grpc.StatusCode.INVALID_ARGUMENT, sentence)
