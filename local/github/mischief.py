"""GitHub's dialect of misbehaviour: what a planned fault looks like over HTTP."""

from __future__ import annotations

import time
from http import HTTPStatus

from local.faults import Fault, Mischief
from local.github.refusal import QueryRefusal, Refusal, bad_credentials, not_accessible, not_found, unprocessable

# The text of 2024 and later, which PyGithub and octokit recognise by its words "secondary rate limit".
SECONDARY = (
    "You have exceeded a secondary rate limit. Please wait a few minutes before you try again. "
    "If you reach out to GitHub Support for help, please include the request ID."
)
# What a private repository of a free plan is answered about its rulesets (github/branch-deploy #345).
PLAN = "Upgrade to GitHub Pro or make this repository public to enable this feature."
PRIMARY = (
    "API rate limit exceeded for installation ID 7001. If you reach out to GitHub Support for help, please include"
)


def spent() -> dict[str, str]:
    """Write the headers of a budget that is used up until an hour from now."""
    reset = str(int(time.time()) + 3600)
    budget = {"limit": "5000", "remaining": "0", "used": "5000", "reset": reset, "resource": "core"}
    return {f"X-RateLimit-{name.capitalize()}": value for name, value in budget.items()}


def refusal_of(fault: Fault) -> Refusal:
    """Translate a fault into the answer that GitHub would give."""
    if fault.mischief is Mischief.LOSE_REPLY:
        return Refusal(HTTPStatus.BAD_GATEWAY, "Server Error")
    refusals = {
        "UNAVAILABLE": Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "Service unavailable"),
        "INTERNAL": Refusal(HTTPStatus.INTERNAL_SERVER_ERROR, "Server Error"),
        "DEADLINE_EXCEEDED": Refusal(HTTPStatus.GATEWAY_TIMEOUT, "We couldn't respond to your request in time."),
        "RESOURCE_EXHAUSTED": Refusal(HTTPStatus.FORBIDDEN, SECONDARY, headers={"Retry-After": "1"}),
        "RATE_LIMIT_PRIMARY": Refusal(HTTPStatus.FORBIDDEN, PRIMARY, headers=spent()),
        "RATE_LIMIT_PRIMARY_429": Refusal(HTTPStatus.TOO_MANY_REQUESTS, PRIMARY, headers=spent()),
        "RATE_LIMIT_403": Refusal(HTTPStatus.FORBIDDEN, SECONDARY),
        "RATE_LIMIT_429_HOUR": Refusal(HTTPStatus.TOO_MANY_REQUESTS, SECONDARY, headers={"Retry-After": "3600"}),
        "BAD_GATEWAY": Refusal(HTTPStatus.BAD_GATEWAY, "Server Error"),
        "UNPROCESSABLE": unprocessable("Validation Failed"),
        "NOT_FAST_FORWARD": unprocessable("Update is not a fast forward"),
        "RATE_LIMIT_429": Refusal(HTTPStatus.TOO_MANY_REQUESTS, SECONDARY),
        # docs.github.com/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api
        "GRAPHQL_RATE_LIMITED": QueryRefusal("API rate limit exceeded for installation ID 7003.", "RATE_LIMITED"),
        "GRAPHQL_ERROR": QueryRefusal("Something went wrong while executing your query."),
        # graphql-ruby's words, which are GitHub's, for a field that the schema lacks: that of a GHES before 3.13.
        "UNDEFINED_FIELD": QueryRefusal("Field 'updateRefs' doesn't exist on type 'Mutation'", code="undefinedField"),
        "BAD_CREDENTIALS": bad_credentials(),
        "PLAN": Refusal(HTTPStatus.FORBIDDEN, PLAN),
        "NOT_FOUND": not_found(),
        "PERMISSION_DENIED": not_accessible(),
    }
    return refusals.get(fault.code, refusals["INTERNAL"])
