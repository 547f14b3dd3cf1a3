"""JSON Pointers (RFC 6901): `/paths/~1tides/get`."""

from __future__ import annotations

from collections.abc import Iterable


def escape(token: str | int) -> str:
    """One reference token as it is written in a pointer."""
    return str(token).replace("~", "~0").replace("/", "~1")


def unescape(token: str) -> str:
    """The member name or index behind one written token."""
    return token.replace("~1", "/").replace("~0", "~")


def join(base: str, *tokens: str | int) -> str:
    """`base` extended by unescaped tokens: `join("/paths", "/tides", "get")` is `/paths/~1tides/get`."""
    return base + "".join("/" + escape(token) for token in tokens)


def build(tokens: Iterable[str | int]) -> str:
    """The pointer of a path of unescaped tokens; "" is the whole document."""
    return join("", *tokens)


def split(pointer: str) -> list[str]:
    """The unescaped tokens of a pointer. ValueError when it neither is empty nor starts with "/"."""
    if not pointer:
        return []
    if not pointer.startswith("/"):
        raise ValueError("a JSON Pointer is empty or starts with '/'")
    return [unescape(token) for token in pointer[1:].split("/")]


def parent(pointer: str) -> str:
    """The pointer of the enclosing value; the document's own parent is the document."""
    return pointer.rpartition("/")[0]
