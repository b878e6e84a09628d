"""Pinning generated manifests: exactly the intended characters change, and pinning again changes none."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.image import Digest, parse_name
from shared.domain.manifests import read_manifest
from shared.domain.pinning import pin

QUICK = settings(deadline=None, max_examples=60, derandomize=True)
OLD, NEW = Digest("sha256:" + "0" * 64), Digest("sha256:" + "f" * 64)
STALE = "\t# tag: no"  # a comment that a person left behind when writing another tag
TAGS = {(parse_name("h.io/a"), "v1"): NEW, (parse_name("h.io/b"), "v1"): NEW}


@dataclass(frozen=True)
class Line:
    """An image line before and after pinning."""

    before: str
    after: str


@st.composite
def lines(draw: st.DrawFn) -> Line:
    """An image of one of three names, by tag or digest, in some style, before some rest of the line."""
    name = draw(st.sampled_from(["h.io/a", "h.io/b", "h.io/c"]))
    tag = draw(st.sampled_from(["v1", "v2"]))
    quote = draw(st.sampled_from(["", "'", '"']))
    front = draw(st.sampled_from(["", "  ", "&x ", "!!str "]))
    rest = draw(st.sampled_from(["", " ", "  # why", STALE]))
    form = draw(st.sampled_from(["tag", "both", "comment", "alone", "new", "follow", "twice"]))
    moves = name != "h.io/c" and tag == "v1" and form not in {"alone", "new"}
    written = {
        "tag": f"{quote}{name}:{tag}{quote}",
        "both": f"{quote}{name}:{tag}@{OLD}{quote}",
        "comment": f"{quote}{name}@{OLD}{quote} # tag: {tag}",
        "alone": f"{quote}{name}@{OLD}{quote} #",
        "new": f"{quote}{name}@{NEW}{quote} # tag: {tag}",
        "follow": f"{quote}{name}:{tag}{quote} # tag: {tag} follow: semver >=1 <2",
        "twice": f"{quote}{name}:{tag}@{OLD}{quote} # tag: {tag} # follow: glob w*",
    }[form]
    after = f"{quote}{name}@{NEW}{quote} # tag: {tag}" if moves else written
    if moves and form in {"follow", "twice"}:
        after += f" {written.partition(f'# tag: {tag} ')[2]}"
    if moves and form in {"tag", "both"} and rest == STALE:
        return Line(front + written + rest, f"{front}{quote}{name}@{NEW}{quote}{rest.replace('no', tag)}")
    return Line(front + written + rest, front + after + rest)


@st.composite
def manifests(draw: st.DrawFn) -> tuple[str, str, int]:
    """A file of pods and other documents, before and after, and how many lines move."""
    found = draw(st.lists(lines(), min_size=1, max_size=6))
    end = draw(st.sampled_from(["\n", "\r\n"]))
    noise = draw(st.sampled_from(["", "# ünïcödé 🚀\u2028", "---", "kind: ~\n---", "x: {a: 1,b: [2 ,3]}\n---"]))
    start = draw(st.sampled_from(["", "\ufeff"]))

    def text(rows: list[str]) -> str:
        pods = [f"apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - image: {row}\n      tty: true" for row in rows]
        return start + "\n".join([noise, "\n---\n".join(pods), ""]).replace("\n", end)

    before, after = text([line.before for line in found]), text([line.after for line in found])
    return before, after, sum(line.before != line.after for line in found)


@QUICK
@given(manifests())
def test_exactly_the_lines_that_follow_the_tag_change(generated: tuple[str, str, int]) -> None:
    """Every other byte of the file belongs to people."""
    before, after, count = generated

    file = pin(read_manifest("x.yaml", before.encode()), TAGS)

    assert file.text == after
    assert len(file.moves) == count
    assert file.left_alone == ()


@QUICK
@given(manifests())
def test_pinning_again_changes_nothing(generated: tuple[str, str, int]) -> None:
    """Redelivered events find their work done."""
    once = pin(read_manifest("x.yaml", generated[0].encode()), TAGS).text

    again = pin(read_manifest("x.yaml", once.encode()), TAGS)

    assert (again.text, again.moves) == (once, ())


@QUICK
@given(st.text(alphabet="-:?#&*!|>'\"%{}[], \n\tab0\u2028", max_size=60))
def test_pinning_beside_any_text_never_breaks_it(noise: str) -> None:
    """Whatever else a file holds, either nothing moves or only the image does."""
    before = (
        f"apiVersion: v1\nkind: Pod\nspec: {{containers: [{{image: &i h.io/a@{OLD} # tag: v1\n}}]}}\n---\n{noise}\n"
    )

    file = pin(read_manifest("x.yaml", before.encode()), TAGS)

    assert file.text == (before.replace(OLD, NEW, 1) if file.moves else before)
