"""Operations on blobs: `git/get-blob`, `git/create-blob`."""

from __future__ import annotations

import base64
import binascii

from local.github.call import Answer, Call, Operation, created
from local.github.refusal import not_found, unprocessable
from local.github.representations import node_id

BASE64_LINE = 60  # bytes of content per line: GitHub wraps its base64 at this width


def wrapped_base64(content: bytes) -> str:
    """Encode as GitHub does: in lines, each closed by a newline."""
    encoded = base64.b64encode(content).decode()
    return "".join(f"{encoded[start : start + BASE64_LINE]}\n" for start in range(0, len(encoded), BASE64_LINE))


async def get_blob(call: Call) -> Answer:
    """Read a blob, in base64; raw where `Accept` asks for that."""
    sha = call.path["file_sha"]
    content = await call.repository.objects.blob(sha)
    if content is None:
        raise not_found()
    if "raw" in call.accept:
        return Answer(content)
    return Answer(
        {
            "sha": sha,
            "node_id": node_id("B", sha),
            "size": len(content),
            "url": call.show.api(call.repository, f"/git/blobs/{sha}"),
            "content": wrapped_base64(content),
            "encoding": "base64",
        }
    )


async def create_blob(call: Call) -> Answer:
    """Store a blob, given as text (`encoding` utf-8, the default) or in base64."""
    sha = await call.repository.objects.write_blob(decoded(call.text("content"), call.optional_text("encoding")))
    return created({"sha": sha, "url": call.show.api(call.repository, f"/git/blobs/{sha}")})


def decoded(content: str, encoding: str | None) -> bytes:
    """Turn the content of a request into bytes.

    Raises:
        Refusal: 422, when the encoding is unknown or the content not of it.
    """
    if encoding not in {None, "utf-8", "base64"}:
        raise unprocessable(f"{encoding} is not a valid encoding")
    if encoding != "base64":
        return content.encode()
    try:
        return base64.b64decode("".join(content.split()), validate=True)
    except (binascii.Error, ValueError):
        raise unprocessable("content is not valid Base64") from None


ROOT = "/repos/{owner}/{repo}/git/blobs"

OPERATIONS = (
    Operation("git/get-blob", "GET", ROOT + "/{file_sha}", get_blob, "contents"),
    Operation("git/create-blob", "POST", ROOT, create_blob, "contents", "write"),
)
