"""What the server of a repository tells: signed, taken once, and followed by a look of our own.

Nothing of a message is believed but that something happened: what changed is read from the repository.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from certification.services import pull_requests, review_mirrors
from connectors.models import Repository, RepositoryDelivery
from portal.shared import outbox
from portal.shared.errors import Conflict, InvalidInput

_ID_HEADERS = ("X-GitHub-Delivery", "X-Gitea-Delivery", "X-Delivery-Id")
_EVENT_HEADERS = ("X-GitHub-Event", "X-Gitea-Event", "X-Event")
_SIGNATURE_HEADER = "X-Hub-Signature-256"
_RERUN_EVENTS = frozenset({"check_run", "check_suite"})
_TALK_EVENTS = frozenset({"pull_request_review_comment", "pull_request_review_thread"})
_COMMIT = re.compile(r"[0-9a-f]{40}")


class NotSigned(InvalidInput):
    """The signature is missing or wrong."""

    status = 401
    code = "not-signed"


def receive(repository_id: UUID, headers: Mapping[str, str], body: bytes) -> str:
    """Take in one message; returns what was done, in words.

    Raises `NotSigned`, `InvalidInput` when it has no id, and `Conflict` when its id or its very bytes came
    before: the id is no part of what is signed, so a repetition under another id is refused as well.
    """
    repository = Repository.objects.filter(pk=repository_id).first()
    if repository is None or not _is_signed(repository, headers, body):
        raise NotSigned(_("The signature is missing or wrong."))
    delivery_id = _header(headers, _ID_HEADERS)
    if not delivery_id or len(delivery_id) > 100:
        raise InvalidInput(_("The message has no id: send it as %(name)s.") % {"name": _ID_HEADERS[-1]})
    event = _header(headers, _EVENT_HEADERS)[:60] or "push"
    try:
        with transaction.atomic():
            delivery = RepositoryDelivery.objects.create(
                repository=repository,
                delivery_id=delivery_id,
                digest=hashlib.sha256(body).hexdigest(),
                event=event,
                outcome=_follow(repository, event, body, delivery_id),
            )
    except IntegrityError:
        raise Conflict(_("This message was taken before."), code="delivery-known") from None
    return delivery.outcome


def _follow(repository: Repository, event: str, body: bytes, delivery_id: str) -> str:
    """Have done what a message is about; what that was, in words."""
    if event == "push":
        outbox.emit("repository.fetch", id=str(repository.pk))
        return _("Looked for new commits.")
    if event == "pull_request":
        outbox.emit("pullrequest.tell", id=str(repository.pk), number=_number(_read(body)))
        return _("Looked at the pull request.")
    if event in _TALK_EVENTS:
        return _follow_talk(repository, event, _read(body), delivery_id)
    if event in _RERUN_EVENTS and pull_requests.run_again(repository, _commit_to_rerun(event, _read(body))):
        return _("Looked at the pull request.")
    if event == "ping":
        return _("Answered: the secret fits.")
    return _("Nothing to do.")


def _follow_talk(repository: Repository, event: str, told: dict[str, Any], delivery_id: str) -> str:
    """Something was said beside the lines of a pull request, or a thread there was settled."""
    number, action = _number(_dict(told.get("pull_request"))), told.get("action")
    if number and event == "pull_request_review_comment":
        gone = _id(_dict(told.get("comment"))) if action == "deleted" else 0
        outbox.emit("pullrequest.listen", id=str(repository.pk), number=number, comment=gone)
        return _("Looked at the comments of the pull request.")
    comments = _dict(told.get("thread")).get("comments")
    first = _id(_dict(comments[0])) if isinstance(comments, list) and comments else 0
    if number and first and action in {"resolved", "unresolved"}:
        login = _login(_dict(told.get("sender")))
        is_resolved = action == "resolved"
        if review_mirrors.settle(
            repository, number, first, is_resolved=is_resolved, login=login, delivery=delivery_id
        ):
            return _("Noted that a thread was settled.")
    return _("Nothing to do.")


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _id(told: dict[str, Any]) -> int:
    found = told.get("id")
    return found if isinstance(found, int) and not isinstance(found, bool) and 0 < found < 2**63 else 0


def _login(told: dict[str, Any]) -> str:
    name = "".join(letter for letter in str(told.get("login") or "") if letter.isprintable())
    return name[:100] or "ghost"


def _read(body: bytes) -> dict[str, Any]:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _number(told: dict[str, Any]) -> int:
    """Of the pull request the message is about; 0 where it does not say."""
    number = told.get("number")
    if isinstance(number, int) and not isinstance(number, bool) and 0 < number < 2**31:
        return number
    return 0


def _commit_to_rerun(event: str, told: dict[str, Any]) -> str:
    """Of a check that somebody wants to see run again; empty where nobody does."""
    about = told.get(event)
    if told.get("action") != "rerequested" or not isinstance(about, dict):
        return ""
    commit = about.get("head_sha")
    return commit if isinstance(commit, str) and _COMMIT.fullmatch(commit) else ""


def _header(headers: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((headers[name] for name in names if headers.get(name)), "")


def _is_signed(repository: Repository, headers: Mapping[str, str], body: bytes) -> bool:
    """HMAC-SHA256 over the raw body, in hex after "sha256=", as GitHub and Gitea sign."""
    secret = (repository.secrets or {}).get("hook")
    if not secret:
        return False
    wanted = hmac.new(secret.reveal().encode(), body, hashlib.sha256).hexdigest()
    given = headers.get(_SIGNATURE_HEADER, "").removeprefix("sha256=")
    return hmac.compare_digest(wanted.encode(), given.encode("utf-8", "replace"))
