"""A commit as GraphQL tells it; what is kept of it is what REST would tell."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from shared.clients.github.objects import Commit

NAMED: Final = """
fragment Named on Commit { oid message committedDate tree { oid } parents(first: 2) { totalCount nodes { oid } } }
"""
_PARENTS: Final = 2  # a commit of more is asked for again by those who need its parents


def named_commit(row: Any) -> Commit:
    """Read a commit that the fragment `Named` told."""
    parents = tuple(str(parent["oid"]) for parent in row["parents"]["nodes"])
    committed_at = datetime.fromisoformat(row["committedDate"])
    return Commit(str(row["oid"]), str(row["tree"]["oid"]), parents, str(row["message"]), committed_at)


def is_whole(row: Any) -> bool:
    """Whether all of a commit's parents were told, so that it may be kept."""
    return int(row["parents"]["totalCount"]) <= _PARENTS
