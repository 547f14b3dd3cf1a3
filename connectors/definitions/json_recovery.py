"""A forgiving JSON parser: finds every syntax error with its place and hint, and saves what can be saved.

It keeps its own stack, so no input can exhaust Python's. Every step consumes text or closes a container, and
hard errors are bounded, so its time is linear in the text. Containers without a fault are left to the C
scanner: a large file with one fault is read slowly only around it.
"""

from __future__ import annotations

from typing import Any, NoReturn

from connectors.definitions import pointers
from connectors.definitions.json_positions import Node
from connectors.definitions.json_strict import has_few_values, has_lone_surrogate, is_deeper, scanner
from connectors.definitions.json_tokens import BARE_KEY, NUMBER, REST, StopReading, TokenReader
from connectors.definitions.problems import Limits, Problem, problem, shown
from connectors.definitions.sources import SourceFile

_WASTED_LENGTHS = 8
"""So many times the length of the text may be scanned in vain, looking for containers without a fault."""
_FIRST, _NEXT, _AFTER = range(3)
"""Of an open container: nothing read yet, a comma read, a member or element read."""


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

    def current(self) -> str | int | None:
        """The name or index of what is being read; None before the first."""
        if self.is_object:
            return None if self.state == _FIRST else self.token
        return self.token if self.state == _AFTER else len(self.value)


def recover(file: SourceFile, limits: Limits) -> tuple[Any, tuple[Problem, ...], Node]:
    """Value, problems and places of a text that is not quite JSON."""
    parser = _Parser(file, limits)
    parser.run()
    return parser.value, parser.collected(), parser.root


class _Parser(TokenReader):
    def __init__(self, file: SourceFile, limits: Limits) -> None:
        super().__init__(file, limits)
        self.value: Any = None
        self.root = Node(0, self.end, lazy=False)
        self.stack: list[_Frame] = []
        self.values = 0
        self.scan = scanner()
        self.may_waste = _WASTED_LENGTHS * self.end

    def pointer(self) -> str:
        return pointers.build(token for frame in self.stack if (token := frame.current()) is not None)

    def collected(self) -> tuple[Problem, ...]:
        in_order = sorted(self.problems, key=lambda found: (found.line or 0, found.column or 0))
        if not self.unreported:
            return tuple(in_order)
        message = f"{self.unreported} more problems in this file are not shown."
        return (*in_order, problem("more-problems", message, self.file.name))

    def run(self) -> None:
        try:
            self.skip()
            if self.at >= self.end:
                self.syntax(
                    "The file is empty.", 0, fix="Put a JSON object into the file, or leave the file out."
                )
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
                    fix="Remove what follows the last closing bracket, or the bracket that closes too early.",
                )  # fmt: skip
        except StopReading:
            self.close_all()

    def member(self, frame: _Frame) -> None:
        char = self.text[self.at]
        if char == "}":
            self.close(frame)
        elif char == ",":
            self.comma(frame)
        elif char == "]":
            self.wrong_bracket(frame, "}")
        elif frame.state == _AFTER and (char in "\"'“„" or BARE_KEY.match(self.text, self.at)):
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
        elif frame.state == _AFTER and (char in "\"'{[" or NUMBER.match(self.text, self.at)):
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
        self.syntax(
            "A comma is missing here.", frame.last_end, fix="Insert a comma after the value.", hard=True
        )

    def close(self, frame: _Frame) -> None:
        if frame.state == _NEXT:
            frame.state = _AFTER
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
        rest = REST.match(self.text, self.at)
        end = max(rest.end() if rest else 0, self.at + 1)
        if frame.state == _AFTER and self.text[frame.last_end - 1 : frame.last_end] == '"':
            fix = 'Write a double quote inside a text as \\", or insert the missing comma.'
        else:
            fix = "Remove the text, or put it in double quotes."
        self.syntax(
            f"Unexpected text {shown(self.text[self.at : end].rstrip())}.",
            self.at,
            end - self.at,
            fix,
            hard=True,
        )
        frame.state = _AFTER
        self.at = end

    def read_key(self, frame: _Frame) -> bool:
        start, text = self.at, self.text
        char = text[start]
        if char == '"':
            key = self.read_string()
        elif char in "'“”„" and (quoted := self.read_quoted()) is not None:
            key = quoted
        elif bare := BARE_KEY.match(text, start):
            key = bare[1]
            self.syntax("A name must stand in double quotes.", start, len(key), f'Write "{key}".')
            self.at = bare.end(1)
        else:
            return False
        frame.token = key
        frame.state = _NEXT
        self.name_member(frame, key, start)
        return True

    def name_member(self, frame: _Frame, key: str, start: int) -> None:
        """Remember where the member begins, and report a second one of its name."""
        members = frame.node.members()
        if key in frame.value and not self.is_full():
            earlier = members.get(key)
            where = f" on line {self.file.position(earlier.key_start)[0]}" if earlier else ""
            message = f"The key {shown(key)} already occurs{where}; the last value is used."
            self.report("duplicate-key", message, start, self.at - start)
        members[key] = Node(self.at, self.at, start, self.at, lazy=False)

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
            if not self.leap(start):
                self.open({} if char == "{" else [])
        elif char == '"':
            self.put(self.read_string(), start, self.at)
        elif char in "'“”„" and (quoted := self.read_quoted()) is not None:
            self.put(quoted, start, self.at)
        elif match := NUMBER.match(text, start):
            self.at = match.end()
            self.put(self.number(match), start, self.at)
        else:
            self.put(self.read_word(), start, self.at)

    def leap(self, start: int) -> bool:
        """Read a whole container at once if nothing is wrong with it."""
        if not self.stack or self.may_waste <= 0:
            return False
        try:
            value, end = self.scan(self.text, start)
        except (ValueError, StopIteration, RecursionError) as error:
            fault = getattr(error, "pos", None) or getattr(error, "value", None)
            self.may_waste -= (fault if isinstance(fault, int) else self.end) - start
            return False
        part = self.text[start:end] if self.text.find("\\u", start, end) >= 0 else ""
        if (
            "\\u0000" in part
            or has_lone_surrogate(value, part)
            or is_deeper(value, self.limits.json_depth - len(self.stack))
            or not has_few_values(self.text, start, end, self.limits.json_values - self.values)
        ):
            self.may_waste -= end - start
            return False
        self.values += self.text.count(",", start, end)
        self.put(value, start, end).lazy = True
        self.at = end
        return True

    def open(self, container: Any) -> None:
        if len(self.stack) >= self.limits.json_depth:
            self.give_up("json-too-deep", f"Nested more than {self.limits.json_depth} levels deep.")
        node = self.put(container, self.at, self.at)
        self.stack.append(_Frame(container, node))
        self.at += 1

    def give_up(self, code: str, message: str) -> NoReturn:
        """Beyond a limit nothing of the value is kept: half a document could hide the other half."""
        self.report(code, message, self.at)
        self.value = None
        self.root.children = None
        self.stack.clear()
        raise StopReading

    def put(self, value: Any, start: int, end: int) -> Node:
        """Hand a value to the container that is being read."""
        self.values += 1
        if self.values > self.limits.json_values:
            self.give_up("json-too-many-values", f"There are more than {self.limits.json_values:,} values.")
        if not self.stack:
            self.value = value
            self.root.start, self.root.end = start, end
            return self.root
        frame = self.stack[-1]
        if frame.is_object:
            node = frame.node.members()[str(frame.token)]
            node.start, node.end = start, end
            frame.value[frame.token] = value
        else:
            node = Node(start, end, lazy=False)
            frame.token = len(frame.value)
            frame.value.append(value)
            frame.node.elements().append(node)
        frame.state = _AFTER
        frame.last_end = end
        return node
