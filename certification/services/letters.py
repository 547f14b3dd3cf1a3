"""From an event to what its message is about: the objects, the facts, the address of the page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from certification.models import (
    Comment,
    GateCheck,
    Incident,
    OverrideRequest,
    Placement,
    Preview,
    RegionDeployment,
    RegionTask,
    RegionWatch,
    Rehearsal,
    ReviewClaim,
    Rollout,
    Submission,
    TestCredential,
    Waiver,
)
from certification.queries.forecasts import slips_of_snapshots
from certification.services.watches import confirmation_token, leaving_token
from connectors.alert_words import ADVICE, sentence
from connectors.models import (
    AvailabilityRequest,
    Connector,
    HealthAlert,
    Invitation,
    Membership,
    Publisher,
)
from connectors.services.publishers import opened_token
from portal.accounts.models import User
from portal.shared.audit import key_of
from portal.shared.models import AuditRecord
from portal.shared.secrets import Secret

SECRET_MARK = "private-key-of-this-mail"  # noqa: S105 - the mark, not the key
"""Stands in the stored message where the mail itself carries a one-time key."""


@dataclass
class Letter:
    """Everything a message can speak of.

    `facts` are (label, value); a datetime is shown in the reader's zone when the message is rendered for a
    person. `secret` takes the place of SECRET_MARK when the mail leaves.
    """

    event: str
    subject_object: Any
    publisher: Publisher | None = None
    connector: Connector | None = None
    submission: Submission | None = None
    person: User | None = None
    address: str = ""
    actor: User | None = None
    reason: str = ""
    url: str = ""
    is_private: bool = False
    secret: Secret | None = None
    facts: list[tuple[str, Any]] = field(default_factory=list)
    names: dict[str, Any] = field(default_factory=dict)

    @property
    def actor_name(self) -> str:
        return self.actor.name if self.actor else "The portal"


@dataclass(frozen=True)
class NewDate:
    """A date that moved, shown as the new one with the old one behind it."""

    old_at: datetime
    new_at: datetime


class NothingToTell(Exception):
    """The event's object is gone, or the event is not for people in this case."""


def compose(event: str, payload: dict[str, str]) -> Letter:
    """The letter of an event. Raises `NothingToTell`, and `KeyError` for an event nobody described."""
    noun = event.partition(".")[0]
    letter = _BY_NOUN[noun](event, payload)
    _add_deed(letter)
    if letter.reason:
        letter.facts.append(("Reason", letter.reason))
    letter.names.update(
        {
            "publisher": letter.publisher,
            "connector": letter.connector,
            "submission": letter.submission,
            "person": letter.person,
        }
    )
    return letter


def absolute(path: str) -> str:
    return f"{settings.SITE_URL}{path}"


def _address(name: str, *args: Any) -> str:
    return reverse(name, args=args)


def _add_deed(letter: Letter) -> None:
    """Who did it and why, from the audit record of the deed."""
    record = (
        AuditRecord.objects.filter(action=letter.event, object_key=key_of(letter.subject_object))
        .select_related("actor")
        .order_by("-id")
        .first()
    )
    if record is not None:
        letter.actor, letter.reason = record.actor, record.reason
        letter.names.setdefault("deed", record.data)


def _get(model: Any, payload: dict[str, str], *related: str) -> Any:
    found = model._base_manager.select_related(*related).filter(pk=payload["id"]).first()
    if found is None:
        raise NothingToTell
    return found


def _of_submission(letter: Letter, submission: Submission) -> Letter:
    letter.submission = submission
    letter.connector = submission.connector
    letter.publisher = submission.connector.publisher
    letter.url = letter.url or _address("submission_detail", submission.pk)
    letter.names.setdefault("version", submission.version)
    letter.facts.insert(0, ("Submission", f"{submission.reference}, {submission.connector.name}"))
    return letter


_SUBMISSION = ("connector__publisher", "version")


def _submission(event: str, payload: dict[str, str]) -> Letter:
    submission = _get(Submission, payload, *_SUBMISSION)
    letter = _of_submission(Letter(event, submission), submission)
    if event == "submission.fail_validation":
        letter.url = _address("finding_list", submission.pk)
    if submission.version:
        letter.facts.append(("Package", submission.version.digest[:12]))
    if event in {"submission.request_changes", "submission.reject"}:
        decision = submission.decisions.order_by("-created_at").first()
        if decision:
            letter.facts.append(("What the reviewer wrote", decision.reasons))
    return letter


def _connector(event: str, payload: dict[str, str]) -> Letter:
    connector = _get(Connector, payload, "publisher", "contact")
    if event == "connector.assign_contact" and connector.contact is None:
        raise NothingToTell
    return Letter(
        event,
        connector,
        publisher=connector.publisher,
        connector=connector,
        person=connector.contact,
        url=_address("connector_detail", connector.pk),
        facts=[("Connector", connector.name), ("Publisher", connector.publisher.name)],
    )


def _invitation(event: str, payload: dict[str, str]) -> Letter:
    invitation = _get(Invitation, payload, "publisher", "invited_by")
    letter = Letter(event, invitation, publisher=invitation.publisher, names={"invitation": invitation})
    letter.facts = [("Team", invitation.publisher.name), ("Role", invitation.get_role_display())]
    if event == "invitation.invite":
        if invitation.state != "open":
            raise NothingToTell
        letter.address = invitation.email
        letter.person = User.objects.filter(email__iexact=invitation.email).first()
        letter.url = _address("invitation_open", SECRET_MARK)
        letter.secret = opened_token(payload["sealed"])
        letter.is_private = True
        letter.facts.append(("Valid until", invitation.expires_at))
    else:
        letter.url = _address("publisher_detail", invitation.publisher.slug)
    return letter


def _membership(event: str, payload: dict[str, str]) -> Letter:
    """The payload names the team: the membership itself may be gone."""
    publisher = _get(Publisher, payload)
    person = User.objects.filter(pk=payload["user_id"]).first()
    if person is None:
        raise NothingToTell
    membership = Membership.objects.filter(publisher=publisher, user=person).first()
    letter = Letter(event, membership or publisher, publisher=publisher, person=person)
    letter.names["new_role"] = membership.get_role_display().lower() if membership else ""
    letter.url = _address("publisher_detail", publisher.slug) if membership else _address("home")
    letter.facts = [("Team", publisher.name)]
    return letter


def _publisher(event: str, payload: dict[str, str]) -> Letter:
    publisher = _get(Publisher, payload)
    return Letter(event, publisher, publisher=publisher, url=_address("publisher_detail", publisher.slug))


def _comment(event: str, payload: dict[str, str]) -> Letter:
    comment = _get(Comment, payload, "author", "thread__submission__connector__publisher")
    thread = comment.thread
    letter = _of_submission(Letter(event, comment, is_private=thread.is_private), thread.submission)
    letter.actor = comment.author
    letter.names.update(comment=comment, thread=thread, place=thread.pointer or thread.file or "general")
    letter.url = _address("thread_detail", thread.pk)
    return letter


def _waiver(event: str, payload: dict[str, str]) -> Letter:
    waiver = _get(Waiver, payload, "requested_by", "submission__connector__publisher", "submission__version")
    letter = _of_submission(Letter(event, waiver), waiver.submission)
    letter.url = _address("waiver_detail", waiver.pk)
    letter.facts += [("Rule", waiver.rule), ("Why it is asked for", waiver.reason)]
    letter.names["waiver"] = waiver
    return letter


def _claim(event: str, payload: dict[str, str]) -> Letter:
    claim = _get(ReviewClaim, payload, "reviewer", "submission__connector__publisher", "submission__version")
    letter = _of_submission(Letter(event, claim, person=claim.reviewer, is_private=True), claim.submission)
    letter.url = _address("review_detail", claim.submission_id)
    if claim.handover_note:
        letter.facts.append(("Note", claim.handover_note))
    return letter


def _credential(event: str, payload: dict[str, str]) -> Letter:
    credential = _get(TestCredential, payload, "submission__connector__publisher", "submission__version")
    letter = _of_submission(Letter(event, credential), credential.submission)
    letter.names["credential"] = credential
    if event == "credential.fail":
        letter.url = _address("credential_list", credential.submission_id)
        test = credential.tests.order_by("-at").first()
        if test is not None:
            letter.facts += [("Credential", credential.purpose), ("What came back", test.message)]
    return letter


def _preview(event: str, payload: dict[str, str]) -> Letter:
    preview = _get(Preview, payload, "region", "version", "submission__connector__publisher")
    letter = _of_submission(Letter(event, preview), preview.submission)
    letter.names.update(preview=preview, version=preview.version)
    letter.url = _address("preview_detail", preview.pk)
    letter.facts.append(("Region", preview.region.name))
    if preview.deadline_at and preview.state in {"testing", "deploying"}:
        letter.facts.append(("Deadline", preview.deadline_at))
    if preview.reasons:
        letter.facts.append(("What the tester wrote", preview.reasons))
    return letter


def _incident(event: str, payload: dict[str, str]) -> Letter:
    """Also to the teams whose rollouts pause, or paused, because of it."""
    incident = _get(Incident, payload)
    letter = Letter(event, incident, url=_address("incident_list"))
    held = set(
        AuditRecord.objects.filter(action="rollout.hold", data__incident=str(incident.pk)).values_list(
            "object_key", flat=True
        )
    )
    rollouts = Rollout.objects.filter(pk__in=[key.partition(":")[2] for key in held])
    letter.names.update(
        incident=incident, publishers=set(rollouts.values_list("connector__publisher_id", flat=True))
    )
    letter.facts = [("What is wrong", incident.text)] if event == "incident.open" else []
    return letter


def _rehearsal(event: str, payload: dict[str, str]) -> Letter:
    rehearsal = _get(Rehearsal, payload, "preview__region", "preview__submission__connector__publisher")
    letter = _of_submission(Letter(event, rehearsal), rehearsal.preview.submission)
    letter.names.update(rehearsal=rehearsal, preview=rehearsal.preview)
    letter.url = _address("preview_detail", rehearsal.preview_id)
    letter.facts.append(("Region", rehearsal.preview.region.name))
    return letter


_ROLLOUT = ("version", "previous_version", "plan", "submission__connector__publisher")


def _rollout(event: str, payload: dict[str, str]) -> Letter:
    rollout = _get(Rollout, payload, *_ROLLOUT)
    letter = _of_rollout(Letter(event, rollout), rollout)
    waves = list(rollout.waves.all())
    if waves:
        letter.names["first_date"] = date_format(timezone.localtime(waves[0].planned_at), "l, j F")
    if event == "rollout.reschedule" and "at" in payload:
        changes = (
            rollout.date_changes.filter(at=payload["at"]).select_related("wave").order_by("wave__number")
        )
        letter.facts += [
            (f"Wave {change.wave.number}: {change.wave.name}", NewDate(change.old_at, change.new_at))
            for change in changes
        ]
    elif event in {"rollout.schedule", "rollout.reschedule"}:
        letter.facts += [(f"Wave {wave.number}: {wave.name}", wave.planned_at) for wave in waves]
    return letter


def _forecast(event: str, payload: dict[str, str]) -> Letter:
    """One letter for everything that one event moved, the worst first."""
    rollout = _get(Rollout, payload, *_ROLLOUT)
    rows = rollout.forecasts.filter(at=payload["at"], slipped_from__isnull=False).select_related(
        "region", "actor"
    )
    found = slips_of_snapshots(rows.filter(region__isnull=False).order_by("-late", "region__name"))
    moves = [move for slip in found for move in slip.moves if move.is_later]
    if not moves:
        raise NothingToTell
    letter = _of_rollout(Letter(event, rollout), rollout)
    letter.actor, letter.reason = found[0].actor, found[0].reason
    letter.facts.append(("Cause", found[0].label))
    letter.facts += [(move.what, NewDate(move.old_at, move.new_at)) for move in moves]
    return letter


def _of_rollout(letter: Letter, rollout: Rollout) -> Letter:
    letter.names.update(rollout=rollout, version=rollout.version)
    letter.url = _address("rollout_detail", rollout.pk)
    return _of_submission(letter, rollout.submission)


def _deployment(event: str, payload: dict[str, str]) -> Letter:
    deployment = _get(
        RegionDeployment,
        payload,
        "region",
        "version",
        *(f"rollout__{name}" for name in _ROLLOUT),
        "preview__submission__connector__publisher",
        "rehearsal__preview__submission__connector__publisher",
    )
    if deployment.rollout is None:
        # The Preview stage tells its own story.
        if event == "deployment.verify":
            raise NothingToTell
        preview = deployment.preview or deployment.rehearsal.preview
        letter = _of_submission(Letter(event, deployment), preview.submission)
        letter.url = _address("preview_detail", preview.pk)
    else:
        letter = _of_rollout(Letter(event, deployment), deployment.rollout)
    letter.names.update(deployment=deployment, version=deployment.version)
    letter.facts.append(("Region", deployment.region.name))
    if deployment.verified_at:
        letter.facts.append(("Verified", deployment.verified_at))
    if deployment.message and event != "deployment.verify":
        letter.facts.append(("The region said", deployment.message))
    return letter


def _placement(event: str, payload: dict[str, str]) -> Letter:
    placement = _get(Placement, payload, "region", "connector__publisher", "reported_version")
    letter = Letter(event, placement, publisher=placement.connector.publisher, connector=placement.connector)
    letter.names["region"] = placement.region
    letter.url = _address("connector_detail", placement.connector_id)
    letter.facts = [
        ("Connector", placement.connector.name),
        ("Region", placement.region.name),
        ("Reported", placement.reported_version.digest[:12] if placement.reported_version else "nothing"),
        ("Probed", placement.probed_digest[:12] or "nothing"),
        ("Since", placement.disagrees_since),
    ]
    return letter


def _override(event: str, payload: dict[str, str]) -> Letter:
    request = _get(
        OverrideRequest,
        payload,
        "requested_by",
        "deployment__region",
        "wave",
        "freeze",
        "submission__connector__publisher",
        *(f"rollout__{name}" for name in _ROLLOUT),
    )
    letter = Letter(event, request, person=request.requested_by)
    if request.rollout:
        letter = _of_rollout(letter, request.rollout)
    letter = _of_submission(letter, request.submission) if letter.submission is None else letter
    letter.url = _address("override_detail", request.pk)
    letter.names["request"] = request
    letter.facts += [
        ("Exception", request.get_kind_display()),
        ("For", request.what),
        ("Why it is asked for", request.reason),
        ("What was answered", request.decision_reason),
        ("Open until", None if request.is_over else request.expires_at),
    ]
    return letter


def _gatecheck(event: str, payload: dict[str, str]) -> Letter:
    check = _get(GateCheck, payload, "wave", *(f"rollout__{name}" for name in _ROLLOUT))
    letter = _of_rollout(Letter(event, check), check.rollout)
    letter.names.update(check=check, wave=check.wave)
    letter.url = _address("gate_detail", check.rollout_id, check.wave.number)
    letter.facts.append(("Wave", f"{check.wave.number}, {check.wave.name}"))
    if event == "gatecheck.let_through":
        letter.facts.append(("What was not clear", check.summary))
    return letter


def _regiontask(event: str, payload: dict[str, str]) -> Letter:
    task = _get(RegionTask, payload, "region", "connector__publisher")
    # What operators do by hand is no business of the team: no publisher is named, so none is told.
    letter = Letter(event, task, connector=task.connector)
    letter.names.update(region=task.region, task=task)
    letter.url = _address("region_task_detail", task.pk)
    letter.facts = [
        ("Region", task.region.name),
        ("Connector", task.connector.name),
        ("What", {"remove": "Remove", "rollback": "Roll back to"}.get(task.action, "Deploy")),
        ("Version", task.version_label),
        ("SHA-256", task.digest[:12]),
    ]
    return letter


def _healthalert(event: str, payload: dict[str, str]) -> Letter:
    alert = _get(HealthAlert, payload, "connector__publisher")
    letter = _of_connector(Letter(event, alert), alert.connector)
    letter.url = f"{_address('health_alert_list')}#alert-{alert.pk}"
    letter.names.update(alert=alert, advice=ADVICE.get(alert.kind, ""))
    letter.facts += [
        ("Since", alert.created_at),
        ("Measured", sentence(alert.kind, alert.evidence)),
    ]
    return letter


def _availabilityrequest(event: str, payload: dict[str, str]) -> Letter:
    request = _get(AvailabilityRequest, payload, "connector__publisher", "requested_by")
    letter = _of_connector(Letter(event, request), request.connector)
    letter.url = _address("connector_scorecard", request.connector_id)
    letter.names["request"] = request
    missing = [each["label"] for each in request.scorecard if each["is_met"] is False]
    letter.facts += [
        ("Asked by", request.requested_by.name),
        ("Criteria missing then", ", ".join(missing) or "none"),
    ]
    return letter


def _of_connector(letter: Letter, connector: Connector) -> Letter:
    letter.connector, letter.publisher = connector, connector.publisher
    letter.facts = [("Connector", connector.name), ("Publisher", connector.publisher.name)]
    return letter


def _regionwatch(event: str, payload: dict[str, str]) -> Letter:
    watch = _get(RegionWatch, payload, "connector", "region", "version", "user")
    letter = Letter(event, watch, address=watch.address, person=watch.user, is_private=True)
    letter.names.update(watch=watch, region=watch.region, version=watch.version, watched=watch.connector)
    letter.names["leave_url"] = absolute(_address("watch_leave", leaving_token(watch)))
    letter.facts = [("Connector", watch.connector.name), ("Region", watch.region.name)]
    if watch.version:
        letter.facts.append(("Version", watch.version.label))
    letter.url = _address("public_connector", watch.connector.slug)
    if event == "regionwatch.ask":
        if watch.confirmed_at:
            raise NothingToTell
        letter.url = _address("watch_confirm", SECRET_MARK)
        letter.secret = Secret(confirmation_token(watch))
    return letter


_BY_NOUN: dict[str, Callable[[str, dict[str, str]], Letter]] = {
    "submission": _submission,
    "connector": _connector,
    "invitation": _invitation,
    "membership": _membership,
    "publisher": _publisher,
    "comment": _comment,
    "waiver": _waiver,
    "claim": _claim,
    "credential": _credential,
    "preview": _preview,
    "rehearsal": _rehearsal,
    "incident": _incident,
    "rollout": _rollout,
    "forecast": _forecast,
    "deployment": _deployment,
    "placement": _placement,
    "regiontask": _regiontask,
    "regionwatch": _regionwatch,
    "gatecheck": _gatecheck,
    "healthalert": _healthalert,
    "availabilityrequest": _availabilityrequest,
    "override": _override,
}
