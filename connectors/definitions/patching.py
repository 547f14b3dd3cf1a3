"""JSON Patch (RFC 6902) on a value, and on a text of which everything else stays as it is.

apply(value, patch)             the changed value; the one given stays as it is
apply_to_text(text, patch)      the changed text
apply_to_file(file, patch)      the changed bytes, byte-order mark included

A patch is applied as a whole or not at all: PatchError says why not.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from connectors.definitions import pointers
from connectors.definitions.json_editing import PatchError, TextEditor, index_of
from connectors.definitions.json_tree import Tree
from connectors.definitions.sources import SourceFile

__all__ = ["PatchError", "apply", "apply_to_file", "apply_to_text", "same"]

Operation = Mapping[str, Any]


def apply(value: Any, patch: Iterable[Operation]) -> Any:
    """The value after the operations."""
    return _changed(_copied(value), patch)


def _changed(value: Any, patch: Iterable[Operation]) -> Any:
    """The same, but the value itself is changed."""
    holder = [value]
    for operation in patch:
        _carry_out(operation, _ValueEditor(holder))
    return holder[0]


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _copied(item) for name, item in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value


def apply_to_text(text: str, patch: Iterable[Operation]) -> str:
    """The JSON text after the operations. Order of members, indentation, line ends and the way numbers and
    strings are written stay as they are; a new member is written like its siblings.
    """
    operations = list(patch)
    try:
        tree = Tree(text)
        before = tree.root.value.parsed()
    except (ValueError, RecursionError):
        raise PatchError("the text is no JSON") from None
    expected = _changed(before, operations)
    editor = TextEditor(tree)
    for operation in operations:
        _carry_out(operation, editor)
    written = tree.written()
    if not same(json.loads(written), expected):
        raise PatchError("the text cannot be changed in this way")
    return written


def apply_to_file(file: SourceFile, patch: Iterable[Operation]) -> bytes:
    """The bytes of a JSON file after the operations. Only UTF-8 is written."""
    if file.encoding not in ("utf-8", "utf-8-sig"):
        raise PatchError(f"the file is encoded as {file.encoding}")
    if b"\0" in file.content:
        raise PatchError("the file contains NUL characters")
    changed = apply_to_text(file.text, patch).encode()
    return codecs.BOM_UTF8 + changed if file.has_bom else changed


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal: 1 is 1.0, but true is not 1."""
    pending = [(one, other)]
    while pending:
        left, right = pending.pop()
        if isinstance(left, dict) and isinstance(right, dict):
            if left.keys() != right.keys():
                return False
            pending.extend((left[key], right[key]) for key in left)
        elif isinstance(left, list) and isinstance(right, list):
            if len(left) != len(right):
                return False
            pending.extend(zip(left, right, strict=True))
        elif isinstance(left, bool) is not isinstance(right, bool) or left != right:
            return False
    return True


class _Editor(Protocol):
    """What the operations need of a document. `Piece` is a value on its way into it; tokens are unescaped."""

    def parsed(self, tokens: list[str]) -> Any: ...

    def get(self, tokens: list[str]) -> Any: ...

    def fresh(self, value: Any) -> Any: ...

    def add(self, tokens: list[str], piece: Any) -> None: ...

    def remove(self, tokens: list[str]) -> None: ...

    def replace(self, tokens: list[str], piece: Any) -> None: ...

    def rename(self, tokens: list[str], name: str) -> bool:
        """Give a member of an object a name that is free; False when this is no such case."""
        ...


def _carry_out(operation: Operation, editor: _Editor) -> None:
    name = operation.get("op")
    if name not in _OPERATIONS:
        raise PatchError(f"there is no operation {name!r}")
    _OPERATIONS[name](operation, editor)


def _add(operation: Operation, editor: _Editor) -> None:
    editor.add(_tokens(operation), editor.fresh(_value(operation)))


def _remove(operation: Operation, editor: _Editor) -> None:
    editor.remove(_tokens(operation))


def _replace(operation: Operation, editor: _Editor) -> None:
    editor.replace(_tokens(operation), editor.fresh(_value(operation)))


def _move(operation: Operation, editor: _Editor) -> None:
    source, target = _tokens(operation, "from"), _tokens(operation)
    if source == target:
        editor.get(source)
        return
    if target[: len(source)] == source:
        raise PatchError("a value cannot be moved into itself")
    if source[:-1] == target[:-1] and editor.rename(source, target[-1]):
        return
    value = editor.get(source)
    editor.remove(source)
    editor.add(target, value)


def _copy(operation: Operation, editor: _Editor) -> None:
    editor.add(_tokens(operation), editor.get(_tokens(operation, "from")))


def _test(operation: Operation, editor: _Editor) -> None:
    tokens = _tokens(operation)
    if not same(editor.parsed(tokens), _value(operation)):
        raise PatchError(f"another value stands at {pointers.build(tokens)!r}")


_OPERATIONS: Mapping[object, Callable[[Operation, _Editor], None]] = {
    "add": _add, "remove": _remove, "replace": _replace, "move": _move, "copy": _copy, "test": _test,
}  # fmt: skip


def _tokens(operation: Operation, member: str = "path") -> list[str]:
    pointer = operation.get(member)
    if not isinstance(pointer, str):
        raise PatchError(f"the operation has no {member!r}")
    try:
        return pointers.split(pointer)
    except ValueError as error:
        raise PatchError(str(error)) from None


def _value(operation: Operation) -> Any:
    if "value" not in operation:
        raise PatchError("the operation has no 'value'")
    return operation["value"]


class _ValueEditor(_Editor):
    def __init__(self, holder: list[Any]) -> None:
        self._holder = holder

    def parsed(self, tokens: list[str]) -> Any:
        parent, key = self._place(tokens)
        return parent[key]

    def get(self, tokens: list[str]) -> Any:
        return _copied(self.parsed(tokens))

    def fresh(self, value: Any) -> Any:
        return _copied(value)

    def add(self, tokens: list[str], value: Any) -> None:
        if not tokens:
            self._holder[0] = value
            return
        parent = self.parsed(tokens[:-1])
        if isinstance(parent, dict):
            parent[tokens[-1]] = value
        elif isinstance(parent, list):
            end = len(parent)
            parent.insert(end if tokens[-1] == "-" else index_of(tokens[-1], end), value)
        else:
            raise PatchError(f"nothing can be added to {pointers.build(tokens[:-1])!r}")

    def remove(self, tokens: list[str]) -> None:
        if not tokens:
            raise PatchError("the whole document cannot be removed")
        parent, key = self._place(tokens)
        del parent[key]

    def replace(self, tokens: list[str], value: Any) -> None:
        parent, key = self._place(tokens)
        parent[key] = value

    def rename(self, tokens: list[str], name: str) -> bool:
        parent, old = self._place(tokens)
        if not isinstance(parent, dict) or name in parent:
            return False
        members = [(name if key == old else key, value) for key, value in parent.items()]
        parent.clear()
        parent.update(members)
        return True

    def _place(self, tokens: list[str]) -> tuple[Any, Any]:
        """The container of an existing value, and its key therein."""
        parent: Any = self._holder
        key: int | str = 0
        for token in tokens:
            parent, key = parent[key], token
            if isinstance(parent, list):
                key = index_of(token, len(parent) - 1)
            elif not isinstance(parent, dict) or token not in parent:
                raise PatchError(f"nothing stands at {pointers.build(tokens)!r}")
        return parent, key
