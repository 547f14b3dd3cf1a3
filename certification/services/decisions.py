"""Verdicts: one per revision, bound to the package's digest, never on one's own team's work."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from certification.lifecycle import SUBMISSION, SubmissionState
from certification.models import Decision, Revision, Submission
from certification.policies import can_decide_submission
from certification.queries.review_checks import ticked
from certification.queries.reviews import approval_blockers
from certification.services.reviews import end_claim, hold
from certification.services.verdicts import Wanted, add_conditions, cleaned
from connectors.models import Connector
from connectors.services.connectors import mark_version
from portal.accounts.models import User
from portal.shared.errors import Blocked, Conflict, InvalidInput, NotPermitted
from portal.shared.policy import require
from portal.shared.secret_scan import mask_secrets
from portal.shared.transitions import transition
from portal.shared.words import lazy as _lazy

LONGEST_REASONS = 5_000
_OWN_TEAM = _lazy("Nobody decides on their own team's work: leave it to another reviewer.")


def decide(
    submission: Submission,
    *,
    verdict: str,
    reasons: str,
    digest: str,
    conditions: Sequence[Wanted] = (),
    actor: User,
) -> Decision:
    """Approve, request changes or reject ("approve", "request_changes", "reject") the package `digest`.

    `conditions` go with an approval only. The reviewer must hold the review; a free one is claimed on the
    way. Raises Conflict when another revision arrived since `digest` was read or somebody else holds the
    review, IllegalTransition when it is decided already, Blocked while public threads are open (approve
    only).
    """
    require(can_decide_submission, actor, submission, otherwise=_OWN_TEAM)
    reasons, wanted = _reasons(verdict, reasons), cleaned(conditions)
    if wanted and verdict != Decision.Verdict.APPROVE:
        words = _("Conditions go with an approval: leave them out, or approve.")
        raise InvalidInput(words, fields={"conditions": [words]})
    with transaction.atomic():
        # The connector's row first, as handing in does.
        Connector.objects.select_for_update(of=("self",)).get(pk=submission.connector_id)
        row = _locked(submission)
        if row.state != SubmissionState.IN_REVIEW or row.revision is None:
            # Let the lifecycle word the refusal.
            transition(SUBMISSION, row, verdict, actor=actor)
        revision = row.revision
        assert revision is not None
        _check(row, revision, verdict, digest, actor)
        hold(row, actor=actor)
        decision = Decision.objects.create(
            submission=row, revision=revision, digest=digest, verdict=verdict, reviewer=actor, reasons=reasons
        )
        add_conditions(decision, wanted, actor=actor)
        _apply(row, decision, actor)
    submission.refresh_from_db()
    return decision


def _locked(submission: Submission) -> Submission:
    return (
        Submission.objects.select_for_update(of=("self",))
        .select_related("connector__publisher", "revision__version")
        .get(pk=submission.pk)
    )


def _reasons(verdict: str, reasons: str) -> str:
    if verdict not in Decision.Verdict.values:
        raise InvalidInput(_("Choose a decision."), fields={"verdict": [_("Choose a decision.")]})
    reasons = mask_secrets(reasons.replace("\0", "\ufffd").strip()).text
    if verdict != Decision.Verdict.APPROVE and not reasons:
        text = (
            _("Say what has to change.")
            if verdict == "request_changes"
            else _("Say why it cannot be certified.")
        )
        raise InvalidInput(text, fields={"reasons": [text]})
    if len(reasons) > LONGEST_REASONS:
        text = _("At most %(most)s characters.") % {
            "most": number_format(LONGEST_REASONS, force_grouping=True)
        }
        raise InvalidInput(text, fields={"reasons": [text]})
    return reasons


def _check(submission: Submission, revision: Revision, verdict: str, digest: str, actor: User) -> None:
    if revision.version.digest != digest:
        raise Conflict(
            _("A new revision arrived while you were reading: look at what changed, then decide."),
            code="new-revision",
        )
    if actor.pk in {revision.handed_in_by_id, revision.version.created_by_id}:
        raise NotPermitted(_("You made or handed in this package: leave the decision to another reviewer."))
    if verdict == Decision.Verdict.APPROVE:
        blockers = approval_blockers(submission)
        if blockers:
            raise Blocked(_("It cannot be approved yet."), blockers=blockers)


def _apply(submission: Submission, decision: Decision, actor: User) -> None:
    """What follows in the same transaction: state, the connector's approved version, the end of the claim."""
    transition(
        SUBMISSION,
        submission,
        decision.verdict,
        actor=actor,
        reason=decision.reasons,
        about=[submission.connector],
        data={
            "revision": decision.revision.number,
            "digest": decision.digest,
            "decision": str(decision.pk),
            "ticked": ticked(submission, actor),
        },
    )
    if decision.verdict == Decision.Verdict.APPROVE:
        mark_version(submission.connector, pointer="approved", version=decision.revision.version, actor=actor)
    end_claim(submission)
