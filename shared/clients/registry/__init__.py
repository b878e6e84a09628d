"""OCI registries: which digest does a reference name now?

`registries` asks and judges the answer (`manifest`), `exchange` sends (`throttle`, `resolver`) and names what goes
wrong, `access` gets past a 401 (`challenge`, `token`, `credentials`, `google_access`), `beyond` says who else is asked.
"""

from shared.clients.registry.beyond import Beyond
from shared.clients.registry.credentials import (
    IDENTITY_TOKEN,
    Credentials,
    CredentialSource,
    HostCredentials,
    StoredPassword,
)
from shared.clients.registry.exchange import registry_session
from shared.clients.registry.google_access import GoogleAccess
from shared.clients.registry.manifest import FoundManifest, ReadManifest
from shared.clients.registry.registries import Registries

__all__ = [
    "IDENTITY_TOKEN",
    "Beyond",
    "CredentialSource",
    "Credentials",
    "FoundManifest",
    "GoogleAccess",
    "HostCredentials",
    "ReadManifest",
    "Registries",
    "StoredPassword",
    "registry_session",
]
