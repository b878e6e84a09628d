"""GitHub: one repository through one App's eyes.

`tokens` says with which token, `connection` sends and names what goes wrong; `git`, `statuses` and `pulls` are the
parts of the API that are used.
"""

from shared.clients.github.repository import GitHub, GitHubSettings, Repository
from shared.clients.github.tokens import AppInstallation, Credentials, StoredToken

__all__ = ["AppInstallation", "Credentials", "GitHub", "GitHubSettings", "Repository", "StoredToken"]
