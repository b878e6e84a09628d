"""How a person follows the story: headings, one line per event with its elapsed time, tables; plain lines in a pipe."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.markdown import Markdown
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from cli.demo.ledger import EventOutcome
from shared.domain.policy import Verdict

_LOOKS: Final = {"done": ("●", "green"), "rejected": ("✗", "yellow"), "unavailable": ("↻", "red")}
_DIGEST: Final = re.compile(r"(sha256:[0-9a-f]{12})[0-9a-f]{52}")
_COMMIT: Final = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{28}\b")
_CODE: Final = re.compile(r"<code>(.*?)</code>", re.DOTALL)
_MARKER: Final = re.compile(r"<!-- prodgate:.*?-->", re.DOTALL)
_DETAILS: Final = re.compile(r"<details><summary>(.*?)</summary>.*?</details>", re.DOTALL)
_PLAIN_WIDTH: Final = 160


class Timeline:
    """Writes to a console: in colour on a terminal, as plain lines elsewhere."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self.tells_unchanged = False  # once events are replayed, it matters that they change nothing

    def act(self, heading: str, explanation: str) -> None:
        """Begin an act of the story."""
        self._console.print()
        if self._console.is_terminal:
            self._console.print(Rule(Text(heading, style="bold"), align="left", style="dim"))
        else:
            self._console.print(f"== {heading}", highlight=False)
        self._console.print(Text(explanation, style="dim"))

    def event(self, heard: EventOutcome) -> None:
        """Write the line of one event."""
        mark, colour = _LOOKS[heard.outcome]
        line = Text.assemble(
            (f"{heard.at_s:7.2f} s  ", "dim"),
            (f"{mark} ", colour),
            (f"{heard.function:<14}", "bold"),
            (f"{heard.elapsed_ms:6.0f} ms  ", "dim"),
            "" if heard.outcome == "done" else (f"{heard.outcome}: ", colour),
            shortened(heard.sentence),
            ("  (nothing changed)" if self.tells_unchanged and not heard.changed else "", "dim"),
        )
        self._console.print(line, soft_wrap=True, highlight=False)

    def say(self, sentence: str, *, style: str = "") -> None:
        """Write one sentence."""
        self._console.print(Text(sentence, style=style), soft_wrap=True)

    def verdicts(self, verdicts: Sequence[Verdict]) -> None:
        """Show what prod would admit, and GKE's own words where it would not."""
        table = Table(box=None, padding=(0, 2), show_header=False)
        for verdict in verdicts:
            word = Text("admitted", style="green") if verdict.admitted else Text("denied", style="red")
            why = verdict.message or "attested"
            table.add_row(word, Text(shortened(verdict.image)), Text(shortened(why), style="dim"))
        self._console.print(table)

    def pull_request(self, title: str, body: str, url: str) -> None:
        """Show a pull request's body as its reviewers see it."""
        self.act(title, url)
        if self._console.is_terminal:
            self._console.print(Markdown(shortened(readable(body))))
        else:
            self._console.print(Text(shortened(readable(body))), soft_wrap=True)


def console_for(*, machine: bool) -> Console:
    """Choose where to write: standard error where standard output belongs to a machine."""
    console = Console(stderr=machine, highlight=False)
    if not console.is_terminal:
        console.width = _PLAIN_WIDTH
    return console


def shortened(text: str) -> str:
    """Cut digests and commits to what a person compares."""
    return _COMMIT.sub(r"\1", _DIGEST.sub(r"\1…", text))


def readable(body: str) -> str:
    """Turn the body's escaped `<code>` back into Markdown for a terminal, which needs no protection."""
    plain = _DETAILS.sub(r"*\1 (folded, as on the page)*", _MARKER.sub("", body))
    return _CODE.sub(lambda found: f"`{html.unescape(found.group(1))}`", plain).strip()
