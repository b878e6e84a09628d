"""GitHub: one repository through one App's eyes.

`connection` sends and names what goes wrong; `git`, `statuses` and `pulls` are the parts of the API that are used.
"""

from shared.clients.github.repository import GitHub, GitHubSettings, Repository

__all__ = ["GitHub", "GitHubSettings", "Repository"]
