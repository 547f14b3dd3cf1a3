"""What is new in a reply: without the mail that it answers and without signatures.

The library knows the words of some languages. What programs write before a quote is known here by its shape,
which is the same in all of them.
"""

from __future__ import annotations

import re

from mailparser_reply import EmailReplyParser

LONGEST_TEXT = 40_000
"""More than a comment may have: the parser of quotes never sees more."""
_LONG_LINE = "\u2063"
_LONG_LINE_PLACE = re.compile(f"{_LONG_LINE}(\\d{{1,5}}){_LONG_LINE}")
_LONGEST_LINE, _MOST_LINES = 200, 600
_BLANKS = re.compile(r"[ \t\u00a0]{3,}")
_LANGUAGES = ["en", "de", "fr", "it", "es", "nl", "sv", "da", "pl"]

# "Von: Portal <portal@…>", "*Sent:* Friday": four of them on end are the head of a forwarded mail.
_HEADER = re.compile(r"\*?[^\W\d_][^:<>@]{0,30}:\*? ?\S")
_LEAST_HEADERS = 4
_ADDRESS = re.compile(r"[<([][^\s<>]{1,100}@[^\s<>]{1,100}[>)\]]")
# "-----Original Message-----" in any language.
_DIVIDER = re.compile(r"\s*-{5}[^-].{0,60}[^-]-{5}\s*")
_RULE = re.compile(r"\s*_{10,}\s*")
_TIME = re.compile(r"\d{1,2}[:.]\d{2}")
_LONGEST_ATTRIBUTION = 3
_DEVICE = re.compile(
    r"(?i)(?=.{0,60}(iphone|ipad|android|samsung|galaxy|outlook|proton ?mail|smartphone|yahoo mail))"
    r"((sent (from|with|via)|get outlook for|von meinem|gesendet (von|mit)|envoy[ée] (de|depuis|avec)|"
    r"obtenez outlook|enviado (desde|do|de|con|com)|inviato (da|con)|verstuurd (vanaf|met)|"
    r"verzonden (vanaf|met)|wys[łl]ane z|sendt (fra|med)|skickat från|lähetetty)\b.{0,120}|.{0,20}から送信)"
)


def without_quotes(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\0", "").replace(_LONG_LINE, "")[:LONGEST_TEXT]
    # A delimiter of signatures that lost its blank on the way is still one.
    text = re.split(r"(?m)^-- ?$", text, maxsplit=1)[0]
    lines, long_lines = _shortened(text)
    lines = lines[: _end_of_words(lines)]
    found = str(EmailReplyParser(languages=_LANGUAGES).parse_reply("\n".join(lines)) or "")
    found = "\n".join(_without_device(found.strip().split("\n")))
    return _LONG_LINE_PLACE.sub(lambda match: long_lines[int(match[1])], found).strip()


def _shortened(text: str) -> tuple[list[str], list[str]]:
    """The lines as the parser of quotes may see them, and the long ones it only sees a number of.

    Its patterns take a time that grows much faster than what they read, and somebody may know that: it sees
    no long lines (no mail program quotes with them), no rows of blanks, and not more than a little.
    """
    lines: list[str] = []
    long_lines: list[str] = []
    for line in text.split("\n"):
        line = line.rstrip()
        if len(line) > _LONGEST_LINE:
            long_lines.append(line)
            line = f"{_LONG_LINE}{len(long_lines) - 1}{_LONG_LINE}"
        if line or (lines and lines[-1]):
            lines.append(_BLANKS.sub("  ", line))
    return lines[:_MOST_LINES], long_lines


def _end_of_words(lines: list[str]) -> int:
    """The line with which the mail that is answered begins; the number of lines where none does."""
    for number in range(1, len(lines)):
        is_after_divider = bool(_DIVIDER.fullmatch(lines[number - 1]))
        if is_after_divider and _HEADER.match(lines[number]):
            return number - 1
        if _is_head(lines, number):
            return number - 1 if _RULE.fullmatch(lines[number - 1]) else number
    return _attribution(lines)


def _is_head(lines: list[str], number: int) -> bool:
    """Who, when, to whom and about what, as Outlook writes it before a mail without quoting it."""
    if lines[number - 1] and not _RULE.fullmatch(lines[number - 1]):
        return False
    head = lines[number : number + _LEAST_HEADERS]
    is_whole = len(head) == _LEAST_HEADERS and all(_HEADER.match(line) for line in head)
    return is_whole and bool(_ADDRESS.search(head[0]))


def _attribution(lines: list[str]) -> int:
    """Where all that follows is quoted: the beginning of the sentence before it that says of whom."""
    end = len(lines)
    while end and (not lines[end - 1] or lines[end - 1].startswith(">")):
        end -= 1
    if not end or not any(lines[end:]) or not lines[end - 1].endswith((":", "\uff1a")):
        return len(lines)
    start = end - 1
    # A long one is folded: its date stands in the first line.
    while start and lines[start - 1] and not any(map(str.isdigit, lines[start])):
        if end - start == _LONGEST_ATTRIBUTION:
            break
        start -= 1
    told = " ".join(lines[start:end])
    return start if "@" in told and _TIME.search(told) else len(lines)


def _without_device(lines: list[str]) -> list[str]:
    """Without what telephones write below everything."""
    while len(lines) > 1 and (not lines[-1] or _RULE.fullmatch(lines[-1]) or _DEVICE.fullmatch(lines[-1])):
        lines = lines[:-1]
    return lines
