"""Git repositories: addresses, a mirror of each, the newest commits of folders, and their files.

Knows no framework. `process` is what the portal calls; the rest runs in its child.
"""

from connectors.repositories.addresses import Address, checked_branch, checked_folder, pull_number, tag_name
from connectors.repositories.errors import RepositoryError
from connectors.repositories.limits import COMMITS_SHOWN, Limits
from connectors.repositories.packing import small_packs
from connectors.repositories.process import (
    Branch,
    Comparison,
    Place,
    Side,
    compare,
    fetch,
    files,
    heads,
    join_packs,
    proposals,
    tag,
)

__all__ = [
    "COMMITS_SHOWN",
    "Address",
    "Branch",
    "Comparison",
    "Limits",
    "Place",
    "RepositoryError",
    "Side",
    "checked_branch",
    "checked_folder",
    "compare",
    "fetch",
    "files",
    "heads",
    "join_packs",
    "proposals",
    "pull_number",
    "small_packs",
    "tag",
    "tag_name",
]
