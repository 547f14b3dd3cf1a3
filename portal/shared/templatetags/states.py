"""How each state of the portal looks: its tone, its icon and its plain name.

Colour is never the only sign: every state of one machine that can stand beside another has its own icon.
A state missing here is neutral under its own name, so that a new state is plain rather than wrong.
"""

from dataclasses import dataclass
from typing import Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

Tone = Literal["neutral", "info", "progress", "success", "warning", "danger"]


@dataclass(frozen=True, slots=True)
class Look:
    """Tone (a `tone-*` class), icon (a symbol of the sprite) and label of one state."""

    tone: Tone
    icon: str
    label: str | Promise


STATES: dict[str, Look] = {
    # Submissions, from draft to the end of a version's life.
    "draft": Look("neutral", "pencil", _("Draft")),
    "planned": Look("neutral", "circle-dashed", _("Planned")),
    "submitted": Look("info", "send", _("Submitted")),
    "validating": Look("progress", "loader-2", _("Validating")),
    "validated": Look("success", "list-check", _("Validated")),
    "validation_failed": Look("danger", "alert-circle", _("Validation failed")),
    "in_review": Look("progress", "eye", _("In review")),
    "changes_requested": Look("warning", "message-2-exclamation", _("Changes requested")),
    "approved": Look("success", "circle-check", _("Approved")),
    "rejected": Look("danger", "circle-x", _("Rejected")),
    "withdrawn": Look("neutral", "arrow-back-up", _("Withdrawn")),
    "expired": Look("warning", "hourglass", _("Expired")),
    "preview": Look("info", "test-pipe", _("Preview")),
    "preview_queued": Look("info", "clock", _("Preview queued")),
    "preview_deploying": Look("progress", "loader-2", _("Deploying to Preview")),
    "preview_live": Look("info", "test-pipe", _("Live in Preview")),
    "isv_testing": Look("info", "test-pipe", _("Owner testing")),
    "owner_testing": Look("info", "test-pipe", _("Owner testing")),
    "preview_testing": Look("info", "test-pipe", _("Owner testing")),
    "preview_failed": Look("danger", "plug-connected-x", _("Preview failed")),
    "preview_refused": Look("danger", "hand-stop", _("Refused in Preview")),
    "signed_off": Look("success", "checklist", _("Signed off")),
    "scheduled": Look("info", "calendar-event", _("Scheduled")),
    "rolling_out": Look("progress", "rocket", _("Rolling out")),
    "refused": Look("danger", "hand-stop", _("Refused")),
    "held": Look("warning", "player-pause", _("Held")),
    "halted": Look("danger", "player-stop", _("Halted")),
    "cancelled": Look("neutral", "ban", _("Cancelled")),
    "stopping": Look("danger", "loader-2", _("Stopping")),
    "stopped": Look("danger", "player-stop", _("Stopped")),
    "live": Look("success", "world-check", _("Live")),
    "rolling_back": Look("warning", "loader-2", _("Rolling back")),
    "rolled_back": Look("warning", "arrow-back-up", _("Rolled back")),
    "superseded": Look("neutral", "versions", _("Superseded")),
    "announced": Look("warning", "bell", _("Announced")),
    "deprecated": Look("warning", "archive", _("Deprecated")),
    "retired": Look("neutral", "archive", _("Retired")),
    # A region within a rollout.
    "waiting": Look("neutral", "clock", _("Waiting")),
    "deploying": Look("progress", "circle-half-2", _("Deploying")),
    "intended": Look("neutral", "clock", _("Intended")),
    "requested": Look("progress", "send", _("Requested")),
    "reported": Look("info", "circle-dot", _("Reported")),
    "verified": Look("success", "circle-check", _("Verified")),
    "failed": Look("danger", "circle-x", _("Failed")),
    "unknown": Look("warning", "help-circle", _("Unknown")),
    "skipped": Look("neutral", "player-skip-forward", _("Skipped")),
    "succeeded": Look("success", "circle-check", _("Succeeded")),
    "closed": Look("neutral", "circle-check", _("Closed")),
    "baking": Look("progress", "hourglass", _("Baking")),
    "pass": Look("success", "circle-check", _("Passed")),
    "fail": Look("danger", "circle-x", _("Failed")),
    "inconclusive": Look("warning", "help-circle", _("Inconclusive")),
    "unused": Look("neutral", "minus", _("Not used")),
    "frozen": Look("info", "snowflake", _("Freeze")),
    # Jobs, validations, mails, invitations, threads.
    "queued": Look("neutral", "clock", _("Queued")),
    "running": Look("progress", "loader-2", _("Running")),
    "passed": Look("success", "circle-check", _("Passed")),
    "completed": Look("success", "circle-check", _("Completed")),
    "testing": Look("info", "test-pipe", _("Testing")),
    "taken": Look("progress", "user-check", _("Somebody is at it")),
    "overtaken": Look("neutral", "player-skip-forward", _("Overtaken")),
    "done": Look("success", "check", _("Done")),
    "retrying": Look("warning", "refresh", _("Retrying")),
    "dead": Look("danger", "alert-octagon", _("Gave up")),
    "pending": Look("neutral", "clock", _("Pending")),
    "sent": Look("success", "mail-check", _("Sent")),
    "bounced": Look("danger", "mail", _("Bounced")),
    "accepted": Look("success", "check", _("Accepted")),
    "half_approved": Look("warning", "user-check", _("One of two agreed")),
    "used": Look("success", "check", _("Used")),
    "declined": Look("neutral", "x", _("Declined")),
    "revoked": Look("neutral", "ban", _("Revoked")),
    "open": Look("info", "message-circle", pgettext_lazy("thread", "Open")),
    "resolved": Look("success", "circle-check", _("Resolved")),
    "outdated": Look("neutral", "history", _("Outdated")),
    "claimed": Look("progress", "user-check", _("Claimed")),
    "active": Look("success", "circle-check", _("Active")),
    "inactive": Look("neutral", "circle-minus", _("Inactive")),
    "unsteady": Look("warning", "alert-triangle", _("Unsteady")),
    "unreachable": Look("danger", "plug-connected-x", _("Does not answer")),
    "disagreeing": Look("danger", "git-compare", _("Disagrees with itself")),
    "firing": Look("danger", "bell", _("Firing")),
    "acknowledged": Look("warning", "eye", _("Looked after")),
    "granted": Look("success", "rosette-discount-check", _("Generally available")),
    # Who somebody is.
    "owner": Look("neutral", "star", _("Owner")),
    "developer": Look("neutral", "code", _("Developer")),
    "tester": Look("neutral", "test-pipe", _("Tester")),
    "viewer": Look("neutral", "eye", _("Viewer")),
    "independent": Look("neutral", "user", _("Independent")),
    # Findings.
    "error": Look("danger", "alert-octagon", _("Error")),
    "warning": Look("warning", "alert-triangle", _("Warning")),
    "info": Look("info", "info-circle", _("Info")),
    "advice": Look("info", "info-circle", _("Advice")),
    "new": Look("progress", "sparkles", pgettext_lazy("finding", "New")),
    "fixed": Look("success", "check", pgettext_lazy("finding", "Fixed")),
    "unchanged": Look("neutral", "minus", pgettext_lazy("finding", "Unchanged")),
    "waived": Look("neutral", "flag", pgettext_lazy("finding", "Waived")),
}

TURNS: dict[str, Look] = {
    "mine": Look("progress", "hand-stop", _("Your turn")),
    "publisher": Look("warning", "users-group", _("Publisher")),
    "reviewer": Look("info", "eye", _("Reviewer")),
    "operator": Look("info", "rocket", _("Operator")),
    "machine": Look("neutral", "cpu", _("Portal")),
    "region": Look("neutral", "world", _("Regions")),
    "freeze": Look("info", "snowflake", _("Freeze")),
    "incident": Look("danger", "alert-triangle", _("Incident")),
    "nobody": Look("neutral", "check", _("Nobody")),
}
TURN_ALIASES = {
    "owner": "publisher",
    "team": "publisher",
    "isv": "publisher",
    "you": "mine",
    "system": "machine",
    "regions": "region",
    "staff": "reviewer",
    "done": "nobody",
    "none": "nobody",
    "": "nobody",
}


def look_of_state(state: str) -> Look:
    """The look of a state by its stored name (`changes_requested`); unknown names come out neutral."""
    known = STATES.get(state)
    return known or Look("neutral", "circle", state.replace("_", " ").capitalize())


def look_of_turn(turn: str) -> Look:
    """The look of the party whose turn it is; unknown parties come out neutral under their own name."""
    name = TURN_ALIASES.get(turn, turn)
    return TURNS.get(name) or Look("neutral", "user", name.replace("_", " ").capitalize())
