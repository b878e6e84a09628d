"""What an attestation signs: gcloud's bytes, raw or in their DSSE encoding.

Rules:
* The payload is gcloud's, byte for byte (`gcloud container binauthz create-signature-payload`, since SDK 248): two
  blanks of indent, sorted keys, ASCII, one final newline.
* It is stored raw in either form; `pae` changes only the bytes that are signed (`sign-and-create
  --pae-encode-payload`, since SDK 447, with its default type, which is stored nowhere).
"""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Final

from shared.domain.errors import Rejected, shown
from shared.domain.image import Digest, PinnedImage
from shared.domain.strict_json import Fields, read_object

PAYLOAD_TYPE: Final = "Google cloud binauthz container signature"
DSSE_TYPE: Final = b"application/vnd.dev.cosign.simplesigning.v1+json"
_TEXT_CHARACTERS: Final = 1024
# Filled in, as json.dumps with an indent takes four times as long, once for each image.
_LAYOUT: Final = """{{
  "critical": {{
    "identity": {{
      "docker-reference": {}
    }},
    "image": {{
      "docker-manifest-digest": {}
    }},
    "type": {}
  }}
}}
"""


class PayloadForm(StrEnum):
    """In which form the payload is signed: `json` is gcloud's default, `pae` what Continuous Validation prefers."""

    JSON = "json"
    PAE = "pae"

    def signed(self, payload: bytes) -> bytes:
        """The bytes that the signature covers (secure-systems-lab/dsse, protocol.md: lengths are decimal, of bytes)."""
        if self is PayloadForm.JSON:
            return payload
        return b"DSSEv1 %d %b %d %b" % (len(DSSE_TYPE), DSSE_TYPE, len(payload), payload)


def payload(image: PinnedImage) -> bytes:
    """Write the payload of an attestation of this image, exactly as gcloud does."""
    return _LAYOUT.format(*map(json.dumps, (str(image.name), image.digest, PAYLOAD_TYPE))).encode()


def attested_digest(data: bytes) -> Digest:
    """Read which digest a payload names.

    Raises:
        Rejected: the bytes are no simple-signing payload of Binary Authorization's type.
    """
    critical = read_object("the payload", data).child("critical")
    _require_type(critical)
    return critical.child("image").parsed("docker-manifest-digest", Digest, most=_TEXT_CHARACTERS)


def says_the_same(data: bytes, image: PinnedImage) -> bool:
    """Whether a payload says what ours would about an image and nothing else, in whatever blanks and order.

    Nothing else: a reader that ignores case would take `Docker-Manifest-Digest` beside the right name for the digest.
    """
    try:
        read_object("the payload", data)
    except Rejected:
        return False
    return bool(json.loads(data) == json.loads(payload(image)))


def _require_type(critical: Fields) -> None:
    found = critical.text("type", most=_TEXT_CHARACTERS)
    if found != PAYLOAD_TYPE:
        critical.refuse("type", f"is {shown(found)}, not {PAYLOAD_TYPE!r}")
