"""What a run of `./prodgate admit` found out, for a person and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from cli.admit.looking import Answer
from cli.refusal import sentence
from shared.domain.errors import Rejected, Unavailable
from shared.domain.image_fields import ImageField
from shared.domain.policy.advice import Advice

ADMITTED: Final = 0
DENIED: Final = 1
UNKNOWN: Final = 2


def advice_row(advice: Advice) -> dict[str, str]:
    """One piece of advice as JSON."""
    return {"slip": advice.slip, "place": advice.place, "why": advice.why, "mending": advice.mending}


def nothing_judged(error: Exception) -> dict[str, Any]:
    """Say in JSON why nothing could be judged at all."""
    reason = "usage"
    if isinstance(error, Rejected):
        reason = error.reason
    elif isinstance(error, Unavailable):
        reason = error.fault
    problem = {"reason": reason, "detail": sentence(error)}
    return {"status": "unknown", "images": [], "problems": [problem], "exempt": [], "advice": []}


@dataclass(frozen=True, slots=True)
class Outcome:
    """Every image where it stands, what could not be read of the manifests or was exempt, and what admission says."""

    images: tuple[ImageField, ...]
    problems: tuple[Rejected, ...]
    exempt: tuple[str, ...]
    answer: Answer

    @property
    def status(self) -> int:
        """Only what was read whole and is admitted whole is ok; no image at all is not."""
        verdicts = self.answer.verdicts.values()
        if self.problems or not self.images or None in verdicts:
            return UNKNOWN
        return ADMITTED if all(verdict is not None and verdict.admitted for verdict in verdicts) else DENIED

    def lines(self) -> list[str]:
        """Every image with file and line, as editors and people read it."""
        return [f"{image.path}:{image.line}: {image.reference.written} {self._said(image)}" for image in self.images]

    def remarks(self) -> Iterator[str]:
        """What else a person must know to read the verdicts rightly."""
        for problem in self.problems:
            yield f"error: {problem.detail}"
        for attestor, why in sorted(self.answer.unread.items()):
            yield f"error: {attestor} could not be looked at: {why}"
        for path in self.exempt:
            yield f"note: {path} is exempt: what it runs is not read, and not judged"
        if not self.images:
            yield "error: the manifests run no image, and nothing checked is not ok"
        if self.answer.is_claimed:
            yield "note: what is attested was claimed, not looked up"
        if self.answer.lacks_system_policy:
            yield "note: the system policy was not asked (--location); Google's own images may be admitted after all"
        for advice in self.answer.advice:
            yield f"warning: {advice}"

    def document(self) -> dict[str, Any]:
        """The outcome as JSON."""
        return {
            "status": ("admitted", "denied", "unknown")[self.status],
            "images": [self._row(image) for image in self.images],
            "problems": [
                *({"reason": problem.reason, "detail": problem.detail} for problem in self.problems),
                *({"reason": "unread", "detail": f"{name}: {why}"} for name, why in sorted(self.answer.unread.items())),
            ],
            "exempt": list(self.exempt),
            "claimed": self.answer.is_claimed,
            "system_policy_asked": not self.answer.lacks_system_policy,
            "advice": [advice_row(advice) for advice in self.answer.advice],
        }

    def _said(self, image: ImageField) -> str:
        verdict = self.answer.verdicts[image]
        if verdict is None:
            return "is not judged: that hangs on an attestor that could not be looked at"
        if verdict.admitted:
            return f"is admitted by a dry run only: {verdict.message}" if verdict.is_dry_run else "is admitted"
        spellings = " or ".join(self.answer.spellings.get(image.reference.written, ()))
        also = f" (the allowlist would admit {spellings})" if spellings else ""
        return f"is denied: {verdict.message}{also}"

    def _row(self, image: ImageField) -> dict[str, Any]:
        written, verdict = image.reference.written, self.answer.verdicts[image]
        return {
            "file": image.path,
            "line": image.line,
            "image": written,
            "admitted": None if verdict is None else verdict.admitted,
            "dry_run": verdict is not None and verdict.is_dry_run,
            "message": "" if verdict is None else verdict.message,
            "admitted_spellings": list(self.answer.spellings.get(written, ())),
        }
