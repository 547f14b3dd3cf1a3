"""What GitHub answers, as the portal's own words. Whatever does not fit is a `ForgeError`, never believed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from certification.forges.errors import ForgeError
from certification.forges.protocol import CodeComment, CodePlace, CodeThread, PostedComment, Proposal

LONGEST_TEXT = 100_000
"""Of a comment; what is beyond is not taken in."""
_FIRST_YEAR, _LAST_YEAR = 2000, 9000


def proposal(found: Any) -> Proposal:
    head, base = member(found, "head", dict), member(found, "base", dict)
    user = found.get("user") or {}
    is_merged = bool(found.get("merged_at"))
    is_open = found.get("state") == "open"
    return Proposal(
        number=int(member(found, "number", int)),
        title=line(found.get("title")),
        author=line(user.get("login")) or "ghost",
        base=str(member(base, "ref", str)),
        head_sha=str(member(head, "sha", str)),
        head_label=line(head.get("label") or head.get("ref")),
        url=page(found.get("html_url")),
        state="open" if is_open else "merged" if is_merged else "closed",
        merged_sha=str(found.get("merge_commit_sha") or "")[:40] if is_merged else "",
    )


def page(value: Any) -> str:
    """An address that a page may link to."""
    text = str(value or "")
    return text if text.startswith("https://") and len(text) <= 500 else ""


def line(value: Any) -> str:
    return "".join(letter for letter in str(value or "") if letter.isprintable())[:200]


def member(value: Any, name: str, kind: type) -> Any:
    found = value.get(name) if isinstance(value, dict) else None
    if not isinstance(found, kind) or isinstance(found, bool):
        raise ForgeError(f"GitHub's answer has no usable “{name}”.")
    return found


def rows(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list):
        raise ForgeError("GitHub's answer is no list.")
    return [each for each in value if isinstance(each, dict)]


def moment(value: Any) -> datetime:
    """A time in ISO 8601, as GitHub writes it."""
    try:
        found = datetime.fromisoformat(str(value))
        found = found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise ForgeError("GitHub's answer has no usable time.") from None
    if not _FIRST_YEAR <= found.year <= _LAST_YEAR:
        raise ForgeError("GitHub's answer has no usable time.")
    return found


def code_comment(found: Any) -> CodeComment:
    user = found.get("user") or {}
    answers = found.get("in_reply_to_id")
    number = found.get("line") if found.get("side") != "LEFT" else None
    is_line = isinstance(number, int) and not isinstance(number, bool) and number > 0
    return CodeComment(
        id=int(member(found, "id", int)),
        answers=answers if isinstance(answers, int) and not isinstance(answers, bool) else None,
        place=CodePlace(
            str(member(found, "path", str))[:1_000],
            number if is_line else None,
            str(found.get("commit_id") or "")[:40],
        ),
        author=line(user.get("login"))[:100] or "ghost",
        body=str(found.get("body") or "")[:LONGEST_TEXT],
        changed_at=moment(found.get("updated_at")),
        url=page(found.get("html_url")),
    )


def code_threads(found: Any) -> list[CodeThread]:
    """Of the nodes of GraphQL's `reviewThreads`; one whose comments are all gone is none."""
    threads = []
    for node in rows(found):
        comments = rows(member(member(node, "comments", dict), "nodes", list))
        # Beyond 32 bits by now, which GraphQL's numbers are not: it is written as text.
        first = str(comments[0].get("fullDatabaseId") or "") if comments else ""
        if first.isascii() and first.isdigit() and len(first) < 19:
            by = line((node.get("resolvedBy") or {}).get("login"))[:100]
            threads.append(CodeThread(int(first), node.get("isResolved") is True, by))
    return threads


def posted(found: Any) -> PostedComment:
    return PostedComment(int(member(found, "id", int)), page(found.get("html_url")))
