"""What a command is about: a submission by its reference, a connector by its name in addresses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar, cast
from urllib.parse import parse_qs, urlsplit

from portal.certport.api import shapes
from portal.certport.api.operations import Api
from portal.certport.problems import CommandFailed, Exit
from portal.certport.settings import project

OVER = frozenset({"live", "superseded", "withdrawn", "rejected", "expired", "rolled_back"})
_PAGE = 200
Row = TypeVar("Row", bound=Mapping[str, Any])


def every(fetch: Callable[..., Any], *places: str, **filters: Any) -> Iterator[Any]:
    """All rows of a list, page by page. Only the cursor is taken from the address of the next page."""
    cursor: str | None = None
    while True:
        page = fetch(*places, cursor=cursor, page_size=_PAGE, **filters)
        yield from page["results"]
        following = parse_qs(urlsplit(page.get("next") or "").query).get("cursor")
        if not following:
            return
        cursor = following[0]


def find_connector(api: Api, slug: str = "") -> shapes.Connector:
    wanted = slug or project().connector
    if not wanted:
        raise CommandFailed(
            "Which connector? Name it, or put it into certport.toml (certport init).", Exit.USAGE
        )
    for row in every(api.connectors_list):
        if wanted in (row["slug"], row["id"]):
            return cast("shapes.Connector", row)
    raise CommandFailed(f"You have no connector “{wanted}”.", Exit.NOT_FOUND, details=["certport connectors"])


def find_submission(api: Api, reference: str = "") -> shapes.Submission:
    """By its reference; without one, the newest of the project's connector."""
    if reference:
        found = api.submissions_list(reference=reference.strip().upper())["results"]
        if found:
            return found[0]
        raise CommandFailed(f"You see no submission {reference}.", Exit.NOT_FOUND, details=["certport list"])
    slug = project().connector
    if not slug:
        raise CommandFailed(
            "Which submission? Give its reference, or name the connector in certport.toml.", Exit.USAGE
        )
    newest = next(submissions_of(api, slug), None)
    if newest is None:
        message = f"Nothing of “{slug}” was submitted."
        raise CommandFailed(message, Exit.NOT_FOUND, details=["certport submit"])
    return newest


def submissions_of(api: Api, slug: str) -> Iterator[shapes.Submission]:
    """Newest first."""
    return (row for row in every(api.submissions_list) if row["connector"] == slug)


def find_validation(api: Api, submission: shapes.Submission) -> shapes.Validation | None:
    """The newest verdict on the submission's package."""
    if not submission["version"]:
        return None
    return next(iter(api.validations_list(version=submission["version"])["results"]), None)


def find_preview(api: Api, submission: shapes.Submission) -> shapes.Preview:
    found = api.previews_list(submission=submission["id"])["results"]
    if not found:
        raise CommandFailed(
            f"{submission['reference']} is in no Preview yet.", Exit.CONFLICT, details=_where(submission)
        )
    return api.previews_retrieve(found[0]["id"])


def _where(submission: shapes.Submission) -> list[str]:
    return [submission["next_step"], f"certport status {submission['reference']}"]


def address_of(noun: str, row: Mapping[str, Any]) -> str:
    """Where the API has it, for `Transport.as_read`."""
    return f"/api/v1/{noun}/{row['id']}/"


def find_rollout(api: Api, submission: shapes.Submission) -> shapes.RolloutDetail:
    found = api.rollouts_list(submission=submission["id"])["results"]
    if not found:
        raise CommandFailed(
            f"{submission['reference']} has no rollout yet.", Exit.CONFLICT, details=_where(submission)
        )
    return api.rollouts_retrieve(found[0]["id"])
