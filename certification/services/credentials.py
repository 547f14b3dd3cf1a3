"""Test credentials: encrypted, replaced any time, revealed to testers only with a reason and a trace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from certification.lifecycle import SUBMISSION
from certification.models import CredentialReveal, Submission, TestCredential
from certification.policies import can_manage_credentials, can_reveal_credential
from portal.accounts.models import User
from portal.shared import audit, outbox
from portal.shared.errors import Conflict, InvalidInput
from portal.shared.policy import require
from portal.shared.secrets import Secret
from portal.shared.words import lazy as _lazy

SHORTEST_REASON = 10
LONGEST_REASON = 300
LONGEST_VALUE = 8_000
MOST_CREDENTIALS = 10


@dataclass(frozen=True, slots=True)
class Field:
    """One part of a credential: its stored name, its label, and whether it can be left empty."""

    name: str
    label: str
    optional: bool = False
    help: str = ""


KINDS: Mapping[str, tuple[Field, ...]] = {
    "api_key": (
        Field("key", _lazy("API key")),
        Field(
            "header",
            _lazy("Header or parameter"),
            optional=True,
            help=_lazy("Only if testers have to set it themselves."),
        ),
    ),
    "basic": (Field("username", _lazy("User name")), Field("password", _lazy("Password"))),
    "oauth2": (
        Field("client_id", _lazy("Client id")),
        Field("client_secret", _lazy("Client secret")),
        Field("scopes", _lazy("Scopes"), optional=True, help=_lazy("Separated by blanks.")),
        Field(
            "token_url",
            _lazy("Token address"),
            optional=True,
            help=_lazy("Only if it differs from the definition's."),
        ),
        Field(
            "access_token",
            _lazy("Access token"),
            optional=True,
            help=_lazy(
                "Only if signing in takes a person and a browser: a token that lasts through the review."
            ),
        ),
    ),
    "account": (
        Field("username", _lazy("User name")),
        Field("password", _lazy("Password")),
        Field("sign_in_url", _lazy("Sign-in address"), optional=True),
        Field(
            "second_factor",
            _lazy("Second factor"),
            optional=True,
            help=_lazy("How testers pass it; better none at all."),
        ),
    ),
}


@dataclass(frozen=True, slots=True)
class CredentialInput:
    """What somebody typed. Values are `Secret`s from the first line on, so that nothing prints them.

    `connection` are the other values that the connection asks for. `test_operation` with `test_inputs` is the
    call that proves it; "" leaves the choice to the portal.
    """

    kind: str
    purpose: str
    values: Mapping[str, Secret]
    expires_on: date | None = None
    connection: Mapping[str, str] = field(default_factory=dict)
    test_operation: str = ""
    test_inputs: Mapping[str, Any] = field(default_factory=dict)


def add_credential(submission: Submission, *, given: CredentialInput, actor: User) -> TestCredential:
    """Store a credential; possible in every state that has not ended."""
    require(can_manage_credentials, actor, submission)
    values = _checked(given)
    with transaction.atomic():
        row = _open(submission)
        if row.credentials.count() >= MOST_CREDENTIALS:
            raise Conflict(
                _("There are %(most_credentials)s credentials already: delete one first.")
                % {"most_credentials": MOST_CREDENTIALS}
            )
        credential = TestCredential.objects.create(
            submission=row,
            kind=given.kind,
            purpose=given.purpose.strip(),
            fields=values,
            field_names=list(values),
            expires_on=given.expires_on,
            **_call_of(given),
            updated_by=actor,
        )
        _record("credential.add", credential, actor)
        _prove(credential)
    return credential


def replace_credential(credential: TestCredential, *, given: CredentialInput, actor: User) -> None:
    """Overwrite it whole, also after the submission was handed in. The old values are gone."""
    require(can_manage_credentials, actor, credential.submission)
    values = _checked(given)
    with transaction.atomic():
        _open(credential.submission)
        row = TestCredential.objects.select_for_update().get(pk=credential.pk)
        row.kind, row.purpose, row.expires_on = given.kind, given.purpose.strip(), given.expires_on
        row.fields, row.field_names = values, list(values)
        for name, value in _call_of(given).items():
            setattr(row, name, value)
        row.updated_by, row.updated_at = actor, timezone.now()
        row.save()
        row.tests.all().delete()
        _record("credential.replace", row, actor)
        _prove(row)
    credential.refresh_from_db()


def delete_credential(credential: TestCredential, *, actor: User) -> None:
    """Gone from the database; the trace of who saw it stays."""
    require(can_manage_credentials, actor, credential.submission)
    with transaction.atomic():
        row = TestCredential.objects.select_for_update().filter(pk=credential.pk).first()
        if row is not None:
            _record("credential.remove", row, actor)
            row.delete()


def reveal_credential(credential: TestCredential, *, reason: str, actor: User) -> dict[str, Secret]:
    """The values, for a reviewer of another team who says why.

    The read, the note of it and the audit record are one transaction: if the trace cannot be written,
    nothing is given away.
    """
    require(
        can_reveal_credential,
        actor,
        credential.submission,
        otherwise=_("Test credentials are shown to reviewers of other teams only; the team replaces them."),
    )
    reason = reason.strip()
    if not SHORTEST_REASON <= len(reason) <= LONGEST_REASON:
        text = _("Say what you need it for, in %(least)s to %(most)s characters.") % {
            "least": SHORTEST_REASON,
            "most": LONGEST_REASON,
        }
        raise InvalidInput(text, fields={"reason": [text]})
    with transaction.atomic():
        row = TestCredential.objects.select_for_update().get(pk=credential.pk)
        reveal = CredentialReveal.objects.create(
            credential=row, submission_id=row.submission_id, user=actor, reason=reason
        )
        _record("credential.reveal", row, actor, reason=reason)
        outbox.emit("credential.reveal", id=str(row.pk), reveal=str(reveal.pk))
        values: dict[str, Secret] = row.fields
    return values


def _call_of(given: CredentialInput) -> dict[str, Any]:
    return {
        "connection": {name: value.strip() for name, value in given.connection.items() if value.strip()},
        "test_operation": given.test_operation,
        "test_inputs": dict(given.test_inputs),
    }


def _prove(credential: TestCredential) -> None:
    """What was just entered is tried at once; the values it replaces say nothing any more."""
    outbox.emit("credential.prove", id=str(credential.pk), occasion="entry")


def _open(submission: Submission) -> Submission:
    row = Submission.objects.select_for_update(of=("self",)).get(pk=submission.pk)
    if row.state in SUBMISSION.terminal:
        raise Conflict(
            _("%(reference)s has ended: it needs no credentials any more.") % {"reference": row.reference}
        )
    return row


def _checked(given: CredentialInput) -> dict[str, Secret]:
    """The values in the kind's order. Messages name fields, never values."""
    if given.kind not in KINDS:
        raise InvalidInput(_("Choose a kind."), fields={"kind": [_("Choose one of the kinds.")]})
    problems: dict[str, list[str]] = {}
    if not given.purpose.strip():
        problems["purpose"] = [_("Say what it is for, such as “Sandbox, read only”.")]
    elif len(given.purpose.strip()) > 120:
        problems["purpose"] = [_("At most 120 characters.")]
    if given.expires_on and given.expires_on < timezone.now().date():
        problems["expires_on"] = [_("This day has passed already.")]
    values: dict[str, Secret] = {}
    for part in KINDS[given.kind]:
        value = given.values.get(part.name, Secret(""))
        if len(value.reveal()) > LONGEST_VALUE:
            problems[part.name] = [
                _("%(part)s: at most %(most)s characters.") % {"part": part.label, "most": LONGEST_VALUE}
            ]
        elif value.reveal().strip():
            values[part.name] = value
        elif not part.optional:
            problems[part.name] = [_("%(part)s is missing.") % {"part": part.label}]
    if problems:
        raise InvalidInput(_("The credential is not complete."), fields=problems)
    return values


def _record(action: str, credential: TestCredential, actor: User, *, reason: str = "") -> None:
    audit.record(
        action,
        credential,
        actor=actor,
        reason=reason,
        about=[credential.submission],
        data={"purpose": credential.purpose, "kind": credential.kind},
    )
