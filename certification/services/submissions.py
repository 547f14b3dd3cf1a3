"""A submission's own life: create, hand in, withdraw, start again. The form's contents are in `drafts`."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from certification.lifecycle import PREPARING_STATES, SUBMISSION, SubmissionState
from certification.models import Revision, Submission, TestCredential
from certification.policies import (
    can_create_submission,
    can_manage_credentials,
    can_submit_submission,
    can_withdraw_submission,
)
from certification.queries.readiness import readiness
from certification.services.drafts import FORM_FIELDS, first_contacts
from connectors.models import Connector
from portal.accounts.models import User
from portal.shared import audit
from portal.shared.actors import SYSTEM, Actor
from portal.shared.errors import Blocked, Conflict, InvalidInput
from portal.shared.policy import require
from portal.shared.transitions import transition

LONGEST_REASON = 2_000


def suggested_kind(connector: Connector) -> str:
    """An update once something is live, else a new connector."""
    return Submission.Kind.UPDATE if connector.live_version_id else Submission.Kind.NEW


def create_submission(connector: Connector, *, kind: str = "", actor: User) -> Submission:
    """A new draft with the next reference; `kind` defaults to what fits the connector.

    Contacts, categories and introduction come from the connector's last submission. Raises Conflict naming
    the submission that is open already.
    """
    require(can_create_submission, actor, connector)
    kind = kind or suggested_kind(connector)
    if kind not in Submission.Kind.values:
        raise InvalidInput(
            _("Choose new, update or hotfix."), fields={"kind": [_("Choose one of the kinds.")]}
        )
    if connector.state in {"retired", "cancelled"}:
        raise Conflict(
            _("%(connector)s is closed: nothing can be submitted for it any more.") % {"connector": connector}
        )
    last = connector.submissions.order_by("-created_at").first()
    form = _form_of(last) if last else {"contacts": first_contacts(connector, actor)}
    return _insert(connector, kind=kind, form=form, actor=actor)


def _form_of(submission: Submission) -> dict[str, Any]:
    names = ("contacts", "categories", "intro", "tester_notes")
    return {name: getattr(submission, name) for name in names}


def _insert(connector: Connector, *, kind: str, form: dict[str, Any], actor: User) -> Submission:
    try:
        with transaction.atomic():
            submission = Submission.objects.create(
                reference=_next_reference(), connector=connector, kind=kind, created_by=actor, **form
            )
            audit.record("submission.create", submission, actor=actor, about=[connector], data={"kind": kind})
    except IntegrityError as error:
        raise _already_open(connector) from error
    # Columns the database fills, such as created_at, are read once here and not one by one later.
    submission.refresh_from_db()
    return submission


def _already_open(connector: Connector) -> Conflict:
    found = connector.submissions.filter(state__in=PREPARING_STATES).first()
    name = f"{found.reference} ({found.get_state_display()})" if found else _("another submission")
    return Conflict(
        _("%(connector)s has %(name)s in preparation. Go on with that one, or withdraw it first.")
        % {"connector": connector, "name": name},
        code="submission-open",
    )


def _next_reference() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('certification_submission_reference')")
        return f"S-{cursor.fetchone()[0]}"


def submit(submission: Submission, *, actor: User) -> Revision:
    """Hand in what the form holds now, for the first time or again; the place in the queue is kept.

    Raises Blocked with everything that has to be done first, IllegalTransition when it is handed in already.
    """
    require(can_submit_submission, actor, submission)
    with transaction.atomic():
        # The connector's row first: what is live must not change between the question and the answer.
        Connector.objects.select_for_update(of=("self",)).get(pk=submission.connector_id)
        row = _locked(submission)
        event = "submit" if row.state == SubmissionState.DRAFT else "resubmit"
        if SUBMISSION.can(event, row.state):
            _refuse_unready(row, actor)
            revision = _hand_in(row, actor)
            changes = {
                "revision": revision,
                "submitted_at": row.submitted_at or timezone.now(),
                "queued_at": row.queued_at or timezone.now(),
            }
            data = {"revision": revision.number, "digest": revision.version.digest}
        else:
            # Let the lifecycle word the refusal.
            changes, data = {}, {}
        transition(SUBMISSION, row, event, actor=actor, about=[row.connector], changes=changes, data=data)
    submission.refresh_from_db()
    return revision


def _locked(submission: Submission) -> Submission:
    return (
        Submission.objects.select_for_update(of=("self",))
        .select_related("connector__publisher", "version")
        .get(pk=submission.pk)
    )


def _refuse_unready(submission: Submission, actor: User) -> None:
    blockers = readiness(submission, by=actor)
    if blockers:
        count = len(blockers)
        raise Blocked(
            ngettext("One thing has to be done first.", "%(count)s things have to be done first.", count)
            % {"count": count},
            blockers=[blocker.text for blocker in blockers],
        )


def _hand_in(submission: Submission, actor: User) -> Revision:
    assert submission.version is not None
    last = submission.revisions.order_by("-number").values_list("number", flat=True).first()
    return Revision.objects.create(
        submission=submission,
        number=(last or 0) + 1,
        version=submission.version,
        handed_in_by=actor,
        change_notes=submission.change_notes,
        form={name: getattr(submission, name) for name in FORM_FIELDS if name != "change_notes"},
    )


def withdraw(submission: Submission, *, reason: str, actor: Actor) -> None:
    """Take it back, whatever it waits for; what it started elsewhere ends by the event's jobs."""
    require(can_withdraw_submission, actor, submission)
    reason = reason.strip()
    if not reason:
        text = _("Say in a few words why: it stays in the history.")
        raise InvalidInput(text, fields={"reason": [text]})
    if len(reason) > LONGEST_REASON:
        text = _("At most %(most)s characters.") % {"most": LONGEST_REASON}
        raise InvalidInput(text, fields={"reason": [text]})
    transition(SUBMISSION, submission, "withdraw", actor=actor, reason=reason, about=[submission.connector])


def withdraw_with_connector(connector_id: str) -> None:
    """The connector was cancelled: its open submission ends with it. Safe to run again."""
    found = Submission.objects.select_related("connector").filter(
        connector_id=connector_id,
        connector__state="cancelled",
        state__in=SUBMISSION.moves["withdraw"].sources,
    )
    for submission in found:
        withdraw(submission, reason="The connector was given up.", actor=SYSTEM)


def start_again(submission: Submission, *, actor: User) -> Submission:
    """A new draft with the form, package and valid credentials of one that ended."""
    connector = submission.connector
    require(can_create_submission, actor, connector)
    if submission.state not in SUBMISSION.terminal:
        raise Conflict(
            _("%(reference)s has not ended: go on with it, or withdraw it first.")
            % {"reference": submission.reference}
        )
    form = {name: getattr(submission, name) for name in FORM_FIELDS if name != "kind"}
    if submission.version_id != connector.live_version_id:
        form |= {"version": submission.version, "package_chosen_at": timezone.now()}
    with transaction.atomic():
        again = _insert(connector, kind=_kind_again(submission), form=form, actor=actor)
        copy_credentials(submission, again, actor=actor)
        audit.record(
            "submission.start_again",
            again,
            actor=actor,
            about=[submission],
            data={"from": submission.reference},
        )
    return again


def _kind_again(submission: Submission) -> str:
    fits = (submission.kind == Submission.Kind.NEW) == (submission.connector.live_version_id is None)
    return submission.kind if fits else suggested_kind(submission.connector)


def copy_credentials(source: Submission, target: Submission, *, actor: User) -> None:
    """The credentials of one submission that are still valid, for another of the same connector."""
    require(can_manage_credentials, actor, target)
    today = timezone.now().date()
    for credential in source.credentials.all():
        if credential.expires_on is None or credential.expires_on >= today:
            TestCredential.objects.create(
                submission=target,
                kind=credential.kind,
                purpose=credential.purpose,
                fields=credential.fields,
                field_names=credential.field_names,
                expires_on=credential.expires_on,
                updated_by=actor,
            )
