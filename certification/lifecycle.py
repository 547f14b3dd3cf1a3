"""State machines of certification, as data: who may be where, what leads out, and whose turn it is."""

from __future__ import annotations

from django.db import models

from certification.lifecycle_of_catch_ups import CATCH_UP  # noqa: F401 - read with the others
from portal.shared.transitions import Lifecycle, Move
from portal.shared.words import lazy as _


class SubmissionState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    SUBMITTED = "submitted", _("Submitted")
    VALIDATING = "validating", _("Validating")
    VALIDATION_FAILED = "validation_failed", _("Validation failed")
    IN_REVIEW = "in_review", _("In review")
    CHANGES_REQUESTED = "changes_requested", _("Changes requested")
    APPROVED = "approved", _("Approved")
    PREVIEW_DEPLOYING = "preview_deploying", _("Deploying to Preview")
    PREVIEW_FAILED = "preview_failed", _("Preview deployment failed")
    PREVIEW_TESTING = "preview_testing", _("Testing in Preview")
    PREVIEW_REFUSED = "preview_refused", _("Refused in Preview")
    SIGNED_OFF = "signed_off", _("Signed off")
    SCHEDULED = "scheduled", _("Scheduled")
    ROLLING_OUT = "rolling_out", _("Rolling out")
    HELD = "held", _("Held")
    HALTED = "halted", _("Halted")
    ROLLING_BACK = "rolling_back", _("Rolling back")
    ROLLED_BACK = "rolled_back", _("Rolled back")
    LIVE = "live", _("Live")
    SUPERSEDED = "superseded", _("Superseded")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    REJECTED = "rejected", _("Rejected")
    EXPIRED = "expired", _("Expired")


_EDITABLE = ("draft", "validation_failed", "changes_requested", "preview_refused")
_BEFORE_ROLLOUT = (
    *_EDITABLE, "submitted", "validating", "in_review", "approved", "preview_deploying", "preview_failed",
    "preview_testing", "signed_off", "scheduled", "expired",
)  # fmt: skip

SUBMISSION = Lifecycle(
    noun="submission",
    states=SubmissionState,
    moves={
        "submit": Move(("draft",), "submitted", _("Submit")),
        "resubmit": Move(
            ("validation_failed", "changes_requested", "preview_refused"), "submitted", _("Resubmit")
        ),
        "start_validation": Move(("submitted",), "validating", _("Start validation")),
        "fail_validation": Move(("validating",), "validation_failed", _("Fail validation")),
        "pass_validation": Move(("validating",), "in_review", _("Pass validation")),
        "request_changes": Move(("in_review",), "changes_requested", _("Request changes")),
        "reject": Move(("in_review",), "rejected", _("Reject")),
        "approve": Move(("in_review",), "approved", _("Approve")),
        "start_preview": Move(("approved", "preview_failed"), "preview_deploying", _("Deploy to Preview")),
        "fail_preview": Move(("preview_deploying",), "preview_failed", _("Fail the Preview deployment")),
        "reach_preview": Move(("preview_deploying",), "preview_testing", _("Open the Preview")),
        "sign_off": Move(("preview_testing",), "signed_off", _("Sign off")),
        "refuse": Move(("preview_testing",), "preview_refused", _("Refuse")),
        "expire": Move(("preview_testing",), "expired", _("Let the Preview expire")),
        "reopen": Move(("expired",), "preview_testing", _("Reopen the Preview")),
        "schedule": Move(("signed_off",), "scheduled", _("Schedule the rollout")),
        # From rolling_out when every region was left out: nobody has it, so it is not live.
        "unschedule": Move(("scheduled", "rolling_out"), "signed_off", _("Take off the schedule")),
        "start_rollout": Move(("scheduled",), "rolling_out", _("Start the rollout")),
        "hold": Move(("rolling_out",), "held", _("Hold")),
        "resume": Move(("held",), "rolling_out", _("Resume")),
        "halt": Move(("scheduled", "rolling_out", "held"), "halted", _("Halt")),
        "release": Move(("halted",), "rolling_out", _("Release")),
        "complete": Move(("rolling_out",), "live", _("Complete the rollout")),
        "start_rollback": Move(
            ("rolling_out", "held", "halted", "live", "rolling_back"), "rolling_back", _("Roll back")
        ),
        "complete_rollback": Move(("rolling_back",), "rolled_back", _("Complete the rollback")),
        "supersede": Move(
            ("live", "halted", "signed_off", "scheduled", "rolling_out", "held"), "superseded", _("Supersede")
        ),
        "withdraw": Move(_BEFORE_ROLLOUT, "withdrawn", _("Withdraw")),
    },
    terminal=frozenset({"rolled_back", "superseded", "withdrawn", "rejected"}),
)

EDITABLE_STATES = frozenset(_EDITABLE)
"""States in which the publisher may change the package and the form."""

OPEN_STATES = frozenset(set(SubmissionState.values) - SUBMISSION.terminal - {"live", "rolling_back"})
"""States of submissions under way."""

PREPARING_STATES = frozenset(set(_BEFORE_ROLLOUT) - {"signed_off", "scheduled"})
"""States in which a version is being made, read or tested: a connector has at most one submission in them.

Signed off, it holds nothing back: the next version can be prepared while this one waits or travels."""


class Turn(models.TextChoices):
    """Who has to act for the submission to go on."""

    PUBLISHER = "publisher", _("Publisher")
    REVIEWER = "reviewer", _("Reviewer")
    OPERATOR = "operator", _("Operator")
    MACHINE = "machine", _("Portal")
    NOBODY = "nobody", _("Nobody")


TURNS: dict[str, Turn] = {
    "draft": Turn.PUBLISHER,
    "submitted": Turn.MACHINE,
    "validating": Turn.MACHINE,
    "validation_failed": Turn.PUBLISHER,
    "in_review": Turn.REVIEWER,
    "changes_requested": Turn.PUBLISHER,
    "approved": Turn.MACHINE,
    "preview_deploying": Turn.MACHINE,
    "preview_failed": Turn.OPERATOR,
    "preview_testing": Turn.PUBLISHER,
    "preview_refused": Turn.PUBLISHER,
    "signed_off": Turn.OPERATOR,
    "scheduled": Turn.MACHINE,
    "rolling_out": Turn.MACHINE,
    "held": Turn.OPERATOR,
    "halted": Turn.OPERATOR,
    "rolling_back": Turn.MACHINE,
    "rolled_back": Turn.NOBODY,
    "live": Turn.NOBODY,
    "superseded": Turn.NOBODY,
    "withdrawn": Turn.NOBODY,
    "rejected": Turn.NOBODY,
    "expired": Turn.PUBLISHER,
}

NEXT_STEPS: dict[str, str] = {
    "draft": _("Finish the form and submit it."),
    "submitted": _("A worker validates the package within minutes."),
    "validating": _("The worker checks the package against every rule."),
    "validation_failed": (
        _("Correct the errors, upload the package again and resubmit. The place in the queue is kept.")
    ),
    "in_review": _("A reviewer reads the definition and decides."),
    "changes_requested": (
        _("Answer the reviewer's threads, upload what changed and resubmit. The place in the queue is kept.")
    ),
    "approved": _("The portal deploys the package to the Preview region."),
    "preview_deploying": _("The Preview region is taking the package."),
    "preview_failed": _("An operator looks at the Preview region and starts the deployment again."),
    "preview_testing": _("Test the connector in Preview, then sign off or refuse before the deadline."),
    "preview_refused": _("Correct what was wrong in Preview, upload the package again and resubmit."),
    "signed_off": _("An operator plans the rollout."),
    "scheduled": _("The first wave starts on its planned date."),
    "rolling_out": _("Each wave starts when the wave before it is verified live."),
    "held": _("An operator resumes the rollout when the reason for the hold is gone."),
    "halted": _("Nothing is deployed until an operator releases the halt or rolls back."),
    "rolling_back": _("Regions return to the last good version."),
    "rolled_back": _("Correct the cause and start a new submission."),
    "live": _("Every region has it. The portal watches its health."),
    "superseded": _("A newer version took its place."),
    "withdrawn": _("Start a new submission whenever you are ready."),
    "rejected": _("Read the reasons; a new submission may start from them."),
    "expired": _("Reopen the Preview to test; nothing else is lost."),
}


class ReviewThreadState(models.TextChoices):
    OPEN = "open", _("Open")
    RESOLVED = "resolved", _("Resolved")


REVIEW_THREAD = Lifecycle(
    noun="thread",
    states=ReviewThreadState,
    moves={
        "resolve": Move(("open",), "resolved", _("Resolve")),
        "reopen": Move(("resolved",), "open", _("Reopen")),
    },
)


class SuggestionState(models.TextChoices):
    PROPOSED = "proposed", _("Suggested")
    ACCEPTED = "accepted", _("Accepted")
    DECLINED = "declined", _("Declined")
    WITHDRAWN = "withdrawn", _("Withdrawn")


SUGGESTION = Lifecycle(
    noun="suggestion",
    states=SuggestionState,
    moves={
        "accept": Move(("proposed",), "accepted", _("Accept the suggestion")),
        "decline": Move(("proposed",), "declined", _("Decline the suggestion")),
        "withdraw": Move(("proposed",), "withdrawn", _("Withdraw the suggestion")),
    },
    terminal=frozenset({"accepted", "declined", "withdrawn"}),
)
"""A change to one node of a package that a reviewer wrote and the publisher takes over with a button."""


class ConditionState(models.TextChoices):
    OPEN = "open", _("Open")
    MET = "met", _("Met")
    DROPPED = "dropped", _("Not asked for any more")


CONDITION = Lifecycle(
    noun="condition",
    states=ConditionState,
    moves={
        "meet": Move(("open",), "met", _("It is met")),
        "drop": Move(("open",), "dropped", _("Ask for it no more")),
    },
    terminal=frozenset({"met", "dropped"}),
)
"""Something that an approval asks for."""


class AppealState(models.TextChoices):
    OPEN = "open", _("Waiting for an administrator")
    UPHELD = "upheld", _("The rejection stands")
    OVERTURNED = "overturned", _("The rejection is overturned")
    WITHDRAWN = "withdrawn", _("Withdrawn")


APPEAL = Lifecycle(
    noun="appeal",
    states=AppealState,
    moves={
        "uphold": Move(("open",), "upheld", _("Let the rejection stand")),
        "overturn": Move(("open",), "overturned", _("Overturn the rejection")),
        "withdraw": Move(("open",), "withdrawn", _("Withdraw the appeal")),
    },
    terminal=frozenset({"upheld", "overturned", "withdrawn"}),
)


class WaiverState(models.TextChoices):
    REQUESTED = "requested", _("Requested")
    APPROVED = "approved", _("Approved")
    DECLINED = "declined", _("Declined")
    WITHDRAWN = "withdrawn", _("Withdrawn")


WAIVER = Lifecycle(
    noun="waiver",
    states=WaiverState,
    moves={
        "approve": Move(("requested",), "approved", _("Approve the waiver")),
        "decline": Move(("requested",), "declined", _("Decline the waiver")),
        "withdraw": Move(("requested", "approved"), "withdrawn", _("Withdraw the waiver")),
    },
    terminal=frozenset({"declined", "withdrawn"}),
)


class PreviewState(models.TextChoices):
    DEPLOYING = "deploying", _("Deploying")
    FAILED = "failed", _("Deployment failed")
    TESTING = "testing", _("Waiting for sign-off")
    SIGNED_OFF = "signed_off", _("Signed off")
    REFUSED = "refused", _("Refused")
    EXPIRED = "expired", _("Expired")
    CANCELLED = "cancelled", _("Cancelled")


PREVIEW = Lifecycle(
    noun="preview",
    states=PreviewState,
    moves={
        "fail": Move(("deploying",), "failed", _("Fail")),
        "retry": Move(("failed",), "deploying", _("Try again")),
        "open": Move(("deploying",), "testing", _("Open for testing")),
        "sign_off": Move(("testing",), "signed_off", _("Sign off")),
        "refuse": Move(("testing",), "refused", _("Refuse")),
        "expire": Move(("testing",), "expired", _("Expire")),
        "reopen": Move(("expired",), "testing", _("Reopen")),
        "cancel": Move(("deploying", "failed", "testing", "expired"), "cancelled", _("Cancel")),
    },
    terminal=frozenset({"signed_off", "refused", "cancelled"}),
)


class GuestTesterState(models.TextChoices):
    INVITED = "invited", _("Invited")
    ACCEPTED = "accepted", _("May test")
    REVOKED = "revoked", _("Taken back")


GUEST_TESTER = Lifecycle(
    noun="guesttester",
    states=GuestTesterState,
    moves={
        "accept": Move(("invited",), "accepted", _("Accept")),
        "revoke": Move(("invited", "accepted"), "revoked", _("Take back")),
    },
    terminal=frozenset({"revoked"}),
)


class IncidentState(models.TextChoices):
    OPEN = "open", _("Open")
    CLOSED = "closed", _("Closed")


INCIDENT = Lifecycle(
    noun="incident",
    states=IncidentState,
    moves={"close": Move(("open",), "closed", _("Close"))},
    terminal=frozenset({"closed"}),
)


class NoticeState(models.TextChoices):
    ANNOUNCED = "announced", _("Announced")
    COMPLETED = "completed", _("Completed")
    CANCELLED = "cancelled", _("Cancelled")


NOTICE = Lifecycle(
    noun="notice",
    states=NoticeState,
    moves={
        "complete": Move(("announced",), "completed", _("Complete")),
        "cancel": Move(("announced",), "cancelled", _("Cancel")),
    },
    terminal=frozenset({"completed", "cancelled"}),
)


class RehearsalState(models.TextChoices):
    RUNNING = "running", _("Running")
    SUCCEEDED = "succeeded", _("Succeeded")
    FAILED = "failed", _("Failed")


REHEARSAL = Lifecycle(
    noun="rehearsal",
    states=RehearsalState,
    moves={
        "succeed": Move(("running",), "succeeded", _("Succeed")),
        "fail": Move(("running",), "failed", _("Fail")),
    },
    terminal=frozenset({"succeeded", "failed"}),
)


class RolloutState(models.TextChoices):
    QUEUED = "queued", _("Waiting for its turn")
    SCHEDULED = "scheduled", _("Scheduled")
    RUNNING = "running", _("Running")
    HELD = "held", _("Held")
    HALTED = "halted", _("Halted")
    ROLLING_BACK = "rolling_back", _("Rolling back")
    ROLLED_BACK = "rolled_back", _("Rolled back")
    COMPLETED = "completed", _("Completed")
    SUPERSEDED = "superseded", _("Superseded")
    CANCELLED = "cancelled", _("Cancelled")


ROLLOUT = Lifecycle(
    noun="rollout",
    states=RolloutState,
    moves={
        # Nothing of the connector travels any more, or it took the place of what did.
        "take_turn": Move(("queued",), "scheduled", _("Let it go ahead")),
        "start": Move(("scheduled",), "running", _("Start")),
        "hold": Move(("running",), "held", _("Hold")),
        "resume": Move(("held",), "running", _("Resume")),
        "halt": Move(("scheduled", "running", "held"), "halted", _("Stop")),
        "release": Move(("halted",), "running", _("Release the halt")),
        "complete": Move(("running",), "completed", _("Complete")),
        # From rolling_back too: regions that were left out can be added to a rollback under way.
        "start_rollback": Move(
            ("running", "held", "halted", "completed", "rolling_back"), "rolling_back", _("Roll back")
        ),
        "complete_rollback": Move(("rolling_back",), "rolled_back", _("Complete the rollback")),
        # A newer version takes its place; regions that have it go from new to newer.
        "supersede": Move(("queued", "scheduled", "running", "held", "halted"), "superseded", _("Supersede")),
        # From running when every region was left out.
        "cancel": Move(("queued", "scheduled", "halted", "running"), "cancelled", _("Cancel")),
    },
    terminal=frozenset({"rolled_back", "superseded", "cancelled"}),
)

ACTIVE_ROLLOUT_STATES = frozenset({"scheduled", "running", "held", "halted", "rolling_back"})
"""A connector has at most one rollout in these; those of its other versions wait in `queued`."""
MOVABLE_ROLLOUT_STATES = ("queued", "scheduled", "running", "held", "halted")
"""States of rollouts whose waves may still get other dates."""
GONE_ROLLOUT_STATES = ("rolled_back", "superseded", "cancelled")
"""It ended without being live: its waves do not come any more."""
ENDED_ROLLOUT_STATES = ("completed", *GONE_ROLLOUT_STATES)


class WaveState(models.TextChoices):
    PLANNED = "planned", _("Planned")
    RUNNING = "running", _("Running")
    VERIFIED = "verified", _("Verified live")
    SKIPPED = "skipped", _("Skipped")


WAVE = Lifecycle(
    noun="wave",
    states=WaveState,
    moves={
        "start": Move(("planned",), "running", _("Start")),
        "verify": Move(("running",), "verified", _("Verify")),
        "skip": Move(("planned", "running"), "skipped", _("Skip")),
    },
    terminal=frozenset({"verified", "skipped"}),
)


class DeploymentState(models.TextChoices):
    PENDING = "pending", _("Planned")
    INTENDED = "intended", _("Being sent")
    DEPLOYING = "deploying", _("Deploying")
    UNKNOWN = "unknown", _("Unknown")
    REPORTED = "reported", _("Reported live")
    VERIFIED = "verified", _("Verified live")
    FAILED = "failed", _("Failed")
    SKIPPED = "skipped", _("Skipped")
    CANCELLED = "cancelled", _("Cancelled")


DEPLOYMENT = Lifecycle(
    noun="deployment",
    states=DeploymentState,
    moves={
        "intend": Move(("pending",), "intended", _("Send")),
        # The region has it and works on it.
        "accept": Move(("intended", "unknown", "deploying"), "deploying", _("Accept")),
        # No answer, or one that cannot be believed: ask by key before doing anything else.
        "lose": Move(("intended", "deploying"), "unknown", _("Lose sight")),
        # The region says it never heard of the key: sending again is safe.
        "resend": Move(("unknown", "intended"), "intended", _("Send again")),
        # The region never heard of the key and the rollout stopped meanwhile: as if it had not been sent.
        "forget": Move(("unknown", "intended"), "pending", _("Take back")),
        "report": Move(("intended", "unknown", "deploying"), "reported", _("Report")),
        "verify": Move(("reported",), "verified", _("Verify")),
        "fail": Move(("intended", "unknown", "deploying", "reported"), "failed", _("Fail")),
        "retry": Move(("failed",), "pending", _("Try again")),
        "skip": Move(("pending", "failed", "unknown"), "skipped", _("Skip")),
        "cancel": Move(("pending", "failed"), "cancelled", _("Cancel")),
    },
    terminal=frozenset({"verified", "skipped", "cancelled"}),
)

UNDER_WAY = frozenset({"intended", "deploying", "unknown", "reported"})
"""A deployment that is with a region; the pollers have a due time for it."""


class OverrideState(models.TextChoices):
    REQUESTED = "requested", _("Waiting for a second person")
    HALF_APPROVED = "half_approved", _("Waiting for a third person")
    APPROVED = "approved", _("Approved")
    USED = "used", _("Used")
    DECLINED = "declined", _("Declined")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    EXPIRED = "expired", _("Expired")


OVERRIDE = Lifecycle(
    noun="override",
    states=OverrideState,
    moves={
        # Where two have to agree, the first of them.
        "half_approve": Move(("requested",), "half_approved", _("Agree as the first of two")),
        "approve": Move(("requested", "half_approved"), "approved", _("Approve")),
        "decline": Move(("requested", "half_approved"), "declined", _("Decline")),
        "withdraw": Move(("requested", "half_approved", "approved"), "withdrawn", _("Withdraw")),
        "expire": Move(("requested", "half_approved", "approved"), "expired", _("Expire")),
        "use": Move(("approved",), "used", _("Use")),
    },
    terminal=frozenset({"used", "declined", "withdrawn", "expired"}),
)


class RegionTaskState(models.TextChoices):
    OPEN = "open", _("Waiting for somebody")
    TAKEN = "taken", _("Somebody is at it")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    OVERTAKEN = "overtaken", _("Overtaken")


REGION_TASK = Lifecycle(
    noun="regiontask",
    states=RegionTaskState,
    moves={
        "take": Move(("open", "taken"), "taken", _("I am at it")),
        "give_back": Move(("taken",), "open", _("Give it back")),
        "finish": Move(("open", "taken"), "done", _("I have done it")),
        "fail": Move(("open", "taken"), "failed", _("It failed")),
        # A newer command for the same connector came: this one must not be done any more.
        "overtake": Move(("open", "taken"), "overtaken", _("Overtake")),
    },
    terminal=frozenset({"done", "failed", "overtaken"}),
)
"""A command to a region where a person does the work."""
