"""State machines of this app, as data."""

from __future__ import annotations

from django.db import models

from portal.shared.transitions import Lifecycle, Move
from portal.shared.words import lazy as _


class ConnectorState(models.TextChoices):
    PLANNED = "planned", _("Planned")
    ACTIVE = "active", _("Active")
    DEPRECATED = "deprecated", _("Deprecated")
    RETIRED = "retired", _("Retired")
    CANCELLED = "cancelled", _("Cancelled")


CONNECTOR = Lifecycle(
    noun="connector",
    states=ConnectorState,
    moves={
        "activate": Move(("planned", "active"), "active", _("Activate")),
        "cancel": Move(("planned",), "cancelled", _("Give up the reserved name")),
        "deprecate": Move(("active",), "deprecated", _("Deprecate")),
        "reinstate": Move(("deprecated",), "active", _("Take the deprecation back")),
        "retire": Move(("deprecated",), "retired", _("Retire")),
    },
    terminal=frozenset({"retired", "cancelled"}),
)


class InvitationState(models.TextChoices):
    OPEN = "open", _("Waiting for an answer")
    ACCEPTED = "accepted", _("Accepted")
    DECLINED = "declined", _("Declined")
    REVOKED = "revoked", _("Taken back")


INVITATION = Lifecycle(
    noun="invitation",
    states=InvitationState,
    moves={
        "accept": Move(("open",), "accepted", _("Accept")),
        "decline": Move(("open",), "declined", _("Decline")),
        "revoke": Move(("open",), "revoked", _("Take back")),
    },
    terminal=frozenset({"accepted", "declined", "revoked"}),
)


class HealthAlertState(models.TextChoices):
    FIRING = "firing", _("Firing")
    ACKNOWLEDGED = "acknowledged", _("Acknowledged")
    RESOLVED = "resolved", _("Resolved")


OPEN_ALERT_STATES = frozenset({HealthAlertState.FIRING.value, HealthAlertState.ACKNOWLEDGED.value})
HEALTH_ALERT = Lifecycle(
    noun="healthalert",
    states=HealthAlertState,
    moves={
        "acknowledge": Move(("firing",), "acknowledged", _("Acknowledge")),
        "resolve": Move(("firing", "acknowledged"), "resolved", _("Close")),
    },
    terminal=frozenset({"resolved"}),
)


class AvailabilityState(models.TextChoices):
    REQUESTED = "requested", _("Waiting for a decision")
    GRANTED = "granted", _("Generally available")
    DECLINED = "declined", _("Declined")
    WITHDRAWN = "withdrawn", _("Withdrawn")


AVAILABILITY = Lifecycle(
    noun="availabilityrequest",
    states=AvailabilityState,
    moves={
        "grant": Move(("requested",), "granted", _("Make it generally available")),
        "decline": Move(("requested",), "declined", _("Decline")),
        "withdraw": Move(("requested",), "withdrawn", _("Withdraw")),
    },
    terminal=frozenset({"granted", "declined", "withdrawn"}),
)


class OwnershipClaimState(models.TextChoices):
    OPEN = "open", _("Waiting for a proof")
    GRANTED = "granted", _("Granted")
    REFUSED = "refused", _("Refused")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    EXPIRED = "expired", _("Expired")


OWNERSHIP_CLAIM = Lifecycle(
    noun="ownershipclaim",
    states=OwnershipClaimState,
    moves={
        "grant": Move(("open",), "granted", _("Grant")),
        "refuse": Move(("open",), "refused", _("Refuse")),
        "withdraw": Move(("open",), "withdrawn", _("Withdraw")),
        "expire": Move(("open",), "expired", _("Expire")),
    },
    terminal=frozenset({"granted", "refused", "withdrawn", "expired"}),
)


class TransferState(models.TextChoices):
    OFFERED = "offered", _("Waiting for an answer")
    ACCEPTED = "accepted", _("Accepted")
    DECLINED = "declined", _("Declined")
    WITHDRAWN = "withdrawn", _("Taken back")
    EXPIRED = "expired", _("Expired")


TRANSFER = Lifecycle(
    noun="transfer",
    states=TransferState,
    moves={
        "accept": Move(("offered",), "accepted", _("Accept")),
        "decline": Move(("offered",), "declined", _("Decline")),
        "withdraw": Move(("offered",), "withdrawn", _("Take back")),
        "expire": Move(("offered",), "expired", _("Expire")),
    },
    terminal=frozenset({"accepted", "declined", "withdrawn", "expired"}),
)
