"""The contracts: what each topic carries, read strictly and written canonically.

Rules:
* An event says *what*, never *where*: no key, attestor, note, branch or secret is ever read from one.
* What was read is not yet believed. `TestPassed` is a claim that attest_images checks; `ReportedCompletion` only wakes
  open_prod_pr, which looks for itself.
* `event_id` is SHA-256 over type and canonical data: the same event has the same id, however often it is replayed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any, Final

from shared.domain import limits
from shared.domain.errors import Reason, Rejected, shown
from shared.domain.image import Digest, ImageName, PinnedImage, is_tag, parse_name
from shared.domain.strict_json import Fields, read_object

_COMMIT: Final = re.compile(r"[0-9a-f]{40}", re.ASCII)
_REPOSITORY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+", re.ASCII)
_SUITE: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?", re.ASCII)
_URL: Final = re.compile(r"https://[A-Za-z0-9.-]+(?::[0-9]+)?(?:/[A-Za-z0-9._~%/?=&+:,;@#-]*)?", re.ASCII)
_MEDIA_TYPE: Final = re.compile(r"[a-z]+/[A-Za-z0-9.+-]+", re.ASCII)
_NAME_CHARACTERS: Final = 255


@dataclass(frozen=True, slots=True)
class ImageResolved:
    """What a tag named when it was pushed, confirmed by the registry: topic `image-resolved`."""

    image: ImageName
    tag: str
    digest: Digest
    media_type: str

    topic = "image-resolved"

    @property
    def pinned(self) -> PinnedImage:
        """The image by digest."""
        return PinnedImage(self.image, self.digest)

    def data(self) -> bytes:
        """The event as canonical JSON."""
        return canonical(
            {"image": str(self.image), "tag": self.tag, "digest": self.digest, "media_type": self.media_type}
        )

    @classmethod
    def parse(cls, data: bytes) -> ImageResolved:
        """Read the event.

        Raises:
            Rejected: a field is missing, unknown or malformed.
        """
        fields = read_object(cls.topic, data)
        event = cls(
            fields.parsed("image", parse_name, most=_NAME_CHARACTERS),
            fields.parsed("tag", parse_tag, most=limits.TAG_CHARACTERS),
            fields.parsed("digest", Digest, most=limits.SHOWN_CHARACTERS),
            fields.text("media_type", most=limits.SHOWN_CHARACTERS, matching=_MEDIA_TYPE),
        )
        fields.done()
        return event


@dataclass(frozen=True, slots=True)
class TestPassed:
    """CI's claim that a suite passed for a commit of the environments repository: topic `test-passed`."""

    __test__ = False  # the name begins as a test class does; pytest must not collect it

    suite: str
    repository: str
    commit: str
    run: str
    images: tuple[PinnedImage, ...] | None

    topic = "test-passed"

    @classmethod
    def parse(cls, data: bytes) -> TestPassed:
        """Read the claim; its outcome must be there, and must be success.

        Raises:
            Rejected: a field is missing, unknown or malformed, or the tests did not pass.
        """
        fields = read_object(cls.topic, data)
        _require_success(fields)
        images = fields.texts("images", most=limits.IMAGES_PER_RELEASE) if "images" in fields else None
        event = cls(
            *_suite_and_commit(fields),
            run=_run(fields),
            images=None if images is None else tuple(PinnedImage.parse(image) for image in images),
        )
        fields.done()
        return event


@dataclass(frozen=True, slots=True)
class ReportedAttestation:
    """One line of an attestation-complete event, as somebody published it. Not proof of anything."""

    image: ImageName
    digest: Digest
    attestor: str
    occurrence: str


@dataclass(frozen=True, slots=True)
class ReportedCompletion:
    """An attestation-complete event as it arrives: it wakes open_prod_pr, which believes none of it."""

    suite: str
    repository: str
    commit: str
    run: str
    images: tuple[ReportedAttestation, ...]
    rollback: str | None

    topic = "attestation-complete"

    @classmethod
    def parse(cls, data: bytes) -> ReportedCompletion:
        """Read the event; `rollback.reason` is there when a person replays an older release.

        Raises:
            Rejected: a field is missing, unknown or malformed.
        """
        fields = read_object(cls.topic, data)
        event = cls(
            *_suite_and_commit(fields),
            run=_run(fields),
            images=_reported_images(fields) if "images" in fields else (),
            rollback=_rollback(fields) if "rollback" in fields else None,
        )
        fields.done()
        return event


@dataclass(frozen=True, slots=True)
class ReleaseCheck:
    """A wish, by a schedule or a person, to look again at what was left waiting on dev: topic `release-check`."""

    repository: str

    topic = "release-check"

    @classmethod
    def parse(cls, data: bytes) -> ReleaseCheck:
        """Read the event.

        Raises:
            Rejected: the repository is missing or malformed, or there is anything beside it.
        """
        fields = read_object(cls.topic, data)
        event = cls(_repository(fields))
        fields.done()
        return event


@dataclass(frozen=True, slots=True)
class ProdTestsFinished:
    """What prod's CI says of a commit that prod runs: topic `prod-tests-finished`."""

    suite: str
    repository: str
    commit: str
    run: str
    passed: bool

    topic = "prod-tests-finished"

    @classmethod
    def parse(cls, data: bytes) -> ProdTestsFinished:
        """Read the event; the verdict must be there, passed or failed.

        Raises:
            Rejected: a field is missing, unknown or malformed.
        """
        fields = read_object(cls.topic, data)
        event = cls(
            *_suite_and_commit(fields),
            run=_run(fields),
            passed=fields.choice("verdict", ("passed", "failed")) == "passed",
        )
        fields.done()
        return event


def read_release_event(data: bytes) -> ReportedCompletion | ReleaseCheck:
    """Read what wakes open_prod_pr: a repository and nothing else is a release-check, all else attestation-complete.

    That cannot do without a commit, so no event can be read as both.

    Raises:
        Rejected: it is neither.
    """
    only_repository = read_object(ReportedCompletion.topic, data).names() == ["repository"]
    return ReleaseCheck.parse(data) if only_repository else ReportedCompletion.parse(data)


def is_run(url: str) -> bool:
    """Whether a URL may stand in an event as the run of a suite."""
    return len(url) <= limits.URL_CHARACTERS and _URL.fullmatch(url) is not None


def is_suite(name: str) -> bool:
    """Whether a name may stand in an event as a suite."""
    return len(name) <= limits.SUITE_CHARACTERS and _SUITE.fullmatch(name) is not None


def canonical(document: dict[str, Any]) -> bytes:
    """Write JSON in the one form that event ids are made of: sorted keys, no blanks, ASCII."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def event_type(topic: str) -> str:
    """Name the type of a topic's events, as the attribute `event_type` carries it."""
    return f"dev.prodgate.{topic}.v1"


def event_id(topic: str, data: bytes) -> str:
    """Derive an event's id from its type and canonical data (64 hex digits).

    Data that is not JSON is hashed as it is, so that a malformed event has a stable id too.
    """
    with contextlib.suppress(ValueError, RecursionError):
        data = canonical(json.loads(data))
    return hashlib.sha256(event_type(topic).encode() + b"\0" + data).hexdigest()


def parse_tag(text: str) -> str:
    """Read a tag.

    Raises:
        Rejected: the text cannot be a tag.
    """
    if not is_tag(text):
        raise Rejected(Reason.MALFORMED_IMAGE, f"{shown(text)} is no tag")
    return text


def _require_success(fields: Fields) -> None:
    outcome = fields.choice("outcome", ("success", "failure", "cancel", "error"))
    if outcome != "success":
        raise Rejected(Reason.NOT_SUCCESSFUL, f"test-passed: outcome is {outcome}; only success is ever attested")


def _suite_and_commit(fields: Fields) -> tuple[str, str, str]:
    return (
        fields.text("suite", most=limits.SUITE_CHARACTERS, matching=_SUITE),
        _repository(fields),
        fields.text("commit", most=40, matching=_COMMIT),
    )


def _repository(fields: Fields) -> str:
    return fields.text("repository", most=limits.REPOSITORY_CHARACTERS, matching=_REPOSITORY)


def _run(fields: Fields) -> str:
    return fields.text("run", most=limits.URL_CHARACTERS, matching=_URL)


def _reported_images(fields: Fields) -> tuple[ReportedAttestation, ...]:
    return tuple(_reported(row) for row in fields.children("images", most=limits.IMAGES_PER_RELEASE))


def _reported(row: Fields) -> ReportedAttestation:
    reported = ReportedAttestation(
        row.parsed("image", parse_name, most=_NAME_CHARACTERS),
        row.parsed("digest", Digest, most=limits.SHOWN_CHARACTERS),
        row.text("attestor", most=_NAME_CHARACTERS),
        row.text("occurrence", most=_NAME_CHARACTERS),
    )
    row.done()
    return reported


def _rollback(fields: Fields) -> str:
    rollback = fields.child("rollback")
    reason = rollback.text("reason", most=limits.REASON_CHARACTERS)
    rollback.done()
    return reason
