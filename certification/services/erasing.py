"""Carrying out an erasure: a job in steps that may be ended anywhere and goes on where it stopped.

First the person's own rows go and their account becomes nobody's, in one transaction, which also keeps the
words that are searched for. Then every table is searched, a batch a transaction. When all is done the
words go too.
"""

from __future__ import annotations

import datetime as dt
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.apps import apps
from django.contrib.sessions.models import Session
from django.db import models, transaction

from certification.forgetting import ERASURE
from certification.models import Erasure, Notification, RegionWatch
from certification.queries.erasures import audit_rows, places, sole_ownerships, teams_of
from certification.services.clock import database_now
from connectors.models import Connector, Invitation, Membership, Publisher
from portal.accounts.models import User
from portal.shared import audit
from portal.shared.actors import SYSTEM
from portal.shared.erasing import Places, Step, Sweep, Words
from portal.shared.models import AuditRecord
from portal.shared.outbox import Retry
from portal.shared.transitions import transition

SECONDS_A_RUN = 60.0
"""Then the job comes back, so that no worker is held for long and a killed one repeats little."""
LAST_MAIL_WAITS = dt.timedelta(hours=1)
_FORMER = "former member"
_LAST = "certification.notification"
"""Mails go last: one of them tells the person that it begins."""


def carry_out(erasure_id: str) -> None:
    """Go on with an erasure until it is done. Raises Retry when there is more to do than one run may."""
    erasure = Erasure.objects.select_related("person").filter(pk=erasure_id, state="running").first()
    if erasure is None:
        return
    _make_anonymous(erasure)
    ends_at = time.monotonic() + SECONDS_A_RUN
    for step in _steps(erasure):
        _note(erasure, step)
        if time.monotonic() > ends_at:
            raise Retry(1)
    for label, count in _spared(erasure):
        erasure.report["left"] = {**erasure.report.get("left", {}), label: count}
        Erasure.objects.filter(pk=erasure.pk).update(report=erasure.report)
        if time.monotonic() > ends_at:
            raise Retry(1)
    _finish(erasure)


def _make_anonymous(erasure: Erasure) -> None:
    with transaction.atomic():
        row = Erasure.objects.select_for_update(of=("self",)).get(pk=erasure.pk)
        person = User.objects.select_for_update().get(pk=row.person_id)
        if person.erased_at is None:
            row.words = {**(row.words or {}), **_words_of(person, row.words or {})}
            row.report = {"removed": dict(_remove_rows(person, row.words["addresses"])), "changed": {}}
            row.save(update_fields=["words", "report"])
            _empty(person)
    erasure.words, erasure.report = row.words, row.report


def _words_of(person: User, given: dict[str, Any]) -> dict[str, Any]:
    confirmed = EmailAddress.objects.filter(user=person, verified=True).values_list("email", flat=True)
    also = given.get("also", [])
    addresses = {person.email, *confirmed, *(word for word in also if "@" in word)}
    names = {person.name, *(word for word in also if "@" not in word)}
    return {
        "addresses": [person.email, *sorted(addresses - {person.email})],
        "names": sorted(name for name in names if " " in name),
        "short": sorted(name for name in names if " " not in name),
        "teams": [str(pk) for pk in teams_of(person)],
    }


def _remove_rows(person: User, addresses: list[str]) -> Counter[str]:
    """Everything that is the person's alone, and the ways in."""
    removed: Counter[str] = Counter()
    _end_sessions(person)
    _leave_teams(person)
    Connector.objects.filter(contact=person).update(contact=None)
    given = models.Q(pk__in=[])
    for address in addresses:
        given |= models.Q(email__iexact=address)
    removed.update(Invitation.objects.filter(given).delete()[1])
    removed.update(RegionWatch.objects.filter(address__in=addresses).delete()[1])
    for model in apps.get_models():
        for column in model._meta.local_concrete_fields:
            own = column.related_model is User and _goes_with_its_person(column)
            if own and model is not Membership:
                removed.update(model._base_manager.filter(**{column.name: person}).delete()[1])
    return Counter({label.lower(): count for label, count in removed.items() if count})


def _goes_with_its_person(column: models.Field[Any, Any]) -> bool:
    relation: Any = column.remote_field
    return relation.on_delete is models.CASCADE


def _end_sessions(person: User) -> None:
    keys = set(UserSession.objects.filter(user=person).values_list("session_key", flat=True))
    for session in Session.objects.iterator():
        if session.session_key in keys or session.get_decoded().get("_auth_user_id") == str(person.pk):
            session.delete()


def _leave_teams(person: User) -> None:
    """A team of one keeps its owner, who is nobody now: no team is without."""
    alone = set(sole_ownerships(person).values_list("pk", flat=True))
    left = Membership.objects.filter(user=person).exclude(pk__in=alone)
    for membership in left.select_related("publisher"):
        audit.record(
            "membership.leave",
            membership,
            actor=person,
            about=[membership.publisher],
            data={"user": str(person.pk)},
        )
        membership.delete()


def _empty(person: User) -> None:
    person.email = placeholder(person)
    person.display_name = ""
    person.time_zone, person.language, person.staff_role = "UTC", "", ""
    person.is_active, person.away_until, person.last_login = False, None, None
    person.erased_at = database_now()
    person.set_unusable_password()
    person.save()


def placeholder(person: User) -> str:
    """What stands where an address of theirs stood: no mail arrives there, and it is the same everywhere."""
    return f"former-{str(person.pk)[:8]}@erased.invalid"


def _steps(erasure: Erasure) -> Iterator[Step]:
    words, teams = _searched(erasure), _kept(erasure)["teams"]
    found = places(erasure.person, teams)
    sweep = Sweep(words, found, erasure.report.get("after", {}))
    by_label = {model._meta.label_lower: model for model in apps.get_models()}
    _wait_for_the_last_mail(erasure)
    for label in sorted(set(by_label) - found.kept - {_LAST}):
        yield from sweep.steps(by_label[label])
    yield from sweep.audit_steps(audit_rows(erasure.person, teams), obj=erasure.person, actor=SYSTEM)
    Publisher.objects.filter(support_email=words.address).update(support_email="")
    _remove_mails(erasure)
    yield from sweep.steps(Notification)


def _spared(erasure: Erasure) -> Iterator[tuple[str, int]]:
    """Of each table that was not counted yet, the rows in which the name is left: others may have it, too."""
    kept = places(erasure.person, _kept(erasure)["teams"]).kept - {AuditRecord._meta.label_lower}
    sweep = Sweep(_searched(erasure), Places({}, frozenset(), kept))
    for model in sorted(apps.get_models(), key=lambda each: each._meta.label_lower):
        label = model._meta.label_lower
        if label not in kept and label not in erasure.report.get("left", {}):
            yield label, sweep.spared(model)


def _kept(erasure: Erasure) -> dict[str, Any]:
    words: dict[str, Any] | None = erasure.words
    if words is None:
        raise RuntimeError("an erasure that runs has its words")
    return words


def _searched(erasure: Erasure) -> Words:
    return Words(
        addresses=_kept(erasure)["addresses"],
        names=_kept(erasure)["names"],
        short=_kept(erasure)["short"],
        address=placeholder(erasure.person),
        name=_FORMER,
    )


def _remove_mails(erasure: Erasure) -> None:
    """Mails to the person's addresses, whoever they were for."""
    removed = erasure.report["removed"]
    to_them = Notification.objects.filter(address__in=_kept(erasure)["addresses"])
    for label, count in to_them.delete()[1].items():
        removed[label.lower()] = removed.get(label.lower(), 0) + count


def _wait_for_the_last_mail(erasure: Erasure) -> None:
    """It says that the erasure begins, and is the last thing that needs the address."""
    if "mailed" in erasure.report or database_now() - erasure.state_changed_at > LAST_MAIL_WAITS:
        return
    told = Notification.objects.filter(event="erasure.start", address=_kept(erasure)["addresses"][0])
    if not told.exists() or told.filter(state=Notification.State.QUEUED).exists():
        raise Retry(20)
    erasure.report["mailed"] = True


def _note(erasure: Erasure, step: Step) -> None:
    report = erasure.report
    if step.count:
        report["changed"][step.label] = report["changed"].get(step.label, 0) + step.count
    report.setdefault("after", {})[step.label] = step.last
    Erasure.objects.filter(pk=erasure.pk).update(report=report)


def _finish(erasure: Erasure) -> None:
    told = {name: erasure.report.get(name, {}) for name in ("removed", "changed", "left")}
    report = {
        name: {label: count for label, count in counts.items() if count} for name, counts in told.items()
    }
    reason = _searched(erasure).change(erasure.reason)
    transition(
        ERASURE,
        erasure,
        "finish",
        actor=SYSTEM,
        about=[erasure.person],
        changes={"words": None, "report": report, "reason": reason},
        data={name: sum(counts.values()) for name, counts in report.items()},
    )
