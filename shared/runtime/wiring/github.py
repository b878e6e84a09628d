"""The environments repository, and the App that a function uses it as."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from typing import Final

from shared.clients.github import AppInstallation, Credentials, GitHub, GitHubSettings, StoredToken
from shared.clients.github.tokens import Grant, InstallationTokens, StoredTokens, Tokens, Vault
from shared.clients.secrets import Secrets
from shared.domain.exempt_paths import EXEMPT_PATH, ExemptPaths, too_wide
from shared.domain.image_paths import IMAGE_PATH, ImagePaths, read_image_paths, useless_paths
from shared.domain.permissions import Permissions
from shared.domain.strict_json import Fields
from shared.runtime.config import BRANCH, CLIENT_ID, FOLDER, KIND, LOGIN, REPOSITORY, SECRET_VERSION, Environment
from shared.runtime.telemetry import Redactor
from shared.workflow.settings import EnvironmentSettings

_APP: Final = "PRODGATE_GITHUB_APP"
_TOKEN: Final = "PRODGATE_GITHUB_TOKEN_SECRET"  # noqa: S105 - the name of a variable
_KEPT: Final = "kept"
_PER_EVENT: Final = "per-event"
_NAME_CHARACTERS: Final = 1024
_CLIENT_ID_CHARACTERS: Final = 64
_MOST_INSTALLATIONS: Final = 10**15
_THREADS: Final = 16  # PyGithub blocks; so many of its requests run at a time, well below GitHub's 100


def read_github(environment: Environment) -> GitHubSettings:
    """Read as whom GitHub is used, and where it is."""
    return GitHubSettings(
        repository=environment.text("PRODGATE_REPOSITORY", REPOSITORY),
        credentials=_credentials(environment),
        login=environment.text("PRODGATE_GITHUB_LOGIN", LOGIN),
        api_url=environment.url("PRODGATE_GITHUB_API_URL", default="https://api.github.com"),
        web_url=environment.url("PRODGATE_GITHUB_WEB_URL", default="https://github.com"),
    )


def read_environment_settings(environment: Environment) -> EnvironmentSettings:
    """Read what the environments repository looks like."""
    folders = environment.texts("PRODGATE_MANIFEST_FOLDERS", FOLDER)
    return EnvironmentSettings(
        repository=environment.text("PRODGATE_REPOSITORY", REPOSITORY),
        dev=environment.text("PRODGATE_DEV_BRANCH", BRANCH, default="dev"),
        prod=environment.text("PRODGATE_PROD_BRANCH", BRANCH, default="prod"),
        folders=folders,
        exempt_kinds=frozenset(environment.texts("PRODGATE_EXEMPT_KINDS", KIND, default="[]")),
        image_paths=_image_paths(environment),
        exempt_paths=_exempt_paths(environment, folders),
    )


def _exempt_paths(environment: Environment, folders: tuple[str, ...]) -> ExemptPaths:
    name = "PRODGATE_EXEMPT_PATHS"
    paths = ExemptPaths(environment.texts(name, EXEMPT_PATH, default="[]"))
    for why in too_wide(paths, folders):
        environment.refuse(name, f"exempts too much: {why}; take it out of PRODGATE_MANIFEST_FOLDERS, if that is meant")
    return paths


def _image_paths(environment: Environment) -> ImagePaths:
    name = "PRODGATE_IMAGE_PATHS"
    paths = read_image_paths(environment.texts(name, IMAGE_PATH, default="[]"))
    for why in useless_paths(paths):
        environment.refuse(name, f"has a path that would be ignored: {why}")
    return paths


def open_github(settings: GitHubSettings, opened: AsyncExitStack, *, permissions: Permissions, vault: Vault) -> GitHub:
    """Make the threads that PyGithub runs on, and what gives it the token of each event."""
    executor = ThreadPoolExecutor(_THREADS, thread_name_prefix="github")
    opened.callback(executor.shutdown, wait=False, cancel_futures=True)
    return GitHub(settings, _tokens(settings, permissions, vault, executor), executor)


def open_vault(secrets: Secrets, redactor: Redactor) -> Vault:
    """Let tokens be read out of Secret Manager, and kept out of logs."""
    return Vault(secrets.read, redactor.learn_minted)


def _credentials(environment: Environment) -> Credentials:
    """Read as what GitHub is used: a GitHub App, or whoever a stored token belongs to; never both."""
    chosen = environment.either(_APP, _TOKEN)
    if chosen == _APP:
        return environment.record(_APP, _installation, default=AppInstallation("", 0, ""))
    return StoredToken("" if chosen is None else environment.text(_TOKEN, SECRET_VERSION))


def _installation(fields: Fields) -> AppInstallation:
    return AppInstallation(
        fields.text("client_id", most=_CLIENT_ID_CHARACTERS, matching=CLIENT_ID),
        fields.number("installation", most=_MOST_INSTALLATIONS),
        fields.text("key_secret", most=_NAME_CHARACTERS, matching=SECRET_VERSION),
        keeps_tokens="tokens" in fields and fields.choice("tokens", (_KEPT, _PER_EVENT)) == _KEPT,
    )


def _tokens(settings: GitHubSettings, permissions: Permissions, vault: Vault, executor: ThreadPoolExecutor) -> Tokens:
    if isinstance(settings.credentials, StoredToken):
        return StoredTokens(settings.credentials, vault)
    grant = Grant(settings.repository, permissions)
    return InstallationTokens(settings.credentials, grant, vault, api_url=settings.api_url, executor=executor)
