"""The grammar of repository names, tags and digests that a registry accepts in its URLs.

Source: OCI distribution-spec 1.1, "Pulling manifests". CNCF Distribution 2.8 is more lenient (its routes also let a
domain such as `A` lead the name) and answers a name that does not match with a plain 404.
"""

from __future__ import annotations

import re
from typing import Final

from local.registry.refusal import RegistryRefusal

_COMPONENT: Final = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_NAME: Final = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*", re.ASCII)
_TAG: Final = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}", re.ASCII)
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)
_LONGEST_NAME: Final = 255  # bytes, the limit that Distribution and most clients share


def check_name(name: str) -> str:
    """Return a repository name that keeps to the grammar.

    Raises:
        RegistryRefusal: NAME_INVALID.
    """
    if len(name) > _LONGEST_NAME or not _NAME.fullmatch(name):
        raise RegistryRefusal("NAME_INVALID", {"name": name})
    return name


def check_digest(digest: str) -> str:
    """Return a SHA-256 digest in its canonical form; no other algorithm is known here.

    Raises:
        RegistryRefusal: DIGEST_INVALID.
    """
    if not _DIGEST.fullmatch(digest):
        raise RegistryRefusal("DIGEST_INVALID", "digest parsing failed")
    return digest


def is_digest(reference: str) -> bool:
    """Whether a manifest reference means a digest: no tag may contain a colon."""
    return ":" in reference


def is_tag(reference: str) -> bool:
    """Whether a manifest reference is a well-formed tag."""
    return _TAG.fullmatch(reference) is not None
