"""What is signed: gcloud's bytes, and the same bytes in DSSE's encoding."""

from __future__ import annotations

import hashlib
import json

import pytest

from shared.domain.image import ImageName, PinnedImage
from shared.domain.payload import PayloadForm, payload
from tests.unit.domain.material import NAME, PINNED, A

HELLO_APP = PinnedImage.parse(
    "us-docker.pkg.dev/google-samples/containers/gke/hello-app"
    "@sha256:37e5287945774f27b418ce567cd77f4bbc9ef44a1bcd1a2312369f31f9cce567"
)
SHORT = PinnedImage.parse(f"us-docker.pkg.dev/p/r/i@{A}")
GOLDEN = [  # made with gcloud's own functions (`create-signature-payload`, and PaeEncode of SDK 578)
    (HELLO_APP, PayloadForm.JSON, 319, "sha256", "f9f3f045545510c9d42d6ed54a5503b6467869c438d464346853c14b31791311"),
    (
        HELLO_APP,
        PayloadForm.JSON,
        319,
        "sha384",
        "932384dd7687e63daaa68722a35253714ad41f6f047207e770ea5d80852601791d5f4e14d80c862aec7fee1acd3ee806",
    ),
    (
        HELLO_APP,
        PayloadForm.JSON,
        319,
        "sha512",
        (
            "604d7bdaac00f0744f27f70118c3ded4af62536da29f183694ccc53e24e88ccf"
            "49aea7c1fda5ec8dd73cb47a17fea6cb1b9e0ac29cd47e285eafe8c2493f992a"
        ),
    ),
    (HELLO_APP, PayloadForm.PAE, 382, "sha256", "da1f3d7b8db3e8fb5441b01f5d9f6e993c9594b187a3d91f8ea472fc21646deb"),
    (SHORT, PayloadForm.JSON, 285, "sha256", "c4fc6d52853a560b7365bec56fd400608b33dc93381bc49188bb27a1ffee867d"),
]


@pytest.mark.parametrize(("image", "form", "length", "algorithm", "digest"), GOLDEN)
def test_what_is_signed_is_gcloud_s_byte_for_byte(
    image: PinnedImage, form: PayloadForm, length: int, algorithm: str, digest: str
) -> None:
    """Binary Authorization is only sure to accept what gcloud itself would have signed."""
    data = form.signed(payload(image))

    assert (len(data), hashlib.new(algorithm, data).hexdigest()) == (length, digest)


def test_the_payload_reads_as_documented() -> None:
    """Two blanks, sorted keys, one final newline: as text, for whoever compares by eye."""
    expected = f"""{{
  "critical": {{
    "identity": {{
      "docker-reference": "{NAME}"
    }},
    "image": {{
      "docker-manifest-digest": "{A}"
    }},
    "type": "Google cloud binauthz container signature"
  }}
}}
"""

    assert payload(PINNED).decode() == expected


def test_whatever_a_name_holds_is_written_as_json_writes_it() -> None:
    """The layout is filled in, so that a quote or a line break in a name must not end the string that it stands in."""
    image = PinnedImage(ImageName("host", 'a"b\\c\n{d}/é'), A)

    written = payload(image)

    assert json.loads(written)["critical"]["identity"] == {"docker-reference": str(image.name)}
    assert written.decode() == json.dumps(json.loads(written), indent=2, sort_keys=True) + "\n"


def test_the_encoding_says_its_type_and_both_lengths() -> None:
    """DSSE's pre-authentication encoding, whose lengths are decimal and count bytes, and whose body is the payload."""
    assert PayloadForm.PAE.signed("ä".encode()) == (
        b"DSSEv1 48 application/vnd.dev.cosign.simplesigning.v1+json 2 \xc3\xa4"
    )
