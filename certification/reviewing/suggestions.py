"""A change to one node of a package: written as the node's text, kept as a JSON Patch, put into a package."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from certification.reviewing.anchors import (
    Anchor,
    Outcome,
    anchor_at,
    carried,
    describe,
    document_of,
    node_digest,
)
from connectors.definitions import Document, Package, SourceFile
from connectors.definitions.patching import PatchError, apply_to_file, same

LONGEST_NODE = 20_000
"""Characters of a node that can be edited as text; what is longer is suggested part by part."""


class CannotSuggest(ValueError):
    """The change cannot be proposed or applied; the text says why."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """`before` and `after` are texts of the node's value, `after` empty where it is to go; `digest` is the
    SHA-256 of the value that stands there now, `patch` RFC 6902."""

    file: str
    pointer: str
    before: str
    after: str
    digest: str
    patch: list[dict[str, Any]]


def node_text(package: Package, file: str, pointer: str) -> str | None:
    """The source of a node's value, without the indentation of its surroundings; None where it cannot be
    edited as text: a whole file, no valid JSON, too long."""
    document = document_of(package, file)
    if document is None or not pointer or not document.is_valid_json:
        return None
    if document.resolve(pointer, document) is document:
        return None
    start, end = document.extent(pointer)
    if end - start > LONGEST_NODE:
        return None
    text = document.file.text[start:end]
    first, newline, rest = text.partition("\n")
    return f"{first}{newline}{_outdented(rest)}" if newline else text


def _outdented(rest: str) -> str:
    """The lines after the first, moved left so that the closing bracket stands in the first column."""
    lines = rest.split("\n")
    last = lines[-1]
    margin = last[: len(last) - len(last.lstrip())]
    if all(line.startswith(margin) or not line.strip() for line in lines):
        return "\n".join(line.removeprefix(margin) for line in lines)
    return textwrap.dedent(rest)


def propose(package: Package, file: str, pointer: str, text: str) -> Proposal:
    """What `text` (JSON; empty: take the node out) would change. Raises `CannotSuggest`."""
    before = node_text(package, file, pointer)
    if before is None:
        raise CannotSuggest(
            _("Suggest a change at a node of a valid JSON file, of at most %(longest_node)s characters.")
            % {"longest_node": format(LONGEST_NODE, ",")}
        )
    document = document_of(package, file)
    assert document is not None
    old = document.resolve(pointer)
    patch: list[dict[str, Any]] = [{"op": "remove", "path": pointer}]
    text = text.replace("\r\n", "\n").strip()
    if text:
        new = _parsed(text)
        if same(old, new):
            raise CannotSuggest(_("This is what stands there already: change something, or only comment."))
        patch = [{"op": "replace", "path": pointer, "value": new}]
    _patched(package, file, patch)
    return Proposal(file, pointer, before, text, node_digest(old), patch)


def _parsed(text: str) -> Any:
    if len(text) > LONGEST_NODE:
        raise CannotSuggest(
            _("At most %(longest_node)s characters; this has %(text)s.")
            % {"longest_node": format(LONGEST_NODE, ","), "text": format(len(text), ",")}
        )
    document = Document.read(SourceFile("suggestion.json", text.encode("utf-8", "replace")))
    if not document.is_valid_json:
        found = next((each for each in document.problems if each.code != "bom"), None)
        if found and found.line:
            raise CannotSuggest(
                _("This is not valid JSON. Line %(line)s: %(message)s")
                % {"line": found.line, "message": found.message}
            )
        raise CannotSuggest(_("This is not valid JSON."))
    return document.value


def _patched(package: Package, file: str, patch: list[dict[str, Any]]) -> bytes:
    try:
        return apply_to_file(package.files[file], patch)
    except (PatchError, KeyError) as error:
        raise CannotSuggest(
            _("“%(file)s” cannot be changed in this way: %(error)s.") % {"file": file, "error": error}
        ) from error


def applied(proposal: Proposal, made_for: Package, package: Package) -> bytes:
    """The file's new content in `package`, where the node may stand elsewhere than in the package that the
    suggestion was made for. Raises `CannotSuggest` when the node changed or is gone.
    """
    anchor = anchor_at(made_for, proposal.file, proposal.pointer)
    outcome, found = carried(anchor, made_for, package)
    place = describe(proposal.pointer)
    if outcome == Outcome.GONE:
        raise CannotSuggest(_("“%(place)s” is not in the package any more.") % {"place": place})
    if outcome == Outcome.CHANGED or found.digest != proposal.digest:
        raise CannotSuggest(_("“%(place)s” was changed since the suggestion was made.") % {"place": place})
    return _patched(package, proposal.file, _moved(proposal, found))


def _moved(proposal: Proposal, found: Anchor) -> list[dict[str, Any]]:
    return [{**operation, "path": found.pointer} for operation in proposal.patch]
