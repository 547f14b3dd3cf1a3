"""Where a comment stands in a package, and where that place is in the next package.

A place in JSON is a JSON Pointer and the digest of its value, so that new formatting, another order of
members or something inserted before it neither moves nor outdates it. A place in any other text is a line.
"""

from __future__ import annotations

import hashlib
import json
import textwrap
from bisect import bisect_right
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext as _

from certification.reviewing.differences import line_counterpart
from connectors.definitions import Document, Package, SourceFile, pointers
from connectors.definitions.openapi import METHODS, mapping, text

_EXCERPT_LINES = 12
_EXCERPT_CHARACTERS = 1_500
_MISSING: Any = object()


class PlaceNotFound(LookupError):
    """The package has no such file, node or line."""


class Outcome(StrEnum):
    """What became of a place in another package."""

    SAME = "same"
    CHANGED = "changed"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Anchor:
    """A place that exists in a package. `file` is empty for the package as a whole, `pointer` for a whole
    file.

    `digest` is the SHA-256 of what stands there, `excerpt` its text (at most 12 lines) starting at `line`,
    which is None where lines mean nothing.
    """

    file: str = ""
    pointer: str = ""
    line: int | None = None
    digest: str = ""
    excerpt: str = ""


def document_of(package: Package, file: str) -> Document | None:
    """The parsed JSON file of that name, if there is one and something of it could be read."""
    for document in package.documents.values():
        if document.file.name == file and document.value is not None:
            return document
    return None


def anchor_at(package: Package, file: str = "", pointer: str = "", line: int | None = None) -> Anchor:
    """The place as it is in the package; a line of a JSON file becomes the node that stands there, if any.

    Raises `PlaceNotFound`.
    """
    if not file:
        return Anchor()
    source = package.files.get(file)
    if source is None:
        raise PlaceNotFound(_("The package has no file “%(file)s”.") % {"file": file})
    document = document_of(package, file)
    if document is not None:
        if line is not None and not pointer:
            _check_line(source, line)
            pointer = pointer_at(document, line)
            if not pointer:
                return _line(source, line)
        return _node(document, pointer)
    if pointer:
        raise PlaceNotFound(_("“%(file)s” is not JSON: name a line of it.") % {"file": file})
    if line is None:
        return Anchor(file=file, digest=source.sha256)
    _check_line(source, line)
    return _line(source, line)


def _check_line(source: SourceFile, line: int) -> None:
    if not 1 <= line <= source.line_count:
        raise PlaceNotFound(
            _("“%(source)s” has %(line_count)s lines.")
            % {"source": source.name, "line_count": source.line_count}
        )


def _node(document: Document, pointer: str) -> Anchor:
    try:
        value = document.resolve(pointer)
    except ValueError as error:
        raise PlaceNotFound(_("A JSON Pointer is empty or starts with “/”.")) from error
    except LookupError as error:
        raise PlaceNotFound(
            _("There is nothing at “%(pointer)s” in “%(file)s”.")
            % {"pointer": pointer, "file": document.file.name}
        ) from error
    if not pointer:
        return Anchor(file=document.file.name, digest=node_digest(value))
    key, span = document.locate(pointer, key=True), document.locate(pointer)
    excerpt = _excerpt(document.file, key.offset, span.offset + span.length)
    return Anchor(document.file.name, pointer, key.line, node_digest(value), excerpt)


def _line(source: SourceFile, line: int) -> Anchor:
    words = source.line_text(line)
    digest = hashlib.sha256(words.strip().encode()).hexdigest()
    return Anchor(source.name, "", line, digest, words[:_EXCERPT_CHARACTERS])


def _excerpt(source: SourceFile, start: int, end: int) -> str:
    """The text from `start` to `end`, with its indentation where nothing else stands before it on the
    line."""
    before = source.text.rfind("\n", 0, start) + 1
    if start - before <= 200 and not source.text[before:start].strip():
        start = before
    words = source.text[start : min(end, start + _EXCERPT_CHARACTERS)]
    return textwrap.dedent("\n".join(words.splitlines()[:_EXCERPT_LINES]))


def node_digest(value: Any) -> str:
    """SHA-256 of canonical JSON: the same whatever the white space and the order of members."""
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode("utf-8", "replace")).hexdigest()


def pointer_at(document: Document, line: int) -> str:
    """The pointer of the deepest value whose text (member name included) covers the start of a line."""
    words = document.file.line_text(line)
    target = document.file.offset(line) + len(words) - len(words.lstrip())
    pointer, value = "", document.value
    while True:
        keys: list[Any] = list(value) if isinstance(value, dict | list) and value else []
        if isinstance(value, list):
            keys = list(range(len(value)))
        below = pointer

        def start(key: Any, below: str = below) -> int:
            return document.locate(pointers.join(below, key), key=True).offset

        at = bisect_right(keys, target, key=start) - 1
        if at < 0:
            return pointer
        child = pointers.join(pointer, keys[at])
        span = document.locate(child)
        if target >= span.offset + span.length:
            return pointer
        pointer, value = child, value[keys[at]]


def carried(anchor: Anchor, old: Package | None, new: Package) -> tuple[Outcome, Anchor]:
    """The place in the new package. `old` is the package that `anchor.pointer` and `anchor.line` are of.

    SAME: found and equal; the anchor has its new pointer, line and excerpt. CHANGED: found but different;
    digest and excerpt stay those of the comment. GONE: the anchor as it was.
    """
    if not anchor.file:
        return Outcome.SAME, anchor
    found = _counterpart(anchor, old, new)
    if found is None:
        return Outcome.GONE, anchor
    if found.digest == anchor.digest:
        return Outcome.SAME, found
    return Outcome.CHANGED, replace(found, digest=anchor.digest, excerpt=anchor.excerpt)


def _counterpart(anchor: Anchor, old: Package | None, new: Package) -> Anchor | None:
    before = old.files.get(anchor.file) if old else None
    line = anchor.line
    is_line = bool(line and not anchor.pointer)
    if is_line and before is not None and anchor.file in new.files:
        line = line_counterpart(before.text.splitlines(), new.files[anchor.file].text.splitlines(), line or 1)
    pointer: str | None = anchor.pointer
    document, old_document = document_of(new, anchor.file), old and document_of(old, anchor.file)
    if pointer and document and old_document:
        pointer = pointer_counterpart(old_document.value, document.value, pointer)
    if pointer is None or (is_line and line is None):
        return None
    try:
        return anchor_at(new, anchor.file, pointer, line if is_line else None)
    except PlaceNotFound:
        return None


def pointer_counterpart(old: Any, new: Any, pointer: str) -> str | None:
    """Where the node at `pointer` of `old` is in `new`; None when it is gone.

    Elements of arrays are found by what names them (a parameter's name and place, a reference), operations
    by their operationId when path or method changed, and renamed members by being equal.
    """
    place = ""
    for token in pointers.split(pointer):
        key = _key_in(old, new, token)
        if key is None:
            return None
        place = pointers.join(place, key)
        old, new = _child(old, token), _child(new, key)
    return place


def _key_in(old: Any, new: Any, token: str) -> str | None:
    child = _child(old, token)
    if isinstance(new, list):
        return _index_in(old, new, token, child)
    if not isinstance(new, dict):
        return None
    if token in new:
        return token
    if child is _MISSING:
        return None
    ids = _operation_ids(child)
    for key, value in new.items():
        if key not in old and (value == child or (ids and ids & _operation_ids(value))):
            return str(key)
    return None


def _index_in(old: Any, new: list[Any], token: str, child: Any) -> str | None:
    if child is _MISSING or not isinstance(old, list):
        return token if token.isdecimal() and int(token) < len(new) else None
    name = _name_of(child)
    if name is not None:
        same = [at for at, value in enumerate(new) if _name_of(value) == name]
        if len(same) == 1:
            return str(same[0])
        if not same:
            return None
    if child in new:
        return str(new.index(child))
    return token if int(token) < len(new) else None


def _child(value: Any, token: str) -> Any:
    if isinstance(value, dict):
        return value.get(token, _MISSING)
    if isinstance(value, list) and token.isdecimal() and int(token) < len(value):
        return value[int(token)]
    return _MISSING


def _name_of(value: Any) -> tuple[str, ...] | None:
    """What tells an element of an array from its neighbours."""
    for names in (("name", "in"), ("$ref",), ("propertyName",), ("name",)):
        found = tuple(text(value, name) for name in names)
        if all(found):
            return found
    return None


def _operation_ids(value: Any) -> set[str]:
    """The ids of an operation, or of the operations of a path."""
    own = text(value, "operationId")
    if own:
        return {own}
    members = mapping(value).items()
    return {text(each, "operationId") for name, each in members if name.lower() in METHODS} - {""}


def describe(pointer: str) -> str:
    """A pointer in words, its steps parted by angle marks: an operation as "GET /tides", then what is in
    it."""
    tokens = pointers.split(pointer)
    if tokens[:1] == ["paths"] and len(tokens) > 1:
        if len(tokens) > 2 and tokens[2].lower() in METHODS:
            tokens = [f"{tokens[2].upper()} {tokens[1]}", *tokens[3:]]
        else:
            tokens = tokens[1:]
    return " \u203a ".join(tokens)


def operation_pointer(pointer: str) -> str:
    """The pointer of the operation that a node belongs to, or ""."""
    tokens = pointer.split("/", 4)
    if len(tokens) > 3 and tokens[1] == "paths" and tokens[3].lower() in METHODS:
        return "/".join(tokens[:4])
    return ""
