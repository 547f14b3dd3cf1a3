"""Reader of hostile connector packages: pure Python, no framework, nothing executed, nothing fetched.

package = read_archive(data)
package.problems            what is wrong with the bytes
package.definition.value    the OpenAPI definition, recovered as far as possible
package.definition.locate("/info/title")
"""

from connectors.definitions import icon, openapi, pointers
from connectors.definitions.documents import Document, Span
from connectors.definitions.facts import ConnectorFacts, facts
from connectors.definitions.icon import IconColours, IconFacts, IconRefused
from connectors.definitions.names import CANONICAL_NAMES, Role
from connectors.definitions.openapi import Operation, Resolution, operations, resolve_reference
from connectors.definitions.package import Package, PackageRefused, TreeEntry
from connectors.definitions.problems import KINDS, Kind, Limits, Problem
from connectors.definitions.reading import read_archive, read_files, read_path
from connectors.definitions.sources import SourceFile

__all__ = [
    "CANONICAL_NAMES",
    "KINDS",
    "ConnectorFacts",
    "Document",
    "IconColours",
    "IconFacts",
    "IconRefused",
    "Kind",
    "Limits",
    "Operation",
    "Package",
    "PackageRefused",
    "Problem",
    "Resolution",
    "Role",
    "SourceFile",
    "Span",
    "TreeEntry",
    "facts",
    "icon",
    "openapi",
    "operations",
    "pointers",
    "read_archive",
    "read_files",
    "read_path",
    "resolve_reference",
]
