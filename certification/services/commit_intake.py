"""New commits handed in by themselves, where a team chose so: once each, for whoever bound the connector."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import transaction

from certification.lifecycle import SubmissionState
from certification.models import CommitIntake, Revision, Submission
from certification.policies import can_create_submission
from certification.queries.pushes import open_submission
from certification.services.commits import TakenCommit, put_into_form, read_package
from certification.services.drafts import save_draft
from certification.services.submissions import submit
from connectors.models import RepositoryBinding
from portal.accounts.models import User
from portal.shared import audit, outbox
from portal.shared.actors import SYSTEM, Actor
from portal.shared.errors import Blocked, Conflict, IllegalTransition, InvalidInput

Reason = CommitIntake.Reason
_LONGEST, _MOST = 500, 20


@dataclass(frozen=True, slots=True)
class _Refusal:
    reason: Reason
    details: tuple[str, ...] = ()
    submission: Submission | None = None


def submit_commit(binding_id: str, commit: str = "") -> CommitIntake | None:
    """Take the package of a commit, by default the newest, and hand it in. Bears being run twice: what was
    decided once stays.

    None when nobody wants that any more, or a newer commit is there, whose own job follows.
    """
    binding = (
        RepositoryBinding.objects.select_related("connector__publisher", "repository", "created_by")
        .filter(pk=binding_id, submits_commits=True)
        .first()
    )
    if binding is None or not binding.newest or commit not in {"", binding.newest["sha"]}:
        return None
    commit = binding.newest["sha"]
    summary = binding.newest.get("summary", "")
    intake, _is_new = CommitIntake.objects.get_or_create(
        connector=binding.connector, commit=commit, defaults={"summary": summary}
    )
    if intake.state != CommitIntake.State.WAITING:
        return intake
    actor = binding.created_by
    if actor is None or not actor.is_active or not can_create_submission(actor, binding.connector):
        return _refuse(intake, _Refusal(Reason.NOT_A_MEMBER), actor=SYSTEM)
    held = open_submission(binding.connector)
    if held is not None and not held.is_editable:
        return _refuse(intake, _Refusal(Reason.IN_REVIEW, submission=held), actor=actor)
    try:
        taken = read_package(binding, commit)
    except InvalidInput as error:
        texts = [text for found in error.fields.values() for text in found] or [error.message]
        return _refuse(intake, _Refusal(Reason.UNREADABLE, tuple(texts)), actor=actor)
    if taken.digest == _handed_in_before(binding):
        return _refuse(intake, _Refusal(Reason.SAME_PACKAGE), actor=actor)
    return _hand_in(intake, binding, taken, actor=actor)


def _handed_in_before(binding: RepositoryBinding) -> str:
    """Digest of the package that counts now; empty when the last was withdrawn or rejected."""
    last = (
        Revision.objects.filter(submission__connector=binding.connector_id)
        .select_related("version", "submission")
        .order_by("-created_at", "-number")
        .first()
    )
    over = (SubmissionState.WITHDRAWN, SubmissionState.REJECTED)
    return last.version.digest if last and last.submission.state not in over else ""


def _hand_in(
    intake: CommitIntake, binding: RepositoryBinding, taken: TakenCommit, *, actor: User
) -> CommitIntake:
    """The draft stays, whatever keeps it from being handed in: somebody finishes it by hand."""
    submission = None
    try:
        with transaction.atomic():
            submission = put_into_form(binding, open_submission(binding.connector), taken, actor=actor)
            save_draft(
                submission,
                fields={"change_notes": taken.commit["message"] or taken.commit["summary"]},
                edit_count=submission.edit_count,
                actor=actor,
            )
        with transaction.atomic():
            submit(submission, actor=actor)
            _decide(intake, CommitIntake.State.SUBMITTED, submission)
            data = {"commit": intake.commit[:12]}
            about = [submission, intake.connector]
            audit.record("commitintake.submit", intake, actor=actor, about=about, data=data)
    except Blocked as error:
        refusal = _Refusal(Reason.NOT_READY, tuple(error.blockers), submission)
    except IllegalTransition:
        refusal = _Refusal(Reason.IN_REVIEW, submission=submission)
    except (Conflict, InvalidInput) as error:
        refusal = _Refusal(Reason.NOT_READY, (error.message,), submission)
    else:
        return intake
    return _refuse(intake, refusal, actor=actor)


def _refuse(intake: CommitIntake, refusal: _Refusal, *, actor: Actor) -> CommitIntake:
    """Told once: only whoever ends the waiting writes the record and the message."""
    with transaction.atomic():
        if _decide(intake, CommitIntake.State.REFUSED, refusal.submission, refusal):
            data = {"commit": intake.commit[:12], "reason": str(refusal.reason)}
            audit.record("commitintake.refuse", intake, actor=actor, about=[intake.connector], data=data)
            outbox.emit("commitintake.refuse", id=str(intake.pk))
    intake.refresh_from_db()
    return intake


def _decide(
    intake: CommitIntake, state: str, submission: Submission | None, refusal: _Refusal | None = None
) -> bool:
    changes: dict[str, Any] = {"state": state, "submission": submission}
    if refusal:
        changes["reason"] = refusal.reason
        changes["details"] = [text[:_LONGEST] for text in refusal.details[:_MOST]]
    waiting = CommitIntake.objects.filter(pk=intake.pk, state=CommitIntake.State.WAITING)
    changed = waiting.update(**changes)
    intake.refresh_from_db()
    return bool(changed)
