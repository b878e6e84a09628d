"""The stand-in for GitHub: its REST API and smart HTTP for git, on one port of the loopback interface.

Known differences: an empty repository takes objects and refs through the API (GitHub answers 409), no commit is ever
verified, `mergeable` is known at once (GitHub says null first), rate limits are reported and never enforced.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

from aiohttp import web

from local.faults import Fault, Faults, Mischief
from local.github import (
    account_operations,
    actions,
    apps,
    blobs,
    branches,
    commits,
    comparison,
    contents,
    graphql,
    issues,
    merges,
    pulls,
    push_rules,
    refs,
    rules,
    statuses,
    trees,
)
from local.github.auth import Account, Accounts, App, Installation
from local.github.call import Answer, Call, Exchange, Operation
from local.github.git_http import CHALLENGE, GitRequest, serve
from local.github.mischief import refusal_of
from local.github.refusal import QueryRefusal, Refusal, not_accessible, not_found
from local.github.repository import Merging, Repository, WorkflowRun
from local.github.representations import Representations

NOBODY = Account(0, "")
GHES_API = "/api/v3"  # docs.github.com/enterprise-server/rest; GraphQL is at /api/graphql
MAX_REQUEST = 256 * 1024 * 1024  # bytes: a pushed pack is read whole

# A commit's statuses and pull requests come before the commit itself, whose route takes any ref, slashes included.
OPERATIONS: tuple[Operation, ...] = (
    *account_operations.OPERATIONS,
    *apps.OPERATIONS,
    *actions.OPERATIONS,
    *refs.OPERATIONS,
    *statuses.OPERATIONS,
    *pulls.OPERATIONS,
    *commits.OPERATIONS,
    *trees.OPERATIONS,
    *blobs.OPERATIONS,
    *comparison.OPERATIONS,
    *branches.OPERATIONS,
    *contents.OPERATIONS,
    *merges.OPERATIONS,
    *issues.OPERATIONS,
    *rules.OPERATIONS,
    *graphql.OPERATIONS,
)


class GitHubStandIn:
    """GitHub on the loopback interface, its repositories below `root`; every call asks `faults` first.

    `url` is the base URL of the REST API, without a prefix, and of the repositories.
    """

    def __init__(self, root: Path, faults: Faults) -> None:
        self.url = ""
        self._root = root
        self._faults = faults
        self._ids = itertools.count(1)
        self.accounts = Accounts()
        self._repositories: dict[str, Repository] = {}
        self._runner: web.AppRunner | None = None

    async def start(self, port: int = 0) -> None:
        """Listen on a port of 127.0.0.1; 0 takes a free one."""
        app = web.Application(client_max_size=MAX_REQUEST)
        for operation in OPERATIONS:
            for route in routes_of(operation):
                app.router.add_route(operation.verb, route, self._endpoint(operation))
        app.router.add_route("*", "/{owner}/{repo}.git{path:/.*}", self._git)
        app.router.add_route("*", "/{path:.*}", self._nothing)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Stop listening and end every child process; the repositories stay on disk."""
        if self._runner is not None:
            await self._runner.cleanup()
        for repository in self._repositories.values():
            await repository.reader.close()

    def observe(self, exchange: Exchange) -> None:
        """Be told of each exchange; tests hold them against GitHub's own description."""

    def clone_url(self, full_name: str, *, token: str = "") -> str:
        """Give the address for `git clone`; every repository is private, so git needs the token in it or asks."""
        credentials = f"x-access-token:{token}@" if token else ""
        return f"{self.url.replace('://', f'://{credentials}', 1)}/{full_name}.git"

    def create_repository(self, full_name: str, *, default_branch: str = "dev") -> None:
        """Create an empty repository `owner/name`, as an administrator of the organization would."""
        directory = self._root / f"{full_name}.git"
        directory.mkdir(parents=True)
        repository = Repository(full_name, directory, default_branch=default_branch, ids=self._ids)
        repository.initialize()
        self._repositories[full_name] = repository

    def add_app(self, slug: str, client_id: str, public_key: str, installed: Installation) -> None:
        """Register a GitHub App, whose login becomes `slug[bot]`, and install it."""
        self.accounts.apps[client_id] = App(
            Account(next(self._ids), f"{slug}[bot]", app=installed.app), public_key, installed
        )

    def add_token(self, login: str, token: str, permissions: Mapping[str, str]) -> None:
        """Let a token stand for an account that may do no more than `{"contents": "write"}`, say."""
        self.accounts.add(Account(next(self._ids), login, dict(permissions)), token)

    def add_user(self, login: str, token: str) -> None:
        """Let a token stand for a person who may do everything; git takes it as the password."""
        self.accounts.add(Account(next(self._ids), login), token)

    def add_collaborator(self, full_name: str, login: str) -> None:
        """Let a person be assigned to pull requests and asked for reviews."""
        self._repositories[full_name].records.collaborators[login] = Account(next(self._ids), login)

    def add_team(self, full_name: str, slug: str) -> None:
        """Let a team of the organization be asked for reviews."""
        self._repositories[full_name].records.teams[slug] = next(self._ids)

    def set_merging(self, full_name: str, merging: Merging) -> None:
        """Set how pull requests of a repository may be merged, and whether their branches go then."""
        self._repositories[full_name].records.merging = merging

    def archive(self, full_name: str) -> None:
        """Make a repository read-only, as its administrator can; every write is answered 403 from then on."""
        self._repositories[full_name].records.archived = True

    def run_workflow(self, full_name: str, workflow: str, commit: str, **changed: Any) -> WorkflowRun:
        """Have run a workflow (its file's path) for a commit, to success unless told otherwise."""
        repository = self._repositories[full_name]
        fields = {"head_repository": full_name, **changed}
        run = WorkflowRun(next(self._ids), workflow, commit, Account(0, "actions"), datetime.now(UTC), **fields)
        repository.records.runs[str(run.id)] = run
        return run

    def change_run(self, full_name: str, run: int, **changed: Any) -> WorkflowRun:
        """Let a run go on: another status, conclusion or attempt."""
        runs = self._repositories[full_name].records.runs
        runs[str(run)] = replace(runs[str(run)], **changed)
        return runs[str(run)]

    def rename(self, full_name: str, new_name: str) -> None:
        """Rename a repository, or give it to another owner; the old name is redirected, as GitHub does."""
        repository = self._repositories.pop(full_name)
        repository.names.append(new_name)
        self._repositories[new_name] = repository

    def set_rules(self, full_name: str, branch: str, rules: Sequence[Mapping[str, Any]]) -> None:
        """Set the rules of a branch, each as `GET rules/branches/{branch}` shows it; no bypass for anyone."""
        self._repositories[full_name].records.rules[branch] = tuple(rules)

    def _endpoint(self, operation: Operation) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def endpoint(request: web.Request) -> web.Response:
            try:
                answer = await self._perform(operation, request)
            except Refusal as refusal:
                answer = Answer(refusal.body(), refusal.status, refusal.headers)
            asked, agent = dict(request.query), request.headers.get("User-Agent", "")
            body = await request.read()
            self.observe(Exchange(operation.id, request.method, request.path, body, answer, asked, agent))
            return respond(answer)

        return endpoint

    async def _perform(self, operation: Operation, request: web.Request) -> Answer:
        path, payload = dict(request.match_info), await payload_of(request)
        fault = await self._meet(call_name(operation, payload))
        authorization = request.headers.get("Authorization", "")
        account = NOBODY if operation.by_jwt else self.accounts.identify(authorization)
        named = path if operation.id != "graphql" else graphql.named_repository(payload)
        repository = self._found(operation, named, account, request)
        if not (operation.by_jwt or account.may(operation.resource, operation.access)):
            raise not_accessible(app=account.is_app)
        if repository is not None and repository.records.archived and operation.access == "write":
            raise Refusal(HTTPStatus.FORBIDDEN, "Repository was archived so is read-only.")
        call = Call(
            account=account,
            show=Representations(self.url + prefix_of(request.path), self.url),
            path=path,
            query=dict(request.query),
            url=request.url,
            accept=request.headers.get("Accept", ""),
            payload=payload,
            found=repository,
            authorization=authorization,
            accounts=self.accounts,
            repositories=self._repositories,
        )
        answer = await operation.answer(call)
        if fault is not None and fault.mischief is Mischief.HIDE:
            return replace(answer, body=without(answer.body, fault.hidden))
        if fault is not None:
            raise refusal_of(fault)
        return answer

    def _found(
        self, operation: Operation, named: Mapping[str, str], account: Account, request: web.Request
    ) -> Repository | None:
        if not {"repo", "repository_id"} & named.keys():
            return None
        try:
            return self._find(named, account, request)
        except Refusal:
            if operation.id != "graphql":
                raise
            what = f"Could not resolve to a Repository with the name '{named['owner']}/{named['repo']}'."
            raise QueryRefusal(what, "NOT_FOUND") from None

    async def _meet(self, operation: str) -> Fault | None:
        fault = await self._faults.meet(f"github.{operation}")
        if fault is not None and fault.mischief is Mischief.REFUSE:
            raise refusal_of(fault)
        return fault

    def _find(self, path: Mapping[str, str], account: Account, request: web.Request) -> Repository:
        """Find a repository by its name, or by its id, at which a former name is redirected."""
        for repository in self._repositories.values():
            if not any(map(account.sees, repository.names)):
                continue
            if path.get("repository_id") == str(repository.id):
                return repository
            if f"{path.get('owner')}/{path.get('repo')}" in repository.names:
                if repository.names[-1] != f"{path['owner']}/{path['repo']}":
                    raise moved(self.url, request.path, repository)
                return repository
        raise not_found()

    async def _git(self, request: web.Request) -> web.Response:
        try:
            fault = await self._meet("git-http")
            wanted = await git_request(request)
            account = self.accounts.identify(request.headers.get("Authorization", ""))
            repository = self._find(request.match_info, account, request)
            if not account.may("contents", "write" if wanted.is_push else "read"):
                raise not_accessible(app=account.is_app)
            answered = await serve(
                repository.directory, wanted, user=account.login, hooks=push_rules.environment(repository)
            )
            if fault is not None:
                raise refusal_of(fault)
        except Refusal as refusal:
            headers = CHALLENGE if refusal.status == HTTPStatus.UNAUTHORIZED else refusal.headers
            return web.Response(status=refusal.status, text=refusal.message, headers=headers)
        return web.Response(status=answered.status, body=answered.body, headers=answered.headers)

    async def _nothing(self, request: web.Request) -> web.Response:  # noqa: ARG002 - a handler's signature
        refusal = not_found()
        return respond(Answer(refusal.body(), refusal.status))


def without(body: Any, hidden: str) -> Any:
    """Leave out of the lists of an answer what does not know of something yet."""
    if isinstance(body, list):
        return [without(item, hidden) for item in body if hidden not in json.dumps(item)]
    return {name: without(value, hidden) for name, value in body.items()} if isinstance(body, dict) else body


def call_name(operation: Operation, payload: Any) -> str:
    """Name a call for its faults: `graphql` is every query, `graphql/updateRefs` that mutation; a `+` joins several."""
    mutations = graphql.mutations_of(payload) if operation.id == "graphql" else []
    return "/".join([operation.id, *filter(None, ["+".join(mutations)])])


def routes_of(operation: Operation) -> list[str]:
    """Give an operation's addresses: by name and by id of the repository, each on github.com and on a GHES."""
    by_id = operation.route.replace("/repos/{owner}/{repo}", "/repositories/{repository_id}")
    plain = list(dict.fromkeys([operation.route, by_id]))
    return [*plain, *(f"{GHES_API if route != '/graphql' else '/api'}{route}" for route in plain)]


def prefix_of(path: str) -> str:
    """Say below which prefix of the API a path is: none on github.com."""
    return GHES_API if path.startswith("/api/") else ""


def moved(url: str, path: str, repository: Repository) -> Refusal:
    """Redirect from a former name, as GitHub does: to the address by id, with 301 whatever the verb."""
    rest = path.partition("/repos/")[2].split("/", 2)[2:]
    location = "/".join([f"{url}{prefix_of(path)}/repositories/{repository.id}", *rest])
    return Refusal(HTTPStatus.MOVED_PERMANENTLY, "Moved Permanently", headers={"Location": location})


async def payload_of(request: web.Request) -> Any:
    """Read the JSON of a request; nothing counts as an empty object.

    Raises:
        Refusal: 400, when it is no JSON.
    """
    text = await request.read()
    try:
        return json.loads(text) if text else {}
    except (ValueError, RecursionError):
        raise Refusal(HTTPStatus.BAD_REQUEST, "Problems parsing JSON") from None


async def git_request(request: web.Request) -> GitRequest:
    """Take from a request what git's backend needs; aiohttp has already unpacked a compressed body."""
    return GitRequest(
        method=request.method,
        path=request.match_info["path"],
        query=request.query_string,
        content_type=request.headers.get("Content-Type", ""),
        protocol=request.headers.get("Git-Protocol", ""),
        body=await request.read(),
    )


def respond(answer: Answer) -> web.Response:
    """Send an answer: bytes as they are, anything else as JSON."""
    headers = {"X-GitHub-Media-Type": "github.v3; format=json", **answer.headers}
    if answer.body is None:
        return web.Response(status=answer.status, headers=headers)
    if isinstance(answer.body, bytes):
        return web.Response(status=answer.status, headers=headers, body=answer.body)
    return web.json_response(answer.body, status=answer.status, headers=headers)
