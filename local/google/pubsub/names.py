"""Resource names, `projects/PROJECT/topics/ID`, and what is refused about them."""

import re

import grpc

from local.google.refusal import Refusal

DELETED_TOPIC = "_deleted-topic_"

_ID = r"(?!goog)[A-Za-z][A-Za-z0-9\-_.~+%]{2,254}"
_RULES = "https://cloud.google.com/pubsub/docs/pubsub-basics#resource_names"


def check(name: str, collection: str, *, field: str = "name") -> None:
    """Refuse a name that is not `projects/P/<collection>/ID`.

    An ID has 3 to 255 characters, begins with a letter and not with `goog`.

    Raises:
        Refusal: INVALID_ARGUMENT in the service's own words.
    """
    if not re.fullmatch(rf"projects/[^/]+/{collection}/{_ID}", name):
        sentence = f"Invalid resource name given ({field}={name}). Refer to {_RULES} for more information."
        raise Refusal(grpc.StatusCode.INVALID_ARGUMENT, sentence)


def project_of(name: str) -> str:
    """Give the project ID of a full resource name."""
    return name.split("/")[1]


def id_of(name: str) -> str:
    """Give the last part of a full resource name."""
    return name.rsplit("/", 1)[-1]


def not_found(name: str) -> Refusal:
    """Say that a resource does not exist; the service names it by its ID alone."""
    return Refusal(grpc.StatusCode.NOT_FOUND, f"Resource not found (resource={id_of(name)}).")


def already_exists(name: str) -> Refusal:
    """Say that a resource exists already."""
    sentence = f"Resource already exists in the project (resource={id_of(name)})."
    return Refusal(grpc.StatusCode.ALREADY_EXISTS, sentence)
