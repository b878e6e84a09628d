"""Image references: the grammar of distribution/reference, case by case."""

from __future__ import annotations

import pytest

from shared.domain.errors import Reason, Rejected
from shared.domain.image import (
    Digest,
    ImageName,
    ImageReference,
    PinnedImage,
    is_tag,
    parse_name,
    require_known_registry,
)
from tests.unit.domain.material import NAME, PINNED, A, reason_of

HEX = "a" * 64
LONGEST_PATH = "a" * (255 - len("library/"))

READS_AS = {
    "mongo": ("docker.io", "library/mongo", None, None),
    "mongo:7": ("docker.io", "library/mongo", "7", None),
    "bitnami/mongo": ("docker.io", "bitnami/mongo", None, None),
    "docker.io/mongo": ("docker.io", "library/mongo", None, None),
    "index.docker.io/mongo": ("docker.io", "library/mongo", None, None),
    "registry-1.docker.io/mongo": ("registry-1.docker.io", "mongo", None, None),
    "localhost": ("docker.io", "library/localhost", None, None),
    "localhost:5000": ("docker.io", "library/localhost", "5000", None),
    "localhost/mongo": ("localhost", "mongo", None, None),
    "localhost:5000/mongo": ("localhost:5000", "mongo", None, None),
    "Host/mongo": ("Host", "mongo", None, None),
    "example.com": ("docker.io", "library/example.com", None, None),
    "gcr.io/p/nginx:1.2-rc_3": ("gcr.io", "p/nginx", "1.2-rc_3", None),
    f"gcr.io/p/nginx@{A}": ("gcr.io", "p/nginx", None, A),
    f"gcr.io/p/nginx:1@{A}": ("gcr.io", "p/nginx", "1", A),
    "[fd00::1]:5000/nginx": ("[fd00::1]:5000", "nginx", None, None),
    "a__b/c-_d".replace("-_", "--"): ("docker.io", "a__b/c--d", None, None),
    LONGEST_PATH: ("docker.io", f"library/{LONGEST_PATH}", None, None),
}

NO_REFERENCE = {
    "": "'library/' is no repository path",
    "library/": "'library/' is no repository path",
    "Nginx": "'library/Nginx' is no repository path",
    "nginx:": "'' is no tag",
    "nginx:.1": "'.1' is no tag",
    f"nginx:{'1' * 129}": "is no tag",
    "nginx\n": "is no repository path",
    "nginx:1\n": "is no tag",
    " nginx": "is no repository path",
    "ngïnx": "is no repository path",
    "nginx/": "is no repository path",
    "a//b": "is no repository path",
    "a___b": "is no repository path",
    "a.b_c/x": "'a.b_c' is no registry host",
    "-host.io/x": "is no registry host",
    "host.io:port/x": "is no registry host",
    "[fd00::1%eth0]/x": "is no registry host",
    "user@host.io/x": "is no digest",
    "http://host.io/x": "is no registry host",
    "gcr.io/../x": "is no repository path",
    HEX: "64 hex digits are an image id",
    f"{LONGEST_PATH}a": "is no repository path",
    "a/" * 512 + "a": "longer than 1024 characters",
    "{{ .Values.image }}": "is no repository path",
    "${IMAGE}": "is no repository path",
}

NO_DIGEST = (
    "",
    "latest",
    "sha256:",
    f"sha256:{'A' * 64}",
    f"sha256:{'a' * 63}",
    f"sha256:{'a' * 65}",
    f"sha256:{'a' * 64}\n",
    f" sha256:{'a' * 64}",
    f"sha512:{'a' * 128}",
    f"sha256:{chr(0xFF11) * 64}",  # full-width digits, which \d would take
    f"SHA256:{'a' * 64}",
)


@pytest.mark.parametrize("text", READS_AS)
def test_a_reference_is_read_and_normalised_as_docker_does(text: str) -> None:
    """Name, tag and digest must be Docker's, or we would attest another image than the one that runs."""
    reference = ImageReference.parse(text)

    assert (reference.name.host, reference.name.path, reference.tag, reference.digest) == READS_AS[text]
    assert reference.written == text


@pytest.mark.parametrize("text", NO_REFERENCE)
def test_what_is_no_reference_is_refused_with_the_part_that_is_wrong(text: str) -> None:
    """A malformed reference is never repaired, since a guess could name another image."""
    with pytest.raises(Rejected) as caught:
        ImageReference.parse(text)

    assert NO_REFERENCE[text] in caught.value.detail


@pytest.mark.parametrize("text", NO_DIGEST)
def test_only_sha256_with_64_lower_case_hex_digits_is_a_digest(text: str) -> None:
    """One spelling per digest, so that comparing two of them is comparing two strings."""
    with pytest.raises(Rejected) as caught:
        Digest(text)

    assert caught.value.reason is Reason.NOT_A_DIGEST


def test_a_malformed_reference_says_which_and_why() -> None:
    """The person on call must see what was refused, without control characters that forge a line."""
    with pytest.raises(Rejected) as caught:
        ImageReference.parse("ngi\nnx")

    assert reason_of(caught) == (
        Reason.MALFORMED_IMAGE,
        "'ngi\\nnx' is no image reference: 'library/ngi\\nnx' is no repository path",
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("nginx:1", "nginx:1 is a tag; a release names images by digest"),
        ("nginx", "nginx has no digest; a release names images by digest"),
    ],
)
def test_no_tag_becomes_a_pinned_image(text: str, sentence: str) -> None:
    """No code path may lead from a tag to an attestation."""
    with pytest.raises(Rejected) as caught:
        PinnedImage.parse(text)

    assert reason_of(caught) == (Reason.NOT_A_DIGEST, sentence)


def test_a_pinned_image_drops_the_tag_beside_its_digest() -> None:
    """The digest decides alone; the tag beside it may have moved since."""
    assert str(PinnedImage.parse(f"{NAME}:v1@{A}")) == f"{NAME}@{A}"


def test_short_forms_are_for_people() -> None:
    """Twelve hex digits and the last path component are what a person compares."""
    assert PINNED.digest.short == "a" * 12
    assert PINNED.name.short == "posts"


def test_a_tag_has_at_most_128_characters() -> None:
    """The bound is distribution/reference's, to the character."""
    assert is_tag("1" * 128)
    assert not is_tag("1" * 129)


def test_a_name_holds_no_tag() -> None:
    """Where an event says a name, a tag in it would be read as part of something else."""
    with pytest.raises(Rejected):
        parse_name("gcr.io/p/nginx:1")


@pytest.mark.parametrize("known", [("eu-docker.pkg.dev/mdo/apps",), ("gcr.io", "eu-docker.pkg.dev/mdo")])
def test_an_image_below_a_configured_prefix_is_known(known: tuple[str, ...]) -> None:
    """A prefix holds what lies below it, part by part."""
    require_known_registry(PINNED.name, known)


@pytest.mark.parametrize(
    "image",
    [
        "eu-docker.pkg.dev.evil.com/mdo/apps/posts",
        "eu-docker.pkg.dev/mdo/apps-evil/posts",
        "eu-docker.pkg.dev/mdo/apps",
        "eu-docker.pkg.dev:443/mdo/apps/posts",
        "Eu-docker.pkg.dev/mdo/apps/posts",
        "localhost:5000/mdo/apps/posts",
        "[fd00::1]/mdo/apps/posts",
        "2130706433.x/mdo/apps/posts",
    ],
)
def test_an_image_that_only_resembles_a_configured_prefix_is_unknown(image: str) -> None:
    """Nothing may connect to a host that merely looks like ours (server-side request forgery)."""
    with pytest.raises(Rejected) as caught:
        require_known_registry(parse_name(image), ("eu-docker.pkg.dev/mdo/apps",))

    assert reason_of(caught) == (
        Reason.UNKNOWN_REGISTRY,
        f"{image} is in no configured registry; those are eu-docker.pkg.dev/mdo/apps",
    )


def test_no_configured_registry_means_none_is_known() -> None:
    """Empty means no."""
    with pytest.raises(Rejected):
        require_known_registry(ImageName("gcr.io", "p/nginx"), ())
