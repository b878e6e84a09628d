"""How accounts and repositories look in an answer, and where everything is to be found."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from local.github.auth import Account
from local.github.repository import Repository
from local.github.signature import timestamp

USER_URLS = {
    "followers_url": "/followers",
    "following_url": "/following{/other_user}",
    "gists_url": "/gists{/gist_id}",
    "starred_url": "/starred{/owner}{/repo}",
    "subscriptions_url": "/subscriptions",
    "organizations_url": "/orgs",
    "repos_url": "/repos",
    "events_url": "/events{/privacy}",
    "received_events_url": "/received_events",
}
REPOSITORY_URLS = {
    "archive_url": "/{archive_format}{/ref}",
    "assignees_url": "/assignees{/user}",
    "blobs_url": "/git/blobs{/sha}",
    "branches_url": "/branches{/branch}",
    "collaborators_url": "/collaborators{/collaborator}",
    "comments_url": "/comments{/number}",
    "commits_url": "/commits{/sha}",
    "compare_url": "/compare/{base}...{head}",
    "contents_url": "/contents/{+path}",
    "contributors_url": "/contributors",
    "deployments_url": "/deployments",
    "downloads_url": "/downloads",
    "events_url": "/events",
    "forks_url": "/forks",
    "git_commits_url": "/git/commits{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "hooks_url": "/hooks",
    "issue_comment_url": "/issues/comments{/number}",
    "issue_events_url": "/issues/events{/number}",
    "issues_url": "/issues{/number}",
    "keys_url": "/keys{/key_id}",
    "labels_url": "/labels{/name}",
    "languages_url": "/languages",
    "merges_url": "/merges",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "pulls_url": "/pulls{/number}",
    "releases_url": "/releases{/id}",
    "stargazers_url": "/stargazers",
    "statuses_url": "/statuses/{sha}",
    "subscribers_url": "/subscribers",
    "subscription_url": "/subscription",
    "tags_url": "/tags",
    "teams_url": "/teams",
    "trees_url": "/git/trees{/sha}",
}


def node_id(kind: str, name: object) -> str:
    """Make an opaque identifier of the form that GitHub's GraphQL API uses."""
    return f"{kind}_{base64.urlsafe_b64encode(str(name).encode()).decode().rstrip('=')}"


@dataclass(frozen=True, slots=True)
class Representations:
    """Describe things with absolute addresses, the API's below `base` and people's below `web`, on the host asked."""

    base: str
    web: str

    def api(self, repository: Repository, path: str = "") -> str:
        """Give the API address of something in a repository."""
        return f"{self.base}/repos/{repository.full_name}{quote(path)}"

    def html(self, repository: Repository, path: str = "") -> str:
        """Give the address at which GitHub would show something to a person."""
        return f"{self.web}/{repository.full_name}{quote(path)}"

    def user(self, account: Account) -> dict[str, Any]:
        """Describe an account as the schema `simple-user`."""
        address = f"{self.base}/users/{quote(account.login)}"
        return {
            "login": account.login,
            "id": account.id,
            "node_id": node_id("BOT" if account.is_app else "U", account.id),
            "avatar_url": f"{self.base}/avatars/{account.id}",
            "gravatar_id": "",
            "url": address,
            "html_url": f"{self.web}/{quote(account.login)}",
            "type": "Bot" if account.is_app else "User",
            "site_admin": False,
            **{name: address + path for name, path in USER_URLS.items()},
        }

    def owner(self, repository: Repository) -> dict[str, Any]:
        """Describe the owner of a repository, an organization."""
        return {**self.user(Account(repository.id, repository.owner)), "type": "Organization"}

    def minimal_repository(self, repository: Repository) -> dict[str, Any]:
        """Describe a repository as the schema `minimal-repository`."""
        address = self.api(repository)
        return {
            "id": repository.id,
            "node_id": node_id("R", repository.id),
            "name": repository.name,
            "full_name": repository.full_name,
            "owner": self.owner(repository),
            "private": True,
            "html_url": self.html(repository),
            "description": None,
            "fork": False,
            "url": address,
            **{name: address + path for name, path in REPOSITORY_URLS.items()},
        }

    def repository(self, repository: Repository) -> dict[str, Any]:
        """Describe a repository as the schema `repository`."""
        clone = f"{self.web}/{repository.full_name}.git"
        counts = ("forks", "forks_count", "stargazers_count", "watchers", "watchers_count", "size")
        features = ("has_wiki", "has_pages", "has_downloads", "has_discussions", "archived", "disabled")
        issues = sum(pull.state == "open" for pull in repository.records.pulls.values())
        return {
            **self.minimal_repository(repository),
            **dict.fromkeys(("git_url", "ssh_url", "clone_url", "svn_url"), clone),
            **dict.fromkeys(("mirror_url", "homepage", "language", "license"), None),
            **dict.fromkeys(counts, 0),
            **dict.fromkeys(features, False),
            **dict.fromkeys(("has_issues", "has_projects"), True),
            **dict.fromkeys(("open_issues", "open_issues_count"), issues),
            **dict.fromkeys(("pushed_at", "created_at", "updated_at"), timestamp(repository.created_at)),
            "default_branch": repository.default_branch,
            "visibility": "private",
        }

    def full_repository(self, repository: Repository) -> dict[str, Any]:
        """Describe a repository as the schema `full-repository`."""
        merging = repository.records.merging
        return {
            **self.repository(repository),
            **dict.fromkeys(("subscribers_count", "network_count"), 0),
            "allow_merge_commit": merging.merge,
            "allow_squash_merge": merging.squash,
            "allow_rebase_merge": merging.rebase,
            "delete_branch_on_merge": merging.deletes_branch,
        }
