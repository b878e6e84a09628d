"""Everything that a release is decided by, in one question: both branches, the tested commit, what is open, the rules.

It is asked of GraphQL. What it does not answer, for whatever reason, is asked of REST by whoever needs it; nothing
depends on it. A commit shows the newest status of each context only, so a stranger's hides ours: who reads statuses
here must look whose they are. Bots have no `[bot]` in their names here, but a type of their own.

A former name of the repository is not followed: nobody configured the new one (see `connection`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from shared.clients.github.connection import Connection
from shared.clients.github.named_commit import NAMED, is_whole, named_commit
from shared.clients.github.objects import Commit, Objects
from shared.clients.github.pulls import PullList, PullRequest
from shared.clients.github.statuses import Status
from shared.domain.protection import BranchRules, RequiredCheck, merge_methods

_PULLS: Final = 50  # as `Pulls.latest` reads them
_METHODS: Final = {"merge": "mergeCommitAllowed", "squash": "squashMergeAllowed", "rebase": "rebaseMergeAllowed"}
_QUERY: Final = """
query($owner: String!, $name: String!, $prod: String!, $dev: String!, $base: String!, $commit: GitObjectID!,
      $release: String!) {
  repository(owner: $owner, name: $name, followRenames: false) {
    mergeCommitAllowed squashMergeAllowed rebaseMergeAllowed deleteBranchOnMerge
    prod: ref(qualifiedName: $prod) {
      target { ...Named }
      rules(first: 100) {
        nodes {
          type
          parameters {
            ... on RequiredStatusChecksParameters {
              strictRequiredStatusChecksPolicy requiredStatusChecks { context integrationId }
            }
            ... on PullRequestParameters { allowedMergeMethods }
          }
        }
      }
    }
    dev: ref(qualifiedName: $dev) {
      target { oid ... on Commit { history(first: 100) { nodes { ...Named } } } }
    }
    tested: object(oid: $commit) { ... on Commit { ...Named status { contexts { ...Said } } } }
    open: pullRequests(baseRefName: $base, states: OPEN, first: 100) { totalCount nodes { number } }
    changed: pullRequests(baseRefName: $base, first: 50, orderBy: {field: UPDATED_AT, direction: DESC}) {
      nodes {
        number title body state url createdAt updatedAt mergedAt headRefName headRefOid baseRefName baseRefOid
        author { __typename login }
        headRepository { nameWithOwner }
        mergeCommit { oid }
        labels(first: 100) { nodes { name } }
        assignees(first: 20) { nodes { login } }
        reviewRequests(first: 50) { nodes { requestedReviewer { ... on User { login } ... on Team { slug } } } }
        commits(last: 1) { nodes { commit { ...Named status { context(name: $release) { ...Said } } } } }
      }
    }
  }
}
fragment Said on StatusContext { context state description targetUrl createdAt creator { __typename login } }
"""
_ASKED: Final = _QUERY + NAMED


@dataclass(frozen=True, slots=True)
class Question:
    """What an overview is asked about: two branches, a commit, and the status that says that it is released."""

    prod: str
    dev: str
    commit: str
    release: str


@dataclass(frozen=True, slots=True)
class Overview:
    """What one question told.

    `dev` is the commit that dev names; `statuses` are the newest of each context on the tested commit; `pulls` is None
    where there are more than were listed; `heads` has the release status of each listed head, or None. `methods` are
    the ways of merging that the repository allows at all.
    """

    prod: Commit
    dev: str
    tested: Commit | None
    statuses: tuple[Status, ...]
    pulls: PullList | None
    heads: Mapping[str, Status | None]
    rules: BranchRules
    methods: frozenset[str]
    deletes_branch: bool


class Overviews:
    """Asks, and keeps what never changes."""

    def __init__(self, connection: Connection, known: Objects) -> None:
        self._connection = connection
        self._known = known

    async def read(self, question: Question) -> Overview | None:
        """Ask; None where GraphQL does not answer, or lacks a branch.

        Raises:
            Unavailable: GitHub counts our requests, or does not take our token.
        """
        answer = await self._connection.query(
            _ASKED,
            prod=f"refs/heads/{question.prod}",
            dev=f"refs/heads/{question.dev}",
            base=question.prod,
            commit=question.commit,
            release=question.release,
        )
        found = answer and answer["repository"]
        if not (found and found["prod"] and found["dev"]):
            return None
        return self._read(found)

    def _read(self, found: Any) -> Overview:
        self._learned(found["dev"]["target"]["history"]["nodes"])
        prod, *others = self._learned([found["prod"]["target"], found["tested"]])
        tested = next(iter(others), None)
        rows = [row for row in found["changed"]["nodes"] if row]
        heads = {row["headRefOid"]: _head(row) for row in rows}
        self._learned(head for head in heads.values() if head)
        methods = frozenset(name for name, field in _METHODS.items() if found[field])
        return Overview(
            prod=prod,
            dev=str(found["dev"]["target"]["oid"]),
            tested=tested,
            statuses=_statuses(found["tested"]),
            pulls=self._pulls(rows, found["open"]),
            heads={sha: _release(head) for sha, head in heads.items() if head},
            rules=_rules(found["prod"]["rules"]),
            methods=methods,
            deletes_branch=bool(found["deleteBranchOnMerge"]),
        )

    def _learned(self, rows: Iterable[Any]) -> list[Commit]:
        """Read commits, and keep those whose parents are all told."""
        told = [row for row in rows if row]
        commits = [named_commit(row) for row in told]
        whole = (one for one, row in zip(commits, told, strict=True) if is_whole(row))
        self._known.learn(whole)
        return commits

    def _pulls(self, rows: list[Any], opened: Any) -> PullList | None:
        listed = tuple(self._pull_request(row) for row in rows)
        missing = {row["number"] for row in opened["nodes"] if row} - {pull.number for pull in listed}
        if missing or opened["totalCount"] > len(opened["nodes"]):
            return None
        newest_first = tuple(sorted(listed, key=lambda pull: -pull.number))
        return PullList(newest_first, listed[-1].updated_at if len(listed) == _PULLS else None)

    def _pull_request(self, row: Any) -> PullRequest:
        origin = row["headRepository"]  # null where a fork is gone
        asked = [one["requestedReviewer"] or {} for one in row["reviewRequests"]["nodes"] if one]
        return PullRequest(
            number=int(row["number"]),
            title=str(row["title"]),
            body=str(row["body"]),
            author=_login(row["author"]),
            head=str(row["headRefName"]),
            head_sha=str(row["headRefOid"]),
            is_ours=origin is not None and origin["nameWithOwner"].lower() == self._connection.repository.lower(),
            base=str(row["baseRefName"]),
            base_sha=str(row["baseRefOid"]),
            url=str(row["url"]),
            labels=frozenset(str(label["name"]) for label in row["labels"]["nodes"]),
            reviewers=frozenset(one["login"].lower() for one in asked if "login" in one),
            teams=frozenset(one["slug"].lower() for one in asked if "slug" in one),
            assignees=frozenset(one["login"].lower() for one in row["assignees"]["nodes"]),
            is_open=row["state"] == "OPEN",
            created_at=datetime.fromisoformat(row["createdAt"]),
            updated_at=datetime.fromisoformat(row["updatedAt"]),
            merged_at=datetime.fromisoformat(row["mergedAt"]) if row["mergedAt"] else None,
            merge_commit=str(row["mergeCommit"]["oid"]) if row["mergeCommit"] else "",
        )


def _head(row: Any) -> Any:
    """The commit at the head of a pull request; None where another one is listed last."""
    found = [one["commit"] for one in row["commits"]["nodes"] if one and one["commit"]["oid"] == row["headRefOid"]]
    return next(iter(found), None)


def _release(head: Any) -> Status | None:
    context = head["status"]["context"] if head["status"] else None
    return _status(context) if context else None


def _statuses(tested: Any) -> tuple[Status, ...]:
    return tuple(map(_status, tested["status"]["contexts"])) if tested and tested["status"] else ()


def _status(row: Any) -> Status:
    return Status(
        str(row["context"]),
        str(row["state"]).lower(),
        _login(row["creator"]),
        str(row["description"] or ""),
        str(row["targetUrl"] or ""),
        datetime.fromisoformat(row["createdAt"]),
    )


def _login(actor: Any) -> str:
    """Name an account as REST does: no account of a person may hold a bracket."""
    if not actor:
        return ""
    return f"{actor['login']}[bot]" if actor["__typename"] == "Bot" else str(actor["login"])


def _rules(connection: Any) -> BranchRules:
    rows = [row for row in (connection or {"nodes": []})["nodes"] if row]
    checks = [row["parameters"] or {} for row in rows if row["type"] == "REQUIRED_STATUS_CHECKS"]
    reviews = [row["parameters"] or {} for row in rows if row["type"] == "PULL_REQUEST"]
    return BranchRules(
        checks=tuple(
            RequiredCheck(str(check["context"]), check["integrationId"])
            for rule in checks
            for check in rule.get("requiredStatusChecks", ())
        ),
        must_be_up_to_date=any(rule.get("strictRequiredStatusChecksPolicy") for rule in checks),
        merge_methods=merge_methods(rule.get("allowedMergeMethods") for rule in reviews),
    )
