"""The version of the rules: it enters every verdict, and a verdict is kept once for each package and version.

Whoever changes a rule, its metadata or the engine raises RULES_VERSION and records the new digest beside it;
a test compares `rules_digest()` with the record, so that a change cannot slip in under the old version.
"""

from __future__ import annotations

import functools
import hashlib
import io
import tokenize
from importlib import resources

RULES_VERSION = "2.1.0"
RULES_DIGEST = "53db0be7ea0618c3c4afeba1142c92e761affc975b8f9b4b6e84ed38b9d8e710"

# Not part of a verdict: how it is printed, run and explained.
_NOT_COUNTED = frozenset(
    (
        "__init__.py",
        "__main__.py",
        "child.py",
        "fixes.py",
        "receipts.py",
        "repair_child.py",
        "repair_conflicts.py",
        "repair_sandbox.py",
        "repairs.py",
        "rulebook.py",
        "sandbox.py",
        "version.py",
    )
)


@functools.cache
def rules_digest() -> str:
    """A hash over the metadata and the code of rules and engine, without comments, blank lines and
    formatting.
    """
    digest = hashlib.sha256()
    root = resources.files(__package__)
    engine = [entry for entry in root.iterdir() if entry.name not in _NOT_COUNTED]
    folders = [entry for name in ("checks", "metadata") for entry in root.joinpath(name).iterdir()]
    comparison = resources.files("connectors.definitions.diff").iterdir()
    counted = [entry for entry in (*engine, *folders, *comparison) if entry.name.endswith((".py", ".json"))]
    for entry in sorted(counted, key=str):
        text = entry.read_text("utf-8")
        digest.update(f"\x1e{entry.name}\x1f".encode())
        digest.update((_meaning(text) if entry.name.endswith(".py") else text).encode())
    return digest.hexdigest()


def _meaning(source: str) -> str:
    skipped = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return "\x1f".join(token.string for token in tokens if token.type not in skipped and token.string != ",")
