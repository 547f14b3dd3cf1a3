"""State machines of certification, as data: who may be where, what leads out, and whose turn it is."""

from __future__ import annotations

from django.db import models

from portal.shared.transitions import Lifecycle, Move


class SubmissionState(models.TextChoices):
    DRAFT = "draft", "Draft"
    SUBMITTED = "submitted", "Submitted"
    VALIDATING = "validating", "Validating"
    VALIDATION_FAILED = "validation_failed", "Validation failed"
    IN_REVIEW = "in_review", "In review"
    CHANGES_REQUESTED = "changes_requested", "Changes requested"
    APPROVED = "approved", "Approved"
    PREVIEW_DEPLOYING = "preview_deploying", "Deploying to Preview"
    PREVIEW_FAILED = "preview_failed", "Preview deployment failed"
    PREVIEW_TESTING = "preview_testing", "Testing in Preview"
    PREVIEW_REFUSED = "preview_refused", "Refused in Preview"
    SIGNED_OFF = "signed_off", "Signed off"
    SCHEDULED = "scheduled", "Scheduled"
    ROLLING_OUT = "rolling_out", "Rolling out"
    HELD = "held", "Held"
    HALTED = "halted", "Halted"
    ROLLING_BACK = "rolling_back", "Rolling back"
    ROLLED_BACK = "rolled_back", "Rolled back"
    LIVE = "live", "Live"
    SUPERSEDED = "superseded", "Superseded"
    WITHDRAWN = "withdrawn", "Withdrawn"
    REJECTED = "rejected", "Rejected"
    EXPIRED = "expired", "Expired"


_EDITABLE = ("draft", "validation_failed", "changes_requested", "preview_refused")
_BEFORE_ROLLOUT = (
    *_EDITABLE, "submitted", "validating", "in_review", "approved", "preview_deploying", "preview_failed",
    "preview_testing", "signed_off", "scheduled", "expired",
)  # fmt: skip

SUBMISSION = Lifecycle(
    noun="submission",
    states=SubmissionState,
    moves={
        "submit": Move(("draft",), "submitted", "Submit"),
        "resubmit": Move(
            ("validation_failed", "changes_requested", "preview_refused"), "submitted", "Resubmit"
        ),
        "start_validation": Move(("submitted",), "validating", "Start validation"),
        "fail_validation": Move(("validating",), "validation_failed", "Fail validation"),
        "pass_validation": Move(("validating",), "in_review", "Pass validation"),
        "request_changes": Move(("in_review",), "changes_requested", "Request changes"),
        "reject": Move(("in_review",), "rejected", "Reject"),
        "approve": Move(("in_review",), "approved", "Approve"),
        "start_preview": Move(("approved", "preview_failed"), "preview_deploying", "Deploy to Preview"),
        "fail_preview": Move(("preview_deploying",), "preview_failed", "Fail the Preview deployment"),
        "reach_preview": Move(("preview_deploying",), "preview_testing", "Open the Preview"),
        "sign_off": Move(("preview_testing",), "signed_off", "Sign off"),
        "refuse": Move(("preview_testing",), "preview_refused", "Refuse"),
        "expire": Move(("preview_testing",), "expired", "Let the Preview expire"),
        "reopen": Move(("expired",), "preview_testing", "Reopen the Preview"),
        "schedule": Move(("signed_off",), "scheduled", "Schedule the rollout"),
        # From rolling_out when every region was left out: nobody has it, so it is not live.
        "unschedule": Move(("scheduled", "rolling_out"), "signed_off", "Take off the schedule"),
        "start_rollout": Move(("scheduled",), "rolling_out", "Start the rollout"),
        "hold": Move(("rolling_out",), "held", "Hold"),
        "resume": Move(("held",), "rolling_out", "Resume"),
        "halt": Move(("scheduled", "rolling_out", "held"), "halted", "Halt"),
        "release": Move(("halted",), "rolling_out", "Release"),
        "complete": Move(("rolling_out",), "live", "Complete the rollout"),
        "start_rollback": Move(
            ("rolling_out", "held", "halted", "live", "rolling_back"), "rolling_back", "Roll back"
        ),
        "complete_rollback": Move(("rolling_back",), "rolled_back", "Complete the rollback"),
        "supersede": Move(
            ("live", "halted", "signed_off", "scheduled", "rolling_out", "held"), "superseded", "Supersede"
        ),
        "withdraw": Move(_BEFORE_ROLLOUT, "withdrawn", "Withdraw"),
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

    PUBLISHER = "publisher", "Publisher"
    REVIEWER = "reviewer", "Reviewer"
    OPERATOR = "operator", "Operator"
    MACHINE = "machine", "Portal"
    NOBODY = "nobody", "Nobody"


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
    "draft": "Finish the form and submit it.",
    "submitted": "A worker validates the package within minutes.",
    "validating": "The worker checks the package against every rule.",
    "validation_failed": (
        "Correct the errors, upload the package again and resubmit. The place in the queue is kept."
    ),
    "in_review": "A reviewer reads the definition and decides.",
    "changes_requested": (
        "Answer the reviewer's threads, upload what changed and resubmit. The place in the queue is kept."
    ),
    "approved": "The portal deploys the package to the Preview region.",
    "preview_deploying": "The Preview region is taking the package.",
    "preview_failed": "An operator looks at the Preview region and starts the deployment again.",
    "preview_testing": "Test the connector in Preview, then sign off or refuse before the deadline.",
    "preview_refused": "Correct what was wrong in Preview, upload the package again and resubmit.",
    "signed_off": "An operator plans the rollout.",
    "scheduled": "The first wave starts on its planned date.",
    "rolling_out": "Each wave starts when the wave before it is verified live.",
    "held": "An operator resumes the rollout when the reason for the hold is gone.",
    "halted": "Nothing is deployed until an operator releases the halt or rolls back.",
    "rolling_back": "Regions return to the last good version.",
    "rolled_back": "Correct the cause and start a new submission.",
    "live": "Every region has it. The portal watches its health.",
    "superseded": "A newer version took its place.",
    "withdrawn": "Start a new submission whenever you are ready.",
    "rejected": "Read the reasons; a new submission may start from them.",
    "expired": "Reopen the Preview to test; nothing else is lost.",
}


class ReviewThreadState(models.TextChoices):
    OPEN = "open", "Open"
    RESOLVED = "resolved", "Resolved"


REVIEW_THREAD = Lifecycle(
    noun="thread",
    states=ReviewThreadState,
    moves={
        "resolve": Move(("open",), "resolved", "Resolve"),
        "reopen": Move(("resolved",), "open", "Reopen"),
    },
)


class SuggestionState(models.TextChoices):
    PROPOSED = "proposed", "Suggested"
    ACCEPTED = "accepted", "Accepted"
    DECLINED = "declined", "Declined"
    WITHDRAWN = "withdrawn", "Withdrawn"


SUGGESTION = Lifecycle(
    noun="suggestion",
    states=SuggestionState,
    moves={
        "accept": Move(("proposed",), "accepted", "Accept the suggestion"),
        "decline": Move(("proposed",), "declined", "Decline the suggestion"),
        "withdraw": Move(("proposed",), "withdrawn", "Withdraw the suggestion"),
    },
    terminal=frozenset({"accepted", "declined", "withdrawn"}),
)
"""A change to one node of a package that a reviewer wrote and the publisher takes over with a button."""


class ConditionState(models.TextChoices):
    OPEN = "open", "Open"
    MET = "met", "Met"
    DROPPED = "dropped", "Not asked for any more"


CONDITION = Lifecycle(
    noun="condition",
    states=ConditionState,
    moves={
        "meet": Move(("open",), "met", "It is met"),
        "drop": Move(("open",), "dropped", "Ask for it no more"),
    },
    terminal=frozenset({"met", "dropped"}),
)
"""Something that an approval asks for."""


class AppealState(models.TextChoices):
    OPEN = "open", "Waiting for an administrator"
    UPHELD = "upheld", "The rejection stands"
    OVERTURNED = "overturned", "The rejection is overturned"
    WITHDRAWN = "withdrawn", "Withdrawn"


APPEAL = Lifecycle(
    noun="appeal",
    states=AppealState,
    moves={
        "uphold": Move(("open",), "upheld", "Let the rejection stand"),
        "overturn": Move(("open",), "overturned", "Overturn the rejection"),
        "withdraw": Move(("open",), "withdrawn", "Withdraw the appeal"),
    },
    terminal=frozenset({"upheld", "overturned", "withdrawn"}),
)


class WaiverState(models.TextChoices):
    REQUESTED = "requested", "Requested"
    APPROVED = "approved", "Approved"
    DECLINED = "declined", "Declined"
    WITHDRAWN = "withdrawn", "Withdrawn"


WAIVER = Lifecycle(
    noun="waiver",
    states=WaiverState,
    moves={
        "approve": Move(("requested",), "approved", "Approve the waiver"),
        "decline": Move(("requested",), "declined", "Decline the waiver"),
        "withdraw": Move(("requested", "approved"), "withdrawn", "Withdraw the waiver"),
    },
    terminal=frozenset({"declined", "withdrawn"}),
)


class PreviewState(models.TextChoices):
    DEPLOYING = "deploying", "Deploying"
    FAILED = "failed", "Deployment failed"
    TESTING = "testing", "Waiting for sign-off"
    SIGNED_OFF = "signed_off", "Signed off"
    REFUSED = "refused", "Refused"
    EXPIRED = "expired", "Expired"
    CANCELLED = "cancelled", "Cancelled"


PREVIEW = Lifecycle(
    noun="preview",
    states=PreviewState,
    moves={
        "fail": Move(("deploying",), "failed", "Fail"),
        "retry": Move(("failed",), "deploying", "Try again"),
        "open": Move(("deploying",), "testing", "Open for testing"),
        "sign_off": Move(("testing",), "signed_off", "Sign off"),
        "refuse": Move(("testing",), "refused", "Refuse"),
        "expire": Move(("testing",), "expired", "Expire"),
        "reopen": Move(("expired",), "testing", "Reopen"),
        "cancel": Move(("deploying", "failed", "testing", "expired"), "cancelled", "Cancel"),
    },
    terminal=frozenset({"signed_off", "refused", "cancelled"}),
)


class GuestTesterState(models.TextChoices):
    INVITED = "invited", "Invited"
    ACCEPTED = "accepted", "May test"
    REVOKED = "revoked", "Taken back"


GUEST_TESTER = Lifecycle(
    noun="guesttester",
    states=GuestTesterState,
    moves={
        "accept": Move(("invited",), "accepted", "Accept"),
        "revoke": Move(("invited", "accepted"), "revoked", "Take back"),
    },
    terminal=frozenset({"revoked"}),
)


class IncidentState(models.TextChoices):
    OPEN = "open", "Open"
    CLOSED = "closed", "Closed"


INCIDENT = Lifecycle(
    noun="incident",
    states=IncidentState,
    moves={"close": Move(("open",), "closed", "Close")},
    terminal=frozenset({"closed"}),
)


class NoticeState(models.TextChoices):
    ANNOUNCED = "announced", "Announced"
    COMPLETED = "completed", "Completed"
    CANCELLED = "cancelled", "Cancelled"


NOTICE = Lifecycle(
    noun="notice",
    states=NoticeState,
    moves={
        "complete": Move(("announced",), "completed", "Complete"),
        "cancel": Move(("announced",), "cancelled", "Cancel"),
    },
    terminal=frozenset({"completed", "cancelled"}),
)


class RehearsalState(models.TextChoices):
    RUNNING = "running", "Running"
    SUCCEEDED = "succeeded", "Succeeded"
    FAILED = "failed", "Failed"


REHEARSAL = Lifecycle(
    noun="rehearsal",
    states=RehearsalState,
    moves={
        "succeed": Move(("running",), "succeeded", "Succeed"),
        "fail": Move(("running",), "failed", "Fail"),
    },
    terminal=frozenset({"succeeded", "failed"}),
)


class RolloutState(models.TextChoices):
    QUEUED = "queued", "Waiting for its turn"
    SCHEDULED = "scheduled", "Scheduled"
    RUNNING = "running", "Running"
    HELD = "held", "Held"
    HALTED = "halted", "Halted"
    ROLLING_BACK = "rolling_back", "Rolling back"
    ROLLED_BACK = "rolled_back", "Rolled back"
    COMPLETED = "completed", "Completed"
    SUPERSEDED = "superseded", "Superseded"
    CANCELLED = "cancelled", "Cancelled"


ROLLOUT = Lifecycle(
    noun="rollout",
    states=RolloutState,
    moves={
        # Nothing of the connector travels any more, or it took the place of what did.
        "take_turn": Move(("queued",), "scheduled", "Let it go ahead"),
        "start": Move(("scheduled",), "running", "Start"),
        "hold": Move(("running",), "held", "Hold"),
        "resume": Move(("held",), "running", "Resume"),
        "halt": Move(("scheduled", "running", "held"), "halted", "Stop"),
        "release": Move(("halted",), "running", "Release the halt"),
        "complete": Move(("running",), "completed", "Complete"),
        # From rolling_back too: regions that were left out can be added to a rollback under way.
        "start_rollback": Move(
            ("running", "held", "halted", "completed", "rolling_back"), "rolling_back", "Roll back"
        ),
        "complete_rollback": Move(("rolling_back",), "rolled_back", "Complete the rollback"),
        # A newer version takes its place; regions that have it go from new to newer.
        "supersede": Move(("queued", "scheduled", "running", "held", "halted"), "superseded", "Supersede"),
        # From running when every region was left out.
        "cancel": Move(("queued", "scheduled", "halted", "running"), "cancelled", "Cancel"),
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
    PLANNED = "planned", "Planned"
    RUNNING = "running", "Running"
    VERIFIED = "verified", "Verified live"
    SKIPPED = "skipped", "Skipped"


WAVE = Lifecycle(
    noun="wave",
    states=WaveState,
    moves={
        "start": Move(("planned",), "running", "Start"),
        "verify": Move(("running",), "verified", "Verify"),
        "skip": Move(("planned", "running"), "skipped", "Skip"),
    },
    terminal=frozenset({"verified", "skipped"}),
)


class DeploymentState(models.TextChoices):
    PENDING = "pending", "Planned"
    INTENDED = "intended", "Being sent"
    DEPLOYING = "deploying", "Deploying"
    UNKNOWN = "unknown", "Unknown"
    REPORTED = "reported", "Reported live"
    VERIFIED = "verified", "Verified live"
    FAILED = "failed", "Failed"
    SKIPPED = "skipped", "Skipped"
    CANCELLED = "cancelled", "Cancelled"


DEPLOYMENT = Lifecycle(
    noun="deployment",
    states=DeploymentState,
    moves={
        "intend": Move(("pending",), "intended", "Send"),
        # The region has it and works on it.
        "accept": Move(("intended", "unknown", "deploying"), "deploying", "Accept"),
        # No answer, or one that cannot be believed: ask by key before doing anything else.
        "lose": Move(("intended", "deploying"), "unknown", "Lose sight"),
        # The region says it never heard of the key: sending again is safe.
        "resend": Move(("unknown", "intended"), "intended", "Send again"),
        # The region never heard of the key and the rollout stopped meanwhile: as if it had not been sent.
        "forget": Move(("unknown", "intended"), "pending", "Take back"),
        "report": Move(("intended", "unknown", "deploying"), "reported", "Report"),
        "verify": Move(("reported",), "verified", "Verify"),
        "fail": Move(("intended", "unknown", "deploying", "reported"), "failed", "Fail"),
        "retry": Move(("failed",), "pending", "Try again"),
        "skip": Move(("pending", "failed", "unknown"), "skipped", "Skip"),
        "cancel": Move(("pending", "failed"), "cancelled", "Cancel"),
    },
    terminal=frozenset({"verified", "skipped", "cancelled"}),
)

UNDER_WAY = frozenset({"intended", "deploying", "unknown", "reported"})
"""A deployment that is with a region; the pollers have a due time for it."""


class OverrideState(models.TextChoices):
    REQUESTED = "requested", "Waiting for a second person"
    HALF_APPROVED = "half_approved", "Waiting for a third person"
    APPROVED = "approved", "Approved"
    USED = "used", "Used"
    DECLINED = "declined", "Declined"
    WITHDRAWN = "withdrawn", "Withdrawn"
    EXPIRED = "expired", "Expired"


OVERRIDE = Lifecycle(
    noun="override",
    states=OverrideState,
    moves={
        # Where two have to agree, the first of them.
        "half_approve": Move(("requested",), "half_approved", "Agree as the first of two"),
        "approve": Move(("requested", "half_approved"), "approved", "Approve"),
        "decline": Move(("requested", "half_approved"), "declined", "Decline"),
        "withdraw": Move(("requested", "half_approved", "approved"), "withdrawn", "Withdraw"),
        "expire": Move(("requested", "half_approved", "approved"), "expired", "Expire"),
        "use": Move(("approved",), "used", "Use"),
    },
    terminal=frozenset({"used", "declined", "withdrawn", "expired"}),
)


class RegionTaskState(models.TextChoices):
    OPEN = "open", "Waiting for somebody"
    TAKEN = "taken", "Somebody is at it"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    OVERTAKEN = "overtaken", "Overtaken"


REGION_TASK = Lifecycle(
    noun="regiontask",
    states=RegionTaskState,
    moves={
        "take": Move(("open", "taken"), "taken", "I am at it"),
        "give_back": Move(("taken",), "open", "Give it back"),
        "finish": Move(("open", "taken"), "done", "I have done it"),
        "fail": Move(("open", "taken"), "failed", "It failed"),
        # A newer command for the same connector came: this one must not be done any more.
        "overtake": Move(("open", "taken"), "overtaken", "Overtake"),
    },
    terminal=frozenset({"done", "failed", "overtaken"}),
)
"""A command to a region where a person does the work."""
