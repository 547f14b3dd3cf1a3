"""Git repositories: addresses, a mirror of each, the newest commits of folders, and their files.

Knows no framework. `process` is what the portal calls; the rest runs in its child.
"""

from connectors.repositories.addresses import Address, checked_branch, checked_folder
from connectors.repositories.errors import RepositoryError
from connectors.repositories.limits import COMMITS_SHOWN, Limits
from connectors.repositories.process import Branch, Place, fetch, files, heads

__all__ = [
    "COMMITS_SHOWN",
    "Address",
    "Branch",
    "Limits",
    "Place",
    "RepositoryError",
    "checked_branch",
    "checked_folder",
    "fetch",
    "files",
    "heads",
]
