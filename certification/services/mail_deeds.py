"""Deeds by answering a mail: handing a draft in, signing a Preview off or refusing it.

An answer acts only where the operator allows it (`REPLY_DEEDS`), for the person and the thing that the mail
was about, and only while that thing is as the mail said: what changed since has a mail of its own.
"""

from __future__ import annotations

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from certification.inbound.deeds import Asked, Deed, deed_on_draft, deed_on_preview
from certification.models import Notification, Preview, Submission
from certification.queries.previews import latest_preview
from certification.services import drafts, previews, pushes, submissions
from portal.accounts.models import User
from portal.shared import outbox
from portal.shared.audit import key_of
from portal.shared.errors import Blocked, Conflict, NotPermitted
from portal.shared.models import AuditRecord
from portal.shared.secret_scan import mask_secrets

ON_PREVIEW = frozenset({"preview.open", "preview.remind", "preview.reopen"})
ON_DRAFT = frozenset({"submission.push"})


def can_act_on(event: str) -> bool:
    """Whether an answer to such a mail may do something here."""
    return bool(settings.REPLY_DOMAIN) and settings.REPLY_DEEDS and event in ON_PREVIEW | ON_DRAFT


def how_to_answer(event: str) -> str:
    """The sentence in such a mail; empty where an answer does nothing."""
    if not can_act_on(event):
        return ""
    if event in ON_PREVIEW:
        return _(
            "Or answer this mail: “sign off”, or “sign off untested” where operations lack runs; "
            "or “refuse”, and below it why. Anything else becomes a comment."
        )
    return _(
        "Or answer this mail: “Tester notes: …”, “Introduction: …”, “Change notes: …” and “Categories: …” "
        "fill the form in, and “hand in” as the last line hands it in. Never send credentials by mail."
    )


def carry_out(message: Notification, text: str, *, actor: User) -> bool:
    """Do what the answer asks for; False when it is just words. Raises what the services raise, and Conflict
    when the mail speaks of something that has changed since."""
    if not can_act_on(message.event) or message.submission is None:
        return False
    on_preview = message.event in ON_PREVIEW
    asked = deed_on_preview(text) if on_preview else deed_on_draft(text)
    if asked is None:
        return False
    visible = Submission.objects.visible_to(actor).with_page_data()
    seen = visible.filter(pk=message.submission.pk).first()
    if seen is None:
        raise NotPermitted(_("You may not see this submission any more."))
    if on_preview:
        _on_preview(_preview_of(message, seen), asked, actor)
    else:
        _on_draft(message, seen, asked, actor)
    return True


def _preview_of(message: Notification, submission: Submission) -> Preview:
    preview = latest_preview(submission.pk)
    if preview is None or preview.opened_at is None or preview.opened_at > message.queued_at:
        raise Conflict(_("The mail you answered is about an earlier Preview: answer the newest one."))
    return preview


def _on_preview(preview: Preview, asked: Asked, actor: User) -> None:
    if asked.deed == Deed.REFUSE:
        previews.refuse_preview(preview, reasons=mask_secrets(asked.text).text, actor=actor)
        return
    note = mask_secrets(asked.text).text
    previews.sign_off_preview(preview, note=note, knows_untested=asked.knows_untested, actor=actor)


def _on_draft(message: Notification, submission: Submission, asked: Asked, actor: User) -> None:
    hands_in = asked.deed == Deed.HAND_IN
    if hands_in and _chosen_after(message, submission):
        raise Conflict(_("The form holds another package since that mail: answer the newest one."))
    if asked.fields:
        fields: dict[str, object] = {name: mask_secrets(text).text for name, text in asked.fields.items()}
        if "categories" in fields:
            named = asked.fields["categories"].split(",")
            fields["categories"] = [each.strip() for each in named if each.strip()]
        drafts.save_draft(submission, fields=fields, edit_count=submission.edit_count, actor=actor)
        pushes.add_introduction(submission, str(fields.get("intro", "")), actor=actor)
    if not (hands_in and _is_handed_in(submission, asked, actor)):
        # What is still missing is told by the same mail as after a push.
        outbox.emit("submission.push", id=str(submission.pk), user_id=str(actor.pk))


def _is_handed_in(submission: Submission, asked: Asked, actor: User) -> bool:
    """Raises Blocked, unless the answer filled the form in as well: that stays done."""
    try:
        with transaction.atomic():
            submissions.submit(submission, actor=actor)
    except Blocked:
        if not asked.fields:
            raise
        return False
    return True


def _chosen_after(message: Notification, submission: Submission) -> bool:
    """By the database's clock, which dates both."""
    records = AuditRecord.objects.filter(
        action="submission.choose_package", object_key=key_of(submission), at__gt=message.queued_at
    )
    return records.exists()
