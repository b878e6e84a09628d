"""What each function may do on GitHub: the permissions of the tokens that are minted for it, and no others.

The App of a function is granted the same ones by whoever installs it; each token asks for them by name all the same, so
that an App that was granted more by mistake lends none of it to us.

Source: docs.github.com/rest/authentication/permissions-required-for-github-apps.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

Permissions = Mapping[str, str]
"""GitHub's names of resources, each with `read` or `write`."""

PIN_MANIFESTS: Final[Permissions] = {"metadata": "read", "contents": "write"}
ATTEST_IMAGES: Final[Permissions] = {"metadata": "read", "actions": "read", "contents": "read", "statuses": "write"}
CONFIRM_PROD: Final[Permissions] = {
    "metadata": "read",
    "contents": "read",
    "pull_requests": "write",
    "statuses": "write",
}
# Asking a team for its review takes a look at the organization, which the page above does not say (github/docs #35057).
ASKING_TEAMS: Final[Permissions] = {"members": "read"}
OPEN_PROD_PR: Final[Permissions] = {
    "metadata": "read",
    "contents": "write",
    "pull_requests": "write",
    "statuses": "write",
}
