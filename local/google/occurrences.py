"""The occurrences that Container Analysis keeps: protobuf's own messages, as lists read thousands."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

ENDING = len("sha256:") + 64  # characters at the end of a resource by which its occurrences are found


@dataclass(frozen=True, slots=True)
class Kept:
    """An occurrence, when it was made (of a monotonic clock, seconds), and its place in the order of all."""

    message: Any
    made_s: float
    place: int


class Occurrences:
    """All occurrences by their names, in the order in which they were made; what a resource is called never changes."""

    def __init__(self) -> None:
        self._by_name: dict[str, Kept] = {}
        self._by_ending: defaultdict[str, dict[str, Kept]] = defaultdict(dict)
        self._made = 0

    def get(self, name: str) -> Kept | None:
        """Answer one by its name, if there is one."""
        return self._by_name.get(name)

    def add(self, message: Any, made_s: float) -> None:
        """Keep a new one, as the newest."""
        self._made += 1
        kept = Kept(message, made_s, self._made)
        self._by_name[message.name] = self._by_ending[message.resource_uri[-ENDING:]][message.name] = kept

    def remove(self, message: Any) -> None:
        """Forget one that is kept."""
        del self._by_name[message.name]
        del self._by_ending[message.resource_uri[-ENDING:]][message.name]

    def ending_so(self, endings: Collection[str] | None) -> Iterable[Kept]:
        """Answer those whose resource has one of these endings, of `ENDING` characters; all of them where None."""
        if endings is None:
            return self._by_name.values()
        found = (kept for ending in endings for kept in self._by_ending.get(ending, {}).values())
        return sorted(found, key=lambda kept: kept.place)
