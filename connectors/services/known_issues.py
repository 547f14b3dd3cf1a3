"""Known issues and explanations of error codes: told by the publisher, published at once, no release."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from connectors.models import Connector, KnownIssue
from connectors.policies import can_tell_known_issue
from portal.accounts.models import User
from portal.shared import audit
from portal.shared.errors import Conflict, InvalidInput
from portal.shared.policy import require
from portal.shared.secret_scan import mask_secrets

_LONGEST_TITLE, _LONGEST_TEXT = 120, 4000


@dataclass(frozen=True, slots=True)
class IssueDraft:
    """`status` is the error code that is explained, None for an issue of its own."""

    title: str
    text: str
    status: int | None = None


def tell(connector: Connector, draft: IssueDraft, *, actor: User) -> KnownIssue:
    require(can_tell_known_issue, actor, connector)
    values = _checked(draft)
    try:
        with transaction.atomic():
            made = KnownIssue.objects.create(connector=connector, written_by=actor, **values)
            audit.record("knownissue.tell", made, actor=actor, about=[connector], data={"title": made.title})
    except IntegrityError:
        raise Conflict(
            _("Code %(status)s is explained already: change that explanation.") % {"status": draft.status}
        ) from None
    return made


def change(issue: KnownIssue, draft: IssueDraft, *, actor: User) -> None:
    require(can_tell_known_issue, actor, issue.connector)
    values = _checked(draft)
    before = {"title": issue.title, "text": issue.text, "status": issue.status}
    try:
        with transaction.atomic():
            for name, value in {**values, "written_by": actor, "changed_at": timezone.now()}.items():
                setattr(issue, name, value)
            issue.save(update_fields=[*values, "written_by", "changed_at"])
            data = {"title": issue.title, "before": before}
            audit.record("knownissue.change", issue, actor=actor, about=[issue.connector], data=data)
    except IntegrityError:
        raise Conflict(
            _("Code %(status)s is explained already: change that explanation.") % {"status": draft.status}
        ) from None


def resolve(issue: KnownIssue, *, actor: User) -> None:
    """Take it off the public page; its words stay in the history."""
    require(can_tell_known_issue, actor, issue.connector)
    with transaction.atomic():
        changed = KnownIssue.objects.filter(pk=issue.pk, resolved_at=None).update(resolved_at=timezone.now())
        if not changed:
            raise Conflict(_("It is resolved already."))
        data = {"title": issue.title}
        audit.record("knownissue.resolve", issue, actor=actor, about=[issue.connector], data=data)


def _checked(draft: IssueDraft) -> dict[str, Any]:
    title, text = draft.title.strip(), draft.text.strip()
    fields: dict[str, list[str]] = {}
    if not title or len(title) > _LONGEST_TITLE:
        fields["title"] = [_("Between 1 and %(most)s characters.") % {"most": _LONGEST_TITLE}]
    if not text or len(text) > _LONGEST_TEXT:
        fields["text"] = [
            _("Between 1 and %(most)s characters: what happens, and what to do.")
            % {"most": number_format(_LONGEST_TEXT, force_grouping=True)}
        ]
    if draft.status is not None and not 400 <= draft.status <= 599:
        fields["status"] = [_("An error code lies between 400 and 599.")]
    if mask_secrets(f"{title}\n{text}").count:
        fields.setdefault("text", []).append(
            _("This looks like a secret, and the page is public: take it out.")
        )
    if fields:
        raise InvalidInput(_("This cannot be published; see the fields."), fields=fields)
    return {"title": title, "text": text, "status": draft.status}
