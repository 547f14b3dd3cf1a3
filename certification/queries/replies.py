"""Canned replies: those on offer at a place, filled in, and how each came to be."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from certification.models import CannedReply, Submission
from certification.queries.rulebook import rule_info
from certification.queries.workbench import findings_of, package_of, verdict_on
from certification.reviewing.anchors import Anchor, describe, document_of, operation_pointer
from certification.reviewing.replies import filled
from connectors.definitions import openapi
from portal.accounts.models import User
from portal.shared import audit
from portal.shared.models import AuditRecord


@dataclass(frozen=True, slots=True)
class Offer:
    """A reply to choose; `fits` when it goes with a rule that was broken at the place."""

    id: UUID
    title: str
    fits: bool


def active_replies() -> QuerySet[CannedReply]:
    return CannedReply.objects.filter(is_active=True)


def every_reply() -> QuerySet[CannedReply]:
    """Those in use, then those retired."""
    return CannedReply.objects.select_related("changed_by").order_by("-is_active", "title")


def offers(submission: Submission, anchor: Anchor) -> list[Offer]:
    """All replies, those first that go with a finding at the place; two queries."""
    broken = _rules_at(submission, anchor)
    found = [Offer(each.pk, each.title, bool(broken & {*each.rules})) for each in active_replies()]
    return sorted(found, key=lambda offer: not offer.fits)


def _rules_at(submission: Submission, anchor: Anchor) -> set[str]:
    if not anchor.file:
        return set()
    found = findings_of(verdict_on(submission), file=anchor.file)
    return {
        each.rule
        for each in found
        if (each.pointer == anchor.pointer or each.pointer.startswith(f"{anchor.pointer}/"))
        and (anchor.pointer or each.line == anchor.line)
    }


def reply_text(reply: CannedReply, submission: Submission, anchor: Anchor, user: User) -> str:
    """The reply as it reads at this place."""
    return filled(reply.body, _values(submission, anchor, user, reply.rules))


def _values(submission: Submission, anchor: Anchor, user: User, rules: Collection[str]) -> dict[str, str]:
    here = sorted(_rules_at(submission, anchor))
    rule = next((each for each in here if each in rules), next(iter([*rules, *here]), ""))
    info = rule_info(rule) if rule else None
    return {
        "connector": submission.connector.name,
        "publisher": submission.connector.publisher.name,
        "reference": submission.reference,
        "reviewer": user.name,
        "place": describe(anchor.pointer) if anchor.pointer else anchor.file or _("the submission"),
        "operation": _operation(submission, anchor),
        "rule": rule,
        "rule_title": info.title if info else "",
        "rule_url": f"{settings.SITE_URL}{reverse('rule_detail', args=[rule])}" if rule else "",
    }


def _operation(submission: Submission, anchor: Anchor) -> str:
    pointer = operation_pointer(anchor.pointer)
    if not pointer or submission.revision is None:
        return ""
    document = document_of(package_of(submission.revision.version), anchor.file)
    return openapi.text(document.resolve(pointer, None), "operationId") if document else ""


def reply_history(reply: CannedReply) -> QuerySet[AuditRecord]:
    """Every change, newest first; `data` has title, text and rules as they were made."""
    return audit.history(reply)


def reply_rows() -> list[dict[str, Any]]:
    """Replies in use, then those retired, with what their rules ask for."""
    return [
        {"reply": each, "rules": [(rule, rule_info(rule)) for rule in each.rules]} for each in every_reply()
    ]
