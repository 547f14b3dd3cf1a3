"""Edits of a JSON text: members put in, taken out and renamed as a careful author would do it by hand."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from connectors.definitions import pointers
from connectors.definitions.json_tree import Member, Tree, Value, reindent


class PatchError(ValueError):
    """An operation that cannot be carried out: its place is missing, its test fails, or it is malformed."""


@dataclass(frozen=True, slots=True)
class Fresh:
    """A value that has no text yet."""

    value: Any


@dataclass(frozen=True, slots=True)
class Written:
    """A value taken from the text, with line end and indentation of the line that its last bracket is on."""

    text: str
    line: str


Piece = Fresh | Written


class TextEditor:
    """Carries out the operations of a patch on a tree. Tokens are those of a pointer, unescaped."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._is_compact = _is_compact(tree.root.value)

    def parsed(self, tokens: list[str]) -> Any:
        return self._at(tokens).value.parsed()

    def get(self, tokens: list[str]) -> Piece:
        member = self._at(tokens)
        return Written(member.value.written(), member.value.closing_line or member.line_start)

    def fresh(self, value: Any) -> Piece:
        return Fresh(value)

    def add(self, tokens: list[str], piece: Piece) -> None:
        if not tokens:
            self.replace(tokens, piece)
            return
        parent, last = self._at(tokens[:-1]), tokens[-1]
        if parent.value.is_object:
            if _named(parent.value, last) is not None:
                self.replace(tokens, piece)
            else:
                self._insert(parent, len(parent.value.members), last, piece)
        elif parent.value.is_array:
            end = len(parent.value.members)
            self._insert(parent, end if last == "-" else index_of(last, end), None, piece)
        else:
            raise PatchError(f"nothing can be added to {pointers.build(tokens[:-1])!r}")

    def replace(self, tokens: list[str], piece: Piece) -> None:
        member = self._at(tokens)
        old = member.value
        line = old.closing_line or member.line_start or ("\n" if not tokens and self._tree.unit else "")
        member.value = Value(self._text(piece, "" if _is_inline(old) else line))

    def remove(self, tokens: list[str]) -> None:
        if not tokens:
            raise PatchError("the whole document cannot be removed")
        found, container = self._at(tokens), self._at(tokens[:-1]).value
        members = container.members
        if container.is_object:
            # Of several members with one name all go: the value that the last one hid must not appear.
            doomed = [index for index, member in enumerate(members) if member.name == found.name]
        else:
            doomed = [index_of(tokens[-1], len(members) - 1)]
        for index in reversed(doomed):
            _take_out(members, index)

    def rename(self, tokens: list[str], name: str) -> bool:
        """Give a member of an object a name that is free; False when this is no such case."""
        member, container = self._at(tokens), self._at(tokens[:-1]).value
        names = [other.name for other in container.members]
        if not container.is_object or name in names or names.count(member.name) > 1:
            return False
        member.name, member.key = name, _dumped(name)
        return True

    def _at(self, tokens: list[str]) -> Member:
        """The member that holds the value at a place."""
        member: Member | None = self._tree.root
        for token in tokens:
            assert member is not None
            value = member.value
            if value.is_array:
                member = value.members[index_of(token, len(value.members) - 1)]
            else:
                member = _named(value, token) if value.is_object else None
            if member is None:
                raise PatchError(f"nothing stands at {pointers.build(tokens)!r}")
        assert member is not None
        return member

    def _insert(self, parent: Member, index: int, name: str | None, piece: Piece) -> None:
        siblings = parent.value.members
        new = Member("", name or "", "", "", parent.value, "")
        if name is not None:
            new.key = _dumped(name)
            new.colon = siblings[index - 1].colon if siblings else (":" if self._is_compact else ": ")
        if siblings:
            self._put_between(siblings, index, new)
        else:
            self._put_first(parent, new)
        inline = any(_is_inline(sibling.value) for sibling in siblings)
        new.value = Value(self._text(piece, "" if inline else new.line_start))
        siblings.insert(index, new)

    def _put_between(self, siblings: list[Member], index: int, new: Member) -> None:
        first, last = siblings[0], siblings[-1]
        several = len(siblings) > 1
        model = siblings[min(max(index, 1), len(siblings) - 1)]
        gap = model.line_start or (model.before if several else "" if self._is_compact else " ")
        new.before, new.after = gap, first.after if several else ""
        if index == 0:
            new.before, first.before = first.before, gap
        elif index == len(siblings):
            last.after, new.after = new.after, last.after

    def _put_first(self, parent: Member, new: Member) -> None:
        """The only member of a container begins a line where the container does or spans lines."""
        closing = parent.value.closing_line or parent.line_start
        if closing and self._tree.unit:
            new.before, new.after = closing + self._tree.unit, closing
        parent.value.rest = ""

    def _text(self, piece: Piece, line: str) -> str:
        """The text of a value whose last bracket stands on a line beginning with `line`; "" for one line."""
        if isinstance(piece, Written):
            return reindent(piece.text, piece.line, line) if line else piece.text
        if line and self._tree.unit:
            return _dumped(piece.value, indent=self._tree.unit).replace("\n", line)
        return _dumped(piece.value, separators=(",", ":") if self._is_compact else (", ", ": "))


def index_of(token: str, end: int) -> int:
    """The index that a token names, at most `end`."""
    is_canonical = token.isascii() and token.isdigit() and len(token) <= 9 and str(int(token)) == token
    if not is_canonical or int(token) > end:
        raise PatchError(f"there is no item {token!r}")
    return int(token)


def _named(container: Value, name: str) -> Member | None:
    return next((member for member in reversed(container.members) if member.name == name), None)


def _take_out(members: list[Member], index: int) -> None:
    """The blanks before the first and behind the last member belong to the brackets, and stay."""
    member = members.pop(index)
    if members and index == 0:
        members[0].before = member.before
    elif members and index == len(members):
        members[-1].after = member.after


def _is_inline(value: Value) -> bool:
    """A container with content on one line."""
    if not (value.is_object or value.is_array) or not value.members:
        return False
    text = value.written()
    return "\n" not in text and "\r" not in text


def _is_compact(root: Value) -> bool:
    """Nothing stands behind the colons and commas of this text."""
    return bool(root.is_object and root.members and root.members[0].colon == ":")


def _dumped(value: Any, **style: Any) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, **style)
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, **style)
    except (TypeError, ValueError):
        raise PatchError("the value is no JSON") from None
    return text
