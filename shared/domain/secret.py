"""A secret as a type of its own, so that it cannot be printed by accident."""

from __future__ import annotations

from typing import Final

_HIDDEN: Final = "***"


class SecretText:
    """A secret that prints as `***`; `reveal` gives the text to the one call that needs it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return _HIDDEN

    def __reduce__(self) -> str:
        message = "a secret is not pickled"
        raise TypeError(message)

    def reveal(self) -> str:
        """The text itself."""
        return self._text
