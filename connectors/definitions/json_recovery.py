"""A forgiving JSON parser: finds every syntax error with its place and hint, and saves what can be saved.

It keeps its own stack, so no input can exhaust Python's. Every step consumes text or closes a container, and
hard errors are bounded, so its time is linear in the text.
"""

from __future__ import annotations

import re
import sys
from json.decoder import scanstring
from typing import Any

from connectors.definitions import pointers
from connectors.definitions.json_positions import Node
from connectors.definitions.problems import Limits, Problem, problem, shown
from connectors.definitions.sources import REPLACEMENT, SourceFile

_MAX_HARD_ERRORS = 30
"""After this many errors that the parser had to guess around, what follows is noise."""

_BLANKS = re.compile(r"[ \t\r\n]*+")
_INVISIBLE = re.compile("[\x0b\x0c\x1c-\x1f\x85\xa0\u1680\u2000-\u200f\u2028-\u202f\u205f-\u2064\u3000\ufeff]+")
_LINE = re.compile(r"[^\r\n]*")
_STRING = re.compile(r'"[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*+"')
_LOOSE_STRING = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_SINGLE_QUOTED = re.compile(r"'[^'\\\r\n]*+(?:\\.[^'\\\r\n]*+)*+'")
_TYPOGRAPHIC = re.compile("[“”„]([^“”„\r\n]*)[“”„\"]")
_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{4}|.)", re.DOTALL)
_VALID_ESCAPE = re.compile(r'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})')
_CONTROL = re.compile(r"[\x00-\x1f]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_SURROGATE_ESCAPE = re.compile(
    r"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)
_NUL_ESCAPE = re.compile(r"\\\\|(\\u0000)")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*+)(\.[0-9]++)?([eE][-+]?[0-9]++)?(?![\w.+-])", re.ASCII)
_ODD_NUMBER = re.compile(r"[-+.\w]+", re.ASCII)
_WORD = re.compile(r"[A-Za-z_$][\w$.-]*+", re.ASCII)
_BARE_KEY = re.compile(r"([A-Za-z_$][\w$.-]*+)[ \t\r\n]*+:", re.ASCII)
_REST = re.compile(r"[^,}\]\r\n]*+")
_CONSTANTS = {"NaN", "Infinity", "-Infinity", "+Infinity"}
_WORDS = {"true": True, "false": False, "null": None}

_FIRST, _NEXT, _AFTER = range(3)
"""Of an open container: nothing read yet, a comma read, a member or element read."""


class _Stop(Exception):  # noqa: N818 - a way out of nested calls, no error
    pass


class _Frame:
    """An open container and what was read of it."""

    __slots__ = ("comma", "is_object", "last_end", "node", "state", "token", "value")

    def __init__(self, value: Any, node: Node) -> None:
        self.value = value
        self.node = node
        self.is_object = isinstance(value, dict)
        self.state = _FIRST
        self.token: str | int = "" if self.is_object else 0
        self.comma = -1
        self.last_end = node.start + 1


def recover(file: SourceFile, limits: Limits) -> tuple[Any, tuple[Problem, ...], Node]:
    """Value, problems and places of a text that is not quite JSON."""
    parser = _Parser(file, limits)
    parser.run()
    return parser.value, parser.collected(), parser.root


class _Parser:
    def __init__(self, file: SourceFile, limits: Limits) -> None:
        self.file = file
        self.limits = limits
        self.text = file.text
        self.end = len(self.text)
        self.at = 0
        self.value: Any = None
        self.root = Node(0, self.end)
        self.stack: list[_Frame] = []
        self.problems: list[Problem] = []
        self.unreported = 0
        self.hard_errors = 0

    # Reporting

    def report(self, code: str, message: str, at: int, length: int = 1, fix: str = "") -> None:
        if len(self.problems) >= self.limits.problems_per_file:
            self.unreported += 1
            return
        line, column = self.file.position(at)
        self.problems.append(
            problem(
                code, message, self.file.name,
                fix=fix, pointer=self.pointer(), line=line, column=column, length=max(1, length),
            )
        )  # fmt: skip

    def syntax(self, message: str, at: int, length: int = 1, fix: str = "", *, hard: bool = False) -> None:
        self.report("json-syntax", message, at, length, fix)
        if hard:
            self.hard_errors += 1
            if self.hard_errors >= _MAX_HARD_ERRORS:
                self.report("more-problems", "Reading stopped here: too many syntax errors.", at)
                raise _Stop

    def pointer(self) -> str:
        return pointers.build(frame.token for frame in self.stack if frame.state != _FIRST or frame.token)

    def collected(self) -> tuple[Problem, ...]:
        in_order = sorted(self.problems, key=lambda found: (found.line or 0, found.column or 0))
        if not self.unreported:
            return tuple(in_order)
        message = f"{self.unreported} more problems in this file are not shown."
        return (*in_order, problem("more-problems", message, self.file.name))

    # The grammar

    def run(self) -> None:
        try:
            self.skip()
            if self.at >= self.end:
                self.syntax("The file is empty.", 0, fix="Put a JSON object into the file, or leave the file out.")
                return
            self.read_value()
            while self.stack:
                frame = self.stack[-1]
                self.skip()
                if self.at >= self.end:
                    self.unterminated()
                    return
                (self.member if frame.is_object else self.element)(frame)
            self.skip()
            if self.at < self.end:
                self.syntax(
                    "The document ends before this text.", self.at,
                    fix="Remove what follows the last closing bracket; check that no bracket is closed too early.",
                )  # fmt: skip
        except _Stop:
            self.close_all()

    def member(self, frame: _Frame) -> None:
        char = self.text[self.at]
        if char == "}":
            self.close(frame)
        elif char == ",":
            self.comma(frame)
        elif char == "]":
            self.wrong_bracket(frame, "}")
        elif frame.state == _AFTER and (char in "\"'“„" or _BARE_KEY.match(self.text, self.at)):
            self.missing_comma(frame)
            frame.state = _NEXT
        elif char == "{" and len(self.stack) > 1 and not self.stack[-2].is_object:
            self.unclosed_element(frame)
        elif frame.state == _AFTER or not self.read_key(frame):
            self.skip_rubbish(frame)
        else:
            self.read_member_value(frame)

    def element(self, frame: _Frame) -> None:
        char = self.text[self.at]
        if char == "]":
            self.close(frame)
        elif char == ",":
            self.comma(frame)
        elif char == "}":
            self.wrong_bracket(frame, "]")
        elif frame.state == _AFTER and (char in "\"'{[" or _NUMBER.match(self.text, self.at)):
            self.missing_comma(frame)
            frame.state = _NEXT
        elif frame.state == _AFTER or char == ":":
            self.skip_rubbish(frame)
        else:
            self.read_value()

    def comma(self, frame: _Frame) -> None:
        if frame.state != _AFTER:
            self.syntax("There is nothing before this comma.", self.at, fix="Remove the extra comma.")
        frame.comma = self.at
        frame.state = _NEXT
        self.at += 1

    def missing_comma(self, frame: _Frame) -> None:
        self.syntax("A comma is missing here.", frame.last_end, fix="Insert a comma after the value.", hard=True)

    def close(self, frame: _Frame) -> None:
        if frame.state == _NEXT:
            self.syntax(
                "A comma before a closing bracket is not allowed.", frame.comma,
                fix="Remove the trailing comma.",
            )  # fmt: skip
        self.at += 1
        self.pop(self.at)

    def pop(self, end: int) -> None:
        self.stack.pop().node.end = end
        if self.stack:
            self.stack[-1].last_end = end

    def wrong_bracket(self, frame: _Frame, expected: str) -> None:
        found = self.text[self.at]
        line = self.file.position(frame.node.start)[0]
        if any(outer.is_object != frame.is_object for outer in self.stack[:-1]):
            self.syntax(
                f"“{found}” where “{expected}” is expected: the bracket opened on line {line} is not closed.",
                self.at, fix=f"Insert “{expected}” before it.", hard=True,
            )  # fmt: skip
            self.pop(frame.last_end)
        else:
            self.syntax(
                f"“{found}” where “{expected}” is expected.", self.at,
                fix="Remove the bracket, or correct the opening one.", hard=True,
            )  # fmt: skip
            self.at += 1

    def unclosed_element(self, frame: _Frame) -> None:
        """An object begins where a name is due, within an array of objects: the one before was left open."""
        line = self.file.position(frame.node.start)[0]
        self.syntax(
            f"A new object begins here, but the one opened on line {line} is not closed.", self.at,
            fix="Insert “},” before it.", hard=True,
        )  # fmt: skip
        self.pop(frame.last_end)
        self.stack[-1].state = _NEXT

    def unterminated(self) -> None:
        lines = ", ".join(str(self.file.position(frame.node.start)[0]) for frame in self.stack[-3:])
        closing = "".join("}" if frame.is_object else "]" for frame in reversed(self.stack[-3:]))
        self.syntax(
            f"The file ends while {len(self.stack)} bracket(s) are still open (line {lines}).",
            self.end, fix=f"Add the closing “{closing}”.",
        )  # fmt: skip
        self.close_all()

    def close_all(self) -> None:
        while self.stack:
            self.pop(self.at)

    def skip_rubbish(self, frame: _Frame) -> None:
        rest = _REST.match(self.text, self.at)
        end = max(rest.end() if rest else 0, self.at + 1)
        if frame.state == _AFTER and self.text[frame.last_end - 1 : frame.last_end] == '"':
            fix = 'Write a double quote inside a text as \\", or insert the missing comma.'
        else:
            fix = "Remove the text, or put it in double quotes."
        self.syntax(f"Unexpected text {shown(self.text[self.at : end].rstrip())}.", self.at, end - self.at, fix, hard=True)
        frame.state = _AFTER
        self.at = end

    # Blanks and comments

    def skip(self) -> None:
        text = self.text
        while True:
            match = _BLANKS.match(text, self.at)
            self.at = match.end() if match else self.at
            char = text[self.at : self.at + 1]
            if char == "/" and text[self.at + 1 : self.at + 2] in ("/", "*"):
                self.comment()
            elif char == "#":
                self.line_comment()
            elif char and (invisible := _INVISIBLE.match(text, self.at)):
                self.syntax(
                    f"An invisible character (U+{ord(char):04X}) stands between the values.",
                    self.at, invisible.end() - self.at, "Delete it: type the line again.",
                )  # fmt: skip
                self.at = invisible.end()
            else:
                return

    def comment(self) -> None:
        if self.text[self.at + 1] == "/":
            self.line_comment()
            return
        end = self.text.find("*/", self.at + 2)
        stop = self.end if end < 0 else end + 2
        self.syntax("JSON has no comments.", self.at, stop - self.at, "Remove the comment.")
        self.at = stop

    def line_comment(self) -> None:
        match = _LINE.match(self.text, self.at)
        stop = match.end() if match else self.end
        self.syntax("JSON has no comments.", self.at, stop - self.at, "Remove the comment.")
        self.at = stop

    # Members and values

    def read_key(self, frame: _Frame) -> bool:
        start, text = self.at, self.text
        char = text[start]
        if char == '"':
            key = self.read_string()
        elif char in "'“”„" and (quoted := self.read_quoted()) is not None:
            key = quoted
        elif bare := _BARE_KEY.match(text, start):
            key = bare[1]
            self.syntax("A name must stand in double quotes.", start, len(key), f'Write "{key}".')
            self.at = bare.end(1)
        else:
            return False
        node = Node(self.at, self.at, start, self.at)
        assert isinstance(frame.node.children, dict)
        frame.token = key
        frame.state = _NEXT
        if earlier := frame.node.children.get(key):
            line = self.file.position(earlier.key_start)[0]
            self.report(
                "duplicate-key",
                f"The key {shown(key)} already occurs on line {line}; the last value is used.",
                start, self.at - start,
            )  # fmt: skip
        frame.node.children[key] = node
        return True

    def read_member_value(self, frame: _Frame) -> None:
        key_end = self.at
        self.skip()
        if self.text[self.at : self.at + 1] == ":":
            self.at += 1
            self.skip()
        else:
            self.syntax("A colon is missing here.", key_end, fix="Insert a colon after the name.", hard=True)
        if self.at >= self.end or self.text[self.at] in ",}]":
            if self.at < self.end:
                self.syntax("A value is missing here.", self.at, fix="Write a value, or null.", hard=True)
            self.put(None, self.at, self.at)
        else:
            self.read_value()

    def read_value(self) -> None:
        start, text = self.at, self.text
        char = text[start]
        if char == "{" or char == "[":
            self.open({} if char == "{" else [])
        elif char == '"':
            self.put(self.read_string(), start, self.at)
        elif char in "'“”„" and (quoted := self.read_quoted()) is not None:
            self.put(quoted, start, self.at)
        elif match := _NUMBER.match(text, start):
            self.at = match.end()
            self.put(self.number(match), start, self.at)
        else:
            self.put(self.read_word(), start, self.at)

    def open(self, container: Any) -> None:
        if len(self.stack) >= self.limits.json_depth:
            self.report("json-too-deep", f"Nested more than {self.limits.json_depth} levels deep.", self.at)
            self.at = self.end
            self.value = None
            self.root.children = None
            self.stack.clear()
            raise _Stop
        node = self.put(container, self.at, self.at)
        node.children = {} if isinstance(container, dict) else []
        self.stack.append(_Frame(container, node))
        self.at += 1

    def put(self, value: Any, start: int, end: int) -> Node:
        if not self.stack:
            self.value = value
            self.root.start, self.root.end = start, end
            return self.root
        frame = self.stack[-1]
        if frame.is_object:
            assert isinstance(frame.node.children, dict)
            node = frame.node.children[str(frame.token)]
            node.start, node.end = start, end
            frame.value[frame.token] = value
        else:
            assert isinstance(frame.node.children, list)
            node = Node(start, end)
            frame.token = len(frame.value)
            frame.value.append(value)
            frame.node.children.append(node)
        frame.state = _AFTER
        frame.last_end = end
        return node

    # Numbers and words

    def number(self, match: re.Match[str]) -> int | float:
        digits = match[0]
        if match[1] is None and match[2] is None:
            if len(digits) <= 20:
                whole = int(digits)
                if abs(whole) > 2**53:
                    self.out_of_range(match)
                return whole
            self.out_of_range(match)
            return _finite(float(digits))
        number = float(digits)
        if _finite(number) != number:
            self.out_of_range(match)
        return _finite(number)

    def out_of_range(self, match: re.Match[str]) -> None:
        message = f"The number {shown(match[0], 24)} is not read alike by all programs."
        self.report("json-number", message, match.start(), len(match[0]))

    def read_word(self) -> Any:
        start = self.at
        odd = _ODD_NUMBER.match(self.text, start)
        word = odd[0] if odd else ""
        if word in _WORDS:
            self.at += len(word)
            return _WORDS[word]
        if word in _CONSTANTS:
            self.at += len(word)
            self.report("json-constant", f"{word} is not a JSON value; null is used.", start, len(word))
            return None
        if word.lower() in ("true", "false", "null", "none", "undefined"):
            self.at += len(word)
            value = _WORDS.get(word.lower())
            written = "null" if value is None else str(value).lower()
            self.syntax(f"{word} is not a JSON value.", start, len(word), f"Write {written}.")
            return value
        if word and word[0] in "+-.0123456789":
            return self.odd_number(word)
        rest = _REST.match(self.text, start)
        end = max(rest.end() if rest else 0, start + 1)
        found = self.text[start:end].rstrip()
        self.at = end
        fix = "Put a text in double quotes."
        self.syntax(f"{shown(found)} is not a JSON value.", start, len(found), fix, hard=True)
        return found

    def odd_number(self, word: str) -> int | float | str:
        start = self.at
        self.at += len(word)
        fix = "Write a number as 12, -3.5 or 6e7: no leading zero or plus sign, digits on both sides of the dot."
        self.syntax(f"{shown(word, 24)} is not a JSON number.", start, len(word), fix)
        if len(word) > 40 or "_" in word:
            return word
        try:
            return int(word, 16) if word.lower().startswith("0x") else _finite(_number(word))
        except ValueError:
            return word

    # Strings

    def read_string(self) -> str:
        start = self.at
        match = _STRING.match(self.text, start)
        if match is None:
            return self.read_odd_string()
        self.at = match.end()
        raw = match[0]
        if "\\" not in raw:
            return raw[1:-1]
        return self.clean(scanstring(raw, 1, True)[0], start, raw)

    def clean(self, value: str, start: int, raw: str) -> str:
        """A decoded string without the characters that no text column and no UTF-8 encoder takes."""
        if "\0" in value:
            at = next((m.start(1) for m in _NUL_ESCAPE.finditer(raw) if m[1]), 0)
            self.report("nul-character", "The text contains a NUL character.", start + at, 6)
            value = value.replace("\0", REPLACEMENT)
        if not value.isascii() and _SURROGATE.search(value):
            at = next((m.start(1) for m in _SURROGATE_ESCAPE.finditer(raw) if m[1]), 0)
            self.report("lone-surrogate", "The text contains half of a surrogate pair.", start + at, 6)
            value = _SURROGATE.sub(REPLACEMENT, value)
        return value

    def read_odd_string(self) -> str:
        start, text = self.at, self.text
        match = _LOOSE_STRING.match(text, start)
        if match is None:
            return self.cut_string(start)
        raw = match[0]
        if "\n" in raw or "\r" in raw:
            after = _BLANKS.match(text, match.end())
            follower = text[after.end() : after.end() + 1] if after else ""
            if follower not in (",", ":", "}", "]", ""):
                return self.cut_string(start)
        self.at = match.end()
        if control := _CONTROL.search(raw):
            name = {"\t": "A tab", "\n": "A line break", "\r": "A line break"}.get(control[0], "A control character")
            written = {"\t": "\\t", "\n": "\\n", "\r": "\\r\\n"}.get(control[0], f"\\u{ord(control[0]):04x}")
            message = f"{name} stands unescaped inside a text."
            self.syntax(message, start + control.start(), 1, f"Write {written} instead.")
        return self.clean(scanstring(self.escaped(raw, start), 1, False)[0], start, raw)

    def escaped(self, raw: str, start: int) -> str:
        """The raw string with its invalid escapes taken literally."""
        reported = False

        def repair(match: re.Match[str]) -> str:
            nonlocal reported
            if _VALID_ESCAPE.fullmatch(match[0]):
                return match[0]
            if not reported:
                message = f"{shown(match[0])} is not a JSON escape."
                fix = "Write a backslash as \\\\."
                self.syntax(message, start + match.start(), len(match[0]), fix)
                reported = True
            return "\\" + match[0]

        return _ESCAPE.sub(repair, raw)

    def cut_string(self, start: int) -> str:
        """A string whose closing quote is missing ends with its line, before a final comma."""
        line = _LINE.match(self.text, start + 1)
        found = (line[0] if line else "").rstrip()
        if found.endswith(","):
            found = found[:-1]
        self.at = start + 1 + len(found)
        message = "The closing double quote of this text is missing."
        self.syntax(message, start, 1 + len(found), "Insert the closing double quote.", hard=True)
        return self.clean(found, start, found)

    def read_quoted(self) -> str | None:
        start = self.at
        single = _SINGLE_QUOTED.match(self.text, start)
        match = single or _TYPOGRAPHIC.match(self.text, start)
        if match is None:
            return None
        kind = "single" if single else "typographic"
        self.syntax(f"A text stands in {kind} quotes.", start, len(match[0]), "Use double quotes.")
        self.at = match.end()
        return self.clean(match[0][1:-1].replace("\\'", "'"), start, match[0])


def _number(word: str) -> int | float:
    try:
        return int(word)
    except ValueError:
        return float(word)


def _finite(number: float) -> float:
    if isinstance(number, int):
        return number
    largest = sys.float_info.max
    return 0.0 if number != number else max(-largest, min(largest, number))
