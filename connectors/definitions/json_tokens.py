"""Blanks, strings, numbers and words of a JSON text that is not quite JSON, each with its faults reported."""

from __future__ import annotations

import re
import sys
from typing import Any

from connectors.definitions.json_positions import scanstring
from connectors.definitions.problems import Limits, Problem, problem, shown
from connectors.definitions.sources import REPLACEMENT, SourceFile

_MAX_HARD_ERRORS = 30
"""After this many errors that the parser had to guess around, what follows is noise."""

_ORDINARY = frozenset('{}[]:,"')
"""What most tokens begin with: nothing to skip before them."""
_BLANKS = re.compile(r"[ \t\r\n]*+")
_INVISIBLE = re.compile(
    "[\x0b\x0c\x1c-\x1f\x85\xa0\u1680\u2000-\u200f\u2028-\u202f\u205f-\u2064\u3000\ufeff]+"
)
_LINE = re.compile(r"[^\r\n]*")
_STRING = re.compile(r'"[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*+"')
_LOOSE_STRING = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_SINGLE_QUOTED = re.compile(r"'[^'\\\r\n]*+(?:\\.[^'\\\r\n]*+)*+'")
_TYPOGRAPHIC = re.compile('[“”„]([^“”„\r\n]*)[“”„"]')
_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{4}|.)", re.DOTALL)
_VALID_ESCAPE = re.compile(r'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})')
_CONTROL = re.compile(r"[\x00-\x1f]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_SURROGATE_ESCAPE = re.compile(
    r"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)
_NUL_ESCAPE = re.compile(r"\\\\|(\\u0000)")
NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*+)(\.[0-9]++)?([eE][-+]?[0-9]++)?(?![\w.+-])", re.ASCII)
_ODD_NUMBER = re.compile(r"[-+.\w]+", re.ASCII)
_WORD = re.compile(r"[A-Za-z_$][\w$.-]*+", re.ASCII)
BARE_KEY = re.compile(r"([A-Za-z_$][\w$.-]*+)[ \t\r\n]*+:", re.ASCII)
REST = re.compile(r"[^,}\]\r\n]*+")
_CONSTANTS = {"NaN", "Infinity", "-Infinity", "+Infinity"}
_WORDS = {"true": True, "false": False, "null": None}


class StopReading(Exception):
    pass


class TokenReader:
    """A place in the text that moves on over one token at a time."""

    def __init__(self, file: SourceFile, limits: Limits) -> None:
        self.file = file
        self.limits = limits
        self.text = file.text
        self.end = len(self.text)
        self.at = 0
        self.problems: list[Problem] = []
        self.unreported = 0
        self.hard_errors = 0

    def pointer(self) -> str:
        """The JSON Pointer of what is being read."""
        raise NotImplementedError

    def is_full(self) -> bool:
        """True when another problem is only counted; asked first where there can be very many."""
        full = len(self.problems) >= self.limits.problems_per_file
        self.unreported += full
        return full

    def report(self, code: str, message: str, at: int, length: int = 1, fix: str = "") -> None:
        if self.is_full():
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
                raise StopReading

    def skip(self) -> None:
        text = self.text
        while True:
            char = text[self.at : self.at + 1]
            if char in _ORDINARY:
                return
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
        if self.is_full():
            return
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
        rest = REST.match(self.text, start)
        end = max(rest.end() if rest else 0, start + 1)
        found = self.text[start:end].rstrip()
        self.at = end
        fix = "Put a text in double quotes."
        self.syntax(f"{shown(found)} is not a JSON value.", start, len(found), fix, hard=True)
        return found

    def odd_number(self, word: str) -> int | float | str:
        start = self.at
        self.at += len(word)
        fix = "Write a number as 12, -3.5 or 6e7: no leading zero, no plus sign, digits beside the dot."
        self.syntax(f"{shown(word, 24)} is not a JSON number.", start, len(word), fix)
        if len(word) > 40 or "_" in word:
            return word
        try:
            return int(word, 16) if word.lower().startswith("0x") else _finite(_number(word))
        except ValueError:
            return word

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
            name = {"\t": "A tab", "\n": "A line break", "\r": "A line break"}.get(
                control[0], "A control character"
            )
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
