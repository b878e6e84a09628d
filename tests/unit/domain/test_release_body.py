"""The body of the release pull request: what it says, in which order, and how it is cut."""

from __future__ import annotations

import re

import pytest

from shared.domain import limits
from shared.domain.body_markers import has_part, marked_commit, remembering, rewritten, was_asked
from shared.domain.errors import Rejected
from shared.domain.policy import Verdict
from shared.domain.pull_request import Commits, CommitSubject, ImageChange, SuitePassed
from shared.domain.pull_request_texts import PullRequestTexts, body_template, title_template
from shared.domain.scan_report import ScanReport
from tests.unit.domain.material import ATTESTOR_NAME, COMMIT, NAME, PINNED, RUN, A, B
from tests.unit.domain.test_pull_request import REPORT, with_

write = PullRequestTexts().body_of


def abbreviated(digest: str) -> str:
    """A digest as the table shows it: short, and whole to whoever points at it."""
    return f'<abbr title="{digest}">`{digest[7:19]}`</abbr>'


def test_the_body_says_everything_that_a_person_decides_by() -> None:
    """Verdict, images, admission, evidence, commits, files, and what merging does; in this order."""
    report = with_(commits=Commits((CommitSubject("c" * 40, "Pin posts"),), 1), runbook="https://wiki.example/release")

    text = write(report)

    assert text.splitlines()[:3] == [
        "<!-- prodgate:begin -->",
        "> [!NOTE]",
        "> **Ready.** Every image that needs an attestation has one (1), and prod would admit all 1 images.",
    ]
    images = f"| `{NAME}` | `v1` | {abbreviated(B)} → {abbreviated(A)} | [`qa`]({RUN}) |"
    assert f"{images} `{ATTESTOR_NAME.rpartition('/')[2]}` |" in text
    assert f"| `{NAME}@{A}` | admitted | attested |" in text
    assert f"- tested commit: [`0123456789ab`](https://github.com/mdo/environments/commit/{COMMIT})" in text
    assert f"- suite `qa` passed: [its run]({RUN})" in text
    assert f"by `{ATTESTOR_NAME}`: `projects/gate/occurrences/1`" in text
    assert "<details><summary>1 commit on dev since the last release</summary>\n\n- [`cccccccccccc`](" in text
    assert "<details><summary>1 file changes in prod</summary>\n\n- `apps/posts.yaml`\n" in text
    assert "What to do when something is wrong: [the runbook](https://wiki.example/release)." in text
    marks = [
        "### Images (1)",
        "### Admission in prod",
        "### Evidence",
        "1 commit on",
        "1 file ",
        "Merging runs exactly",
    ]
    assert sorted(marks, key=text.index) == marks


def test_the_body_says_why_an_image_was_admitted() -> None:
    """In a dry run prod admits what it would deny, and the person must see that."""
    dry = Verdict("z:1", admitted=True, message="denied by", is_dry_run=True)
    text = write(
        with_(verdicts=(Verdict("x:1", admitted=True, message="by list"), Verdict("y:1", admitted=False), dry))
    )

    assert "| `x:1` | admitted | `by list` |" in text
    assert "| `y:1` | denied | attested |" in text
    assert "| `z:1` | admitted (dry run: the rule is not enforced) | `denied by` |" in text


def test_the_body_warns_of_a_rollback_with_its_reason() -> None:
    """Older bytes go out again, because a person asked for it; what goes with them is named."""
    text = write(with_(rollback="it @burns", commits=Commits((CommitSubject("c" * 40, "x"),), 2)))

    lines = text.splitlines()[1:]
    assert lines[:3] == ["> [!WARNING]", "> **Rollback**, asked for by a person: `it @burns`", ">"]
    assert lines[3].startswith("> **Ready.**")
    assert "<summary>2 commits this release takes back</summary>" in text
    assert "…and 1 more." in text


def test_the_body_says_what_prods_rules_leave_open() -> None:
    """Before the sentence about what merging does, which holds only if nobody walks around the gate."""
    text = write(with_(warnings=("Anything can be merged.", "Squash loses it.")))

    said = "> [!CAUTION]\n> Prod's branch rules leave this open:\n>\n> - Anything can be merged.\n> - Squash loses it."
    assert f"{said}\n\nMerging runs exactly" in text


def test_a_body_without_images_and_files_says_so() -> None:
    """A configuration change is a release too."""
    text = write(with_(changes=(), files=()))

    assert "### Images\n\nNo image changes; only other files do.\n" in text
    assert "<details>" not in text


@pytest.mark.parametrize(
    ("change", "cells"),
    [
        (ImageChange(PINNED.name, (), (), ("latest",)), "none | none → `latest` | [`qa`](%s) | exempt"),
        (ImageChange(PINNED.name, ("v1",), (B,), ()), f"`v1` | {abbreviated(B)} → none | [`qa`](%s) | removed"),
    ],
)
def test_an_image_that_comes_or_goes_has_none_on_the_other_side(change: ImageChange, cells: str) -> None:
    """An empty cell would look like a mistake."""
    assert f"| `{NAME}` | {cells % RUN} |" in write(with_(changes=(change,)))


@pytest.mark.parametrize(("count", "last"), [(200, "- `f199`\n"), (203, "\n…and 3 more.\n")])
def test_a_list_shows_200_rows_and_counts_the_rest(count: int, last: str) -> None:
    """Nobody reads more, and GitHub bounds the whole."""
    text = write(with_(files=tuple(f"f{i}" for i in range(count))))

    assert f"{last}\n</details>" in text
    assert text.count("- `f") == 200


def test_a_body_that_would_be_too_long_loses_whole_rows_and_counts_them() -> None:
    """Half a row is half a lie; a list that is cut says how much is missing."""
    text = write(with_(files=tuple(f"{i:03}{'x' * 400}" for i in range(200))))

    assert len(text) <= limits.PULL_REQUEST_BODY_CHARACTERS
    assert text.count(f"{'x' * 400}`") == 100
    assert "\n…and 100 more.\n" in text
    assert "### Images (1)" in text


def test_a_body_of_endless_names_still_fits() -> None:
    """Every list can go; verdict and promise stay."""
    long = tuple(Verdict(f"{i}{'|' * 9000}", admitted=True) for i in range(30))

    text = write(with_(verdicts=long))

    assert len(text) <= limits.PULL_REQUEST_BODY_CHARACTERS
    assert "…and 30 more." in text
    assert "Merging runs exactly" in text


def test_a_part_stands_in_a_body_where_it_does_word_for_word() -> None:
    """The open pull request is edited only when it would say something else; GitHub's editor writes other line ends."""
    same, other = write(REPORT), write(with_(files=("apps/users.yaml",)))

    assert has_part(f"mine\n\n{same}\n\nmine", write(REPORT))
    assert has_part(same.replace("\n", "\r\n"), same)
    assert not has_part(same, other)
    assert marked_commit(same) == COMMIT


def test_a_part_that_somebody_rewrote_is_not_there_whatever_its_marker_says() -> None:
    """Whoever may edit the body may leave the fingerprint and say something else above it."""
    part = write(REPORT)

    assert not has_part(part.replace("**Ready.**", "**Merge at once.**"), part)
    assert not has_part(part.replace("fingerprint=", "fingerprint=0"), part)


def test_the_fingerprint_covers_what_is_cut_off() -> None:
    """A change beyond the cut is a change."""
    many = tuple(f"{i}{'x' * 400}" for i in range(200))
    shown = write(with_(files=many))

    assert has_part(shown, shown)
    assert not has_part(shown, write(with_(files=(*many[:-1], "other"))))


@pytest.mark.parametrize("text", ["", "text of a person", "<!-- prodgate:begin -->"])
def test_a_body_without_markers_has_no_part(text: str) -> None:
    """Then prodgate's part is written again."""
    assert not has_part(text, write(REPORT))
    assert marked_commit(text) is None


def test_a_body_remembers_once_that_people_were_asked() -> None:
    """After prodgate's part, where what people write is kept."""
    part, new = write(REPORT), write(with_(files=()))
    asked = remembering(part)

    assert (was_asked(part), was_asked(asked)) == (False, True)
    assert remembering(asked) == asked
    assert was_asked(rewritten(asked, new))
    assert has_part(asked, part)


def test_what_people_must_know_stands_right_after_the_verdict() -> None:
    """Each on its own line; they are Markdown already."""
    text = write(with_(cautions=("prod took back `a`.", "And `b`.")))

    assert "\n\n> [!CAUTION]\n> prod took back `a`.\n> And `b`.\n\n### Images" in text


def test_what_people_wrote_around_it_is_kept() -> None:
    """Before, after, and where they took prodgate's part away."""
    old, new = write(REPORT), write(with_(files=()))

    assert rewritten(f"before\n\n{old}\n\nafter", new) == f"before\n\n{new}\n\nafter"
    assert rewritten("lgtm\n", new) == f"lgtm\n\n{new}"
    assert rewritten("", new) == new
    assert rewritten(f"{old[30:]}", new).endswith(new)


def test_a_name_that_looks_like_the_end_is_not_taken_for_it() -> None:
    """Or what comes after it would be kept as somebody's text, for ever."""
    fake = f"<!-- prodgate:v1 commit={'a' * 40} fingerprint={'b' * 64} -->"
    old, new = write(with_(files=(fake,))), write(REPORT)

    assert fake in old
    assert marked_commit(old) == COMMIT
    assert rewritten(old, new) == new


def test_what_people_wrote_gives_way_only_where_github_would_refuse_the_whole() -> None:
    """A body has at most 65,536 characters."""
    part = write(REPORT)

    text = rewritten(f"{'x' * 65_000}{part}", part)

    assert len(text) <= 65_536
    assert text.endswith(f"…the rest is cut: GitHub bounds a body's length.\n\n{part}")


def test_a_template_arranges_the_parts() -> None:
    """And adds words of its own."""
    texts = PullRequestTexts(
        title_template("$$ $verb $commit in $repository"), body_template("Hi.\n\n$promise $summary")
    )

    assert texts.title_of(REPORT) == "$ Release 0123456789ab in mdo/environments"
    assert texts.body_of(REPORT).startswith("<!-- prodgate:begin -->\nHi.\n\nMerging runs exactly")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("$summary $promise $evil", "uses 'evil'; there is $admission, "),
        ("$summary $promise $", "uses '$summary $promise $'; there is $admission, "),
        ("$summary", "leaves out $promise, by which people decide"),
        ("", "leaves out $promise, $summary, by which people decide"),
    ],
)
def test_a_body_template_that_cannot_work_is_refused(text: str, sentence: str) -> None:
    """At the start of the function, not at the first release."""
    with pytest.raises(Rejected) as caught:
        body_template(text)

    assert caught.value.detail.startswith(sentence)


def test_a_title_template_knows_its_own_names_only() -> None:
    """The body's parts are pages long."""
    with pytest.raises(Rejected, match=r"uses 'summary'; there is \$commit, \$images, \$repository, \$verb"):
        title_template("$summary")


def test_a_run_that_is_no_plain_address_is_shown_and_not_linked() -> None:
    """A status may carry any address."""
    text = write(with_(suites=(SuitePassed("qa", "https://ci/)[x](https://evil"),)))

    assert "- suite `qa` passed: its run `https://ci/)[x](https://evil`" in text


def test_thirty_suites_with_long_addresses_fit_and_the_images_stay() -> None:
    """Addresses of runs may have 2,048 characters each; the table can do without, and it decides."""
    suites = tuple(SuitePassed(f"suite-{n}", f"https://ci.example/{'r' * 2020}{n}") for n in range(30))

    text = write(with_(suites=suites))

    assert len(text) <= limits.PULL_REQUEST_BODY_CHARACTERS
    assert f"| `{NAME}` | `v1` | {abbreviated(B)} → {abbreviated(A)} | `suite-0` `suite-1`" in text.replace(
        "[`suite-0`]", "`suite-0`"
    )
    assert "Merging runs exactly" in text


@pytest.mark.parametrize("length", [100, 300, 700, 1500, 6000])
def test_files_give_way_first_then_commits_then_evidence_then_admission_and_images_last(length: int) -> None:
    """A list that is shown short is one that decides less than those that are shown whole."""
    long = "x" * length
    report = with_(
        files=tuple(f"f{n}{long}" for n in range(60)),
        commits=Commits(tuple(CommitSubject("c" * 40, f"s{n}{long}") for n in range(60)), 60),
        suites=tuple(SuitePassed(f"e{n}{'x' * 50}", RUN) for n in range(20)),
        verdicts=tuple(Verdict(f"v{n}{long}", admitted=True) for n in range(60)),
    )

    text = write(report)
    shown = [len(re.findall(rf"`{letter}[0-9]+x", text)) for letter in "fsev"]

    assert len(text) <= limits.PULL_REQUEST_BODY_CHARACTERS
    cut = [letter for letter, count, most in zip("fsev", shown, (60, 60, 40, 60), strict=True) if count < most]
    whole = "fsev"[len(cut) :]
    assert "".join(cut) + whole == "fsev", shown
    in_table = {"e": 20}  # the names of suites stand beside each image too
    assert all(shown["fsev".index(letter)] == in_table.get(letter, 0) for letter in cut[:-1]), shown


def test_of_commits_the_newest_stay() -> None:
    """They are listed newest first, and a person knows the old ones."""
    many = tuple(CommitSubject(f"{n:040x}", f"subject-{n}") for n in range(250))

    text = write(with_(commits=Commits(many, 250)))

    assert "subject-0`" in text
    assert "subject-199`" in text
    assert "subject-200`" not in text
    assert "…and 50 more." in text


@pytest.mark.parametrize("text", ["$summary $promise " * 200, "$promise$summary$images$evidence" * 120])
def test_whatever_a_template_repeats_the_body_fits(text: str) -> None:
    """GitHub would refuse the whole pull request."""
    report = with_(rollback="`" * 500, warnings=("w" * 3000,) * 20, cautions=("c" * 3000,) * 3)

    body = PullRequestTexts(body=body_template(text)).body_of(report)

    assert len(body) <= limits.PULL_REQUEST_BODY_CHARACTERS
    assert "**Rollback**" in body
    assert "Merging runs exactly" in body


def test_what_cannot_be_shown_at_all_is_said_to_be_in_the_log() -> None:
    """Verdict and promise stay whatever else there is."""
    text = write(with_(cautions=("c" * 60_000,)))

    assert len(text) <= limits.PULL_REQUEST_BODY_CHARACTERS
    assert "What there is to say is longer than GitHub takes" in text
    assert "**Ready.**" in text


def test_the_line_about_the_event_is_not_compared() -> None:
    """A replay is no edit; but nothing else may stand in its place."""
    line = f"- written last for an event of attest_images: event `{'e' * 64}`, message `17`"
    other = "- written last for an event that somebody published by hand: event `" + "f" * 64 + "`"
    old, new = write(with_(woken=line)), write(with_(woken=other))

    assert line in old
    assert has_part(old, new)
    assert not has_part(old.replace("`17`", "`17` **Approved by @boss**"), new)
    assert not has_part(old, write(with_(woken=other, files=())))


def test_vulnerabilities_are_a_column_where_they_are_shown() -> None:
    """And none where they are not."""
    text = write(with_(scans=ScanReport()))

    assert "| Attested by | Vulnerabilities |\n| --- | --- | --- | --- | --- | --- |" in text
    assert " | unknown |" in text
    assert "Vulnerabilities" not in write(REPORT)
