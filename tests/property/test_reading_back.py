"""Reading back a part of a text answers what reading all of it would."""

from __future__ import annotations

from collections.abc import Iterable

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.image_fields import ImageField
from shared.domain.manifests import read_manifest
from shared.domain.reading_back import Edit, NotAsIntendedError, edited

QUICK = settings(deadline=None, max_examples=300, derandomize=True)
BEFORE = "h.io/a:v1"
AFTER = "h.io/a:v2"
# What stands before and behind an image: `{}` is the image's entry, in a mapping of its own column.
SHAPES = [
    "    - {}\n",
    "    - {}\n      tty: true\n",
    "    - name: x\n      {}\n      # ünïcödé 🚀\n      tty: true\n",
    "    - {}\n      ? tty\n      : true\n",
    "    - {}\n      ? {{a: b}}\n      : c\n",
    "    - {}\n\n\n    - 'tty': &x ok\n      {}\n      *x : 1\n",
    "    - {}\n      &y z: &z 1\n      z2: *z\n",
    "    - &k tty: true\n      {}\n    - {}\n      *k : true\n",
    "    -   {}\n        !!str tty: true\n",
    "    - ? name\n      : x\n      {}\n",
    "    - {{{}\n      , tty: true}}\n",
]
ENTRIES = [
    "image: {}",
    "image: {} # why",
    '"image":   {}',
    "image: '{}'",
    "image:\n            {}",
    "!!str image: &i{} {}",
]
# Not `|` or `>`: nobody writes an image so, and how many blank lines it ends with depends on what comes behind it.
NOISE = st.text(alphabet="-:?#&*!'\"%{}[], \n\tabv2\u2028", max_size=12)


@st.composite
def manifests(draw: st.DrawFn) -> str:
    """Pods, each with images among some neighbours."""
    shapes = draw(st.lists(st.sampled_from(SHAPES), min_size=1, max_size=3))
    text, anchor = "", 0
    for shape in shapes:
        entries = []
        for _ in range(shape.count("{}")):
            anchor += 1
            entry = draw(st.sampled_from(ENTRIES))
            entries.append(entry.format(anchor, BEFORE) if "&i" in entry else entry.format(BEFORE))
        text += f"---\napiVersion: v1\nkind: Pod\nspec:\n  containers:\n{shape.format(*entries)}"
    return text


def events(text: str) -> list[tuple[type, str | None]]:
    """Read a whole text with libyaml."""
    return [(type(event), getattr(event, "value", None)) for event in yaml.parse(text, yaml.CSafeLoader)]


def reads_as_meant(before: str, after: str, meant: str) -> bool:
    """Whether a whole text reads as before, but for its images."""
    try:
        found = events(after)
    except yaml.YAMLError:
        return False
    image = (yaml.ScalarEvent, BEFORE)
    return found == [(yaml.ScalarEvent, meant) if event == image else event for event in events(before)]


def all_edited(text: str, fields: Iterable[ImageField], new: str, meant: str) -> str | None:
    """Edit every image; None where that does not read back as meant."""
    edits = [(field.block, Edit(field.start, field.end, new, (BEFORE,), (meant,))) for field in fields]
    try:
        return edited(text, edits)
    except NotAsIntendedError:
        return None


@QUICK
@given(manifests(), st.sampled_from(["", " # tag: v2", "  #"]))
def test_what_reads_as_meant_is_accepted(text: str, comment: str) -> None:
    """Wherever an image stands, it can be moved."""
    manifest = read_manifest("x.yaml", text.encode())
    new = AFTER if "'" in text or "{" in text else f"{AFTER}{comment}"

    assert manifest.problems == ()
    assert all_edited(text, manifest.images, new, AFTER) == text.replace(BEFORE, new)
    assert reads_as_meant(text, text.replace(BEFORE, new), AFTER)


@QUICK
@given(manifests(), NOISE, NOISE)
def test_whatever_is_accepted_reads_as_meant_in_the_whole_text(text: str, front: str, rest: str) -> None:
    """An edit that changes anything else is refused, though only its own part of the text is read again."""
    images = read_manifest("x.yaml", text.encode()).images

    after = all_edited(text, images, f"{front}{AFTER}{rest}", AFTER)

    is_meant = reads_as_meant(text, text.replace(BEFORE, f"{front}{AFTER}{rest}"), AFTER)
    assert (after is not None) is is_meant
