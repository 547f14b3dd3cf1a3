"""The documentation of a connector, made of its package: one document, which others render.

document = build(package, intro=...)     plain data: what JSON, the page and Markdown are made of
as_markdown(document)
compare(published, document)             which operations a reader would find added, changed or removed

Pure Python, bounded whatever the package holds. A text of the package is cut and cleaned of what no database
or page takes, and never trusted: whoever renders escapes it.
"""

from __future__ import annotations

from connectors.definitions.documentation.building import BUILDER, build
from connectors.definitions.documentation.comparison import PageChange, compare
from connectors.definitions.documentation.rendering import as_markdown
from connectors.definitions.documentation.shape import (
    Connection,
    Contact,
    Document,
    Limit,
    Operation,
    Row,
    Type,
)

__all__ = [
    "BUILDER",
    "Connection",
    "Contact",
    "Document",
    "Limit",
    "Operation",
    "PageChange",
    "Row",
    "Type",
    "as_markdown",
    "build",
    "compare",
]
