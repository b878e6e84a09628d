"""Tokens that a test has at hand."""

from __future__ import annotations

from shared.domain.secret import SecretText


class Given:
    """One token, and how often GitHub did not take it."""

    def __init__(self, token: str) -> None:
        self.token = SecretText(token)
        self.forgotten = 0

    async def current(self) -> SecretText:
        """Give the token."""
        return self.token

    def forget(self) -> None:
        """Count."""
        self.forgotten += 1
