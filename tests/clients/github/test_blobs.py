"""Reading the files of a tree: many in one request, and every byte held against the blob's id."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from local.faults import Faults
from local.github import GitHubStandIn
from local.world.git import WorkingCopy
from shared.clients.github import GitHub, GitHubSettings, StoredToken
from shared.clients.github.git import Git
from shared.domain.errors import Fault, Unavailable
from shared.domain.release import TreeEntry
from tests.clients.github.given import Given

NAME = "mdo/environments"
LARGE = b"a: 1\n" * 150_000  # more than GraphQL gives whole
FILES = {
    "apps/plain.yaml": b"a: 1\n",
    "apps/crlf.yaml": b"\xef\xbb\xbfa: 1\r\nb: '\xc3\xbc'\r\n",
    "apps/latin.yaml": b"a: \xfc\n",
    "apps/binary.yaml": b"a\0b",
    "apps/large.yaml": LARGE,
    "apps/empty.yaml": b"",
}


class Reading:
    """The repository, read as open_prod_pr reads it; the stand-in's calls are counted in `faults`."""

    def __init__(self, folder: Path) -> None:
        self.faults = Faults()
        self._hub = GitHubStandIn(folder / "hub", self.faults)
        self._hub.create_repository(NAME)
        self._hub.add_user("dana", "dana-token")
        self._folder = folder
        self._tokens = Given("dana-token")

    @property
    def forgotten(self) -> int:
        """How often the token was thrown away."""
        return self._tokens.forgotten

    def __call__(self, *paths: str, times: int = 1) -> list[bytes]:
        """Read files of the branch dev, some times over."""
        return asyncio.run(self._read(paths, times))

    async def _read(self, paths: tuple[str, ...], times: int) -> list[bytes]:
        await self._hub.start()
        try:
            return await self._read_from(paths, times)
        finally:
            await self._hub.stop()

    async def _read_from(self, paths: tuple[str, ...], times: int) -> list[bytes]:
        copy = WorkingCopy(self._folder / "copy", self._hub.clone_url(NAME, token="dana-token"))
        await asyncio.to_thread(copy.found, {"README.md": b"prod\n"}, FILES)
        settings = GitHubSettings(NAME, StoredToken("secret"), "dana", self._hub.url, self._hub.url)
        with ThreadPoolExecutor(4) as executor:
            async with GitHub(settings, self._tokens, executor).repository() as repository:
                entries = await self._entries(repository.git, paths)
                for _ in range(times):
                    read = await repository.git.blobs(entries)
                return read

    async def _entries(self, git: Git, paths: tuple[str, ...]) -> list[TreeEntry]:
        head = await git.commit(await git.require_head("dev"))
        assert head is not None
        return [entry for entry in await git.tree(head.tree) if not paths or entry.path in paths]


@pytest.fixture
def reading(tmp_path: Path) -> Iterator[Reading]:
    """A repository with files of every awkward kind."""
    return Reading(tmp_path)


def test_every_file_is_read_byte_for_byte(reading: Reading) -> None:
    """Text that was decoded, cut or changed on the way would be judged, and then something else deployed."""
    assert dict(zip(sorted([*FILES, "README.md"], key=str), reading(), strict=True)) == FILES | {"README.md": b"prod\n"}


def test_text_comes_in_one_request_and_only_the_rest_one_by_one(reading: Reading) -> None:
    """Fifty manifests would otherwise be fifty requests, at each function's first event."""
    reading()

    # The file that is not UTF-8, the binary one and the large one are read again; the others are not.
    assert reading.faults.calls("github.graphql") == {"github.graphql": 1}
    assert reading.faults.calls("github.git/get-blob") == {"github.git/get-blob": 3}


def test_what_was_read_is_not_asked_for_again(reading: Reading) -> None:
    """A blob never changes; its id is its content."""
    reading(times=3)

    assert reading.faults.calls("github.graphql") == {"github.graphql": 1}
    assert reading.faults.calls("github.git/get-blob") == {"github.git/get-blob": 3}


def test_a_few_files_are_one_request(reading: Reading) -> None:
    """And so are two; requests are what GitHub counts."""
    assert reading("apps/crlf.yaml", "apps/plain.yaml") == [FILES["apps/crlf.yaml"], FILES["apps/plain.yaml"]]
    assert reading.faults.calls("github.graphql") == {"github.graphql": 1}
    assert reading.faults.calls("github.git/get-blob") == {}


def test_a_single_file_comes_byte_for_byte(reading: Reading) -> None:
    """It is one request either way, and this one needs no second where the file is no text."""
    assert reading("apps/latin.yaml") == [FILES["apps/latin.yaml"]]
    assert reading.faults.calls("github.graphql") == {}


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("RATE_LIMIT_429", Fault.RATE_LIMITED),
        ("RATE_LIMIT_PRIMARY", Fault.RATE_LIMITED),
        ("GRAPHQL_RATE_LIMITED", Fault.RATE_LIMITED),
        ("BAD_CREDENTIALS", Fault.REFUSED),
    ],
)
def test_where_requests_are_counted_no_more_are_sent(code: str, fault: Fault, reading: Reading) -> None:
    """Sixty-four single requests would be the answer to "too many requests"."""
    reading.faults.fail("github.graphql", code=code)

    with pytest.raises(Unavailable) as caught:
        reading()

    assert caught.value.fault is fault
    assert reading.faults.calls("github.git/get-blob") == {}
    assert reading.forgotten == (code == "BAD_CREDENTIALS")


def test_a_query_that_is_not_answered_is_no_fault_of_the_token(reading: Reading) -> None:
    """GraphQL says no with status 200 and `errors`; minting another token would change nothing."""
    reading.faults.fail("github.graphql", code="GRAPHQL_ERROR")

    assert len(reading()) == len(FILES) + 1
    assert not reading.forgotten


@pytest.mark.parametrize("code", ["UNAVAILABLE", "PERMISSION_DENIED", "NOT_FOUND", "GRAPHQL_ERROR"])
def test_without_graphql_every_file_is_read_all_the_same(code: str, reading: Reading) -> None:
    """The one request saves time; nothing depends on it."""
    reading.faults.fail("github.graphql", code=code)

    assert len(reading()) == len(FILES) + 1
    assert reading.faults.calls("github.git/get-blob") == {"github.git/get-blob": len(FILES) + 1}


def test_a_file_that_cannot_be_read_is_unavailable(reading: Reading) -> None:
    """GitHub named the blob itself, so its absence says nothing about the event."""
    reading.faults.fail("github.git/get-blob", code="NOT_FOUND")

    with pytest.raises(Unavailable) as caught:
        reading("apps/plain.yaml")

    assert caught.value.fault is Fault.REFUSED
