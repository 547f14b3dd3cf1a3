"""Where each value of a JSON text stands, found out only along the paths that are asked for."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from json import decoder, scanner
from typing import Any

# Both are as old as the module and its only C entry points; the type stubs leave them out.
scanstring: Callable[[str, int, bool], tuple[str, int]] = vars(decoder)["scanstring"]
_scan_once: Callable[[str, int], tuple[Any, int]] = vars(scanner)["make_scanner"](json.JSONDecoder())
Scan = Callable[[str, int], tuple[Any, int]]
"""Parses the value at an offset of a text; gives it with the offset behind it."""

_BLANKS = re.compile(r"[ \t\r\n]*")
_COLON = re.compile(r"[ \t\r\n]*:[ \t\r\n]*")
_NEXT = re.compile(r"[ \t\r\n]*([,}\]])[ \t\r\n]*")


class Node:
    """A value in the text: offsets in characters, end exclusive; `key_start` is -1 outside of objects. The
    children of a `lazy` one are found in the text when they are asked for.
    """

    __slots__ = ("children", "end", "key_end", "key_start", "lazy", "start")

    def __init__(
        self, start: int, end: int, key_start: int = -1, key_end: int = -1, *, lazy: bool = True
    ) -> None:
        self.lazy = lazy
        self.start = start
        self.end = end
        self.key_start = key_start
        self.key_end = key_end
        self.children: dict[str, Node] | list[Node] | None = None

    def members(self) -> dict[str, Node]:
        """The children of an object, to be filled."""
        if not isinstance(self.children, dict):
            self.children = {}
        return self.children

    def elements(self) -> list[Node]:
        """The children of an array, to be filled."""
        if not isinstance(self.children, list):
            self.children = []
        return self.children


class SpanIndex:
    """The tree of nodes of one text.

    The members of a container of valid JSON are scanned when first asked for; the C scanner of the standard
    library leaps over each member's value, so finding one place costs little more than parsing the containers
    on the way. The parser hands over the top of the tree as `root`, and of broken JSON all that is broken.
    """

    def __init__(self, text: str, root: Node) -> None:
        self._text = text
        self._root = root

    def find(self, tokens: list[str]) -> Node:
        """The node at a path of unescaped tokens, or its nearest existing ancestor."""
        node = self._root
        for token in tokens:
            children = self._children(node)
            if isinstance(children, dict):
                child = children.get(token)
            elif children and token.isascii() and token.isdigit() and len(token) <= 9:
                child = children[int(token)] if int(token) < len(children) else None
            else:
                child = None
            if child is None:
                break
            node = child
        return node

    def _children(self, node: Node) -> dict[str, Node] | list[Node] | None:
        if node.children is None and node.lazy:
            opening = self._text[node.start : node.start + 1]
            if opening == "{":
                node.children = _members(self._text, node.start)
            elif opening == "[":
                node.children = _elements(self._text, node.start)
        return node.children


def read_root(text: str, scan: Scan) -> tuple[Any, Node]:
    """Parse a text with `scan` and note where the members of its root stand: nearly every package has
    findings there, and looking for their places afterwards would parse the whole text a second time.

    Raises ValueError when the text is not JSON or its root has two members of one name.
    """
    try:
        start = _end(_BLANKS, text, 0)
        if text[start] == "{":
            value, root = _root_object(text, start, scan)
        else:
            value, end = scan(text, start)
            root = Node(start, end)
    except (IndexError, StopIteration):
        raise ValueError("the text ends early") from None
    if _end(_BLANKS, text, root.end) != len(text):
        raise ValueError("text after the end")
    return value, root


def _root_object(text: str, start: int, scan: Scan) -> tuple[dict[str, Any], Node]:
    members: dict[str, Any] = {}
    nodes: dict[str, Node] = {}
    at = _end(_BLANKS, text, start + 1)
    end = at + 1
    more = text[at] != "}"
    while more:
        if text[at] != '"':
            raise ValueError("a name must follow")
        key, key_end = scanstring(text, at + 1, True)
        colon = _COLON.match(text, key_end)
        if colon is None or key in members:
            raise ValueError("no colon, or the name a second time")
        members[key], value_end = scan(text, colon.end())
        nodes[key] = Node(colon.end(), value_end, at, key_end)
        following = _NEXT.match(text, value_end)
        if following is None or following[1] == "]":
            raise ValueError("neither comma nor closing brace")
        more, at, end = following[1] == ",", following.end(), following.end(1)
    root = Node(start, end)
    root.children = nodes
    return members, root


def end_of_value(text: str, start: int) -> int:
    """The offset behind the value that begins at an offset of a valid text."""
    if text[start] == '"':
        return scanstring(text, start + 1, True)[1]
    return _scan_once(text, start)[1]


def _members(text: str, start: int) -> dict[str, Node]:
    members: dict[str, Node] = {}
    at = _end(_BLANKS, text, start + 1)
    if text[at] == "}":
        return members
    while True:
        key, key_end = scanstring(text, at + 1, True)
        value_start = _end(_COLON, text, key_end)
        value_end = end_of_value(text, value_start)
        members[key] = Node(value_start, value_end, at, key_end)
        following: Any = _NEXT.match(text, value_end)
        if following[1] != ",":
            return members
        at = following.end()


def _elements(text: str, start: int) -> list[Node]:
    elements: list[Node] = []
    at = _end(_BLANKS, text, start + 1)
    if text[at] == "]":
        return elements
    while True:
        end = end_of_value(text, at)
        elements.append(Node(at, end))
        following: Any = _NEXT.match(text, end)
        if following[1] != ",":
            return elements
        at = following.end()


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    match: Any = pattern.match(text, at)
    end: int = match.end()
    return end
