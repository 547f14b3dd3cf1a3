"""State machines of this app, as data."""

from __future__ import annotations

from django.db import models

from portal.shared.transitions import Lifecycle, Move


class ConnectorState(models.TextChoices):
    PLANNED = "planned", "Planned"
    ACTIVE = "active", "Active"
    DEPRECATED = "deprecated", "Deprecated"
    RETIRED = "retired", "Retired"
    CANCELLED = "cancelled", "Cancelled"


CONNECTOR = Lifecycle(
    noun="connector",
    states=ConnectorState,
    moves={
        "activate": Move(("planned", "active"), "active", "Activate"),
        "cancel": Move(("planned",), "cancelled", "Give up the reserved name"),
        "deprecate": Move(("active",), "deprecated", "Deprecate"),
        "reinstate": Move(("deprecated",), "active", "Take the deprecation back"),
        "retire": Move(("deprecated",), "retired", "Retire"),
    },
    terminal=frozenset({"retired", "cancelled"}),
)


class InvitationState(models.TextChoices):
    OPEN = "open", "Waiting for an answer"
    ACCEPTED = "accepted", "Accepted"
    DECLINED = "declined", "Declined"
    REVOKED = "revoked", "Taken back"


INVITATION = Lifecycle(
    noun="invitation",
    states=InvitationState,
    moves={
        "accept": Move(("open",), "accepted", "Accept"),
        "decline": Move(("open",), "declined", "Decline"),
        "revoke": Move(("open",), "revoked", "Take back"),
    },
    terminal=frozenset({"accepted", "declined", "revoked"}),
)


class HealthAlertState(models.TextChoices):
    FIRING = "firing", "Firing"
    ACKNOWLEDGED = "acknowledged", "Acknowledged"
    RESOLVED = "resolved", "Resolved"


OPEN_ALERT_STATES = frozenset({HealthAlertState.FIRING.value, HealthAlertState.ACKNOWLEDGED.value})
HEALTH_ALERT = Lifecycle(
    noun="healthalert",
    states=HealthAlertState,
    moves={
        "acknowledge": Move(("firing",), "acknowledged", "Acknowledge"),
        "resolve": Move(("firing", "acknowledged"), "resolved", "Close"),
    },
    terminal=frozenset({"resolved"}),
)


class AvailabilityState(models.TextChoices):
    REQUESTED = "requested", "Waiting for a decision"
    GRANTED = "granted", "Generally available"
    DECLINED = "declined", "Declined"
    WITHDRAWN = "withdrawn", "Withdrawn"


AVAILABILITY = Lifecycle(
    noun="availabilityrequest",
    states=AvailabilityState,
    moves={
        "grant": Move(("requested",), "granted", "Make it generally available"),
        "decline": Move(("requested",), "declined", "Decline"),
        "withdraw": Move(("requested",), "withdrawn", "Withdraw"),
    },
    terminal=frozenset({"granted", "declined", "withdrawn"}),
)
