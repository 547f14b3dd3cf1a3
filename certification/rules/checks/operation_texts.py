"""Summaries and descriptions of operations."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from certification.rules import wording
from certification.rules.api import Operation
from certification.rules.checks.languages import foreign_words
from certification.rules.findings import Hit
from certification.rules.fixes import Patch, Place, fix
from certification.rules.registry import rule
from certification.rules.walk import Node

_LONGEST_SUMMARY, _REFUSED_SUMMARY, _LONGEST_DESCRIPTION = 80, 120, 1000
_RESTRICTED = re.compile(r"[/\\<>*%&?]")
_OTHER_SYMBOL = re.compile(r"[^\w\s()]|_")
_PUNCTUATION = ".,;:!-\u2013\u2014\u2026 \t\n\r"
_FINAL = frozenset(".!?)")
# A short text in ASCII that has one of the commonest words of English and begins as nearly all of them do.
_PLAIN_ENGLISH = re.compile(
    r"(?=[\x00-\x7f]{1,400}\Z).*?\b(?:the|and|of|with|from|your|by"
    r"|[Gg]ets?|[Ll]ists?|[Cc]reates?|[Uu]pdates?|[Dd]eletes?|[Aa]dds?|[Ss]earch|[Ss]ends?|[Ff]ind|When)\b",
    re.DOTALL,
).match
_PLAIN_DESCRIPTION = re.compile(r"[A-Z][A-Za-z0-9 ,;:'\"()/_-]{0,400}\.").fullmatch
# What nearly every text looks like: guards that several rules share.
_PLAIN_SUMMARY = re.compile(r"[A-Z][A-Za-z0-9 ,'()-]{0,78}[A-Za-z0-9)]").fullmatch
_PLAIN_WORDS = re.compile(r"[A-Za-z0-9 ()]*").fullmatch
_LOWER_CASE_WORD = re.compile(r"\s[a-z]").search
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,500}>")
_FORMATTING = re.compile(r"</?(?:b|i|u|em|strong|code|span|small|sub|sup)(?:\s[^<>]{0,500})?>", re.IGNORECASE)


def _is_internal(operation: Node) -> bool:
    return operation.text("x-ms-visibility") == "internal"


def _missing(operation: Node, *, internal: bool) -> Iterable[Hit]:
    return (operation.hit(value="no"),) if _is_internal(operation) == internal else ()


def _blank(operation: Node, key: str, *, internal: bool) -> Iterable[Hit]:
    if operation.text(key).strip() or _is_internal(operation) != internal:
        return ()
    return (operation.hit(key, value="a blank" if isinstance(operation.value[key], str) else "a malformed"),)


@rule("OPR-020", on="operation", without="summary")
def hidden_summary_missing(operation: Node) -> Iterable[Hit]:
    return _missing(operation, internal=True)


@rule("OPR-020", on="operation", key="summary", unless=str.strip)
def hidden_summary_blank(operation: Node, key: str) -> Iterable[Hit]:
    return _blank(operation, key, internal=True)


@rule("OPR-020b", on="operation", without="summary")
def summary_missing(operation: Node) -> Iterable[Hit]:
    return _missing(operation, internal=False)


@rule("OPR-020b", on="operation", key="summary", unless=str.strip)
def summary_blank(operation: Node, key: str) -> Iterable[Hit]:
    return _blank(operation, key, internal=False)


@rule("OPR-021", on="operation", key="summary", unless=_PLAIN_SUMMARY)
def summary_too_long(operation: Node, key: str) -> Iterable[Hit]:
    length = len(operation.text(key))
    return (operation.hit(key, length=length),) if length > _LONGEST_SUMMARY else ()


@rule("OPR-022", on="operation", key="summary", unless=_PLAIN_SUMMARY)
def summary_far_too_long(operation: Node, key: str) -> Iterable[Hit]:
    length = len(operation.text(key))
    return (operation.hit(key, length=length),) if length >= _REFUSED_SUMMARY else ()


@rule("OPR-023", on="operation", key="summary", unless=_PLAIN_SUMMARY)
def summary_with_restricted_character(operation: Node, key: str) -> Iterable[Hit]:
    found = _RESTRICTED.search(operation.text(key))
    return (operation.hit(key, character=found[0]),) if found else ()


@fix("OPR-023")
def write_and(place: Place) -> Patch:
    text = place.value.replace(" & ", " and ")
    return place.replace(text) if len(text) <= _LONGEST_SUMMARY and not _RESTRICTED.search(text) else ()


@rule("OPR-024", on="operation", key="summary", unless=_PLAIN_SUMMARY)
def summary_ends_with_punctuation(operation: Node, key: str) -> Iterable[Hit]:
    text = operation.text(key).rstrip()
    return (operation.hit(key, end=text[-1]),) if text and not (text[-1].isalnum() or text[-1] == ")") else ()


@fix("OPR-024")
def drop_final_punctuation(place: Place) -> Patch:
    text = place.value.rstrip(_PUNCTUATION)
    return place.replace(text) if text and (text[-1].isalnum() or text[-1] == ")") else ()


@rule("OPR-025", on="operation", key="summary", unless=_PLAIN_WORDS)
def summary_with_symbol(operation: Node, key: str) -> Iterable[Hit]:
    found = _OTHER_SYMBOL.search(operation.text(key))
    return (operation.hit(key, character=found[0]),) if found else ()


@rule("OPR-026", on="operation", key="summary", unless=_PLAIN_SUMMARY)
def summary_starts_lower_case(operation: Node, key: str) -> Iterable[Hit]:
    return (operation.hit(key),) if operation.text(key).strip()[:1].islower() else ()


@fix("OPR-026")
@fix("OPR-053")
def begin_with_capital(place: Place) -> Patch:
    """Words with a capital inside are names such as "iPad" or "getInvoice": they need a person."""
    text = place.value
    first = text.split(maxsplit=1)[0]
    at = text.index(first)
    is_word = first.islower() and first[0].upper().isupper()
    return place.replace(text[:at] + text[at].upper() + text[at + 1 :]) if is_word else ()


@rule("OPR-027", on="operation", key="summary", unless=_LOWER_CASE_WORD)
def summary_in_title_case(operation: Node, key: str) -> Iterable[Hit]:
    words = [word for word in operation.text(key).split() if word[0].isalpha()]
    return (operation.hit(key),) if len(words) > 2 and all(word[0].isupper() for word in words) else ()


@rule("OPR-028", on="operation", key=("summary", "description"), unless=_PLAIN_ENGLISH)
def text_not_english(operation: Node, key: str) -> Iterable[Hit]:
    """One word of another language is a name more often than not: two make a foreign text."""
    text = operation.text(key)[:20_000]
    if wording.is_other_script(text) or foreign_words(text) > 1:
        return (operation.hit(key, member=key),)
    return ()


@rule("OPR-029", on="operation", key="summary", unless=_PLAIN_SUMMARY)
def summary_with_outer_blanks(operation: Node, key: str) -> Iterable[Hit]:
    text = operation.text(key)
    return (operation.hit(key),) if text.strip() and text != text.strip() else ()


@fix("OPR-029")
def trim(place: Place) -> Patch:
    return place.replace(place.value.strip())


@rule("OPR-050", on="operation", without="description")
def hidden_description_missing(operation: Node) -> Iterable[Hit]:
    return _missing(operation, internal=True)


@rule("OPR-050", on="operation", key="description", unless=str.strip)
def hidden_description_blank(operation: Node, key: str) -> Iterable[Hit]:
    return _blank(operation, key, internal=True)


@rule("OPR-050b", on="operation", without="description")
def description_missing(operation: Node) -> Iterable[Hit]:
    return _missing(operation, internal=False)


@rule("OPR-050b", on="operation", key="description", unless=str.strip)
def description_blank(operation: Node, key: str) -> Iterable[Hit]:
    return _blank(operation, key, internal=False)


@rule("OPR-051", on="operation", key="description", unless=_PLAIN_DESCRIPTION)
def description_without_full_stop(operation: Node, key: str) -> Iterable[Hit]:
    text = operation.text(key).rstrip()
    return (operation.hit(key),) if text and text[-1] not in _FINAL else ()


@fix("OPR-051")
def add_full_stop(place: Place) -> Patch:
    text = place.value.rstrip()
    return place.replace(f"{text}.") if text[-1].isalnum() or text[-1] in "\"'" else ()


@rule("OPR-052", on="operation", key="description")
def description_repeats_summary(operation: Node, key: str) -> Iterable[Hit]:
    value = operation.value
    text, summary = value[key], value.get("summary")
    if not isinstance(text, str) or not isinstance(summary, str) or abs(len(text) - len(summary)) > 20:
        return ()
    one, other = text[:1], summary[:1]
    # Nearly all differ at once.
    if one != other and one.isalnum() and other.isalnum() and one.lower() != other.lower():
        return ()
    text = _bare(text)
    return (operation.hit(key),) if text and text == _bare(summary) else ()


def _bare(text: str) -> str:
    return text.strip().rstrip(".").strip().lower()


@rule("OPR-053", on="operation", key="description", unless=_PLAIN_DESCRIPTION)
def description_starts_lower_case(operation: Node, key: str) -> Iterable[Hit]:
    return (operation.hit(key),) if operation.text(key).strip()[:1].islower() else ()


@rule("OPR-054", on="operation", key="description", unless=_PLAIN_DESCRIPTION)
def description_very_long(operation: Node, key: str) -> Iterable[Hit]:
    length = len(operation.text(key))
    return (operation.hit(key, length=length),) if length > _LONGEST_DESCRIPTION else ()


@rule("OPR-055", on="operation", key="description", unless=_PLAIN_DESCRIPTION)
def description_with_html(operation: Node, key: str) -> Iterable[Hit]:
    found = _TAG.search(operation.text(key))
    return (operation.hit(key, value=found[0]),) if found else ()


@fix("OPR-055")
def drop_formatting(place: Place) -> Patch:
    text = _FORMATTING.sub("", place.value)
    return place.replace(text) if text.strip() and not _TAG.search(text) else ()


@rule("OPR-059", on="paths")
def summary_used_twice(paths: Node) -> Iterator[Hit]:
    firsts: dict[str, Operation] = {}
    for operation in paths.run.api.operations:
        summary = operation.value.get("summary")
        normal = summary.strip().lower() if summary.__class__ is str else ""
        first = firsts.setdefault(normal, operation)
        if normal and first is not operation:
            place = f"{first.method.upper()} {first.path}"
            yield paths.hit(*operation.keys[1:], "summary", value=summary, first=place, cause=normal)
