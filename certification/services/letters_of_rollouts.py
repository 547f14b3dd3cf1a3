"""Letters about what runs: rollouts, regions, gates, incidents, health."""

from __future__ import annotations

from collections.abc import Callable

from django.utils import functional, timezone
from django.utils.formats import date_format

from certification.models import (
    CatchUp,
    GateCheck,
    Incident,
    Notice,
    OverrideRequest,
    Placement,
    RegionDeployment,
    RegionTask,
    RegionWatch,
    Rehearsal,
    Rollout,
    RolloutWave,
)
from certification.queries.forecasts import slips_of_snapshots
from certification.queries.reasons import gate_for_readers, reason_for_readers, slip_for_readers
from certification.queries.rollout_queue import line_of
from certification.services.letter_parts import (
    SECRET_MARK,
    Letter,
    NewDate,
    NothingToTell,
    about_connector,
    about_documentation,
    about_submission,
    absolute,
    address_of,
    fetch,
)
from certification.services.watches import confirmation_token, leaving_token
from connectors.alert_words import ADVICE, sentence
from connectors.models import (
    AvailabilityRequest,
    HealthAlert,
)
from portal.shared.models import AuditRecord
from portal.shared.secrets import Secret
from portal.shared.words import lazy as _
from portal.shared.words import lazy_format


def _incident(event: str, payload: dict[str, str]) -> Letter:
    """Also to the teams whose rollouts pause, or paused, because of it."""
    incident = fetch(Incident, payload)
    letter = Letter(event, incident, url=address_of("incident_list"))
    held = set(
        AuditRecord.objects.filter(action="rollout.hold", data__incident=str(incident.pk)).values_list(
            "object_key", flat=True
        )
    )
    rollouts = Rollout.objects.filter(pk__in=[key.partition(":")[2] for key in held])
    letter.names.update(
        incident=incident, publishers=set(rollouts.values_list("connector__publisher_id", flat=True))
    )
    letter.facts = [(_("What is wrong"), incident.text)] if event == "incident.open" else []
    return letter


def _catch_up(event: str, payload: dict[str, str]) -> Letter:
    """Only to operators: teams hear of their own connectors."""
    found = fetch(CatchUp, payload, "region")
    letter = Letter(event, found, url=address_of("catch_up_detail", found.pk))
    letter.names["region"] = found.region
    letter.facts.append((_("Region"), found.region.name))
    return letter


def _rehearsal(event: str, payload: dict[str, str]) -> Letter:
    rehearsal = fetch(Rehearsal, payload, "preview__region", "preview__submission__connector__publisher")
    letter = about_submission(Letter(event, rehearsal), rehearsal.preview.submission)
    letter.names.update(rehearsal=rehearsal, preview=rehearsal.preview)
    letter.url = address_of("preview_detail", rehearsal.preview_id)
    letter.facts.append((_("Region"), rehearsal.preview.region.name))
    return letter


_TASKS = {"remove": _("Remove"), "rollback": _("Roll back to")}
# Letters are made once and rendered in the language of each reader.
_told = functional.lazy(sentence, str)


def _wave_label(wave: RolloutWave) -> str:
    return lazy_format(_("Wave {number}: {name}"), number=wave.number, name=wave.name)


_ROLLOUT = ("version", "previous_version", "plan", "submission__connector__publisher")


def _rollout(event: str, payload: dict[str, str]) -> Letter:
    rollout = fetch(Rollout, payload, *_ROLLOUT)
    letter = _of_rollout(Letter(event, rollout), rollout)
    waves = list(rollout.waves.all())
    if waves:
        letter.names["first_date"] = date_format(timezone.localtime(waves[0].planned_at), "l, j F")
    if event == "rollout.reschedule" and "at" in payload:
        changes = (
            rollout.date_changes.filter(at=payload["at"]).select_related("wave").order_by("wave__number")
        )
        if rollout.state != "queued" and any(change.cause == "queue" for change in changes):
            # That its turn has come is a letter of its own, with all dates.
            raise NothingToTell
        letter.facts += [
            (_wave_label(change.wave), NewDate(change.old_at, change.new_at)) for change in changes
        ]
    elif event == "rollout.reorder":
        letter.facts += _to_come(rollout)
    elif event in _DATED:
        letter.facts += [(_wave_label(wave), wave.planned_at) for wave in waves]
    elif "wave" in payload:
        wave = rollout.waves.select_related("catch_up__region").get(pk=payload["wave"])
        if wave.catch_up is not None:
            letter.names["region"] = wave.catch_up.region
            letter.reason = wave.catch_up.reason
            letter.facts.append((_("Region"), wave.catch_up.region.name))
        if event == "rollout.catch_up":
            letter.facts.append((_("Planned for"), wave.planned_at))
    if event == "rollout.queue":
        before = line_of(rollout.connector_id).before(rollout)
        letter.facts = [(_("Waits for"), ", ".join(row.version.label for row in before)), *letter.facts]
    if event == "rollout.complete":
        about_documentation(letter, rollout)
    if rollout.superseded_by:
        letter.names["newer"] = rollout.superseded_by.version
    return letter


def _to_come(rollout: Rollout) -> list[tuple[str, object]]:
    """The waves that have not begun, each with its regions."""
    waves = rollout.waves.filter(state="planned").prefetch_related("deployments__region")
    return [
        (
            lazy_format(
                _("Wave {number}: {name}"),
                number=wave.number,
                name=", ".join(
                    sorted({row.region.name for row in wave.deployments.all() if row.state == "pending"})
                ),
            ),
            wave.planned_at,
        )
        for wave in waves
    ]


_DATED = {
    "rollout.schedule",
    "rollout.queue",
    "rollout.take_turn",
    "rollout.choose_opt_in",
    "rollout.reschedule",
}


def _forecast(event: str, payload: dict[str, str]) -> Letter:
    """One letter for everything that one event moved, the worst first."""
    rollout = fetch(Rollout, payload, *_ROLLOUT)
    rows = rollout.forecasts.filter(at=payload["at"], slipped_from__isnull=False).select_related(
        "region", "actor"
    )
    found = slips_of_snapshots(rows.filter(region__isnull=False).order_by("-late", "region__name"))
    moves = [move for slip in found for move in slip.moves if move.is_later]
    if not moves:
        raise NothingToTell
    letter = _of_rollout(Letter(event, rollout), rollout)
    worst = found[0]
    letter.actor = worst.actor
    letter.reason = slip_for_readers(worst.cause, worst.reason, worst.actor is None)
    letter.facts.append((_("Cause"), worst.label))
    letter.facts += [(move.what, NewDate(move.old_at, move.new_at)) for move in moves]
    return letter


def _of_rollout(letter: Letter, rollout: Rollout) -> Letter:
    letter.names.update(rollout=rollout, version=rollout.version)
    letter.url = address_of("rollout_detail", rollout.pk)
    return about_submission(letter, rollout.submission)


def _deployment(event: str, payload: dict[str, str]) -> Letter:
    # Acts of Previews and rehearsals are rare here: what they belong to is loaded when it is needed.
    of_rollout = (f"rollout__{name}" for name in _ROLLOUT)
    deployment = fetch(RegionDeployment, payload, "region", "version", *of_rollout)
    if deployment.rollout is None:
        # The Preview stage tells its own story.
        if event == "deployment.verify":
            raise NothingToTell
        preview = deployment.preview or deployment.rehearsal.preview
        letter = about_submission(Letter(event, deployment), preview.submission)
        letter.url = address_of("preview_detail", preview.pk)
    else:
        letter = _of_rollout(Letter(event, deployment), deployment.rollout)
    letter.names.update(deployment=deployment, version=deployment.version)
    letter.facts.append((_("Region"), deployment.region.name))
    if deployment.verified_at:
        letter.facts.append((_("Verified"), deployment.verified_at))
    if deployment.message and event != "deployment.verify":
        letter.facts.append((_("The region said"), reason_for_readers(deployment.message, False)))
    return letter


def _placement(event: str, payload: dict[str, str]) -> Letter:
    placement = fetch(Placement, payload, "region", "connector__publisher", "reported_version")
    letter = Letter(event, placement, publisher=placement.connector.publisher, connector=placement.connector)
    letter.names["region"] = placement.region
    letter.url = address_of("connector_detail", placement.connector_id)
    letter.facts = [
        (_("Connector"), placement.connector.name),
        (_("Region"), placement.region.name),
        (
            _("Reported"),
            placement.reported_version.digest[:12] if placement.reported_version else _("nothing"),
        ),
        (_("Probed"), placement.probed_digest[:12] or _("nothing")),
        (_("Since"), placement.disagrees_since),
    ]
    return letter


def _override(event: str, payload: dict[str, str]) -> Letter:
    request = fetch(
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
    letter = about_submission(letter, request.submission) if letter.submission is None else letter
    letter.url = address_of("override_detail", request.pk)
    letter.names["request"] = request
    letter.facts += [
        (_("Exception"), request.get_kind_display()),
        (_("For"), request.what),
        (_("Why it is asked for"), request.reason),
        (_("What was answered"), request.decision_reason),
        (_("Open until"), None if request.is_over else request.expires_at),
    ]
    return letter


def _gatecheck(event: str, payload: dict[str, str]) -> Letter:
    check = fetch(GateCheck, payload, "wave", *(f"rollout__{name}" for name in _ROLLOUT))
    letter = _of_rollout(Letter(event, check), check.rollout)
    letter.names.update(check=check, wave=check.wave)
    letter.url = address_of("gate_detail", check.rollout_id, check.wave.number)
    letter.facts.append((_("Wave"), f"{check.wave.number}, {check.wave.name}"))
    if event == "gatecheck.let_through":
        letter.facts.append((_("What was not clear"), gate_for_readers(check.summary)))
    return letter


def _regiontask(event: str, payload: dict[str, str]) -> Letter:
    task = fetch(RegionTask, payload, "region", "connector__publisher")
    # What operators do by hand is no business of the team: no publisher is named, so none is told.
    letter = Letter(event, task, connector=task.connector)
    letter.names.update(region=task.region, task=task)
    letter.url = address_of("region_task_detail", task.pk)
    letter.facts = [
        (_("Region"), task.region.name),
        (_("Connector"), task.connector.name),
        (_("What"), _TASKS.get(task.action, _("Deploy"))),
        (_("Version"), task.version_label),
        ("SHA-256", task.digest[:12]),
    ]
    return letter


def _healthalert(event: str, payload: dict[str, str]) -> Letter:
    alert = fetch(HealthAlert, payload, "connector__publisher")
    letter = about_connector(Letter(event, alert), alert.connector)
    letter.url = f"{address_of('health_alert_list')}#alert-{alert.pk}"
    letter.names.update(alert=alert, advice=ADVICE.get(alert.kind, ""))
    letter.facts += [
        (_("Since"), alert.created_at),
        (_("Measured"), _told(alert.kind, alert.evidence)),
    ]
    return letter


def _availabilityrequest(event: str, payload: dict[str, str]) -> Letter:
    request = fetch(AvailabilityRequest, payload, "connector__publisher", "requested_by")
    letter = about_connector(Letter(event, request), request.connector)
    letter.url = address_of("connector_scorecard", request.connector_id)
    letter.names["request"] = request
    missing = [each["label"] for each in request.scorecard if each["is_met"] is False]
    letter.facts += [
        (_("Asked by"), request.requested_by.name),
        (_("Criteria missing then"), ", ".join(missing) or _("none")),
    ]
    return letter


def _notice(event: str, payload: dict[str, str]) -> Letter:
    """`notice.tell` goes to an address that waits for the connector; it may be gone by now."""
    notice = fetch(Notice, payload, "connector__publisher", "announced_by")
    letter = about_connector(Letter(event, notice), notice.connector)
    letter.names["notice"] = notice
    letter.facts.append(
        (_("Retires on") if notice.is_retirement else _("Holds from"), f"{notice.effective_on:%d %B %Y}")
    )
    if notice.operations:
        letter.facts.append((_("Operations"), ", ".join(notice.operations[:20])))
    if notice.successor:
        letter.facts.append((_("Use instead"), notice.successor))
    letter.url = address_of("notice_detail", notice.pk)
    if event == "notice.tell":
        watch = fetch(RegionWatch, {"id": payload["watch"]}, "connector", "region", "user")
        if notice.state == "completed":
            raise NothingToTell
        letter.address, letter.person, letter.is_private = watch.address, watch.user, True
        letter.names.update(watch=watch, leave_url=absolute(address_of("watch_leave", leaving_token(watch))))
        letter.url = address_of("public_connector", notice.connector.slug)
    return letter


def _regionwatch(event: str, payload: dict[str, str]) -> Letter:
    watch = fetch(RegionWatch, payload, "connector", "region", "version", "user")
    letter = Letter(event, watch, address=watch.address, person=watch.user, is_private=True)
    letter.names.update(watch=watch, region=watch.region, version=watch.version, watched=watch.connector)
    letter.names["leave_url"] = absolute(address_of("watch_leave", leaving_token(watch)))
    letter.facts = [(_("Connector"), watch.connector.name), (_("Region"), watch.region.name)]
    if watch.version:
        letter.facts.append((_("Version"), watch.version.label))
    letter.url = address_of("public_connector", watch.connector.slug)
    if event == "regionwatch.ask":
        if watch.confirmed_at:
            raise NothingToTell
        letter.url = address_of("watch_confirm", SECRET_MARK)
        letter.secret = Secret(confirmation_token(watch))
    return letter


ROLLOUT_LETTERS: dict[str, Callable[[str, dict[str, str]], Letter]] = {
    "rehearsal": _rehearsal,
    "incident": _incident,
    "rollout": _rollout,
    "catchup": _catch_up,
    "forecast": _forecast,
    "deployment": _deployment,
    "placement": _placement,
    "regiontask": _regiontask,
    "regionwatch": _regionwatch,
    "notice": _notice,
    "gatecheck": _gatecheck,
    "healthalert": _healthalert,
    "availabilityrequest": _availabilityrequest,
    "override": _override,
}
