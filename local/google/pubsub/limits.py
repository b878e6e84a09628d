"""The bounds of the service, from https://cloud.google.com/pubsub/quotas and the comments in google/pubsub/v1."""

from datetime import timedelta

REQUEST_BYTES = 10_000_000
REQUEST_MESSAGES = 1_000
MESSAGE_BYTES = 10_000_000
ATTRIBUTES = 100
ATTRIBUTE_KEY_BYTES = 256
ATTRIBUTE_VALUE_BYTES = 1_024
ORDERING_KEY_BYTES = 1_024
FILTER_BYTES = 256
ACK_IDS = 2_500

ACK_DEADLINE_S = range(10, 601)
DEFAULT_ACK_DEADLINE_S = 10
MAX_EXTENSION_S = 600
DELIVERY_ATTEMPTS = range(5, 101)
DEFAULT_DELIVERY_ATTEMPTS = 5
LONGEST_BACKOFF = timedelta(seconds=600)
DEFAULT_MINIMUM_BACKOFF = timedelta(seconds=10)
DEFAULT_MAXIMUM_BACKOFF = timedelta(seconds=600)
SHORTEST_RETENTION = timedelta(minutes=10)
LONGEST_RETENTION = timedelta(days=31)
DEFAULT_RETENTION = timedelta(days=7)
DEFAULT_EXPIRATION = timedelta(days=31)
SHORTEST_EXPIRATION = timedelta(days=1)

# A push endpoint that refuses is left alone for a while even without a retry policy ("push backoff").
FIRST_PUSH_BACKOFF = timedelta(milliseconds=100)
LONGEST_PUSH_BACKOFF = timedelta(seconds=60)
CONCURRENT_PUSHES = 100

# The service holds an unanswered Pull for longer; this is enough for a client that asks again.
PULL_PATIENCE_S = 1.0
PAGE_SIZE = 100
LARGEST_PAGE = 1_000
