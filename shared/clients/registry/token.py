"""What a token endpoint answers: a token, and for how long it is good.

Source: CNCF Distribution, "Token Authentication Specification" (token or access_token; expires_in is 60 s if absent).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from shared.domain.errors import Rejected
from shared.domain.secret import SecretText
from shared.domain.strict_json import read_object

TOKEN_ANSWER_BYTES: Final = 64 * 1024  # of a whole answer; Docker Hub's have 5 KiB
_TOKEN_CHARACTERS: Final = 32 * 1024
_TOKEN: Final = re.compile(r"[\x21-\x7e]+")  # it becomes a header: no blank, no line end
_LIFETIME_S: Final = 60
_LONGEST_LIFETIME_S: Final = 366 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token, and the seconds that it is good for."""

    text: SecretText
    lifetime_s: int


def read_token(body: bytes) -> Token:
    """Read the body of a token endpoint's 200.

    Raises:
        ValueError: it holds no token. The sentence quotes nothing of it, since what it holds may be a secret.
    """
    try:
        fields = read_object("the token", body)
        name = "token" if "token" in fields else "access_token"
        text = fields.text(name, most=_TOKEN_CHARACTERS)
        unsaid = fields.is_empty("expires_in")
        lifetime_s = _LIFETIME_S if unsaid else fields.number("expires_in", most=_LONGEST_LIFETIME_S)
    except Rejected:
        raise ValueError("it sends no JSON object with a token and the seconds of its life") from None
    if not _TOKEN.fullmatch(text):
        raise ValueError("it sends a token that cannot stand in a header")
    return Token(SecretText(text), lifetime_s)
