"""How a changed file looks in an answer (schema `diff-entry`); `patch` is left out."""

from __future__ import annotations

from typing import Any

from local.github.call import Call
from local.github.history import ChangedFile


def representation(call: Call, file: ChangedFile, commit: str) -> dict[str, Any]:
    """Describe one file that differs at a commit."""
    contents = call.show.api(call.repository, f"/contents/{file.path}")
    renamed = {"previous_filename": file.previous} if file.previous is not None else {}
    return {
        "sha": file.sha,
        "filename": file.path,
        "status": file.status,
        "additions": file.additions,
        "deletions": file.deletions,
        "changes": file.additions + file.deletions,
        "blob_url": call.show.html(call.repository, f"/blob/{commit}/{file.path}"),
        "raw_url": call.show.html(call.repository, f"/raw/{commit}/{file.path}"),
        "contents_url": f"{contents}?ref={commit}",
        **renamed,
    }
