"""Operations beside the repositories' content: `users/get-authenticated`, `rate-limit/get`, `repos/get`."""

from __future__ import annotations

import time

from local.github.call import Answer, Call, Operation
from local.github.refusal import not_accessible

HOURLY_LIMIT = 5000  # requests; reported, never enforced: `Faults` decides what is refused


async def get_authenticated(call: Call) -> Answer:
    """Describe the caller; an App's installation token has no user and is refused."""
    if call.account.is_app:
        raise not_accessible()
    counts = ("public_repos", "public_gists", "followers", "following")
    born = "2020-01-01T00:00:00Z"
    unknown = ("company", "blog", "location", "email", "hireable", "bio")
    user = {
        **call.show.user(call.account),
        "name": call.account.login,
        **dict.fromkeys(unknown, None),
        **dict.fromkeys(counts, 0),
        "created_at": born,
        "updated_at": born,
        "user_view_type": "public",
    }
    return Answer(user)


async def get_rate_limit(call: Call) -> Answer:  # noqa: ARG001 - an operation's signature; the answer is the same for all
    """Report a budget that nobody has touched."""
    budget = {"limit": HOURLY_LIMIT, "used": 0, "remaining": HOURLY_LIMIT, "reset": int(time.time()) + 3600}
    return Answer({"resources": {"core": budget, "search": budget, "graphql": budget}, "rate": budget})


async def get_repository(call: Call) -> Answer:
    """Describe a repository."""
    return Answer(call.show.full_repository(call.repository))


OPERATIONS = (
    Operation("users/get-authenticated", "GET", "/user", get_authenticated),
    Operation("rate-limit/get", "GET", "/rate_limit", get_rate_limit),
    Operation("repos/get", "GET", "/repos/{owner}/{repo}", get_repository),
)
