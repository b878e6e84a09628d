"""Everything that a release is decided by, in one question: both branches, the tested commit, what is open, the rules.

It is asked of GraphQL. What it does not answer, for whatever reason, is asked of REST by whoever needs it; nothing
depends on it. A commit shows the newest status of each context only, so a stranger's hides ours: who reads statuses
here must look whose they are.

A former name of the repository is not followed: nobody configured the new one (see `connection`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from shared.clients.github.connection import Connection
from shared.clients.github.named_commit import NAMED, is_whole, named_commit
from shared.clients.github.named_pull import PULLED, named_login, named_pull
from shared.clients.github.objects import Commit, Objects
from shared.clients.github.pulls import PullList
from shared.clients.github.statuses import Status
from shared.domain.protection import BranchRules, RequiredCheck, merge_methods

_PULLS: Final = 50  # as `Pulls.latest` reads them
_METHODS: Final = {"merge": "mergeCommitAllowed", "squash": "squashMergeAllowed", "rebase": "rebaseMergeAllowed"}
_QUERY: Final = """
query($owner: String!, $name: String!, $prod: String!, $dev: String!, $head: String!, $base: String!,
      $commit: GitObjectID!, $release: String!) {
  repository(owner: $owner, name: $name, followRenames: false) {
    id mergeCommitAllowed squashMergeAllowed rebaseMergeAllowed deleteBranchOnMerge
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
    head: ref(qualifiedName: $head) { name }
    tested: object(oid: $commit) { ... on Commit { ...Named status { contexts { ...Said } } } }
    open: pullRequests(baseRefName: $base, states: OPEN, first: 100) { totalCount nodes { number } }
    changed: pullRequests(baseRefName: $base, first: 50, orderBy: {field: UPDATED_AT, direction: DESC}) {
      nodes {
        ...Pulled
        commits(last: 1) { nodes { commit { ...Named status { context(name: $release) { ...Said } } } } }
      }
    }
  }
}
fragment Said on StatusContext { context state description targetUrl createdAt creator { __typename login } }
"""
_ASKED: Final = _QUERY + NAMED + PULLED


@dataclass(frozen=True, slots=True)
class Question:
    """What an overview is asked about: two branches, the one of the release, its commit, and the status on that."""

    prod: str
    dev: str
    head: str
    commit: str
    release: str


@dataclass(frozen=True, slots=True)
class Overview:
    """What one question told.

    `repository` is its global id; `dev` is the commit that dev names; `has_head` says whether the release's branch is
    there; `statuses` are the newest of each context on the tested commit; `pulls` is None where there are more than
    were listed; `heads` has the release status of each listed head, or None. `methods` are the ways of merging that the
    repository allows at all.
    """

    repository: str
    prod: Commit
    dev: str
    has_head: bool
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
            head=f"refs/heads/{question.head}",
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
            repository=str(found["id"]),
            prod=prod,
            dev=str(found["dev"]["target"]["oid"]),
            has_head=found["head"] is not None,
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
        listed = tuple(named_pull(row, self._connection.repository) for row in rows)
        missing = {row["number"] for row in opened["nodes"] if row} - {pull.number for pull in listed}
        if missing or opened["totalCount"] > len(opened["nodes"]):
            return None
        newest_first = tuple(sorted(listed, key=lambda pull: -pull.number))
        return PullList(newest_first, listed[-1].updated_at if len(listed) == _PULLS else None)


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
        named_login(row["creator"]),
        str(row["description"] or ""),
        str(row["targetUrl"] or ""),
        datetime.fromisoformat(row["createdAt"]),
    )


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
