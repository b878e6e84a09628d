"""The gcloud commands that documents tell people to run, as gcloud would see them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Final

from tests.operations.runbook import Page

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = sorted([*ROOT.glob("docs/**/*.md"), ROOT / "infra/README.md", ROOT / "README.md"])
_INLINE: Final = re.compile(r"`(gcloud [a-z][^`\n]+)`")
# `${NAME:?such as x}` and `${NAME:?x}` give an example of what is to be filled in.
_ASKED: Final = re.compile(r"\$\{\w+:\?(?:such as )?([^}]*)\}")
_ONE_WORD: Final = re.compile(r"[\w./:@-]+")
_FILLED: Final = re.compile(r"\$\{?([A-Za-z]\w*)(?:%[^}]*)?\}?")
_LOOP: Final = re.compile(r"\bfor (\w+) in ([\w. -]+); do")
_SET: Final = re.compile(r"^ *([A-Za-z]\w*)=([\w./:@$-]+)$", re.MULTILINE)
_BEGINS: Final = re.compile(r"(?:^|[|&;]|\$\(|\bdo|\bthen) *(gcloud .*)", re.MULTILINE)
_ENDS: Final = re.compile(r"[|&;<>()]+")
_SOME: Final = "x"


@dataclass(frozen=True, slots=True)
class Command:
    """One command of a page, with examples in place of what a person or a loop fills in."""

    page: Path
    words: tuple[str, ...]

    @property
    def line(self) -> str:
        """The command, to be pasted."""
        return shlex.join(self.words)

    @property
    def plain(self) -> str:
        """The command without its flags: `gcloud pubsub topics publish gcr`."""
        return " ".join(word for word in self.words if not word.startswith("-"))

    @property
    def flags(self) -> dict[str, str]:
        """Its flags with their values."""
        written = (word[2:].partition("=") for word in self.words if word.startswith("--"))
        return {name: value for name, _, value in written}


def commands() -> list[Command]:
    """Every gcloud command of every page, in shell blocks and in sentences."""
    return [
        Command(page, words)
        for page in PAGES
        for words in dict.fromkeys(
            words for text in [*_told(page), *_INLINE.findall(page.read_text())] for words in _commands(text)
        )
    ]


def _told(page: Path) -> list[str]:
    """Join the blocks of a page, since what is set in one is used in the next."""
    return ["\n".join(Page(page).lines())]


def _commands(text: str) -> Iterator[tuple[str, ...]]:
    """Find each `gcloud …` in lines of shell, within `$(…)` too, once for each value of a loop."""
    plain = _ASKED.sub(_example, text.replace("\\\n", " "))
    values = {name: [value] for name, value in _SET.findall(plain)}
    values |= {name: words.split() for name, words in _LOOP.findall(plain)}
    begins = [found.start(1) for found in _BEGINS.finditer(plain)]
    begins += [found.start(1) for found in re.finditer(r"\$\((gcloud )", plain)]
    for begin in sorted(set(begins)):
        line = plain[begin:].partition("\n")[0]
        for filled in _filled(line, values):
            yield tuple(_words(filled))


def _example(asked: re.Match[str]) -> str:
    return asked[1] if _ONE_WORD.fullmatch(asked[1]) else _SOME


def _filled(line: str, values: Mapping[str, list[str]]) -> Iterator[str]:
    names = list(dict.fromkeys(name for name in _FILLED.findall(line) if name in values))
    for chosen in product(*(values[name] for name in names)):
        known = dict(zip(names, chosen, strict=True))
        filled = _FILLED.sub(lambda found, known=known: known.get(found[1], _SOME), line)  # type: ignore[misc]
        yield from _filled(filled, values) if names else [filled]


def _words(line: str) -> Iterator[str]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    for word in lexer:
        if _ENDS.fullmatch(word):
            return
        yield word
