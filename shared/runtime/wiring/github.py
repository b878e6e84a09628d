"""The environments repository, and the App that a function uses it as."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from typing import Final

from shared.clients.github import GitHub, GitHubSettings
from shared.domain.image_paths import IMAGE_PATH, read_image_paths
from shared.runtime.config import BRANCH, FOLDER, KIND, LOGIN, REPOSITORY, SECRET_VERSION, Environment
from shared.workflow.settings import EnvironmentSettings

_THREADS: Final = 16  # PyGithub blocks; so many of its requests run at a time, well below GitHub's 100


def read_github(environment: Environment) -> GitHubSettings:
    """Read as whom GitHub is used, and where it is."""
    return GitHubSettings(
        repository=environment.text("PRODGATE_REPOSITORY", REPOSITORY),
        token_secret=environment.text("PRODGATE_GITHUB_TOKEN_SECRET", SECRET_VERSION),
        login=environment.text("PRODGATE_GITHUB_LOGIN", LOGIN),
        api_url=environment.url("PRODGATE_GITHUB_API_URL", default="https://api.github.com"),
        web_url=environment.url("PRODGATE_GITHUB_WEB_URL", default="https://github.com"),
    )


def read_environment_settings(environment: Environment) -> EnvironmentSettings:
    """Read what the environments repository looks like."""
    return EnvironmentSettings(
        repository=environment.text("PRODGATE_REPOSITORY", REPOSITORY),
        dev=environment.text("PRODGATE_DEV_BRANCH", BRANCH, default="dev"),
        prod=environment.text("PRODGATE_PROD_BRANCH", BRANCH, default="prod"),
        folders=environment.texts("PRODGATE_MANIFEST_FOLDERS", FOLDER),
        exempt_kinds=frozenset(environment.texts("PRODGATE_EXEMPT_KINDS", KIND, default="[]")),
        image_paths=read_image_paths(environment.texts("PRODGATE_IMAGE_PATHS", IMAGE_PATH, default="[]")),
    )


def open_github(settings: GitHubSettings, opened: AsyncExitStack) -> GitHub:
    """Make the threads that PyGithub runs on."""
    executor = ThreadPoolExecutor(_THREADS, thread_name_prefix="github")
    opened.callback(executor.shutdown, wait=False, cancel_futures=True)
    return GitHub(settings, executor)
