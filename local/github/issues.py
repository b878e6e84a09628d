"""What a pull request has as an issue: labels, assignees and comments (docs.github.com/rest/issues)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from local.github.call import Answer, Call, Operation, created, listed, whole
from local.github.pull_representation import label as label_representation
from local.github.pull_representation import simple
from local.github.pulls import MAX_BODY, pull_of
from local.github.refusal import custom_error, not_found, unprocessable, validation_failed
from local.github.repository import Comment, Label, PullRequest, Repository
from local.github.representations import node_id
from local.github.signature import timestamp


async def add_labels(call: Call) -> Answer:
    """Put labels on a pull request; those that the repository does not know yet come into being."""
    pull = await pull_of(call)
    wanted = [label_named(call.repository, name) for name in label_names(call)]
    labels = tuple(dict.fromkeys((*pull.labels, *wanted)))
    call.repository.records.pulls[pull.number] = replace(pull, labels=labels, updated_at=datetime.now(UTC))
    return Answer([label_representation(call, label) for label in labels])


def label_names(call: Call) -> list[str]:
    """Take the labels, given as `labels` or as a bare list, each a name or an object with a name.

    Raises:
        Refusal: 422, when they are something else.
    """
    labels = call.payload if isinstance(call.payload, list) else call.body.get("labels")
    names = (
        [one.get("name") if isinstance(one, dict) else one for one in labels] if isinstance(labels, list) else [None]
    )
    if not all(isinstance(name, str) and name for name in names):
        raise unprocessable("Invalid request.\n\nlabels are a list of names.")
    return [str(name) for name in names]


def label_named(repository: Repository, name: str) -> Label:
    """Find a label whichever way it is capitalised, or make it."""
    return repository.records.labels.setdefault(name.lower(), Label(next(repository.ids), name))


async def create_comment(call: Call) -> Answer:
    """Comment on a pull request."""
    pull, body = await pull_of(call), comment_text(call)
    now = datetime.now(UTC)
    comment = Comment(next(call.repository.ids), pull.number, body, call.account, now, now)
    call.repository.records.comments.append(comment)
    return created(representation(call, comment))


async def update_comment(call: Call) -> Answer:
    """Replace the text of a comment."""
    comments = call.repository.records.comments
    number = next((n for n, one in enumerate(comments) if one.id == whole(call.path["id"], 0)), None)
    if number is None:
        raise not_found()
    comments[number] = replace(comments[number], body=comment_text(call), updated_at=datetime.now(UTC))
    return Answer(representation(call, comments[number]))


def comment_text(call: Call) -> str:
    """Take a comment's text from the body.

    Raises:
        Refusal: 422, when it is empty or too long.
    """
    body = call.text("body")
    if not 0 < len(body) <= MAX_BODY:
        text = f"body is too long (maximum is {MAX_BODY} characters)" if body else "body can't be blank"
        raise validation_failed(custom_error("IssueComment", text, field="body"))
    return body


async def add_assignees(call: Call) -> Answer:
    """Assign people; GitHub silently leaves out those who may not be assigned."""
    pull, people = await pull_of(call), call.repository.records.collaborators
    known = [people[name] for name in call.texts("assignees") if name in people]
    assignees = tuple(dict.fromkeys((*pull.assignees, *known)))
    changed = replace(pull, assignees=assignees, updated_at=datetime.now(UTC))
    call.repository.records.pulls[pull.number] = changed
    return created(issue_representation(call, changed))


async def list_comments(call: Call) -> Answer:
    """List the comments on a pull request, oldest first."""
    pull = await pull_of(call)
    comments = [comment for comment in call.repository.records.comments if comment.issue_number == pull.number]
    return listed(call, comments, lambda comment: representation(call, comment))


def representation(call: Call, comment: Comment) -> dict[str, Any]:
    """Describe a comment as the schema `issue-comment`."""
    page = call.show.html(call.repository, f"/pull/{comment.issue_number}")
    return {
        "id": comment.id,
        "node_id": node_id("IC", comment.id),
        "url": call.show.api(call.repository, f"/issues/comments/{comment.id}"),
        "html_url": f"{page}#issuecomment-{comment.id}",
        "issue_url": call.show.api(call.repository, f"/issues/{comment.issue_number}"),
        "body": comment.body,
        "user": call.show.user(comment.author),
        "created_at": timestamp(comment.created_at),
        "updated_at": timestamp(comment.updated_at),
        "author_association": "CONTRIBUTOR",
    }


def issue_representation(call: Call, pull: PullRequest) -> dict[str, Any]:
    """Describe a pull request as the schema `issue`, which shares most with what a list of pull requests shows."""
    shown = simple(call, pull)
    address = call.show.api(call.repository, f"/issues/{pull.number}")
    shared = ("id", "node_id", "number", "state", "locked", "title", "user", "body", "labels", "milestone")
    times = (
        "created_at",
        "updated_at",
        "closed_at",
        "html_url",
        "assignee",
        "assignees",
        "author_association",
        "draft",
    )
    return {
        **{name: shown[name] for name in (*shared, *times)},
        "url": address,
        "repository_url": call.show.api(call.repository, ""),
        "labels_url": f"{address}/labels{{/name}}",
        "comments_url": f"{address}/comments",
        "events_url": f"{address}/events",
        "comments": sum(comment.issue_number == pull.number for comment in call.repository.records.comments),
    }


ROOT = "/repos/{owner}/{repo}/issues/{number}"

OPERATIONS = (
    Operation("issues/add-labels", "POST", ROOT + "/labels", add_labels, "pull_requests", "write"),
    Operation("issues/create-comment", "POST", ROOT + "/comments", create_comment, "pull_requests", "write"),
    Operation(
        "issues/update-comment",
        "PATCH",
        "/repos/{owner}/{repo}/issues/comments/{id}",
        update_comment,
        "pull_requests",
        "write",
    ),
    Operation("issues/add-assignees", "POST", ROOT + "/assignees", add_assignees, "pull_requests", "write"),
    Operation("issues/list-comments", "GET", ROOT + "/comments", list_comments, "pull_requests"),
)
