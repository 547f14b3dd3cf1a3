"""Whether the pattern of a schema is a regular expression.

Patterns come from strangers and are never given to an engine that backtracks. RE2 compiles in linear time but
knows less than ECMA 262, whose expressions Swagger means, and reads some of them differently. So a pattern is
wrong only when RE2 refuses it, and refuses it again after what it does not know was written in its words, for
a reason that holds for ECMA 262 too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import re2

from certification.rules.checks.schemas import VALUES, quoted
from certification.rules.findings import Hit, shown
from certification.rules.registry import rule
from certification.rules.walk import Node

_LONGEST = 10_000
_PLAIN = re.compile(r"\^?(?:[A-Za-z0-9 _@:,;/-]|\\[dw.-]|\[(?:[A-Za-z0-9]-?)*+\][+*]?+)*+\$?").fullmatch

# What RE2 says of mistakes that are mistakes in every dialect.
_MISTAKES = {
    "missing ]": "a bracket [ is not closed",
    "missing )": "a parenthesis ( is not closed",
    "unexpected )": "a parenthesis ) was not opened",
    "trailing \\": "it ends with a backslash",
    "no argument for repetition operator": "a sign of repetition has nothing to repeat",
    "bad repetition operator": "a sign of repetition has nothing to repeat",
    "invalid character class range": "a range in brackets ends before it begins",
}
_TOKEN = re.compile(
    r"""(?xs)
      (?P<code>\\u\{[0-9A-Fa-f]{1,6}\}|\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2})
    | (?P<back>\\[1-9][0-9]{0,3}|\\k<[^<>\\]{1,60}>)
    | (?P<letters>\\[pP]\{[^{}\\]{1,60}\}|\\c[A-Za-z])
    | (?P<escape>\\.)
    | (?P<around>\(\?<?[=!])
    | (?P<name>\(\?<[^<>=!()\\]{1,60}>)
    | (?P<nothing>\[\])
    | (?P<anything>\[\^\])
    | (?P<open>\[\^?)
    | (?P<times>\{[0-9]{1,9}(?:,[0-9]{0,9})?\})
    | .
    """
)
_TOKEN_IN_BRACKETS = re.compile(
    r"""(?xs)
      (?P<code>\\u\{[0-9A-Fa-f]{1,6}\}|\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2})
    | (?P<octal>\\[0-7]{1,3})
    | (?P<letters>\\[pP]\{[^{}\\]{1,60}\}|\\c[A-Za-z])
    | (?P<blank>\\b)
    | (?P<escape>\\.)
    | (?P<minus>-(?=\\[dDwWsSpP]))
    | (?P<bracket>\[)
    | (?P<close>\])
    | .
    """
)
_PLAINLY = {
    "back": "(?:)",
    "letters": r"\w",
    "around": "(?:",
    "name": "(?:",
    "nothing": r"[^\x00-\x{10FFFF}]",
    "anything": r"(?s:.)",
    "times": "{1}",
    "blank": r"\x08",
    "minus": r"\-",
    "bracket": r"\[",
}
# Escapes that both dialects know; any other letter may be escaped in ECMA 262 and stands for itself.
_ESCAPED = frozenset("dDsSwWnrtfv0")
_ASSERTIONS = frozenset("bB")


@rule("SCH-052", on=VALUES, key="pattern", unless=_PLAIN)
def pattern_invalid(node: Node, key: str) -> Iterable[Hit]:
    reason = mistake_in(node.value[key])
    return (node.hit(key, value=quoted(node.value[key]), reason=reason),) if reason else ()


def mistake_in(pattern: Any) -> str:
    """What is wrong with a regular expression of ECMA 262; "" when nothing is, or when it cannot be told."""
    if not isinstance(pattern, str):
        return f"it is {shown(pattern)} and no text"
    if len(pattern) > _LONGEST or not _refusal(pattern):
        return ""
    refusal = _refusal("".join(_translated(pattern)))
    found = next((text for begin, text in _MISTAKES.items() if refusal.startswith(begin)), "")
    return found or ("a range of repetitions ends before it begins" if _has_swapped_counts(pattern) else "")


def _tokens(pattern: str) -> Iterator[re.Match[str]]:
    at, in_brackets = 0, False
    while at < len(pattern):
        token = (_TOKEN_IN_BRACKETS if in_brackets else _TOKEN).match(pattern, at)
        if token is None:
            return
        yield token
        at = token.end()
        in_brackets = token.lastgroup == "open" or (in_brackets and token.lastgroup != "close")


def _translated(pattern: str) -> Iterator[str]:
    """The pattern with what RE2 does not know replaced by something that is right or wrong at the same
    places.
    """
    for token in _tokens(pattern):
        kind, text = token.lastgroup, token[0]
        if kind == "code":
            yield f"\\x{{{text[2:].strip('{}')}}}"
        elif kind == "octal":
            yield f"\\x{{{int(text[1:], 8):x}}}"
        elif kind == "escape":
            yield _escaped(text[1], token.re is _TOKEN_IN_BRACKETS)
        else:
            yield _PLAINLY.get(kind or "", text)


def _escaped(letter: str, in_brackets: bool) -> str:
    if letter in _ESCAPED or (letter in _ASSERTIONS and not in_brackets):
        return f"\\{letter}"
    return letter if letter.isalnum() or not letter.isascii() or letter.isspace() else f"\\{letter}"


def _has_swapped_counts(pattern: str) -> bool:
    for token in _tokens(pattern):
        if token.lastgroup == "times":
            low, _, high = token[0][1:-1].partition(",")
            if high and int(low) > int(high):
                return True
    return False


def _refusal(pattern: str) -> str:
    """Why RE2 does not compile a pattern; "" when it does."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 1 << 20
    try:
        re2.compile(pattern, options)
    except (re2.error, UnicodeError) as error:
        cause = error.args[0] if error.args else ""
        return cause.decode("utf-8", "replace") if isinstance(cause, bytes) else str(cause)
    return ""
